-- description: Variants of models tried so far; strategies are counted for themselves.
-- parameters: none
select count(*) as tried
from ml.trials
where kind in ('member', 'ensemble')
