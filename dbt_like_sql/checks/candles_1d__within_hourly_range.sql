-- asset: market/candles_1d
-- description: 1d bars whose range or volume is not that of their 24 hourly bars.
-- severity: error
with bars as (
    select * from market.candles_1d
    where timestamp_utc >= $1 and timestamp_utc < $2
),

hours as (
    select
        pair,
        date_bin('24 hours', timestamp_utc, timestamptz '2000-01-01 00:00:00+00') as timestamp_utc,
        count(*) as hours,
        max(high) as high,
        min(low) as low,
        sum(volume) as volume
    from market.candles_1h
    where timestamp_utc >= $1 and timestamp_utc < $2
    group by 1, 2
),

final as (
    select
        bars.pair,
        bars.timestamp_utc
    from bars
    left join hours using (pair, timestamp_utc)
    where
        hours.hours is distinct from 24
        or bars.high <> hours.high
        or bars.low <> hours.low
        or abs(bars.volume - hours.volume) > 1e-9 * hours.volume
)

select * from final
