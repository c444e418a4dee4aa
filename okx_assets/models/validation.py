"""Checks of the predictions and of the promotion gate itself, weekly: a leak, and a gate that noise can pass."""

from collections.abc import Iterator

import dagster as dg

from okx_assets import keys, tables
from okx_core.hours import floor_hour
from okx_services.reports.markdown import shown, table
from okx_services.research.evaluation.model_checks import (
    MAX_FALSE_SHARE,
    SHIFTS,
    SHUFFLES,
    LeakCheck,
    check_leaks,
    false_promotions,
    newest_record,
)
from okx_services.research.trials import number_of_trials
from resources.dagster_resources import ExchangeResource, FeatureStoreResource, ModelsResource

NO_LEAK, REFUSES_NOISE = "no_score_knows_its_label", "shuffled_scores_are_refused"


@dg.multi_asset_check(
    name="model_validation",
    specs=[
        dg.AssetCheckSpec(
            NO_LEAK,
            asset=keys.CHAMPION,
            description="The IC of no score ends where a label ends (predictions against lagged and led outcomes).",
        ),
        dg.AssetCheckSpec(
            REFUSES_NOISE,
            asset=keys.CHAMPION,
            description="Of 40 records with scores dealt to other pairs at most one in twenty passes the gate.",
        ),
    ],
    can_subset=True,  # lets a run of weeks leave them out
)
def model_validation(
    context: dg.AssetCheckExecutionContext,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> Iterator[dg.AssetCheckResult]:
    """Both checks on the stored predictions of the last year; a run over partitions leaves them to that of the week."""
    if context.has_partition_key or context.has_partition_key_range:
        return
    store = feature_store.open()
    record = newest_record(store, models.members(), floor_hour(exchange.open().now()))
    if record is None:
        for name in (NO_LEAK, REFUSES_NOISE):
            yield _result(name, passed=True, found="no predictions yet: nothing to check")
        return
    leaks = check_leaks(record)
    yield _result(NO_LEAK, passed=not leaks.leaking, found=leak_table(leaks))
    passed = false_promotions(record, number_of_trials(store.database))
    words = f"{passed} of {SHUFFLES} shuffled records passed the gate"
    yield _result(REFUSES_NOISE, passed=passed <= MAX_FALSE_SHARE * SHUFFLES, found=words)


def _result(name: str, *, passed: bool, found: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=keys.CHAMPION, check_name=name, passed=passed, metadata={"found": tables.text(found)}
    )


def leak_table(leaks: LeakCheck) -> str:
    """Each score with its IC on both sides of the label end, and with outcomes lagged and led by days."""
    head = (
        "score",
        "label ends, h",
        "IC before",
        "IC after",
        "t",
        *(f"IC at {shift:+d} d" for shift in SHIFTS),
    )
    return table(
        head,
        [
            [
                name, str(end.horizon_hours), shown(end.inside, 3), shown(end.outside, 3), shown(end.t, 1),
                *(shown(leaks.shifted[name][shift], 3) for shift in SHIFTS),
            ]
            for name, end in leaks.ends.items()
        ],
    )  # fmt: skip
