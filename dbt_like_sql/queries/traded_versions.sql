-- description: Model versions whose signals the backtest has traded, the newest first.
-- parameters: $1 how many
select
    model_version,
    algorithm,
    week,
    rank_ic
from ml.model_versions
where model_version in (select unnest(model_versions) from backtests.runs)
order by model_version desc
limit $1
