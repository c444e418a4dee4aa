-- description: How many traded versions were made for a later week than the out-of-sample week they were traded in.
-- parameters: none
select count(*)
from backtests.runs as runs
cross join unnest(runs.model_versions) as used (version)
inner join ml.signal_versions as versions
    on
        used.version = versions.model_version
        and runs.model_name = versions.model_name
where versions.week > runs.week
