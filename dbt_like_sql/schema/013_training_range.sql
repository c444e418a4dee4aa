-- How far a row lies outside of what a member was trained on: rows beyond the version's bounds are not traded.

alter table ml.model_versions add column max_outside_share double precision;
alter table ml.model_versions add column max_distance double precision;
comment on column ml.model_versions.max_outside_share is
'a row with a larger share of features outside the training range is not traded: quantile 0.999 of the training rows; NULL for versions that kept no range';
comment on column ml.model_versions.max_distance is
'a row further from the training rows is not traded: quantile 0.999 of their own distances; NULL for versions that kept no range';

alter table ml.predictions add column outside_share real;
alter table ml.predictions add column distance real;
comment on column ml.predictions.outside_share is
'share of the member''s features outside their range in its training rows, 0 to 1; NULL for versions that kept no range';
comment on column ml.predictions.distance is
'distance to the training rows, about 1 for a common row; NULL for versions that kept no range';

alter table trading.signals add column outside_share double precision;
alter table trading.signals add column training_distance double precision;
alter table trading.signals add column gate_outside text not null default 'pass';
alter table trading.signals alter column gate_outside drop default;
alter table trading.signals add column gate_distance text not null default 'pass';
alter table trading.signals alter column gate_distance drop default;
comment on column trading.signals.outside_share is
'share of features outside the training range, of the member that exceeds its bound most; NULL without a model';
comment on column trading.signals.training_distance is
'distance to the training rows, of the member that exceeds its bound most; NULL without a model';
comment on column trading.signals.gate_outside is '''pass'' or why too many features are outside the training range';
comment on column trading.signals.gate_distance is '''pass'' or why the row is too far from the training rows';
