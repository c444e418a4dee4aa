-- The spine: candles, features, labels, models, signals, orders.
-- A row of hour t (its open) is known at t + 1 h. Unknown is NULL.

create schema if not exists market;
create schema if not exists features;
create schema if not exists ml;
create schema if not exists trading;
create schema if not exists backtests;
create schema if not exists marts;
create schema if not exists ops;

create table ops.market_source (
    only_row boolean primary key default true check (only_row),
    identity text not null,
    recorded_at timestamptz not null default now()
);
comment on table ops.market_source is 'The one market this database holds; another one is refused, never mixed in.';

create table market.universe (
    day date not null,
    pair text not null,
    state text not null,
    listed_at timestamptz,
    tick_size numeric not null,
    lot_size numeric not null,
    min_size numeric not null,
    turnover_24h_quote double precision,
    spread_bps double precision,
    enabled boolean not null,
    reason text not null,
    risk_multiplier double precision not null,
    observed_at timestamptz not null,
    primary key (day, pair)
);
comment on table market.universe is 'Point-in-time universe: one row per pair and day, as known when the day began.';

create table market.pair_settings (
    pair text primary key,
    enabled boolean not null default true,
    risk_multiplier double precision not null default 1 check (risk_multiplier >= 0)
);
comment on table market.pair_settings is 'The user''s overrides per pair, read when the universe is built.';

create table market.candles_1h (
    pair text not null,
    timestamp_utc timestamptz not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision,
    quote_volume double precision,
    taker_buy_base double precision,
    source text not null,
    ingested_at timestamptz not null,
    revision integer not null default 0,
    primary key (pair, timestamp_utc),
    check (low <= least(open, close) and high >= greatest(open, close) and low > 0)
);
comment on table market.candles_1h is 'Confirmed hourly bars, named by their open; volume in base, quote_volume in quote units.';

create table market.candles_4h (like market.candles_1h including all);
create table market.candles_1d (like market.candles_1h including all);
comment on table market.candles_4h is 'Complete 4 h bars derived from candles_1h, aligned to UTC.';
comment on table market.candles_1d is 'Complete daily bars derived from candles_1h, aligned to UTC.';

create table market.rejected_rows (
    pair text not null,
    timestamp_utc timestamptz,
    reason text not null,
    payload text not null,
    rejected_at timestamptz not null
);
comment on table market.rejected_rows is 'Candle rows that broke the contract, with the reason.';

-- The columns of these three tables follow the registries in okx_core; `sync_columns` adds what is new.
create table features.features_1h (
    pair text not null,
    timestamp_utc timestamptz not null,
    primary key (pair, timestamp_utc)
);
create table ml.labels_1d (
    pair text not null,
    timestamp_utc timestamptz not null,
    primary key (pair, timestamp_utc)
);
create table ml.labels_2w (
    pair text not null,
    timestamp_utc timestamptz not null,
    primary key (pair, timestamp_utc)
);
comment on table features.features_1h is 'One row per bar, one real column per feature; known when the bar closed.';
comment on table ml.labels_1d is 'Labels with horizons up to 24 h; a row exists once all of them are known.';
comment on table ml.labels_2w is 'Labels with horizons of 3 d, 1 w and 2 w; a row exists once all of them are known.';

create table ml.model_versions (
    week date not null,
    algorithm text not null,
    model_name text not null,
    model_version integer not null,
    run_id text not null,
    target text not null,
    train_start timestamptz not null,
    train_end timestamptz not null,
    train_rows bigint not null,
    holdout_rows bigint not null,
    rank_ic double precision,
    rank_ic_t double precision,
    rmse_pct double precision,
    baseline_rmse_pct double precision,
    feature_count integer not null,
    data_fingerprint text not null,
    code_version text not null,
    trained_at timestamptz not null,
    primary key (week, algorithm)
);
comment on table ml.model_versions is 'One registered model per week and algorithm, trained only on what was known before the week.';

create table ml.champions (
    week date primary key,
    model_name text not null,
    model_version integer,
    algorithm text,
    trained_for_week date,
    verdict text not null,
    evidence jsonb not null,
    decided_at timestamptz not null
);
comment on table ml.champions is 'The promotion decision of each week; model_version is NULL when nothing has ever passed the gate.';

