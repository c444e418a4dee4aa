-- table: marts.candles_1h
-- description: The wide view for people who query by hand: candles, every feature and every label side by side.
-- grain: one row per pair and hourly bar
-- key: pair, timestamp_utc
-- kind: view
with candles as (
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
),

final as (
    select *
    from candles
    left join features.features_1h using (pair, timestamp_utc)
    left join ml.labels_1d using (pair, timestamp_utc)
    left join ml.labels_2w using (pair, timestamp_utc)
)

select * from final
