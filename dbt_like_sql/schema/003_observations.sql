-- What the market looked like when an hour was decided, and what swaps paid.

create table market.order_book_snapshots (
    pair text not null,
    timestamp_utc timestamptz not null,
    taken_at timestamptz not null,
    bid numeric,
    ask numeric,
    spread_bps double precision,
    bid_depth_10bps double precision,
    ask_depth_10bps double precision,
    bid_depth_50bps double precision,
    ask_depth_50bps double precision,
    bid_depth_200bps double precision,
    ask_depth_200bps double precision,
    levels integer not null,
    primary key (pair, timestamp_utc)
);
comment on table market.order_book_snapshots is 'Spread, and quote resting within 10, 50 and 200 bps of mid, seen once after each hour closed; a depth that reaches beyond the levels served is NULL.';

create table market.public_trades (
    pair text not null,
    trade_id text not null,
    traded_at timestamptz not null,
    price numeric not null,
    size_base numeric not null,
    side text not null,
    primary key (pair, trade_id)
);
create index public_trades_time on market.public_trades (traded_at);
comment on table market.public_trades is 'The newest public trades of each enabled pair when an hour was decided; side is the taker''s.';

create table market.funding_rates (
    pair text not null,
    timestamp_utc timestamptz not null,
    rate numeric not null,
    realized_rate numeric,
    source text not null,
    ingested_at timestamptz not null,
    primary key (pair, timestamp_utc)
);
comment on table market.funding_rates is 'What longs of a swap paid to shorts at this time, as a fraction of the position.';
