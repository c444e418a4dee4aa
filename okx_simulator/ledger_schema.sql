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
    rests_from_ms integer not null
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
    unique (inst_id, trade_id)
);

create index if not exists fills_by_order on fills (ord_id);

create table if not exists balance_changes (
    change_id integer primary key,
    ord_id integer not null,
    currency text not null,
    change text not null,
    cash_after text not null,
    changed_ms integer not null
);

create table if not exists sequences (
    name text primary key,
    value integer not null
);
