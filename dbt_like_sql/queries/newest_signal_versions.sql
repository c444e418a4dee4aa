-- description: The newest versions of the signal model, with the weeks that each was in charge of.
-- parameters: $1 how many
select
    versions.model_version,
    versions.week,
    versions.members,
    versions.weights,
    versions.calibration,
    versions.has_skill,
    versions.trained_at,
    count(champions.week) as weeks_in_charge,
    max(champions.week) as last_week
from ml.signal_versions as versions
left join ml.champions as champions
    on
        versions.model_version = champions.model_version
        and versions.model_name = champions.model_name
group by versions.model_name, versions.model_version
order by versions.week desc, versions.model_version desc
limit $1
