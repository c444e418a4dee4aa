-- description: Versions of the signal model whose signals the backtest has traded, the newest first.
-- parameters: $1 how many
select
    versions.model_version,
    versions.week,
    versions.members
from ml.signal_versions as versions
where
    exists (
        select 1
        from backtests.runs as runs
        where
            runs.model_name = versions.model_name
            and versions.model_version = any(runs.model_versions)
    )
order by versions.model_version desc
limit $1
