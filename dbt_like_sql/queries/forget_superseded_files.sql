-- description: Remove superseded files that no model version pins from the manifest; returns their paths.
-- parameters: $1 table, $2 month, $3 how long a superseded file is kept for its readers
with superseded as (
    select files.file_id
    from features.files as files
    where
        files.table_name = $1
        and files.month = $2
        and files.superseded_at < clock_timestamp() - $3::interval
        and not exists (
            select 1
            from features.pins as pins
            where pins.file_id = files.file_id
        )
    for update skip locked
)

delete from features.files
where file_id in (select superseded.file_id from superseded)
returning path
