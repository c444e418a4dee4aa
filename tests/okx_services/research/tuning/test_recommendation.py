"""Other parameters are recommended only where no reason is against them; each reason has its figures."""

import numpy as np
import pandas as pd
import pytest

from okx_core.strategies.built_in import BUILT_IN
from okx_services.research.tuning.plateau import Plateau
from okx_services.research.tuning.recommendation import Recommendation, recommend
from okx_services.research.tuning.variants import Scored
from okx_services.research.tuning.walk_forward import Traded

SPEC, DAYS = BUILT_IN["momentum"].spec({}), 400
TIMES = pd.date_range("2023-01-01", periods=24 * DAYS, freq="h", tz="UTC")
NO_TRADES = pd.DataFrame(
    {name: np.empty(0) for name in ("pnl_quote", "cost_quote", "quantity", "entry_price", "exit_price")}
)


def traded(hourly: float, deviation: float = 0.002, seed: int = 1) -> Traded:
    """A curve of so much an hour on average; without deviation it stays in cash."""
    noise = np.random.default_rng(seed).normal(0.0, 1.0, len(TIMES))
    steps = hourly + deviation * (noise - noise.mean())
    curve = 1e4 * np.cumprod(1.0 + steps)
    equity = pd.DataFrame({"timestamp_utc": TIMES, "equity_quote": curve, "exposure_pct": 50.0})
    return Traded(equity, NO_TRADES, 1e4)


def advice(
    tuned: Traded, default: Traded, trials: int = 5, worst: float = 4.0, top: int = 2
) -> Recommendation:
    plateau = Plateau(Scored(SPEC, 4.5), [("top", Scored(SPEC, worst))], DAYS)
    return recommend({"top": top}, {"top": 3}, tuned, default, (trials, 0.01), plateau)


GOOD, POOR, CASH = traded(1.2e-4), traded(-1e-5, seed=2), traded(0.0, deviation=0.0)


def test_what_is_surely_better_is_recommended_with_its_evidence() -> None:
    found = advice(GOOD, POOR)
    assert found.reasons == ()
    assert found.sentence == "Use top=2 instead of the defaults top=3."
    assert "after 5 versions of strategies tried in this home" in found.evidence
    assert found.deflated_sharpe > 0.95


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (advice(GOOD, GOOD), r"the interval of its Sharpe ratio, .* does not lie above that of the defaults, \d"),
        (advice(traded(1e-5), POOR), "does not lie above that of cash, 0.00"),
        (advice(POOR, CASH), "earned -.* on hours that did not choose it: cash is better"),
        (advice(CASH, POOR), "its Sharpe ratio is unknown: it traded on too few days"),
        (advice(CASH, POOR), "its deflated Sharpe ratio is unknown"),
        (advice(GOOD, POOR, trials=10**9), "its deflated Sharpe ratio is 0.*, below 0.95: it may be the luck"),
        (advice(GOOD, POOR, worst=1.0), "a peak: a small change loses more than luck explains"),
        (advice(GOOD, POOR, top=3), "the defaults are the best of all variants that were tried"),
    ],
)  # fmt: skip
def test_each_reason_alone_is_enough_to_do_nothing(found, reason) -> None:
    assert not found.changes
    assert any(pd.Series([line]).str.contains(reason).item() for line in found.reasons), found.reasons
    assert found.sentence.startswith("Do nothing: keep the defaults, top=3.")


def test_defaults_that_lose_are_kept_with_the_hint_that_cash_was_better() -> None:
    assert advice(CASH, POOR).sentence.endswith("% on the test hours: cash was better.")
    assert advice(POOR, CASH).sentence == "Do nothing: keep the defaults, top=3."
