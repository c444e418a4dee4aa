-- description: When the funding of each pair was paid; the payments of a swap are those of its spot pair too.
-- parameters: $1 first and $2 last time of a payment, $3 pairs separated by commas, NULL for all
with payments as (
    select
        pair,
        timestamp_utc
    from market.funding_rates
    where timestamp_utc >= $1 and timestamp_utc <= $2
)

select
    pair,
    timestamp_utc
from payments
where $3::text is null or pair = any(string_to_array($3::text, ','))
union
select
    regexp_replace(pair, '-SWAP$', '') as pair,
    timestamp_utc
from payments
where $3::text is null or regexp_replace(pair, '-SWAP$', '') = any(string_to_array($3::text, ','))
