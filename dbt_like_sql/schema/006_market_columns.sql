-- What each column holds: unit, and when it is NULL. The Dagster UI, docs/tables.md and psql show these lines.
-- The columns of features and labels are described by their declarations in okx_core.

comment on column market.universe.day is 'day that the row is valid for, UTC';
comment on column market.universe.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.universe.state is 'state at the exchange: live, suspend, preopen ...';
comment on column market.universe.listed_at is 'when trading began; NULL when the exchange does not say';
comment on column market.universe.tick_size is 'price step, quote per base';
comment on column market.universe.lot_size is 'size step, base units';
comment on column market.universe.min_size is 'smallest order, base units';
comment on column market.universe.turnover_24h_quote is 'quote turnover of the day before; NULL when it did not trade';
comment on column market.universe.spread_bps is 'bid-ask spread in basis points of mid when observed; NULL for a past day';
comment on column market.universe.enabled is 'true when the pair may be traded that day';
comment on column market.universe.reason is 'why it is disabled; empty when enabled';
comment on column market.universe.risk_multiplier is 'factor on the size of orders';
comment on column market.universe.observed_at is 'exchange time of the observation';
comment on column market.universe.delisted_at is 'when trading will end; NULL until it is announced';
comment on column market.universe.inst_type is 'SPOT or SWAP';

comment on column market.pair_settings.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.pair_settings.enabled is 'false takes the pair out of the universe';
comment on column market.pair_settings.risk_multiplier is 'factor on the size of orders';

comment on column market.candles_15m.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candles_15m.timestamp_utc is 'open of the bar, UTC';
comment on column market.candles_15m.open is 'first price, quote per base';
comment on column market.candles_15m.high is 'highest price, quote per base';
comment on column market.candles_15m.low is 'lowest price, quote per base';
comment on column market.candles_15m.close is 'last price, quote per base';
comment on column market.candles_15m.volume is 'traded in base units; NULL when the source has none';
comment on column market.candles_15m.quote_volume is 'traded in quote units; NULL when the source has none';
comment on column market.candles_15m.taker_buy_base is 'base units bought by takers; NULL when the source does not say';
comment on column market.candles_15m.source is 'where the bar came from: okx-<mode> over REST, okx-<mode>-stream over WebSocket';
comment on column market.candles_15m.ingested_at is 'exchange time of the fetch';
comment on column market.candles_15m.revision is '0 for the first version of the bar, one more for each replacement';

comment on column market.candles_1h.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candles_1h.timestamp_utc is 'open of the bar, UTC';
comment on column market.candles_1h.open is 'first price, quote per base';
comment on column market.candles_1h.high is 'highest price, quote per base';
comment on column market.candles_1h.low is 'lowest price, quote per base';
comment on column market.candles_1h.close is 'last price, quote per base';
comment on column market.candles_1h.volume is 'traded in base units; NULL when the source has none';
comment on column market.candles_1h.quote_volume is 'traded in quote units; NULL when the source has none';
comment on column market.candles_1h.taker_buy_base is 'base units bought by takers; NULL when the source does not say';
comment on column market.candles_1h.source is 'where the bar came from: okx-<mode> over REST, okx-<mode>-stream over WebSocket';
comment on column market.candles_1h.ingested_at is 'exchange time of the fetch';
comment on column market.candles_1h.revision is '0 for the first version of the bar, one more for each replacement';

comment on column market.candles_4h.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candles_4h.timestamp_utc is 'open of the bar, UTC';
comment on column market.candles_4h.open is 'first price, quote per base';
comment on column market.candles_4h.high is 'highest price, quote per base';
comment on column market.candles_4h.low is 'lowest price, quote per base';
comment on column market.candles_4h.close is 'last price, quote per base';
comment on column market.candles_4h.volume is 'traded in base units; NULL when the source has none';
comment on column market.candles_4h.quote_volume is 'traded in quote units; NULL when the source has none';
comment on column market.candles_4h.taker_buy_base is 'base units bought by takers; NULL when the source does not say';
comment on column market.candles_4h.source is 'least source tag of its hourly bars';
comment on column market.candles_4h.ingested_at is 'exchange time of the newest fetch of its hourly bars';
comment on column market.candles_4h.revision is 'largest revision of its hourly bars';

