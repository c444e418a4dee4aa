-- description: Members of the version that is in charge of a week.
-- parameters: $1 week, $2 registered model
select versions.members
from ml.champions as champions
inner join ml.signal_versions as versions
    on
        champions.model_name = versions.model_name
        and champions.model_version = versions.model_version
where champions.week = $1 and champions.model_name = $2
