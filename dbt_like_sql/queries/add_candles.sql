-- description: Insert the staged bars that are not stored yet. Returns how many rows were written.
-- staged: incoming market.candles_1h
-- parameters: none; market.candles_1h is replaced by the table of the bar size
with written as (
    insert into market.candles_1h (
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
    on conflict (pair, timestamp_utc) do nothing
    returning 1
)

select count(*) as rows from written