comment on column market.candles_1d.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candles_1d.timestamp_utc is 'open of the bar, UTC';
comment on column market.candles_1d.open is 'first price, quote per base';
comment on column market.candles_1d.high is 'highest price, quote per base';
comment on column market.candles_1d.low is 'lowest price, quote per base';
comment on column market.candles_1d.close is 'last price, quote per base';
comment on column market.candles_1d.volume is 'traded in base units; NULL when the source has none';
comment on column market.candles_1d.quote_volume is 'traded in quote units; NULL when the source has none';
comment on column market.candles_1d.taker_buy_base is 'base units bought by takers; NULL when the source does not say';
comment on column market.candles_1d.source is 'least source tag of its hourly bars';
comment on column market.candles_1d.ingested_at is 'exchange time of the newest fetch of its hourly bars';
comment on column market.candles_1d.revision is 'largest revision of its hourly bars';

comment on column market.rejected_rows.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.rejected_rows.timestamp_utc is 'open of the rejected bar; NULL when it cannot be read';
comment on column market.rejected_rows.reason is 'which rule of the candle contract the row broke';
comment on column market.rejected_rows.payload is 'the row as it was received';
comment on column market.rejected_rows.rejected_at is 'exchange time of the rejection';
comment on column market.rejected_rows.bar is 'size of the bar: 15m or 1h';

comment on column market.candle_revisions.bar is 'size of the bar: 15m or 1h';
comment on column market.candle_revisions.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candle_revisions.timestamp_utc is 'open of the bar, UTC';
comment on column market.candle_revisions.revision is 'number of this version';
comment on column market.candle_revisions.open is 'first price, quote per base';
comment on column market.candle_revisions.high is 'highest price, quote per base';
comment on column market.candle_revisions.low is 'lowest price, quote per base';
comment on column market.candle_revisions.close is 'last price, quote per base';
comment on column market.candle_revisions.volume is 'traded in base units; NULL when the source has none';
comment on column market.candle_revisions.quote_volume is 'traded in quote units; NULL when the source has none';
comment on column market.candle_revisions.source is 'where the bar came from: okx-<mode> over REST, okx-<mode>-stream over WebSocket';
comment on column market.candle_revisions.ingested_at is 'exchange time of the fetch';
comment on column market.candle_revisions.replaced_at is 'exchange time at which the next version replaced it';

comment on column market.candle_gaps.bar is 'size of the bar: 15m or 1h';
comment on column market.candle_gaps.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.candle_gaps.timestamp_utc is 'open of the missing bar, UTC';
comment on column market.candle_gaps.state is 'open, refetched, never_traded or lost';
comment on column market.candle_gaps.attempts is 'how often the exchange was asked';
comment on column market.candle_gaps.evidence is 'evidence for the state';
comment on column market.candle_gaps.noticed_at is 'exchange time at which it was found missing';
comment on column market.candle_gaps.attempted_at is 'exchange time of the last attempt';
comment on column market.candle_gaps.settled_at is 'exchange time at which the state became final; NULL while open';

comment on column market.fetched_stretches.bar is 'size of the bar: 15m or 1h';
comment on column market.fetched_stretches.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.fetched_stretches.fetched_to is 'end of the stored stretch, exclusive';
comment on column market.fetched_stretches.fetched_from is 'start of the stored stretch';
comment on column market.fetched_stretches.stored_at is 'exchange time of the last page';

