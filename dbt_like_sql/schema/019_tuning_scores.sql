-- What a search over the parameters of a strategy has scored: the same search goes on where it was stopped.

create table backtests.tuning_scores (
    tuning text not null,
    known_until timestamptz not null,
    version text not null,
    parameters jsonb not null,
    score double precision,
    weekly_sharpe double precision,
    made_at timestamptz not null,
    primary key (tuning, known_until, version)
);
comment on table backtests.tuning_scores is
'Variants of a strategy that `okxsignal tune` has scored on the hours before a moment: each is computed once.';
comment on column backtests.tuning_scores.tuning is 'hash of candles, features, costs, capital and code: what the score rests on';
comment on column backtests.tuning_scores.known_until is 'end of the hours it was scored on, from the first hour of the window';
comment on column backtests.tuning_scores.version is 'hash of everything that decides';
comment on column backtests.tuning_scores.parameters is 'values of what was varied';
comment on column backtests.tuning_scores.score is
'Sharpe ratio of daily returns after costs, annualised; NULL where nothing was traded';
comment on column backtests.tuning_scores.weekly_sharpe is 'Sharpe ratio of weekly returns after costs, not annualised; NULL when unknown';
comment on column backtests.tuning_scores.made_at is 'when it was computed';

comment on column backtests.runs.closing_portfolio is
'cash, positions, and what protections remember of closed trades, entries and equity: the next week opens with it';
comment on column backtests.strategy_runs.rejected is
'how many wanted entries each gate refused, and each protection (protection_...) of those that passed the gates';
