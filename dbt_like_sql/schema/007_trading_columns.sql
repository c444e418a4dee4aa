-- What each column holds: unit, and when it is NULL. The Dagster UI, docs/tables.md and psql show these lines.
-- The columns of features and labels are described by their declarations in okx_core.

comment on column ml.labels_1d.pair is 'OKX instrument id, such as BTC-USDT';
comment on column ml.labels_1d.timestamp_utc is 'open of the bar, UTC';

comment on column ml.labels_2w.pair is 'OKX instrument id, such as BTC-USDT';
comment on column ml.labels_2w.timestamp_utc is 'open of the bar, UTC';

comment on column ml.model_versions.week is 'week in which the model is first used, by its Sunday';
comment on column ml.model_versions.algorithm is 'lightgbm or catboost';
comment on column ml.model_versions.model_name is 'registered model in MLflow';
comment on column ml.model_versions.model_version is 'version in the registry';
comment on column ml.model_versions.run_id is 'MLflow run';
comment on column ml.model_versions.target is 'label that it was trained on';
comment on column ml.model_versions.train_start is 'open of the first bar of the training window';
comment on column ml.model_versions.train_end is 'end of the training window, exclusive';
comment on column ml.model_versions.train_rows is 'rows of the final fit';
comment on column ml.model_versions.holdout_rows is 'rows of the hold-out';
comment on column ml.model_versions.rank_ic is 'mean hourly rank correlation of prediction and outcome across pairs in the hold-out; NULL when unknown';
comment on column ml.model_versions.rank_ic_t is 'Newey-West t statistic of rank_ic; NULL when unknown';
comment on column ml.model_versions.rmse_pct is 'root mean square error in the hold-out, percent';
comment on column ml.model_versions.baseline_rmse_pct is 'the same of a prediction of zero, percent';
comment on column ml.model_versions.feature_count is 'features it reads';
comment on column ml.model_versions.data_fingerprint is 'hash over the hashes of the feature store files that were read';
comment on column ml.model_versions.code_version is 'version of the code that trained it';
comment on column ml.model_versions.trained_at is 'when it was trained';

comment on column ml.champions.week is 'week of the decision, by its Sunday';
comment on column ml.champions.model_name is 'registered model in MLflow';
comment on column ml.champions.model_version is 'version used from that week on; NULL when none ever passed the gate';
comment on column ml.champions.algorithm is 'algorithm of that version';
comment on column ml.champions.trained_for_week is 'week that it was trained for';
comment on column ml.champions.outcome is 'promoted, kept or none';
comment on column ml.champions.evidence is 'scores and rejection reason of every candidate, by algorithm';
comment on column ml.champions.decided_at is 'exchange time of the decision';

comment on column trading.signals.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.signals.timestamp_utc is 'open of the bar, UTC';
comment on column trading.signals.predicted_excess_pct is 'predicted return of the next 24 h less the mean of all pairs, percent';
comment on column trading.signals.excess_probability is 'probability that this excess return is positive, for normal hold-out errors';
comment on column trading.signals.turnover_24h_quote is 'quote turnover of the last 24 h; NULL when unknown';
comment on column trading.signals.gate_universe is '''pass'' or why the universe gate rejects';
comment on column trading.signals.gate_market is '''pass'' or why the market direction gate rejects';
comment on column trading.signals.gate_probability is '''pass'' or why the probability gate rejects';
comment on column trading.signals.gate_fee is '''pass'' or why the fee gate rejects';
comment on column trading.signals.gate_slippage is '''pass'' or why the slippage gate rejects';
comment on column trading.signals.gate_liquidity is '''pass'' or why the liquidity gate rejects';
comment on column trading.signals.tradable is 'true when every gate passed';
comment on column trading.signals.risk_multiplier is 'factor on the size of orders, from the universe';
comment on column trading.signals.model_name is 'registered model in MLflow';
comment on column trading.signals.model_version is 'version that predicted';
comment on column trading.signals.live is 'true when the hour was the newest closed one, scored by @champion';

comment on column trading.intents.client_order_id is 'our order id, derived from hour, pair and attempt';
comment on column trading.intents.signal_hour is 'hour of the signals that were traded';
comment on column trading.intents.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.intents.attempt is '1 for the first order of the decision';
comment on column trading.intents.side is 'buy or sell';
comment on column trading.intents.size_base is 'base units';
comment on column trading.intents.decision_price is 'last price when it was decided, quote per base';
comment on column trading.intents.predicted_excess_pct is 'prediction of the signal, percent; NULL without a signal';
comment on column trading.intents.model_name is 'registered model in MLflow';
comment on column trading.intents.model_version is 'version of the signal';
comment on column trading.intents.reason is 'why the order was wanted';
comment on column trading.intents.state is 'journaled, sending, accepted, rejected, unknown or not_placed';
comment on column trading.intents.detail is 'what is known of the outcome';
comment on column trading.intents.order_id is 'id at the exchange; NULL until it is known';
comment on column trading.intents.run_id is 'Dagster run that decided';
comment on column trading.intents.journaled_at is 'exchange time of the decision';
comment on column trading.intents.expires_at is 'exchange time after which the order can no longer be placed; NULL before it was sent';

comment on column trading.executed_hours.signal_hour is 'hour whose decisions are complete';
comment on column trading.executed_hours.decided_at is 'exchange time at which they were';
comment on column trading.executed_hours.run_id is 'Dagster run that decided';
comment on column trading.executed_hours.orders is 'orders placed';
comment on column trading.executed_hours.note is 'what was skipped, and why';

