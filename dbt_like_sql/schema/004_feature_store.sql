-- The manifest of the feature store: which Parquet file holds which month, and who still needs an old one.
-- The files lie outside the database; a row here is written only after its file stands.

create table features.files (
    file_id bigint generated always as identity primary key,
    table_name text not null,
    month date not null check (extract(day from month) = 1),
    path text not null unique,
    content_hash text not null,
    code_version text not null,
    watermark timestamptz not null,
    row_count bigint not null check (row_count > 0),
    byte_count bigint not null check (byte_count > 0),
    written_at timestamptz not null,
    superseded_at timestamptz,
    unique (table_name, month, content_hash)
);
create unique index files_one_current_per_month on features.files (table_name, month) where superseded_at is null;
comment on table features.files is
'One row per Parquet file; current when superseded_at is NULL. watermark is the open of its newest bar.';

create table features.pins (
    model_name text not null,
    model_version integer not null,
    file_id bigint not null references features.files,
    pinned_at timestamptz not null default now(),
    primary key (model_name, model_version, file_id)
);
create index pins_file_id on features.pins (file_id);
comment on table features.pins is 'Files that a registered model version was trained on; they are never removed.';

create table features.store_identity (
    only_row boolean primary key default true check (only_row),
    store_id uuid not null default gen_random_uuid()
);
insert into features.store_identity default values;
comment on table features.store_identity is
'Names this manifest''s folder under the store root, so that two of them may share one root.';

create table features.sql_windows (
    table_name text primary key,
    starts_at timestamptz
);
insert into features.sql_windows (table_name)
values ('features.features_1h'), ('ml.labels_1d'), ('ml.labels_2w');
comment on table features.sql_windows is
'From starts_at on the SQL table holds the same rows as the store; NULL before the first write.';
