-- description: One row per pair of the public trades that were seen when an hour was decided.
-- parameters: $1 open of the hour
-- staged: seen market.public_trades
insert into market.public_trade_summaries
select
    pair,
    $1::timestamptz as timestamp_utc,
    min(traded_at) as first_trade_at,
    max(traded_at) as last_trade_at,
    count(*)::integer as trades,
    sum(size_base)::double precision as size_base,
    sum(price * size_base)::double precision as turnover_quote,
    coalesce(sum(size_base) filter (where side = 'buy'), 0)::double precision as bought_base,
    (sum(price * size_base) / sum(size_base))::double precision as mean_price,
    min(price)::double precision as lowest_price,
    max(price)::double precision as highest_price,
    max(size_base)::double precision as largest_size_base
from seen
group by pair
on conflict (pair, timestamp_utc) do nothing
