"""Thirteen standard indicators against TA-Lib, polars_talib, pandas and `ta` on the same candles.

One thread on every side, its time on the processor. Ours and TA-Lib store into float32 arrays that exist
beforehand, so neither pays for fresh pages; the frames of the others are dropped at once. TA-Lib, polars_talib
and pandas get one call per pair's whole history; ours gets the same bars in passes of production's size. `ta` runs on
one pair: its cost per row is the same for more. pandas has no form for SAR and KAMA.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.indicator_peers import PANDAS, TALIB, Fields, Outputs, polars_expressions, ta_library
from benchmarks.made_up_candles import random_walk
from benchmarks.rounds import medians, polars_on_one_thread, seconds
from okx_core.features.bars import Bars
from okx_core.features.compute import CACHED_BARS
from okx_core.features.indicators import momentum, trend, volatility, volume

ROUNDS = 5
PAIRS = 50
BARS = 8_192
PASS_BARS = 1_024
MAX_OUTPUTS = 3

OURS: dict[str, Callable[[Bars], Outputs]] = {
    "RSI 14": lambda bars: (momentum.rsi.compute(bars),),
    "MACD 12 26 9": lambda bars: (
        trend.macd.compute(bars), trend.macd_signal.compute(bars), trend.macd_hist_quote.compute(bars),
    ),
    "ATR 14": lambda bars: (bars.atr_14,),
    "Bollinger 20": lambda bars: bars.band_20,
    "Donchian 20": lambda bars: (bars.highest(20), bars.lowest(20)),
    "OBV slope 10": lambda bars: (volume.obv_slope.compute(bars),),
    "Parabolic SAR": lambda bars: (volatility.parabolic_sar_distance.compute(bars),),
    "MFI 14": lambda bars: (volume.money_flow_index.compute(bars),),
    "ADX, +DI, -DI 14": lambda bars: bars.directional_14,
    "Stochastic RSI 14": lambda bars: (momentum.stoch_rsi.compute(bars),),
    "CCI 14": lambda bars: (momentum.cci_14.compute(bars),),
    "Williams %R 14": lambda bars: (momentum.williams_r_14.compute(bars),),
    "KAMA 10": lambda bars: (trend.kama_distance_10.compute(bars),),
}  # fmt: skip


READS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("RSI 14", "MACD 12 26 9", "Bollinger 20", "Stochastic RSI 14", "KAMA 10"), ("close",)),
    **dict.fromkeys(("ATR 14", "Parabolic SAR", "ADX, +DI, -DI 14", "CCI 14"), ("high", "low", "close")),
    "Donchian 20": ("high", "low"),
    "Williams %R 14": ("high", "low", "close"),
    "OBV slope 10": ("close", "volume"),
    "MFI 14": ("high", "low", "close", "volume"),
}
FLOOR = "its inputs read and stored once (floor)"


def passes(fields: Fields) -> list[Fields]:
    """The same bars in the passes of production: some pairs by about a month, together `CACHED_BARS`."""
    tall = {name: values.reshape(-1, PASS_BARS) for name, values in fields.items()}
    step = CACHED_BARS // PASS_BARS
    cuts = [slice(low, low + step) for low in range(0, PAIRS * BARS // PASS_BARS, step)]
    return [{name: values[cut].copy() for name, values in tall.items()} for cut in cuts]


def over_passes(indicator: Callable[[Bars], Outputs], cuts: list[Fields], out: np.ndarray) -> None:
    """Ours into `out` [outputs, passes x pairs, bars]."""
    row = 0
    for cut in cuts:
        pairs = len(cut["close"])
        for slot, values in enumerate(indicator(Bars(cut, PASS_BARS, 0))):
            out[slot, row : row + pairs] = values
        row += pairs


def copied(name: str, cuts: list[Fields], out: np.ndarray) -> None:
    """The least that any way of computing it moves: each input read, and as many results stored as float32."""
    row = 0
    for cut in cuts:
        pairs = len(cut["close"])
        for slot, field in enumerate(READS[name]):
            out[slot % MAX_OUTPUTS, row : row + pairs] = cut[field]
        row += pairs


def over_histories(indicator: Callable[[Fields], Outputs], histories: list[Fields], out: np.ndarray) -> None:
    """TA-Lib into `out` [outputs, pairs, bars]."""
    for row, history in enumerate(histories):
        for slot, values in enumerate(indicator(history)):
            out[slot, row] = values


def over_frames(work: Callable[[Any], object], frames: list[Any]) -> None:
    for frame in frames:
        work(frame)


def costs(name: str, data: dict[str, Any]) -> dict[str, float]:
    """Nanoseconds per bar of each side that has the indicator, ours first; medians of rounds in turns."""
    works: dict[str, Callable[[], object]] = {
        "ours": partial(over_passes, OURS[name], data["cuts"], data["tall"]),
        "TA-Lib": partial(over_histories, TALIB[name], data["histories"], data["wide"]),
        FLOOR: partial(copied, name, data["cuts"], data["tall"]),
        "polars_talib": partial(
            over_frames, lambda frame: frame.select(data["expressions"][name]), data["polars"]
        ),
    }
    if name in PANDAS:
        works["pandas"] = partial(over_frames, PANDAS[name], data["pandas"])
    found = {
        peer: 1e9 * lap / (PAIRS * BARS)
        for peer, lap in medians(works, ROUNDS, clock=time.process_time).items()
    }
    slow = statistics.median(
        seconds(partial(data["ta"][name], data["pandas"][0]), time.process_time) for _ in range(3)
    )
    return {**found, "ta": 1e9 * slow / BARS}


def run() -> list[dict[str, Any]]:
    """One row per indicator and peer, and their sums: name, peer, ours_ns_per_row, peer_ns_per_row, ratio."""
    return list(rows())


def rows() -> Iterator[dict[str, Any]]:
    pl = polars_on_one_thread()
    fields = random_walk(PAIRS, BARS)
    histories = [{name: values[pair] for name, values in fields.items()} for pair in range(PAIRS)]
    data = {
        "cuts": passes(fields),
        "histories": histories,
        "polars": [pl.DataFrame(history) for history in histories],
        "pandas": [pd.DataFrame(history) for history in histories],
        "expressions": polars_expressions(),
        "ta": ta_library(),
        "tall": np.empty((MAX_OUTPUTS, PAIRS * BARS // PASS_BARS, PASS_BARS), np.float32),
        "wide": np.empty((MAX_OUTPUTS, PAIRS, BARS), np.float32),
    }
    sums: dict[str, list[float]] = {}
    for name in OURS:
        found = costs(name, data)
        mine = found.pop("ours")
        for peer, cost in found.items():
            total = sums.setdefault(peer, [0.0, 0.0])
            total[0], total[1] = total[0] + mine, total[1] + cost
            yield row(name, peer, mine, cost)
    for peer, (mine, cost) in sums.items():
        yield row(f"all {len(PANDAS) if peer == 'pandas' else len(OURS)}", peer, mine, cost)


def row(name: str, peer: str, ours: float, theirs: float) -> dict[str, Any]:
    """Nanoseconds per candle of both sides and how many times cheaper ours is."""
    return {
        "name": name, "peer": peer, "ours_ns_per_row": ours, "peer_ns_per_row": theirs, "ratio": theirs / ours
    }  # fmt: skip


if __name__ == "__main__":
    for line in run():
        print(
            f"{line['name']:<42} vs {line['peer']:<14} {line['ours_ns_per_row']:>9.1f} ns "
            f"{line['peer_ns_per_row']:>10.1f} ns {line['ratio']:>8.1f} x"
        )
