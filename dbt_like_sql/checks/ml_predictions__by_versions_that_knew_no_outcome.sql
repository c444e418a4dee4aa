-- asset: ml/predictions
-- description: Predictions by a version that was trained for a later hour, or fitted to a label known only after it.
-- severity: error
with final as (
    select
        predictions.member,
        predictions.version,
        min(predictions.timestamp_utc) as first_hour,
        count(*) as predictions
    from ml.predictions as predictions
    left join ml.model_versions as versions
        on
            predictions.member = versions.member
            and predictions.version = versions.model_version
    where
        predictions.timestamp_utc >= $1 and predictions.timestamp_utc < $2
        and (
            versions.week is null
            or predictions.timestamp_utc < versions.week::timestamp at time zone 'UTC'
            or predictions.timestamp_utc < versions.label_known_at
        )
    group by predictions.member, predictions.version
)

select * from final
