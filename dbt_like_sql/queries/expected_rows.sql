-- description: How many rows a table of features or labels must have of each month: a bar counts when every hour of
--   the horizon after it is there.
-- parameters: $1 hours of the horizon, 0 for features, $2 newest bar that counts
with candles as (
    select
        timestamp_utc,
        lead(timestamp_utc, $1::int) over (partition by pair order by timestamp_utc) as horizon_end
    from market.candles_1h
),

whole as (
    select timestamp_utc from candles
    where timestamp_utc <= $2 and horizon_end = timestamp_utc + make_interval(hours => $1::int)
)

select
    date_trunc('month', timestamp_utc, 'UTC')::date as month,
    count(*) as expected
from whole
group by 1
order by 1
