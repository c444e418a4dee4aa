-- description: Mark the gaps that the staged bars fill as refetched; returns a row for each.
-- staged: incoming market.candles_1h
-- parameters: $1 bar size, $2 exchange time, $3 source of the bars
update market.candle_gaps as gaps
set
    state = 'refetched',
    settled_at = $2,
    evidence = concat_ws('; ', nullif(gaps.evidence, ''), 'fetched from ' || $3)
from incoming
where
    gaps.bar = $1
    and gaps.pair = incoming.pair
    and gaps.timestamp_utc = incoming.timestamp_utc
    and gaps.state <> 'refetched'
returning 1 as one
