-- asset: marts/candles_1h
-- description: The joins neither drop nor multiply a bar of the SQL window.
-- severity: error
-- parameters: $1 window start, $2 window end
with sql_window as (
    select coalesce(max(starts_at), timestamptz '-infinity') as starts_at
    from features.sql_windows
    where table_name = 'features.features_1h'
),

bars as (
    select
        pair,
        timestamp_utc
    from market.candles_1h
    where
        timestamp_utc >= $1
        and timestamp_utc < $2
        and timestamp_utc >= (select starts_at from sql_window)
),

shown as (
    select
        pair,
        timestamp_utc,
        count(*) as times_shown
    from marts.candles_1h
    where
        timestamp_utc >= $1
        and timestamp_utc < $2
    group by pair, timestamp_utc
),

final as (
    select
        pair,
        timestamp_utc,
        coalesce(shown.times_shown, 0) as times_shown
    from bars
    full outer join shown using (pair, timestamp_utc)
    where coalesce(shown.times_shown, 0) != 1 or bars.pair is null
)

select * from final
