-- What trading costs: the account's own fees, and the book that each signal was decided with.

create table trading.account_fees (
    pair text not null,
    read_at timestamptz not null,
    taker_rate numeric not null,
    maker_rate numeric,
    fee_group text not null,
    fee_level text not null,
    last_read_at timestamptz not null,
    primary key (pair, read_at)
);
comment on table trading.account_fees is 'Fees of the account as the exchange states them; a row per pair and change.';
comment on column trading.account_fees.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.account_fees.read_at is 'exchange time of the first reading';
comment on column trading.account_fees.taker_rate is 'fee of a taker as a fraction of the amount, paid is positive';
comment on column trading.account_fees.maker_rate is 'fee of a maker, a rebate is negative; NULL when it was not stated';
comment on column trading.account_fees.fee_group is 'fee group of the pair; empty when the exchange names none';
comment on column trading.account_fees.fee_level is 'fee level of the account';
comment on column trading.account_fees.last_read_at is 'exchange time of the last reading that stated the same';

alter table trading.signals add column taker_fee_rate double precision;
alter table trading.signals add column book_spread_bps double precision;
alter table trading.signals add column book_depth_quote double precision;
alter table trading.signals add column book_source text;
comment on column trading.signals.taker_fee_rate is
'taker fee of the account that the gates used, as a fraction; NULL when it was unknown and 0.001 was assumed';
comment on column trading.signals.book_spread_bps is 'spread of the book that costs rest on, basis points; NULL when unknown';
comment on column trading.signals.book_depth_quote is
'quote on the best level of that book, see okx_core/market/book_model.py; NULL when unknown';
comment on column trading.signals.book_source is
'snapshot, turnover (no snapshot within a day) or slippage model; NULL before books were recorded';
comment on column backtests.runs.fee_rate is 'highest taker fee that was charged, as a fraction';
