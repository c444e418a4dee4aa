-- description: The newest version of each member, how many it has, and the newest of its predictions that SQL holds.
-- parameters: none
with newest as (
    select distinct on (member)
        member,
        model_version,
        week,
        train_rows,
        history_weeks,
        label_known_at
    from ml.model_versions
    where label_known_at is not null
    order by member asc, week desc
)

select
    newest.*,
    (
        select count(*) from ml.model_versions as counted
        where counted.member = newest.member and counted.label_known_at is not null
    ) as versions,
    (
        select max(predictions.timestamp_utc) from ml.predictions as predictions
        where predictions.member = newest.member
    ) as newest_prediction
from newest
order by newest.member
