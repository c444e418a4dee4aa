-- table: market.candles_4h, market.candles_1d
-- description: Bars of 4 hours and of a day, derived from the hourly ones, aligned to UTC; a closed bucket with three quarters of its hours has a row that counts them.
-- grain: one row per pair and bar
-- key: pair, timestamp_utc
-- bucket_hours: 4, 24
-- tests: unique_key, not_null(open, high, low, close, source, hours)
-- parameters: $1 window start, $2 window end, both on bucket bounds, $3 hours of a bucket, $4 hours it needs, $5 until when bars have closed
with candles as (
    select * from market.candles_1h
    where timestamp_utc >= $1 and timestamp_utc < $2
),

bucketed as (
    select
        *,
        date_bin(make_interval(hours => $3::int), timestamp_utc, timestamptz '2000-01-01 00:00:00+00') as bucket
    from candles
),

bars as (
    select
        pair,
        bucket as timestamp_utc,
        (array_agg(open order by timestamp_utc))[1] as open,
        max(high) as high,
        min(low) as low,
        (array_agg(close order by timestamp_utc desc))[1] as close,
        case when count(volume) = count(*) then sum(volume) end as volume,
        case when count(quote_volume) = count(*) then sum(quote_volume) end as quote_volume,
        case when count(taker_buy_base) = count(*) then sum(taker_buy_base) end as taker_buy_base,
        min(source) as source,
        max(ingested_at) as ingested_at,
        max(revision) as revision,
        count(close)::smallint as hours
    from bucketed
    group by pair, bucket
    having count(*) >= $4::int
),

final as (
    select * from bars
    where
        hours = $3::int
        or (
            timestamp_utc + make_interval(hours => $3::int) <= $5
            and exists (
                select 1
                from market.candles_1h as earlier
                where earlier.pair = bars.pair and earlier.timestamp_utc < bars.timestamp_utc
            )
        )
)

select * from final
