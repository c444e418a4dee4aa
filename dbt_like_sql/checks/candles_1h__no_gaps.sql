-- asset: market/candles_1h
-- description: Hours between the first and last bar of a pair inside the window that have no bar.
-- severity: warn
with candles as (
    select
        pair,
        timestamp_utc
    from market.candles_1h
    where timestamp_utc >= $1 and timestamp_utc < $2
),

followed as (
    select
        pair,
        timestamp_utc,
        lead(timestamp_utc) over (partition by pair order by timestamp_utc) as next_bar
    from candles
),

final as (
    select
        pair,
        timestamp_utc as last_bar_before,
        next_bar as first_bar_after
    from followed
    where next_bar > timestamp_utc + interval '1 hour'
)

select * from final
