-- A derived bar says how many of its hours are known. Until now only whole buckets had a row.
alter table market.candles_4h add column hours smallint not null default 4 check (hours between 1 and 4);
alter table market.candles_1d add column hours smallint not null default 24 check (hours between 1 and 24);
alter table market.candles_4h alter column hours drop default;
alter table market.candles_1d alter column hours drop default;

comment on table market.candles_4h is '4 h bars derived from candles_1h, aligned to UTC; three quarters of their hours are known.';
comment on table market.candles_1d is 'Daily bars derived from candles_1h, aligned to UTC; three quarters of their hours are known.';
comment on column market.candles_4h.hours is 'hourly bars that it is made of, 3 or 4';
comment on column market.candles_1d.hours is 'hourly bars that it is made of, 18 to 24';
comment on column market.candles_4h.volume is 'traded in base units in its known hours; NULL when one of them has none';
comment on column market.candles_1d.volume is 'traded in base units in its known hours; NULL when one of them has none';
