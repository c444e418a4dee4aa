-- description: Enter the holes of some pairs in a window that are not known yet. A hole lies between two stored bars,
--   between the last stored bar and the end, and between a known listing and the first stored bar. After the last bar
--   of a delisted pair there is none.
-- parameters: $1 pairs, $2 start, $3 end, $4 bar size, $5 exchange time, $6 bar length, $7 delisted pairs,
--   $8 first bar by listing of each pair or NULL; market.candles_1h is replaced by the table of the bar size
with edges as (
    select
        asked.pair,
        coalesce(
            (
                select max(stored.timestamp_utc)
                from market.candles_1h as stored
                where stored.pair = asked.pair and stored.timestamp_utc < $2::timestamptz
            ),
            case when asked.listing is not null then greatest(asked.listing, $2::timestamptz) - $6::interval end
        ) as timestamp_utc
    from unnest($1::text[], $8::timestamptz[]) as asked (pair, listing)
    union all
    select
        stored.pair,
        stored.timestamp_utc
    from market.candles_1h as stored
    where
        stored.pair = any($1::text[])
        and stored.timestamp_utc >= $2::timestamptz
        and stored.timestamp_utc < $3::timestamptz
),

followed as (
    select
        pair,
        timestamp_utc,
        coalesce(
            lead(timestamp_utc) over (partition by pair order by timestamp_utc),
            case when pair = any($7::text[]) then null else $3::timestamptz end
        ) as next_bar
    from edges
    where timestamp_utc is not null
)

insert into market.candle_gaps (bar, pair, timestamp_utc, attempts, noticed_at, attempted_at)
select
    $4 as bar,
    followed.pair,
    missing.timestamp_utc,
    1 as attempts,
    $5::timestamptz as noticed_at,
    $5::timestamptz as attempted_at
from followed
cross join
    lateral generate_series(
        greatest(followed.timestamp_utc + $6::interval, $2::timestamptz),
        least(followed.next_bar, $3::timestamptz) - $6::interval,
        $6::interval
    ) as missing (timestamp_utc)
where followed.next_bar > followed.timestamp_utc + $6::interval
on conflict do nothing
