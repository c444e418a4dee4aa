-- Models are members, of which an ensemble is made: a version of each per training date, and versions of the signal
-- model that name them. What a member predicts out of sample is kept, and decides who may trade.
-- Rows of the models of earlier versions stay, under their own model_name; nothing uses them any more.

alter table ml.model_versions rename column algorithm to member;
alter table ml.model_versions drop column holdout_rows;
alter table ml.model_versions drop column rank_ic;
alter table ml.model_versions drop column rank_ic_t;
alter table ml.model_versions drop column rmse_pct;
alter table ml.model_versions drop column baseline_rmse_pct;
alter table ml.model_versions add column history_weeks double precision;
alter table ml.model_versions add column label_known_at timestamptz;
create unique index model_versions_version on ml.model_versions (model_name, model_version);
comment on table ml.model_versions is
'The versions of each member, trained only on what was known before the date.';
comment on column ml.model_versions.week is 'training date: the open of the first bar that the version may score';
comment on column ml.model_versions.member is 'name of the member';
comment on column ml.model_versions.target is 'what it was fitted to, and at which horizon';
comment on column ml.model_versions.train_start is 'open of the oldest bar of the training rows';
comment on column ml.model_versions.train_end is 'end of the training rows, exclusive';
comment on column ml.model_versions.train_rows is 'rows of the fit, after thinning';
comment on column ml.model_versions.history_weeks is 'weeks from train_start to train_end; NULL for models of earlier versions';
comment on column ml.model_versions.label_known_at is
'when the newest label of the fit became known; NULL for models of earlier versions';
comment on column ml.model_versions.data_fingerprint is
'hash over the hashes of the feature files that were read, and over the closes';

create table ml.predictions (
    member text not null,
    pair text not null,
    timestamp_utc timestamptz not null,
    score real not null,
    version integer not null,
    primary key (timestamp_utc, member, pair)
);
comment on table ml.predictions is
'Out-of-sample score of each member, pair and hour, by the version in charge, written once. Older hours are in the feature store.';
comment on column ml.predictions.member is 'name of the member';
comment on column ml.predictions.pair is 'OKX instrument id, such as BTC-USDT';
comment on column ml.predictions.timestamp_utc is 'open of the bar, UTC';
comment on column ml.predictions.score is 'what the member predicts, in the unit of its target';
comment on column ml.predictions.version is 'version of the member that predicted';

create table ml.signal_versions (
    model_name text not null,
    model_version integer not null,
    week date not null,
    members jsonb not null,
    weights jsonb not null,
    calibration jsonb,
    has_skill boolean not null,
    outcome_known_at timestamptz,
    run_id text not null,
    code_version text not null,
    trained_at timestamptz not null,
    primary key (model_name, model_version)
);
comment on table ml.signal_versions is 'The versions of the signal model: which versions of which members, how they are weighted, and what a score is expected to earn.';
comment on column ml.signal_versions.model_name is 'registered model in MLflow';
comment on column ml.signal_versions.model_version is 'version in the registry';
comment on column ml.signal_versions.week is 'training date: the open of the first bar that the version may score';
comment on column ml.signal_versions.members is 'version of each member, by name';
comment on column ml.signal_versions.weights is 'weight of each member, by name; they sum to 1';
comment on column ml.signal_versions.calibration is 'from score to excess return and probability; NULL where too few outcomes were known';
comment on column ml.signal_versions.has_skill is 'whether its probabilities were better than the base rate out of sample';
comment on column ml.signal_versions.outcome_known_at is 'when the newest outcome behind weights and calibration became known; NULL without any';
comment on column ml.signal_versions.run_id is 'MLflow run';
comment on column ml.signal_versions.code_version is 'version of the code that made it';
comment on column ml.signal_versions.trained_at is 'when it was made';

alter table ml.champions rename column algorithm to members;
alter table ml.champions add column reason text not null default '';
comment on table ml.champions is 'The promotion decision of each week; model_version is NULL while nobody may trade.';
comment on column ml.champions.model_version is 'version in charge from that week on; NULL when none may trade';
comment on column ml.champions.members is 'names of its members, or the algorithm of a model of earlier versions';
comment on column ml.champions.evidence is 'rules of the gate: value, what is needed, whether it is met';
comment on column ml.champions.reason is 'why it was decided so';

create table ml.promotions (
    promotion_id bigint generated always as identity primary key,
    decided_at timestamptz not null,
    model_name text not null,
    model_version integer,
    previous_version integer,
    decided_by text not null check (decided_by in ('gate', 'command', 'by hand')),
    because text not null
);
comment on table ml.promotions is 'Every change of the alias @champion: by the gate, by `okxsignal promote`, or by hand in MLflow.';
comment on column ml.promotions.promotion_id is 'running number';
comment on column ml.promotions.decided_at is 'exchange time at which it was made, or noticed';
comment on column ml.promotions.model_name is 'registered model in MLflow';
comment on column ml.promotions.model_version is 'version behind @champion from then on; NULL when there is none';
comment on column ml.promotions.previous_version is 'version behind it before; NULL when there was none';
comment on column ml.promotions.decided_by is 'gate, command or by hand';
comment on column ml.promotions.because is 'the reason';

create table ml.trials (
    name text primary key,
    kind text not null check (kind in ('member', 'ensemble')),
    specification text not null,
    first_tried_at timestamptz not null,
    weekly_sharpe double precision,
    as_of date
);
comment on table ml.trials is 'Every variant that was ever tried: the more of them, the better the best must be.';
comment on column ml.trials.name is 'member, or the members of an ensemble joined by +';
comment on column ml.trials.kind is 'member or ensemble';
comment on column ml.trials.specification is 'what it is, in words';
comment on column ml.trials.first_tried_at is 'when it was first trained';
comment on column ml.trials.weekly_sharpe is 'Sharpe ratio of its weekly excess after costs, not annualised; NULL until known';
comment on column ml.trials.as_of is 'week of the decision that computed it; NULL until then';

alter table trading.signals add column interval_low_pct double precision;
alter table trading.signals add column interval_high_pct double precision;
alter table trading.signals add column gate_model text not null default 'pass';
alter table trading.signals alter column gate_model drop default;
alter table trading.signals alter column model_version drop not null;
alter table trading.intents alter column model_version drop not null;
comment on table trading.signals is
'Expected excess return of the next 24 h, result of every gate, and the version of the signal model, per bar.';
comment on column trading.signals.predicted_excess_pct is
'expected return of the next 24 h less the mean of all pairs, percent; NULL without a model';
comment on column trading.signals.excess_probability is
'probability that this excess return is positive; NULL without a model, or while it is no better than the base rate';
comment on column trading.signals.interval_low_pct is 'lower end of the 80 % interval of the excess return, percent; NULL when unknown';
comment on column trading.signals.interval_high_pct is 'upper end of the 80 % interval of the excess return, percent; NULL when unknown';
comment on column trading.signals.gate_model is '''pass'' or why no model may open a position';
comment on column trading.signals.model_version is 'version that predicted; NULL when none is in charge or it cannot be used';
comment on column trading.intents.model_version is 'version that predicted; NULL for an exit without a model';

alter table backtests.runs add column model_name text not null default 'okxsignal-return-1d';
alter table backtests.runs alter column model_name drop default;
comment on column backtests.runs.model_name is 'registered model whose versions were traded';
