-- description: Write one intent before anything is sent.
-- parameters: $1 client order id, $2 signal hour, $3 pair, $4 attempt, $5 side, $6 size in base, $7 decision price,
--   $8 predicted excess, $9 model name, $10 model version, $11 reason, $12 run id, $13 exchange time
insert into trading.intents (
    client_order_id, signal_hour, pair, attempt, side, size_base, decision_price, predicted_excess_pct,
    model_name, model_version, reason, state, run_id, journaled_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'journaled', $12, $13)
