-- description: The newest registered versions, each beside the decision of its week.
-- parameters: none
select
    versions.*,
    champions.outcome,
    champions.model_version as champion
from ml.model_versions as versions
left join ml.champions as champions using (week)
order by versions.week desc, versions.algorithm asc
limit 8