comment on column market.order_book_snapshots.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.order_book_snapshots.timestamp_utc is 'open of the hour that was decided, UTC';
comment on column market.order_book_snapshots.taken_at is 'exchange time of the snapshot';
comment on column market.order_book_snapshots.bid is 'best bid, quote per base; NULL when the side is empty';
comment on column market.order_book_snapshots.ask is 'best ask, quote per base; NULL when the side is empty';
comment on column market.order_book_snapshots.spread_bps is 'ask less bid in basis points of mid; NULL when a side is empty';
comment on column market.order_book_snapshots.bid_depth_10bps is 'quote resting within 10 bps of mid on the bid side; NULL beyond the levels served';
comment on column market.order_book_snapshots.ask_depth_10bps is 'quote resting within 10 bps of mid on the ask side; NULL beyond the levels served';
comment on column market.order_book_snapshots.bid_depth_50bps is 'quote resting within 50 bps of mid on the bid side; NULL beyond the levels served';
comment on column market.order_book_snapshots.ask_depth_50bps is 'quote resting within 50 bps of mid on the ask side; NULL beyond the levels served';
comment on column market.order_book_snapshots.bid_depth_200bps is 'quote resting within 200 bps of mid on the bid side; NULL beyond the levels served';
comment on column market.order_book_snapshots.ask_depth_200bps is 'quote resting within 200 bps of mid on the ask side; NULL beyond the levels served';
comment on column market.order_book_snapshots.levels is 'levels served, both sides together';

comment on column market.public_trades.pair is 'OKX instrument id, such as BTC-USDT';
comment on column market.public_trades.trade_id is 'id at the exchange';
comment on column market.public_trades.traded_at is 'time of the trade';
comment on column market.public_trades.price is 'quote per base';
comment on column market.public_trades.size_base is 'base units';
comment on column market.public_trades.side is 'side of the taker: buy or sell';

comment on column market.funding_rates.pair is 'OKX instrument id of the swap';
comment on column market.funding_rates.timestamp_utc is 'time of the payment, UTC';
comment on column market.funding_rates.rate is 'paid by longs to shorts, as a fraction of the position';
comment on column market.funding_rates.realized_rate is 'as settled; NULL when the exchange does not say';
comment on column market.funding_rates.source is 'where it came from: okx-<mode>';
comment on column market.funding_rates.ingested_at is 'exchange time of the fetch';

comment on column features.features_1h.pair is 'OKX instrument id, such as BTC-USDT';
comment on column features.features_1h.timestamp_utc is 'open of the bar, UTC';

comment on column features.files.file_id is 'number of the file';
comment on column features.files.table_name is 'table that the file holds a month of';
comment on column features.files.month is 'first day of the month';
comment on column features.files.path is 'path under the store root';
comment on column features.files.content_hash is 'SHA-256 of the content';
comment on column features.files.code_version is 'version of the code that computed it';
comment on column features.files.watermark is 'open of the newest bar in it';
comment on column features.files.row_count is 'rows in the file';
comment on column features.files.byte_count is 'size in bytes';
comment on column features.files.written_at is 'when it was written';
comment on column features.files.superseded_at is 'when a newer file replaced it; NULL while it is current';

comment on column features.pins.model_name is 'registered model in MLflow';
comment on column features.pins.model_version is 'version in the registry';
comment on column features.pins.file_id is 'file that the version was trained on';
comment on column features.pins.pinned_at is 'when it was pinned';

comment on column features.store_identity.only_row is 'keeps the table at one row';
comment on column features.store_identity.store_id is 'folder of this database under the store root';

comment on column features.sql_windows.table_name is 'table of the feature store';
comment on column features.sql_windows.starts_at is 'from this bar on SQL holds the same rows; NULL before the first write';

comment on column ops.market_source.only_row is 'keeps the table at one row';
comment on column ops.market_source.identity is 'mode, tape and seed of the market';
comment on column ops.market_source.recorded_at is 'when it was recorded';

comment on column ops.alerts.alert_id is 'number of the alert';
comment on column ops.alerts.raised_at is 'when it was raised';
comment on column ops.alerts.subject is 'one line';
comment on column ops.alerts.message is 'the whole message';
comment on column ops.alerts.run_id is 'Dagster run; NULL when it has none';
comment on column ops.alerts.delivered is 'true when the webhook accepted it';

comment on table market.candle_revisions is
'Every version of a bar that was replaced; the candle table holds the current version.';
