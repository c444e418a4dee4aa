-- description: Count one more attempt for each gap; a state other than open settles it.
-- parameters: $1 bar size, $2 exchange time, $3 pairs, $4 opens, $5 states, $6 evidence
update market.candle_gaps as gaps
set
    attempts = gaps.attempts + 1,
    attempted_at = $2::timestamptz,
    state = seen.state,
    evidence = seen.evidence,
    settled_at = case when seen.state = 'open' then null else $2::timestamptz end
from unnest($3::text[], $4::timestamptz[], $5::text[], $6::text[]) as seen (pair, timestamp_utc, state, evidence)
where
    gaps.bar = $1
    and gaps.state = 'open'
    and gaps.pair = seen.pair
    and gaps.timestamp_utc = seen.timestamp_utc
