-- What the account was worth at each run of the executor: protections look back at it.

create table trading.equity_minutes (
    minute timestamptz primary key,
    equity_quote numeric,
    cash_quote numeric not null
);
comment on table trading.equity_minutes is 'What cash and positions were worth, whenever orders were decided or settled.';
comment on column trading.equity_minutes.minute is 'minute of the exchange''s clock, UTC';
comment on column trading.equity_minutes.equity_quote is
'cash and positions at the last price, quote; NULL while a position had no price';
comment on column trading.equity_minutes.cash_quote is 'cash at the exchange, quote';
