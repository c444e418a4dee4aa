-- description: Enter a feature store file as the current one of its month; known content becomes current again.
-- parameters: $1 table, $2 month, $3 path, $4 content hash, $5 code version, $6 watermark, $7 rows, $8 bytes
insert into features.files (
    table_name, month, path, content_hash, code_version, watermark, row_count, byte_count, written_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
on conflict (table_name, month, content_hash) do update set
    superseded_at = null,
    path = excluded.path,
    code_version = excluded.code_version,
    written_at = excluded.written_at
