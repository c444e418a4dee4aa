-- table: marts.candles_1h
-- description: The wide view for people who query by hand: candles, every feature and every label side by side, of the days that SQL holds.
-- grain: one row per pair and hourly bar of the SQL window
-- key: pair, timestamp_utc
-- kind: view
-- column pair: text: OKX instrument id, such as BTC-USDT
-- column timestamp_utc: timestamptz: open of the bar, UTC
-- column open_1h: float8: first price, quote per base
-- column high_1h: float8: highest price, quote per base
-- column low_1h: float8: lowest price, quote per base
-- column close_1h: float8: last price, quote per base
-- column volume_1h: float8: traded in base units; NULL when the source has none
-- column quote_volume_1h: float8: traded in quote units; NULL when the source has none
-- column source: text: where the bar came from
-- column *: every feature and label
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
