-- description: Members whose newest version has drifted since it was made, or whose ensemble has.
-- parameters: $1 members, $2 day
with newest as (
    select distinct on (member)
        member,
        model_version,
        week
    from ml.model_versions
    where member = any($1) and week <= $2
    order by member asc, week desc
)

select newest.member
from newest
where
    exists (
        select 1
        from ml.drift
        where
            drift.drifted
            -- the check of the day that a version was made for rests on the hours before it
            and drift.day > newest.week and drift.day <= $2
            and (
                drift.model = 'ensemble'
                or (drift.model = newest.member and drift.model_version = newest.model_version)
            )
    )
order by newest.member
