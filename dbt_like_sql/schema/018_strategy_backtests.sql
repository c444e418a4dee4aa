-- Backtests that were asked for: each is kept with everything that decided, and each variant of a strategy is a trial.

alter table ml.trials drop constraint trials_kind_check;
alter table ml.trials add constraint trials_kind_check check (kind in ('member', 'ensemble', 'strategy'));
comment on column ml.trials.name is
'member, the members of an ensemble joined by +, or a strategy and its version joined by @';
comment on column ml.trials.kind is 'member, ensemble or strategy';
comment on column ml.trials.weekly_sharpe is
'Sharpe ratio of its weekly excess after costs, of a strategy of its weekly return, not annualised; NULL until known';
comment on column ml.trials.as_of is
'week of the decision that computed it, of a strategy the last day of the newest backtest; NULL until then';

create table backtests.strategy_runs (
    run_id text primary key,
    strategy text not null,
    version text not null,
    specification jsonb not null,
    candles text not null,
    pairs text [] not null,
    start_time timestamptz not null,
    end_time timestamptz not null,
    capital_quote double precision not null,
    figures jsonb not null,
    rejected jsonb not null,
    deflated_sharpe double precision,
    strategies_tried integer not null,
    mlflow_run_id text not null,
    made_at timestamptz not null
);
comment on table backtests.strategy_runs is 'Backtests of strategies that were asked for, by `okxsignal backtest` or its job.';
comment on column backtests.strategy_runs.run_id is 'run in Dagster';
comment on column backtests.strategy_runs.strategy is 'name of the strategy';
comment on column backtests.strategy_runs.version is 'hash of everything that decides';
comment on column backtests.strategy_runs.specification is 'parameters, rules and exits of the version';
comment on column backtests.strategy_runs.candles is 'file or market that was traded';
comment on column backtests.strategy_runs.pairs is 'pairs that could be traded';
comment on column backtests.strategy_runs.start_time is 'open of the first bar that was traded';
comment on column backtests.strategy_runs.end_time is 'open of the bar after the last one';
comment on column backtests.strategy_runs.capital_quote is 'cash to begin with, quote';
comment on column backtests.strategy_runs.figures is 'statistics of curve and trades, NULL where one is unknown';
comment on column backtests.strategy_runs.rejected is 'entries that were wanted and refused, by gate';
comment on column backtests.strategy_runs.deflated_sharpe is
'chance that the Sharpe ratio is more than the luck of the best of all strategies tried until then; NULL when unknown';
comment on column backtests.strategy_runs.strategies_tried is 'versions of strategies that were tried until then, this one included';
comment on column backtests.strategy_runs.mlflow_run_id is 'run in MLflow, with report and tables';
comment on column backtests.strategy_runs.made_at is 'when it was made';

alter table backtests.trades add column fee_quote double precision;
alter table backtests.trades add column spread_quote double precision;
comment on column backtests.trades.fee_quote is 'fees of both sides, quote; NULL in weeks traded before it was kept';
comment on column backtests.trades.spread_quote is
'half spreads of both sides, quote; the rest of cost_quote is impact and what was too small to be sold; NULL as fee_quote';
