-- What is known of the public trades of a pair for good. The trades themselves are 25 MB a day for 12 pairs; they are kept
-- for OKXSIGNAL_PUBLIC_TRADE_DAYS.

create table market.public_trade_summaries (
    pair text not null,
    timestamp_utc timestamptz not null,
    first_trade_at timestamptz not null,
    last_trade_at timestamptz not null,
    trades integer not null,
    size_base double precision not null,
    turnover_quote double precision not null,
    bought_base double precision not null,
    mean_price double precision not null,
    lowest_price double precision not null,
    highest_price double precision not null,
    largest_size_base double precision not null,
    primary key (pair, timestamp_utc)
);
comment on table market.public_trade_summaries is
'The newest public trades of each enabled pair when an hour was decided, as one row; the trades are kept for some days.';
comment on column market.public_trade_summaries.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.public_trade_summaries.timestamp_utc is 'open of the hour that was decided, UTC';
comment on column market.public_trade_summaries.first_trade_at is 'time of the oldest trade seen';
comment on column market.public_trade_summaries.last_trade_at is 'time of the newest trade seen';
comment on column market.public_trade_summaries.trades is 'trades seen, at most 500';
comment on column market.public_trade_summaries.size_base is 'sum of their sizes, base units';
comment on column market.public_trade_summaries.turnover_quote is 'sum of price times size, quote units';
comment on column market.public_trade_summaries.bought_base is 'sum of the sizes whose taker bought, base units';
comment on column market.public_trade_summaries.mean_price is 'turnover_quote over size_base, quote per base';
comment on column market.public_trade_summaries.lowest_price is 'quote per base';
comment on column market.public_trade_summaries.highest_price is 'quote per base';
comment on column market.public_trade_summaries.largest_size_base is 'size of the largest trade, base units';
