-- description: Insert the staged bars; a bar with other values than the stored one replaces it as the next revision.
--   Returns how many rows were written.
-- staged: incoming market.candles_1h
-- parameters: none; market.candles_1h is replaced by the table of the bar size
with written as (
    insert into market.candles_1h as stored (
        pair, timestamp_utc, open, high, low, close, volume, quote_volume, source, ingested_at
    )
    select
        pair,
        timestamp_utc,
        open,
        high,
        low,
        close,
        volume,
        quote_volume,
        source,
        ingested_at
    from incoming
    order by pair, timestamp_utc
    on conflict (pair, timestamp_utc) do update
        set
            (open, high, low, close, volume, quote_volume, source, ingested_at, revision)
            = (
                excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.quote_volume,
                excluded.source, excluded.ingested_at, stored.revision + 1
            )
        where
        (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.quote_volume)
        is distinct from (
            excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.quote_volume
        )
    returning 1
)

select count(*) as rows from written
