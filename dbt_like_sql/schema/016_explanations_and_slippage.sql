-- Why a pair was expected to do better than the others, and what an order cost against the mid it was sent at.

create table ml.explanations (
    pair text not null,
    timestamp_utc timestamptz not null,
    place smallint not null check (place between 1 and 10),
    feature text not null,
    value double precision,
    contribution double precision not null,
    relative_score double precision not null,
    model_version integer not null,
    primary key (pair, timestamp_utc, place)
);
comment on table ml.explanations is 'The ten features that set a traded or nearly traded pair apart from the others of its hour.';
comment on column ml.explanations.pair is 'OKX instrument id, such as BTC-USDT';
comment on column ml.explanations.timestamp_utc is 'open of the bar, UTC';
comment on column ml.explanations.place is '1 for the feature that contributes most, for or against';
comment on column ml.explanations.feature is 'name of the feature; (base) is what a member adds without any';
comment on column ml.explanations.value is 'its value; NULL when unknown';
comment on column ml.explanations.contribution is 'what it adds to the relative score: SHAP value less the mean of the hour';
comment on column ml.explanations.relative_score is
'weighted mean of the members'' scores in deviations from the hour''s mean; the contributions of all features add up to it';
comment on column ml.explanations.model_version is 'version of the signal model that is explained';

alter table trading.intents add column arrival_bid numeric;
alter table trading.intents add column arrival_ask numeric;
alter table trading.intents add column arrived_at timestamptz;
comment on column trading.intents.arrival_bid is 'best bid when the order was sent; NULL when it was not seen';
comment on column trading.intents.arrival_ask is 'best ask when the order was sent; NULL when it was not seen';
comment on column trading.intents.arrived_at is 'exchange time of both; NULL when they were not seen';

create table ml.slippage_models (
    week date primary key,
    model_version integer,
    fills integer not null,
    held_out_fills integer not null,
    model_loss_bps double precision,
    book_loss_bps double precision,
    difference_t double precision,
    in_charge boolean not null,
    reason text not null,
    decided_at timestamptz not null
);
comment on table ml.slippage_models is 'The weekly decision whether a learned slippage model replaces the book.';
comment on column ml.slippage_models.week is 'week of the decision, by its Sunday';
comment on column ml.slippage_models.model_version is 'version of okxsignal-slippage; NULL when none was made';
comment on column ml.slippage_models.fills is 'own orders with a known arrival mid and book before the week';
comment on column ml.slippage_models.held_out_fills is 'those that a model of the fills before them was tested on';
comment on column ml.slippage_models.model_loss_bps is 'pinball loss of the model out of sample, basis points; NULL when unknown';
comment on column ml.slippage_models.book_loss_bps is 'pinball loss of the book on the same orders, basis points; NULL when unknown';
comment on column ml.slippage_models.difference_t is 'block t of book loss less model loss; NULL when unknown';
comment on column ml.slippage_models.in_charge is 'true when gates, sizing and backtest use the model from that week on';
comment on column ml.slippage_models.reason is 'why';
comment on column ml.slippage_models.decided_at is 'exchange time of the decision';
