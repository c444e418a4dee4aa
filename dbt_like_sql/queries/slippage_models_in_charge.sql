-- description: The version of the slippage model of each decided week; NULL where the book stays.
-- parameters: none
select
    week,
    case when in_charge then model_version end as model_version
from ml.slippage_models
order by week
