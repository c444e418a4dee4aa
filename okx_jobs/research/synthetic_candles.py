"""Candles of the simulator's synthetic market, without running it: for checks and research on a known edge."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_simulator.tape import minute_bars
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.tape_paths import TapePaths

HOUR_SECONDS, WEEK_HOURS = 3600, 168
FIELDS = ("open", "high", "low", "close", "volume", "quote_volume")
SYNTHETIC_DAYS = 240
ENABLED_SHARE = 0.9
FUNDING_HOURS = ((8, 8), (8, 4), (4, 8), (1, 1), (0, 0), (0, 8))


def synthetic_candles(days: int = SYNTHETIC_DAYS, seed: int = 7) -> CandleSet:
    """Hourly and 15-minute candles of the synthetic market, with takers and a universe drawn by rng."""
    tape = SyntheticTape(seed=seed)
    stop = tape.start_hour + 24 * days
    quarters = pd.concat(_quarters(tape, stop), ignore_index=True)
    hourly = _hourly(tape, stop)
    rng = np.random.default_rng(seed)
    hourly["taker_buy_base"] = hourly["volume"] * rng.uniform(0.2, 0.8, len(hourly))
    calendar = sorted(set(hourly["timestamp_utc"].dt.date))
    universe = pd.DataFrame([(day, pair) for day in calendar for pair in tape.pairs], columns=["day", "pair"])
    universe["enabled"] = rng.random(len(universe)) < ENABLED_SHARE
    candles = CandleSet.of_hourly(hourly, quarters)
    return replace(candles, universe=universe, funding=_funding(tape, stop))


def _quarters(tape: SyntheticTape, stop: int) -> Iterator[pd.DataFrame]:
    """15-minute candles, all pairs of a week after another: what they share in an hour is then drawn once."""
    paths = TapePaths(tape)
    for start in range(tape.start_hour, stop, WEEK_HOURS):
        end = min(start + WEEK_HOURS, stop)
        for pair in tape.pairs:
            with_paths = paths.each(pair, tape.bars(pair, end).between(start, end))
            cut = minute_bars.cut(with_paths, 15, end * HOUR_SECONDS * 1000 - 1)
            opens = pd.to_datetime(cut.open_ms, unit="ms", utc=True)
            yield _frame(pair, opens, dict(zip(FIELDS, cut.values, strict=True)))


def _funding(tape: SyntheticTape, stop: int) -> pd.DataFrame:
    """When each pair's swap is paid: every 8, 4 or 1 hours, with a change halfway on some, and never on others."""
    first, end = (pd.Timestamp(hour * HOUR_SECONDS, unit="s", tz="UTC") for hour in (tape.start_hour, stop))
    middle = (first + (end - first) / 2).floor("D")
    frames = []
    for place, pair in enumerate(tape.pairs):
        early, late = FUNDING_HOURS[place % len(FUNDING_HOURS)]
        for hours, start, until in ((early, first.floor("D"), middle), (late, middle, end)):
            if hours:
                paid = pd.date_range(start, until, freq=f"{hours}h", inclusive="left").as_unit("us")
                frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": paid}))
    return pd.concat(frames, ignore_index=True)


def synthetic_hourly(days: int, strength: float, seed: int = 7) -> CandleSet:
    """Hourly candles of the synthetic market with a planted edge of `strength`, 0 for pure noise."""
    tape = SyntheticTape(seed=seed, strength=strength)
    return CandleSet.of_hourly(_hourly(tape, tape.start_hour + 24 * days))


def _hourly(tape: SyntheticTape, stop: int) -> pd.DataFrame:
    frames = []
    for pair in tape.pairs:
        bars = tape.bars(pair, stop)
        opens = pd.to_datetime(bars.hours * HOUR_SECONDS, unit="s", utc=True)
        frames.append(_frame(pair, opens, {name: getattr(bars, name) for name in FIELDS}))
    return pd.concat(frames, ignore_index=True)


def _frame(pair: str, opens: pd.DatetimeIndex, values: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({"pair": pair, "timestamp_utc": opens.as_unit("us"), **values})
