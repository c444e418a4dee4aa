-- description: First and last bar that came late or got new values in a stretch of exchange time.
-- parameters: $1 bar size, $2 start (exclusive), $3 end (inclusive)
with changes as (
    select timestamp_utc
    from market.candle_revisions
    where bar = $1 and replaced_at > $2 and replaced_at <= $3
    union all
    select timestamp_utc
    from market.candle_gaps
    where bar = $1 and state = 'refetched' and settled_at > $2 and settled_at <= $3
)

select
    min(timestamp_utc) as first,
    max(timestamp_utc) as last
from changes
