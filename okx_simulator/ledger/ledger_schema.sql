create table if not exists balances (
    currency text primary key,
    cash text not null,
    updated_ms integer not null
);

create table if not exists orders (
    ord_id integer primary key,
    client_order_id text not null,
    tag text not null,
    inst_id text not null,
    side text not null,
    ord_type text not null,
    size text not null,
    price text not null,
    target_currency text not null,
    state text not null,
    filled_base text not null,
    average_price text not null,
    fee text not null,
    fee_currency text not null,
    cancel_source text not null,
    created_ms integer not null,
    updated_ms integer not null,
    rests_from_ms integer not null,
    td_mode text not null default 'cash',
    reduce_only text not null default 'false',
    leverage text not null default '',
    contract_value text not null default '',
    source text not null default '',
    algo_id integer not null default 0,
    client_algo_id text not null default '',
    attached text not null default '[]',
    pnl text not null default '0',
    category text not null default 'normal'
);

create index if not exists open_orders on orders (ord_id)
where state in ('live', 'partially_filled');

create index if not exists orders_by_client_order_id on orders (client_order_id, ord_id);

create table if not exists fills (
    bill_id integer primary key,
    trade_id integer not null,
    ord_id integer not null references orders (ord_id),
    client_order_id text not null,
    tag text not null,
    inst_id text not null,
    side text not null,
    price text not null,
    size text not null,
    fee text not null,
    fee_currency text not null,
    fee_rate text not null,
    filled_ms integer not null,
    liquidity text not null,
    pnl text not null default '0',
    contract_value text not null default '',
    unique (inst_id, trade_id)
);

create index if not exists fills_by_order on fills (ord_id);

create table if not exists balance_changes (
    change_id integer primary key,
    ord_id integer not null,
    currency text not null,
    change text not null,
    cash_after text not null,
    changed_ms integer not null,
    kind text not null default 'trade',
    inst_id text not null default '',
    sub_type text not null default '',
    trade_id integer not null default 0,
    price text not null default '',
    size text not null default '',
    fee text not null default '',
    liquidity text not null default ''
);

create table if not exists sequences (
    name text primary key,
    value integer not null
);

create table if not exists algo_orders (
    algo_id integer primary key,
    client_algo_id text not null,
    tag text not null,
    inst_id text not null,
    ord_type text not null,
    side text not null,
    td_mode text not null,
    size text not null,
    target_currency text not null,
    reduce_only text not null,
    close_fraction text not null,
    cancel_on_close text not null,
    tp_trigger text not null,
    tp_price text not null,
    sl_trigger text not null,
    sl_price text not null,
    trigger_price text not null,
    order_price text not null,
    rises text not null,
    callback_ratio text not null,
    callback_spread text not null,
    active_price text not null,
    state text not null,
    actual_side text not null,
    actual_size text not null,
    actual_price text not null,
    fail_code text not null,
    ord_id integer not null,
    parent_id integer not null,
    triggered_ms integer not null,
    created_ms integer not null,
    updated_ms integer not null,
    rests_from_ms integer not null
);

create index if not exists live_algo_orders on algo_orders (algo_id)
where state = 'live';

create table if not exists positions (
    inst_id text primary key,
    position_id integer not null,
    size text not null,
    average_price text not null,
    contract_value text not null,
    leverage text not null,
    realized_pnl text not null,
    fee text not null,
    funding_fee text not null,
    last_trade_id integer not null,
    created_ms integer not null,
    updated_ms integer not null,
    funded_ms integer not null
);

create table if not exists closed_positions (
    inst_id text not null,
    position_id integer not null,
    size text not null,
    average_price text not null,
    contract_value text not null,
    leverage text not null,
    realized_pnl text not null,
    fee text not null,
    funding_fee text not null,
    last_trade_id integer not null,
    created_ms integer not null,
    updated_ms integer not null,
    funded_ms integer not null
);

create index if not exists closed_positions_by_time on closed_positions (updated_ms);

create table if not exists settings (
    name text primary key,
    value text not null
);
