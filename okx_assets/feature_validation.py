"""The checks of `okxsignal validate features` as checks on features_1h, over the newest stored candles."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from okx_assets import keys
from okx_core.hours import HOUR
from okx_core.validation.result import LISTS, ValidationResult
from okx_core.validation.validate import CLAIMS, MIN_HISTORY, validate
from resources.dagster_resources import DatabaseResource
from resources.market.candle_frames import candle_set, largest_pairs

VALIDATED_DAYS = 120
VALIDATED_PAIRS = 12
SHOWN = 20


def check_name(check: str) -> str:
    return check.lower().replace(" ", "_").replace("-", "_")


@dg.multi_asset_check(
    name="feature_validation",
    specs=[
        dg.AssetCheckSpec(
            check_name(check), asset=keys.FEATURES_1H, description=f"{claim[0].upper()}{claim[1:]}."
        )
        for check, claim in CLAIMS.items()
    ],
    can_subset=True,  # lets a run of hours leave them out
)
def feature_validation(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource
) -> Iterator[dg.AssetCheckResult]:
    """Every check on the newest 120 days of the 12 pairs that turn over most.

    They are about the code, not about some hours: a run over partitions, such as the hourly one or a backfill,
    carries every check of its assets along and leaves these to the run of the day.
    """
    if context.has_partition_key or context.has_partition_key_range:
        return
    store = database.open()
    span = store.rows(
        "select min(timestamp_utc) as first, max(timestamp_utc) as last from market.candles_1h"
    )[0]
    if span["first"] is None or span["last"] - span["first"] < MIN_HISTORY:
        raise dg.Failure(
            f"validation needs {MIN_HISTORY.days} days of hourly candles, market.candles_1h has {span['first']} to "
            f"{span['last']}: backfill market/candles_1h first",
            allow_retries=False,
        )
    end = span["last"] + HOUR
    start = end - timedelta(days=VALIDATED_DAYS)
    candles = candle_set(store, start, end, largest_pairs(store, start, end, VALIDATED_PAIRS))
    for result in validate(candles):
        context.log.info(f"{result.check}: {len(result.violations)} violations, {result.evidence}")
        yield _outcome(result)


def _outcome(result: ValidationResult) -> dg.AssetCheckResult:
    found = [f"- `{violation.feature}`: {violation.detail}" for violation in result.violations[:SHOWN]]
    return dg.AssetCheckResult(
        asset_key=keys.FEATURES_1H,
        check_name=check_name(result.check),
        passed=not result.violations or result.check in LISTS,
        severity=dg.AssetCheckSeverity.WARN if result.advisory else dg.AssetCheckSeverity.ERROR,
        metadata={
            "features": result.tried,
            "violations": len(result.violations),
            "found": dg.MetadataValue.md("\n".join(found) or "nothing"),
            "evidence": result.evidence,
        },
    )
