-- Ingestion that loses nothing: what a bar was before it changed, which bars are missing and why,
-- how far an unfinished backfill has come, and what the market looked like when an hour was decided.

create table market.candles_15m (like market.candles_1h including all);
comment on table market.candles_15m is 'Confirmed 15-minute bars, named by their open; volume in base, quote_volume in quote units.';

create table market.candle_revisions (
    bar text not null,
    pair text not null,
    timestamp_utc timestamptz not null,
    revision integer not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision,
    quote_volume double precision,
    source text not null,
    ingested_at timestamptz not null,
    replaced_at timestamptz not null,
    primary key (bar, pair, timestamp_utc, revision)
);
create index candle_revisions_replaced on market.candle_revisions (replaced_at);
comment on table market.candle_revisions is 'Every version of a bar that another one has replaced; the version in force stands in the candle table.';

create table market.candle_gaps (
    bar text not null,
    pair text not null,
    timestamp_utc timestamptz not null,
    state text not null default 'open' check (state in ('open', 'refetched', 'never_traded', 'lost')),
    attempts integer not null,
    evidence text not null default '',
    noticed_at timestamptz not null,
    attempted_at timestamptz not null,
    settled_at timestamptz,
    primary key (bar, pair, timestamp_utc)
);
create index candle_gaps_open on market.candle_gaps (bar, timestamp_utc) where state = 'open';
create index candle_gaps_settled on market.candle_gaps (settled_at);
comment on table market.candle_gaps is 'Every bar that should exist and does not, or did not at first: its state, the attempts and the evidence.';

create table market.fetched_stretches (
    bar text not null,
    pair text not null,
    fetched_to timestamptz not null,
    fetched_from timestamptz not null,
    stored_at timestamptz not null,
    primary key (bar, pair, fetched_to),
    check (fetched_from <= fetched_to)
);
comment on table market.fetched_stretches is 'How far an unfinished backfill has come, page by page; empty when none is under way.';

-- A bad row is kept once, however often it is fetched again.
alter table market.rejected_rows add column bar text not null default '1h';
create unique index rejected_rows_once on market.rejected_rows
    (bar, pair, coalesce(timestamp_utc, '-infinity'::timestamptz), md5(reason || payload));

alter table market.universe add column delisted_at timestamptz;
alter table market.universe add column inst_type text not null default 'SPOT';
