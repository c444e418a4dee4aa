-- table: marts.candles_1h
-- description: The wide view for people who query by hand: candles, every feature and every label side by side, of the days that SQL holds.
-- grain: one row per pair and hourly bar of the SQL window
-- key: pair, timestamp_utc
-- kind: view
-- tests: unique_key, not_null(open_1h, close_1h, source)
with sql_window as (
    select coalesce(max(starts_at), timestamptz '-infinity') as starts_at
    from features.sql_windows
    where table_name = 'features.features_1h'
),

candles as (
    select
        pair,
        timestamp_utc,
        open as open_1h,
        high as high_1h,
        low as low_1h,
        close as close_1h,
        volume as volume_1h,
        quote_volume as quote_volume_1h,
        source
    from market.candles_1h
    where timestamp_utc >= (select starts_at from sql_window)
),

final as (
    select *
    from candles
    left join features.features_1h using (pair, timestamp_utc)
    left join ml.labels_1d using (pair, timestamp_utc)
    left join ml.labels_2w using (pair, timestamp_utc)
)

select * from final
