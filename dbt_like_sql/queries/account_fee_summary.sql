-- description: Span of the newest taker fees of all pairs, and when they were read.
-- parameters: none
select
    count(*) as pairs,
    min(newest.taker_rate) as lowest,
    max(newest.taker_rate) as highest,
    max(newest.last_read_at) as read_at
from (
    select distinct on (pair)
        pair,
        taker_rate,
        last_read_at
    from trading.account_fees
    order by pair asc, read_at desc
) as newest
