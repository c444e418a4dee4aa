-- Columns are renamed after what they hold.
-- The models predict the return of the next 24 h less the mean of all pairs, not the return itself.
alter table trading.signals rename column prediction_pct to predicted_excess_pct;
alter table trading.signals rename column confidence to excess_probability;
alter table trading.signals rename column gate_confidence to gate_probability;
alter table trading.intents rename column prediction_pct to predicted_excess_pct;
-- Why not, everywhere under one name; empty when the pair may be traded.
alter table trading.positions rename column lock_reason to rejection_reason;
-- promoted, kept or none: what was decided, with the evidence beside it.
alter table ml.champions rename column verdict to outcome;
update ml.champions set evidence = replace(evidence::text, '"objection":', '"rejection_reason":')::jsonb;
