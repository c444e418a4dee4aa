-- description: When the newest outcome and label behind a version of the signal model and its members became known.
-- parameters: $1 model name, $2 version
select
    greatest(versions.outcome_known_at, max(members.label_known_at)) as known_at,
    versions.week
from ml.signal_versions as versions
cross join jsonb_each_text(versions.members) as used (member, version)
left join ml.model_versions as members
    on
        used.member = members.member
        and used.version::integer = members.model_version
where versions.model_name = $1 and versions.model_version = $2
group by versions.outcome_known_at, versions.week
