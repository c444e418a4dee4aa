-- table: marts.signal_outcomes
-- description: What became of each prediction: the signal, the results of its gates and the return of the 24 hours after it, once known.
-- grain: one row per pair and hour with a signal of the SQL window
-- key: pair, timestamp_utc
-- kind: view
-- column pair: text: OKX instrument id, such as BTC-USDT
-- column timestamp_utc: timestamptz: open of the bar, UTC
-- column model_version: int: version of the signal model that predicted; NULL when none was in charge
-- column predicted_excess_pct: float8: expected return of the next 24 h less the mean of all pairs, percent; NULL without a model
-- column excess_probability: float8: probability that this excess return is positive; NULL where none is stated
-- column tradable: bool: true when every gate passed
-- column realised_return_pct: real: return of the next 24 h, percent; NULL until they have passed
-- column realised_excess_pct: float8: that return less the mean of the signals of its hour, percent; NULL until they are known
-- column worst_12h_pct: real: worst excursion of the next 12 h, percent; NULL until the label is known
-- column right_direction: bool: expected and realised excess have the same sign; NULL until both are known
-- tests: unique_key, not_null(tradable)
with signals as (
    select * from trading.signals
),

outcomes as (
    select
        pair,
        timestamp_utc,
        future_return_1d_pct,
        future_max_drawdown_12h_pct
    from ml.labels_1d
),

realised as (
    select
        signals.pair,
        signals.timestamp_utc,
        signals.model_version,
        signals.predicted_excess_pct,
        signals.excess_probability,
        signals.tradable,
        outcomes.future_return_1d_pct as realised_return_pct,
        outcomes.future_return_1d_pct
        - avg(outcomes.future_return_1d_pct) over (partition by signals.timestamp_utc) as realised_excess_pct,
        outcomes.future_max_drawdown_12h_pct as worst_12h_pct
    from signals
    left join outcomes
        on
            signals.pair = outcomes.pair
            and signals.timestamp_utc = outcomes.timestamp_utc
),

final as (
    select
        *,
        predicted_excess_pct * realised_excess_pct > 0 as right_direction
    from realised
)

select * from final
