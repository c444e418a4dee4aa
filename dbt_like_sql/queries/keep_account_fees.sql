-- description: Keep fees that differ from the last reading of their pair, and note that the others were read again.
-- parameters: none
-- staged: read_fees trading.account_fees
with newest as (
    select distinct on (pair)
        pair,
        read_at,
        taker_rate,
        maker_rate
    from trading.account_fees
    order by pair asc, read_at desc
),

again as (
    update trading.account_fees as held
    set last_read_at = seen.last_read_at
    from read_fees as seen
    inner join newest
        on
            seen.pair = newest.pair
            and seen.taker_rate = newest.taker_rate
            and seen.maker_rate is not distinct from newest.maker_rate
    where held.pair = newest.pair and held.read_at = newest.read_at
    returning held.pair
)

insert into trading.account_fees
select seen.*
from read_fees as seen
where seen.pair not in (select again.pair from again)
on conflict (pair, read_at) do nothing
