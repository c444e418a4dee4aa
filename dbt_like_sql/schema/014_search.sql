-- Search over member specifications: each trial is counted with its score, and the best one of a search is a member.

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
