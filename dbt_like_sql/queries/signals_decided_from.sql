-- description: Hours of a window whose signals orders were decided from.
-- parameters: $1 first hour, $2 end
select distinct signals.timestamp_utc
from trading.signals
where
    signals.timestamp_utc >= $1 and signals.timestamp_utc < $2
    and (
        exists (
            select 1
            from trading.executed_hours
            where executed_hours.signal_hour = signals.timestamp_utc
        )
        or exists (
            select 1
            from trading.intents
            where intents.signal_hour = signals.timestamp_utc
        )
    )
