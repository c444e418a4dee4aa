-- asset: market/candles_4h, market/candles_1d
-- bucket_hours: 4, 24
-- description: Bars whose hours, range or volume are not those of their hourly bars.
-- parameters: $1 window start, $2 window end, $3 hours of a bucket; the first asset is replaced by each
-- severity: error
with bars as (
    select * from market.candles_4h
    where timestamp_utc >= $1 and timestamp_utc < $2
),

hours as (
    select
        pair,
        date_bin(make_interval(hours => $3::int), timestamp_utc, timestamptz '2000-01-01 00:00:00+00') as timestamp_utc,
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
        hours.hours is distinct from bars.hours
        or bars.hours > $3::int
        or bars.high <> hours.high
        or bars.low <> hours.low
        or abs(bars.volume - hours.volume) > 1e-9 * hours.volume
)

select * from final
