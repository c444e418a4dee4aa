-- Search over member specifications: each trial is counted with its score, and the best one of a search is a member.
-- What is watched of models in charge: drift of their features and fall of their correlation, day by day; and each week
-- the comparison with their challengers.

alter table ml.trials add column search date;
alter table ml.trials add column number integer;
alter table ml.trials add column parameters jsonb;
alter table ml.trials add column score double precision;
alter table ml.trials add column score_t double precision;
create unique index trials_of_search on ml.trials (search, number) where search is not null;
comment on column ml.trials.search is
'training date of the search that tried it, which knew nothing later; NULL for members and ensembles that were not searched for';
comment on column ml.trials.number is 'running number inside the search, from 0; NULL without one';
comment on column ml.trials.parameters is 'what the search varied; NULL without one';
comment on column ml.trials.score is
'mean volatility-neutral rank IC in the inner folds of the search; NULL without one, or where no fold could be fitted';
comment on column ml.trials.score_t is 't of the score from two-week blocks; NULL when unknown';

create table ml.member_specifications (
    name text primary key,
    specification jsonb not null,
    search date not null,
    score double precision not null,
    created_at timestamptz not null,
    retired_at timestamptz
);
comment on table ml.member_specifications is
'Members that a search has found: the best trial of each. They score in shadow until OKXSIGNAL_MEMBERS names them.';
comment on column ml.member_specifications.name is 'name of the member';
comment on column ml.member_specifications.specification is 'algorithm, target, horizon, history, features and size of the fit';
comment on column ml.member_specifications.search is
'training date of the search; the member was chosen by what came before, so no week before it is out of sample';
comment on column ml.member_specifications.score is 'mean volatility-neutral rank IC in the inner folds of the search';
comment on column ml.member_specifications.created_at is 'when it was found, by the time of the exchange';
comment on column ml.member_specifications.retired_at is 'since when it is trained no longer, as a longer search found a better one; NULL while it is';

create table ml.drift (
    day date not null,
    model text not null,
    model_version integer,
    mean_psi double precision,
    max_psi double precision,
    worst_features jsonb not null,
    recent_ic double precision,
    earlier_ic double precision,
    lowest_ic double precision,
    drifted boolean not null,
    reason text not null,
    checked_at timestamptz not null,
    primary key (day, model)
);
comment on table ml.drift is
'Drift of each member in charge, and of the ensemble: features against the training rows, rank IC against its own record.';
comment on column ml.drift.day is 'day of the check';
comment on column ml.drift.model is 'name of the member, or ensemble';
comment on column ml.drift.model_version is 'version of the member in charge; NULL for the ensemble';
comment on column ml.drift.mean_psi is
'mean population stability index over its features, of the newest four weeks against its training rows; NULL when unknown';
comment on column ml.drift.max_psi is 'the largest of any four weeks of its training rows; NULL when unknown';
comment on column ml.drift.worst_features is 'population stability index of the features that moved most, by name';
comment on column ml.drift.recent_ic is 'mean volatility-neutral rank IC of the newest eight weeks; NULL when unknown';
comment on column ml.drift.earlier_ic is 'the same of all weeks before; NULL when unknown';
comment on column ml.drift.lowest_ic is 'lower end of the band of recent_ic: two deviations below earlier_ic; NULL when unknown';
comment on column ml.drift.drifted is 'whether mean_psi is above max_psi or recent_ic below lowest_ic';
comment on column ml.drift.reason is 'what has drifted, in words; empty when nothing has';
comment on column ml.drift.checked_at is 'when it was checked, by the time of the exchange';

create table ml.model_comparison (
    week date not null,
    challenger text not null,
    champion text not null,
    hours integer not null,
    champion_bp double precision,
    challenger_bp double precision,
    difference_bp double precision,
    t double precision,
    low_bp double precision,
    high_bp double precision,
    probability double precision,
    is_warranted boolean not null,
    conclusion text not null,
    compared_at timestamptz not null,
    primary key (week, challenger)
);
comment on table ml.model_comparison is
'The ensemble in charge and its challengers on the same hours, after costs, week by week.';
comment on column ml.model_comparison.week is 'week that the comparison was made for: hours before it count';
comment on column ml.model_comparison.challenger is 'members of the challenger, joined by +';
comment on column ml.model_comparison.champion is 'members of the ensemble in charge, joined by +';
comment on column ml.model_comparison.hours is 'hours that both have';
comment on column ml.model_comparison.champion_bp is
'excess of the best pairs over equal weight after costs, basis points a day; NULL without hours';
comment on column ml.model_comparison.challenger_bp is 'the same of the challenger; NULL without hours';
comment on column ml.model_comparison.difference_bp is 'challenger less champion; NULL without hours';
comment on column ml.model_comparison.t is 't of the difference from two-week blocks; NULL with fewer than three';
comment on column ml.model_comparison.low_bp is 'lower end of the 90 % interval of the difference; NULL when unknown';
comment on column ml.model_comparison.high_bp is 'upper end of the 90 % interval of the difference; NULL when unknown';
comment on column ml.model_comparison.probability is 'that the difference is positive, by bootstrap; NULL when unknown';
comment on column ml.model_comparison.is_warranted is 'whether a switch is warranted, given how many were compared';
comment on column ml.model_comparison.conclusion is 'whether a switch is warranted and how sure that is, in a sentence';
comment on column ml.model_comparison.compared_at is 'when it was compared, by the time of the exchange';
