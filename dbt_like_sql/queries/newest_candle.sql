-- description: Open of the newest hourly candle. One probe of the primary key per pair takes the same few
--   milliseconds for any history; max(timestamp_utc) alone would read the whole index.
-- parameters: none
with recursive pairs as (
    (
        select candles.pair
        from market.candles_1h as candles
        order by candles.pair
        limit 1
    )
    union all
    select (
        select candles.pair
        from market.candles_1h as candles
        where candles.pair > pairs.pair
        order by candles.pair
        limit 1
    )
    from pairs
    where pairs.pair is not null
),

newest as (
    select (
        select max(candles.timestamp_utc)
        from market.candles_1h as candles
        where candles.pair = pairs.pair
    ) as timestamp_utc
    from pairs
)

select max(newest.timestamp_utc) from newest