comment on column trading.orders.order_id is 'id at the exchange';
comment on column trading.orders.client_order_id is 'our id, derived from hour, pair and attempt';
comment on column trading.orders.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.orders.side is 'buy or sell';
comment on column trading.orders.order_type is 'market, limit ... as the exchange names it';
comment on column trading.orders.state is 'as the exchange reports it: live, filled, canceled ...';
comment on column trading.orders.size_base is 'ordered, base units';
comment on column trading.orders.filled_base is 'filled, base units';
comment on column trading.orders.average_price is 'mean fill price, quote per base; NULL without a fill';
comment on column trading.orders.fee is 'negative when paid';
comment on column trading.orders.fee_currency is 'currency of the fee';
comment on column trading.orders.created_at is 'exchange time of the order';
comment on column trading.orders.updated_at is 'exchange time of its last change';

comment on column trading.fills.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.fills.trade_id is 'id at the exchange';
comment on column trading.fills.side is 'buy or sell';
comment on column trading.fills.order_id is 'order that it filled';
comment on column trading.fills.client_order_id is 'our id of that order';
comment on column trading.fills.price is 'quote per base';
comment on column trading.fills.size_base is 'base units';
comment on column trading.fills.fee is 'negative when paid';
comment on column trading.fills.fee_currency is 'currency of the fee';
comment on column trading.fills.filled_at is 'exchange time of the fill';

comment on column trading.positions.pair is 'OKX instrument id, such as BTC-USDT';
comment on column trading.positions.quantity_base is 'base units held according to our fills';
comment on column trading.positions.exchange_quantity_base is 'base units in the account; a difference locks the pair';
comment on column trading.positions.average_price is 'quote paid per base unit held, fees included; NULL when flat';
comment on column trading.positions.cost_quote is 'quote paid for what is held, fees included';
comment on column trading.positions.realised_pnl_quote is 'profit of what was sold, after fees';
comment on column trading.positions.fees_quote is 'fees paid so far, in quote';
comment on column trading.positions.mark_price is 'last price; NULL when unknown';
comment on column trading.positions.unrealised_pnl_quote is 'value at mark_price less cost_quote; NULL when the price is unknown';
comment on column trading.positions.opened_at is 'exchange time of the fill that opened the position; NULL when flat';
comment on column trading.positions.locked is 'true when the position differs from the account: nothing is ordered in the pair';
comment on column trading.positions.rejection_reason is 'why it is locked; empty when it is not';
comment on column trading.positions.as_of is 'exchange time of the reconciliation';

comment on column backtests.runs.week is 'out-of-sample week, by its Sunday';
comment on column backtests.runs.opening_equity_quote is 'equity at the open';
comment on column backtests.runs.closing_equity_quote is 'equity at the close';
comment on column backtests.runs.return_pct is 'return of the week after costs, percent';
comment on column backtests.runs.sharpe is 'annualised Sharpe ratio of hourly returns; NULL without variation';
comment on column backtests.runs.sortino is 'annualised Sortino ratio of hourly returns; NULL without a loss';
comment on column backtests.runs.max_drawdown_pct is 'deepest fall below an earlier peak, percent, 0 or negative';
comment on column backtests.runs.profit_factor is 'gross profit over gross loss; NULL without a loss';
comment on column backtests.runs.win_rate_pct is 'share of trades with a profit, percent; NULL without a trade';
comment on column backtests.runs.exposure_pct is 'mean share of equity in positions, percent';
comment on column backtests.runs.turnover is 'traded notional over mean equity';
comment on column backtests.runs.cost_quote is 'fees, spread and impact paid, quote';
comment on column backtests.runs.cost_share_pct is 'costs in percent of what winning trades made before costs; NULL without one';
comment on column backtests.runs.trades is 'closed trades';
comment on column backtests.runs.signals is 'signals of the week, tradable or not';
comment on column backtests.runs.model_versions is 'versions that made the signals of the week';
comment on column backtests.runs.fee_rate is 'taker fee, as a fraction';
comment on column backtests.runs.closing_portfolio is 'cash and positions with which the next week opens';

comment on column backtests.trades.week is 'out-of-sample week, by its Sunday';
comment on column backtests.trades.pair is 'OKX instrument id, such as BTC-USDT';
comment on column backtests.trades.entry_time is 'open of the bar of the entry';
comment on column backtests.trades.exit_time is 'open of the bar of the exit';
comment on column backtests.trades.quantity is 'base units';
comment on column backtests.trades.entry_price is 'average price paid, spread and impact included';
comment on column backtests.trades.exit_price is 'average price received, spread and impact included';
comment on column backtests.trades.pnl_quote is 'profit after costs, quote';
comment on column backtests.trades.return_pct is 'profit over what was paid, percent';
comment on column backtests.trades.cost_quote is 'fees, spread and impact paid, quote';
comment on column backtests.trades.exit_reason is 'why the position was closed';

comment on column backtests.equity.timestamp_utc is 'bar at whose close equity is marked';
comment on column backtests.equity.week is 'out-of-sample week, by its Sunday';
comment on column backtests.equity.equity_quote is 'cash and positions, quote';
comment on column backtests.equity.cash_quote is 'cash, quote';
comment on column backtests.equity.exposure_pct is 'share of equity in positions, percent';
comment on column backtests.equity.cost_quote is 'fees, spread and impact paid in this hour, quote';

comment on table trading.signals is
'Per bar: the predicted excess return of the next 24 h, the result of every gate and the model version.';
