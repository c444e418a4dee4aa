-- description: Copy every stored bar that a staged one will replace; returns their keys.
-- staged: incoming market.candles_1h
-- parameters: $1 bar size, $2 exchange time; market.candles_1h is replaced by the table of the bar size
insert into market.candle_revisions (
    bar, pair, timestamp_utc, revision, open, high, low, close, volume, quote_volume, source, ingested_at, replaced_at
)
select
    $1 as bar,
    stored.pair,
    stored.timestamp_utc,
    stored.revision,
    stored.open,
    stored.high,
    stored.low,
    stored.close,
    stored.volume,
    stored.quote_volume,
    stored.source,
    stored.ingested_at,
    $2 as replaced_at
from incoming
inner join market.candles_1h as stored using (pair, timestamp_utc)
where
    (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.quote_volume)
    is distinct from (
        incoming.open, incoming.high, incoming.low, incoming.close, incoming.volume, incoming.quote_volume
    )
returning pair, timestamp_utc
