"""The strategies that come with the product. All are long only."""

from collections.abc import Mapping

import numpy as np

from okx_core.backtest.metrics.regimes import market_regimes
from okx_core.decisions.exits import ExitRules
from okx_core.decisions.rules import DecisionRules
from okx_core.hours import HOUR, WEEK
from okx_core.strategies.choice import best, decision_hours
from okx_core.strategies.panel import Panel
from okx_core.strategies.ranges import Range
from okx_core.strategies.strategy import Number, Strategy, Wants

WEEK_HOURS = WEEK // HOUR
STAYS_HOURS = 4 * WEEK_HOURS  # a position that is left by its rank, not by the clock
MOMENTUM_RANGES = {
    "hours": Range(WEEK_HOURS, 8 * WEEK_HOURS, log=True), "top": Range(1, 6), "keep": Range(3, 10),
    "every_hours": Range(24, 2 * WEEK_HOURS, log=True),
}  # fmt: skip
RANKS_ONLY = DecisionRules(horizon_hours=STAYS_HOURS, fee_margin=0.0, max_positions=4)


def of_the_model(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """Once a day the pairs of which the signal model expects most; held while they are in the upper half."""
    expected = panel.columns["predicted_excess_pct"]
    allowed = panel.columns["tradable"] == 1.0
    pairs = expected.shape[1]
    decides = decision_hours(panel, int(given["every_hours"]))
    wants = best(
        expected, decides, int(given["top"]), max(int(given["keep_share"] * pairs), int(given["top"]))
    )
    return Wants(np.where(allowed, wants.score, np.nan), wants.leaves)


def by_momentum(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """The pairs that rose most, among those that rose."""
    risen = panel.past_return_pct(int(given["hours"]))
    decides = decision_hours(panel, int(given["every_hours"]))
    wants = best(risen, decides, int(given["top"]), int(given["keep"]))
    falls = decides[:, None] & (risen < 0.0)
    return Wants(np.where(risen > 0.0, wants.score, np.nan), wants.leaves | falls)


def by_regime(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """Momentum while the market rises, all in cash while it falls or its trend is unknown.

    The regime is that of the reports: the mean return of the pairs over 28 days.
    """
    rises = market_regimes(panel.close).rises[:, None] == 1.0
    wants = by_momentum(panel, given)
    decides = decision_hours(panel, int(given["every_hours"]))[:, None]
    return Wants(np.where(rises, wants.score, np.nan), wants.leaves | (decides & ~rises))


def by_reversion(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """Pairs that fell far below the others in a calm trend; left when they have come back."""
    fell = -panel.columns["z_score_48"]
    calm = panel.columns["adx"] < given["max_adx"]
    score = np.where(calm & (fell >= given["entry_z"]), fell, np.nan)
    wants = best(score, decision_hours(panel, int(given["every_hours"])), int(given["top"]), score.shape[1])
    return Wants(wants.score, fell <= given["exit_z"])


def by_breakout(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """A close above the resistance of the last days, with volume and movement of the last quarter-hour behind it."""
    above = panel.columns["breakout_distance_atr"]
    confirmed = panel.columns["confirmed_breakout"] == 1.0
    quarter = panel.columns["volume_spike_15m"] >= given["min_spike_15m"]
    score = np.where(confirmed & quarter & (above > 0.0), above, np.nan)
    wants = best(score, decision_hours(panel, 1), int(given["top"]), score.shape[1])
    return Wants(wants.score, above < -given["exit_atr"])


def by_consensus(panel: Panel, given: Mapping[str, Number]) -> Wants:
    """Hour, four hours and day are above their averages; left when the two shorter ones are below."""
    hour, four, day = (panel.columns[f"ema_distance_50{end}"] for end in ("", "_4h", "_1d"))
    agree = (hour > 0.0) & (four > 0.0) & (day > 0.0) & (panel.columns["adx_4h"] >= given["min_adx_4h"])
    score = np.where(agree, hour + four + day, np.nan)
    decides = decision_hours(panel, int(given["every_hours"]))
    wants = best(score, decides, int(given["top"]), score.shape[1])
    return Wants(wants.score, decides[:, None] & (hour < 0.0) & (four < 0.0))


BUILT_IN = {
    one.name: one
    for one in (
        Strategy(
            "model", "Once a day the pairs that the signal model expects most of, held while in the upper half.",
            of_the_model, {"every_hours": 24, "top": 4, "keep_share": 0.5},
            ("predicted_excess_pct", "tradable"), DecisionRules(horizon_hours=STAYS_HOURS, max_positions=4),
            ranges={"every_hours": Range(12, 96, log=True), "top": Range(2, 8), "keep_share": Range(0.2, 0.8)},
        ),
        Strategy(
            "momentum", "Once a week the pairs that rose most in 28 days.",
            by_momentum, {"hours": 4 * WEEK_HOURS, "every_hours": WEEK_HOURS, "top": 3, "keep": 6}, (), RANKS_ONLY,
            ranges=MOMENTUM_RANGES,
        ),
        Strategy(
            "regime_switch", "Momentum while the market rises in 28 days, all in cash while it falls.",
            by_regime, {"hours": 4 * WEEK_HOURS, "every_hours": WEEK_HOURS, "top": 3, "keep": 6}, (), RANKS_ONLY,
            ranges=MOMENTUM_RANGES,
        ),
        Strategy(
            "mean_reversion", "Pairs far below their mean of two days, in a calm trend; left when they are back.",
            by_reversion, {"every_hours": 4, "entry_z": 2.0, "exit_z": 0.0, "max_adx": 25.0, "top": 4},
            ("z_score_48", "adx"), DecisionRules(horizon_hours=72, fee_margin=0.0, max_positions=4),
            ExitRules(stop_atr=3.0),
            ranges={
                "every_hours": Range(1, 24, log=True), "entry_z": Range(1.0, 3.5), "exit_z": Range(-0.5, 1.0),
                "max_adx": Range(15.0, 45.0), "stop_atr": Range(1.5, 8.0, log=True),
            },
        ),
        Strategy(
            "breakout", "A close above resistance, confirmed by volume and the last quarter-hour.",
            by_breakout, {"top": 4, "min_spike_15m": 1.5, "exit_atr": 1.0},
            ("breakout_distance_atr", "confirmed_breakout", "volume_spike_15m"),
            DecisionRules(horizon_hours=72, fee_margin=0.0, max_positions=4), ExitRules(stop_atr=2.0, trail_atr=3.0),
            ranges={
                "min_spike_15m": Range(1.0, 3.0), "exit_atr": Range(0.3, 3.0, log=True),
                "stop_atr": Range(1.0, 6.0, log=True), "trail_atr": Range(1.5, 8.0, log=True),
            },
        ),
        Strategy(
            "multi_timeframe_consensus", "Trends of hour, four hours and day agree.",
            by_consensus, {"every_hours": 24, "top": 4, "min_adx_4h": 20.0},
            ("ema_distance_50", "ema_distance_50_4h", "ema_distance_50_1d", "adx_4h"), RANKS_ONLY,
            ranges={"every_hours": Range(6, 96, log=True), "top": Range(2, 8), "min_adx_4h": Range(10.0, 40.0)},
        ),
    )
}  # fmt: skip