create table trading.signals (
    pair text not null,
    timestamp_utc timestamptz not null,
    prediction_pct double precision,
    confidence double precision,
    turnover_24h_quote double precision,
    gate_universe text not null,
    gate_market text not null,
    gate_confidence text not null,
    gate_fee text not null,
    gate_slippage text not null,
    gate_liquidity text not null,
    tradable boolean not null,
    risk_multiplier double precision not null,
    model_name text not null,
    model_version integer not null,
    live boolean not null,
    primary key (pair, timestamp_utc)
);
comment on table trading.signals is 'Prediction of the return over the next 24 h, every gate''s verdict and the model version, per bar.';

create table trading.intents (
    client_order_id text primary key,
    signal_hour timestamptz not null,
    pair text not null,
    attempt integer not null check (attempt >= 1),
    side text not null check (side in ('buy', 'sell')),
    size_base numeric not null check (size_base > 0),
    decision_price numeric not null,
    prediction_pct double precision,
    model_name text not null,
    model_version integer not null,
    reason text not null,
    state text not null check (state in ('journaled', 'sending', 'accepted', 'rejected', 'unknown', 'not_placed')),
    detail text not null default '',
    order_id text,
    run_id text not null,
    journaled_at timestamptz not null,
    expires_at timestamptz,
    unique (signal_hour, pair, attempt)
);
comment on table trading.intents is 'Journal written before anything is sent; one decision per signal hour and pair.';

create table trading.executed_hours (
    signal_hour timestamptz primary key,
    decided_at timestamptz not null,
    run_id text not null,
    orders integer not null,
    note text not null
);
comment on table trading.executed_hours is 'The hours whose decisions are complete; a second run of one decides nothing.';

create table trading.orders (
    order_id text primary key,
    client_order_id text not null,
    pair text not null,
    side text not null,
    order_type text not null,
    state text not null,
    size_base numeric not null,
    filled_base numeric not null,
    average_price numeric,
    fee numeric not null,
    fee_currency text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create table trading.fills (
    pair text not null,
    trade_id text not null,
    side text not null,
    order_id text not null,
    client_order_id text not null,
    price numeric not null,
    size_base numeric not null,
    fee numeric not null,
    fee_currency text not null,
    filled_at timestamptz not null,
    primary key (pair, trade_id, side)
);
create table trading.positions (
    pair text primary key,
    quantity_base numeric not null,
    exchange_quantity_base numeric,
    average_price numeric,
    cost_quote numeric not null,
    realised_pnl_quote numeric not null,
    fees_quote numeric not null,
    mark_price numeric,
    unrealised_pnl_quote numeric,
    opened_at timestamptz,
    locked boolean not null,
    lock_reason text not null,
    as_of timestamptz not null
);
comment on table trading.orders is 'Orders as the exchange reports them, keyed by its order id.';
comment on table trading.fills is 'Fills as the exchange reports them; fee is negative when paid.';
comment on table trading.positions is 'Position and P&L per pair, from fills, reconciled with the balance at the exchange.';

create table backtests.runs (
    week date primary key,
    opening_equity_quote double precision not null,
    closing_equity_quote double precision not null,
    return_pct double precision not null,
    sharpe double precision,
    sortino double precision,
    max_drawdown_pct double precision,
    profit_factor double precision,
    win_rate_pct double precision,
    exposure_pct double precision,
    turnover double precision,
    cost_quote double precision not null,
    cost_share_pct double precision,
    trades integer not null,
    signals integer not null,
    model_versions integer[] not null,
    fee_rate double precision not null,
    closing_portfolio jsonb not null
);
create table backtests.trades (
    week date not null,
    pair text not null,
    entry_time timestamptz not null,
    exit_time timestamptz not null,
    quantity double precision not null,
    entry_price double precision not null,
    exit_price double precision not null,
    pnl_quote double precision not null,
    return_pct double precision not null,
    cost_quote double precision not null,
    exit_reason text not null,
    primary key (pair, entry_time)
);
create table backtests.equity (
    timestamp_utc timestamptz primary key,
    week date not null,
    equity_quote double precision not null,
    cash_quote double precision not null,
    exposure_pct double precision not null,
    cost_quote double precision not null
);
comment on table backtests.runs is 'One out-of-sample week each, opened with the portfolio of the week before; costs are on.';
comment on table backtests.trades is 'Closed trades of the out-of-sample weeks.';
comment on table backtests.equity is 'Hourly equity of the out-of-sample weeks, marked at the close.';

create table ops.alerts (
    alert_id bigint generated always as identity primary key,
    raised_at timestamptz not null default now(),
    subject text not null,
    message text not null,
    run_id text,
    delivered boolean not null
);
comment on table ops.alerts is 'Every alert raised, whether or not a webhook took it.';
