"""A search over parameters, kept as a run of MLflow."""

from okx_services.research.tuning.page import facts_of, tuning_page
from okx_services.research.tuning.tables import figures_of, variant_frame
from okx_services.research.tuning.tune import Tuned
from resources.registry.new_version import NewRun
from resources.registry.pictures import svg
from resources.registry.tracking import LoggedRun, Tracking

EXPERIMENT = "strategy-tuning"
PAGE, PLATEAU, VARIANTS, EQUITY = FILES = ("tuning.html", "plateau.svg", "variants.csv", "equity.csv")


def record_tuning(found: Tuned, origin: str, note: str, tracking: Tracking, run_id: str) -> LoggedRun:
    """Log page, plateau, variants and the equity of the test hours. Raises TrackingError."""
    advice, figures = found.recommendation, figures_of(found)
    sides = {"": advice.tuned, "default_": advice.default}
    metrics = {
        f"{prefix}{name}": float("nan") if value is None else value
        for prefix, side in sides.items()
        for name, value in side.scores.items()
    }
    new = NewRun(
        run_name=f"tune {found.strategy}",
        parameters={
            "strategy": found.strategy, "candles": origin, "folds": len(found.search.choices),
            "variants": len(found.search.scored), "capital_quote": found.trader.capital_quote,
            **{f"best_{name}": f"{value}" for name, value in advice.parameters.items()},
            **{f"range_{name}": f"{one.low:g} to {one.high:g}" for name, one in found.trader.variation.ranges.items()},
        },
        metrics={**metrics, "deflated_sharpe": advice.deflated_sharpe, "strategies_tried": float(advice.tried)},
        tags={
            "strategy": found.strategy, "dagster_run_id": run_id, "candles": origin, "tuning": found.tuning,
            "recommendation": "change" if advice.changes else "do nothing",
            "mlflow.note.content": f"{advice.sentence} {note}\n\n{facts_of(found, origin)}".strip(),
        },
        documents={
            "recommendation": {
                "sentence": advice.sentence, "reasons": list(advice.reasons), "evidence": advice.evidence,
                "best": found.best.to_json(),
            }
        },
        texts={
            PAGE: tuning_page(found, origin, note, figures), PLATEAU: svg(figures["plateau"]),
            VARIANTS: variant_frame(found).to_csv(index=False), EQUITY: advice.tuned.traded.equity.to_csv(index=False),
        },
        figures=figures,
    )  # fmt: skip
    return tracking.log(new, EXPERIMENT)
