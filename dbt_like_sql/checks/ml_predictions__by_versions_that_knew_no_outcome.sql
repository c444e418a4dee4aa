-- asset: ml/predictions
-- description: Predictions by a version that was trained for a later hour, or fitted to a label known only after it.
-- severity: error
with known as (
    select
        predictions.pair,
        predictions.timestamp_utc,
        predictions.member,
        predictions.version,
        greatest(versions.week::timestamp at time zone 'UTC', versions.label_known_at) as known_at
    from ml.predictions as predictions
    left join ml.model_versions as versions
        on
            predictions.member = versions.member
            and predictions.version = versions.model_version
    where predictions.timestamp_utc >= $1 and predictions.timestamp_utc < $2
),

final as (
    select *
    from known
    where known_at is null or timestamp_utc < known_at
)

select * from final
