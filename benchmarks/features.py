"""Feature kernels against TA-Lib and `ta` on the same candles, and the full set's rate and linearity.

Every figure is the median of seven rounds; ours and the peer alternate within a round, on one
thread. Both sides return new float64 arrays that are dropped at once, so neither pays for fresh pages.
TA-Lib gets one call per pair's whole history; ours gets the same bars in passes of production's size.
Figures are per bar processed: the full set, which is per row asked for, also pays the warm-up that
recursions get before each month. `ta` runs on one pair, its cost per row is the same for more.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import talib

from okx_core.features import momentum, trend, volatility, volume
from okx_core.features.bars import Bars
from okx_core.features.compute import CACHED_BARS, compute_features, history_start
from okx_core.features.registry import FEATURES

ROUNDS = 7
PAIRS = 24
BARS = 8_192
PASS_BARS = 1_024
Fields = dict[str, np.ndarray]
Frames = tuple[pd.DataFrame, ...]  # 1h, 4h, 1d and (none of) 15m candles


def random_walk(pairs: int, bars: int, seed: int = 3) -> Fields:
    """Gap-free candles, each field [pairs, bars]."""
    generator = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (pairs, bars)), axis=1))
    opened = np.hstack([close[:, :1], close[:, :-1]])
    high = np.maximum(opened, close) * (1.0 + np.abs(generator.normal(0.0, 0.004, close.shape)))
    low = np.minimum(opened, close) * (1.0 - np.abs(generator.normal(0.0, 0.004, close.shape)))
    traded = generator.lognormal(3.0, 1.0, close.shape)
    return {
        "open": opened, "high": high, "low": low, "close": close, "volume": traded, "quote_volume": traded * close
    }  # fmt: skip


OURS: dict[str, Callable[[Bars], object]] = {
    "RSI 14": momentum.rsi.compute,
    "MACD 12 26 9": trend.macd_hist_quote.compute,
    "ATR 14": lambda bars: bars.atr_14,
    "Bollinger 20": lambda bars: bars.band_20,
    "Donchian 20": lambda bars: (bars.highest(20), bars.lowest(20)),
    "OBV slope 10": volume.obv_slope.compute,
    "MFI 14": volume.money_flow_index.compute,
    "ADX, +DI, -DI 14": lambda bars: bars.directional_14,
    "Parabolic SAR": volatility.parabolic_sar_distance.compute,
    "Stochastic RSI 14": momentum.stoch_rsi.compute,
    "KAMA 10": trend.kama_distance_10.compute,
    "CCI 14": momentum.cci_14.compute,
    "Williams %R 14": momentum.williams_r_14.compute,
    "Stochastic %K 14 3": momentum.stoch_k_14.compute,
}


def talib_obv_slope(close: np.ndarray, traded: np.ndarray) -> np.ndarray:
    obv = talib.OBV(close, traded)
    slope: np.ndarray = (obv[10:] - obv[:-10]) / talib.SUM(traded, 10)[10:]
    return slope


TALIB: dict[str, Callable[..., object]] = {
    "RSI 14": lambda bars: talib.RSI(bars["close"], 14),
    "MACD 12 26 9": lambda bars: talib.MACD(bars["close"]),
    "ATR 14": lambda bars: talib.ATR(bars["high"], bars["low"], bars["close"], 14),
    "Bollinger 20": lambda bars: talib.BBANDS(bars["close"], 20),
    "Donchian 20": lambda bars: (talib.MAX(bars["high"], 20), talib.MIN(bars["low"], 20)),
    "OBV slope 10": lambda bars: talib_obv_slope(bars["close"], bars["volume"]),
    "MFI 14": lambda bars: talib.MFI(bars["high"], bars["low"], bars["close"], bars["volume"], 14),
    "ADX, +DI, -DI 14": lambda bars: [
        indicator(bars["high"], bars["low"], bars["close"], 14)
        for indicator in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    ],
    "Parabolic SAR": lambda bars: 100.0 * (bars["close"] / talib.SAR(bars["high"], bars["low"]) - 1.0),
    "Stochastic RSI 14": lambda bars: talib.STOCHRSI(bars["close"], 14, 14, 3, 0),
    "KAMA 10": lambda bars: 100.0 * (bars["close"] / talib.KAMA(bars["close"], 10) - 1.0),
    "CCI 14": lambda bars: talib.CCI(bars["high"], bars["low"], bars["close"], 14),
    "Williams %R 14": lambda bars: talib.WILLR(bars["high"], bars["low"], bars["close"], 14),
    "Stochastic %K 14 3": lambda bars: talib.STOCH(bars["high"], bars["low"], bars["close"], 14, 3, 0, 3, 0),
}


def ta_library() -> dict[str, Callable[[pd.DataFrame], object]]:
    """The same indicators as `ta` computes them; imported late, its import warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ta import momentum as moves
        from ta import trend
        from ta import volatility as ranges
        from ta import volume as flows

    def directional(f: pd.DataFrame) -> object:
        indicator = trend.ADXIndicator(f.high, f.low, f.close, 14)
        return indicator.adx(), indicator.adx_pos(), indicator.adx_neg()

    def band(f: pd.DataFrame) -> object:
        indicator = ranges.BollingerBands(f.close, 20)
        return indicator.bollinger_hband(), indicator.bollinger_lband()

    def channel(f: pd.DataFrame) -> object:
        indicator = ranges.DonchianChannel(f.high, f.low, f.close, 20)
        return indicator.donchian_channel_hband(), indicator.donchian_channel_lband()

    return {
        "RSI 14": lambda f: moves.RSIIndicator(f.close, 14).rsi(),
        "MACD 12 26 9": lambda f: trend.MACD(f.close).macd_diff(),
        "ATR 14": lambda f: ranges.AverageTrueRange(f.high, f.low, f.close, 14).average_true_range(),
        "Bollinger 20": band,
        "Donchian 20": channel,
        "OBV slope 10": lambda f: (
            flows.OnBalanceVolumeIndicator(f.close, f.volume).on_balance_volume().diff(10)
        ),
        "MFI 14": lambda f: flows.MFIIndicator(f.high, f.low, f.close, f.volume, 14).money_flow_index(),
        "ADX, +DI, -DI 14": directional,
        "Parabolic SAR": lambda f: trend.PSARIndicator(f.high, f.low, f.close).psar(),
        "Stochastic RSI 14": lambda f: moves.StochRSIIndicator(f.close, 14).stochrsi(),
        "KAMA 10": lambda f: moves.KAMAIndicator(f.close, 10).kama(),
        "CCI 14": lambda f: trend.CCIIndicator(f.high, f.low, f.close, 14).cci(),
        "Williams %R 14": lambda f: moves.WilliamsRIndicator(f.high, f.low, f.close, 14).williams_r(),
        "Stochastic %K 14 3": lambda f: moves.StochasticOscillator(f.high, f.low, f.close).stoch_signal(),
    }


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def medians(works: list[Callable[[], object]], rounds: int = ROUNDS) -> list[float]:
    """Median seconds of each work, taken in turns after one warm-up each."""
    for work in works:
        work()
    laps = [[seconds(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*laps, strict=True)]


def passes(fields: Fields) -> list[Fields]:
    """The same bars in the passes of production: some pairs by about a month, together `CACHED_BARS`."""
    tall = {name: values.reshape(-1, PASS_BARS) for name, values in fields.items()}
    step = CACHED_BARS // PASS_BARS
    cuts = [slice(low, low + step) for low in range(0, PAIRS * BARS // PASS_BARS, step)]
    return [{name: values[cut].copy() for name, values in tall.items()} for cut in cuts]


def over_passes(indicator: Callable[[Bars], object], cuts: list[Fields]) -> None:
    for cut in cuts:
        indicator(Bars(cut, PASS_BARS, 0))


def over_histories(indicator: Callable[[Fields], object], histories: list[Fields]) -> None:
    for history in histories:
        indicator(history)


def indicator_rows() -> Iterator[dict[str, Any]]:
    """One row per indicator and peer, and their sums."""
    fields = random_walk(PAIRS, BARS)
    cuts = passes(fields)
    histories = [{name: values[pair] for name, values in fields.items()} for pair in range(PAIRS)]
    frame = pd.DataFrame({name: values[0] for name, values in fields.items()})
    ta = ta_library()
    sums = {"TA-Lib": [0.0, 0.0], "ta": [0.0, 0.0]}
    for name, ours in OURS.items():
        mine, theirs = medians(
            [partial(over_passes, ours, cuts), partial(over_histories, TALIB[name], histories)]
        )
        per_row = 1e9 * mine / (PAIRS * BARS)
        slow = statistics.median(seconds(partial(ta[name], frame)) for _ in range(5))
        peers = {"TA-Lib": 1e9 * theirs / (PAIRS * BARS), "ta": 1e9 * slow / BARS}
        for peer, cost in peers.items():
            sums[peer][0] += per_row
            sums[peer][1] += cost
            yield row(name, peer, per_row, cost)
    for peer, (mine, theirs) in sums.items():
        yield row("all of these", peer, mine, theirs)


def row(name: str, peer: str, ours: float, theirs: float) -> dict[str, Any]:
    """Nanoseconds per candle of both sides and how many times cheaper ours is."""
    return {
        "name": name, "peer": peer, "ours_ns_per_row": ours, "peer_ns_per_row": theirs, "ratio": theirs / ours
    }  # fmt: skip


def candle_frames(pairs: int, hours: int) -> tuple[Frames, datetime, datetime]:
    """The three candle frames of `pairs` pairs and `hours` hours, and the window that they cover."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    fields = random_walk(pairs, hours)
    names = ["BTC-USDT", *(f"P{pair:03d}-USDT" for pair in range(1, pairs))]
    frames = []
    for step in (1, 4, 24):
        cut = {name: values.reshape(pairs, hours // step, step) for name, values in fields.items()}
        bars = {
            "open": cut["open"][..., 0], "high": cut["high"].max(-1), "low": cut["low"].min(-1),
            "close": cut["close"][..., -1], "volume": cut["volume"].sum(-1),
            "quote_volume": cut["quote_volume"].sum(-1),
        }  # fmt: skip
        opens = pd.date_range(start, periods=hours // step, freq=f"{step}h")
        keys = {"pair": np.repeat(names, len(opens)), "timestamp_utc": np.tile(opens, pairs)}
        frames.append(pd.DataFrame({**keys, **{name: values.ravel() for name, values in bars.items()}}))
    return (*frames, frames[0].head(0)), start, start + timedelta(hours=hours)


def full_set_rows() -> Iterator[dict[str, Any]]:
    """The whole registry: cost per row at 1 M rows against 0.25 M, and one hour against history length."""
    hours = 24 * 520
    large, start, end = candle_frames(80, hours)
    small, _, _ = candle_frames(20, hours)
    few, many = medians(
        [lambda: compute_features(*small, start, end), lambda: compute_features(*large, start, end)], 5
    )
    features = len(FEATURES)
    yield row(
        f"{features} features, 1 M rows", "0.25 M rows", 1e9 * many / (80 * hours), 1e9 * few / (20 * hours)
    )
    hour = timedelta(hours=1)
    young, old = start + timedelta(days=260), end
    short, long = cut_to(large, young), cut_to(large, old)
    early, late = medians(
        [
            lambda: compute_features(*short, young - hour, young),
            lambda: compute_features(*long, old - hour, old),
        ],
        5,
    )
    yield row("one new hour after 17 months", "after 9 months", 1e9 * late / 80, 1e9 * early / 80)


def cut_to(frames: Frames, end: datetime) -> Frames:
    """Candles that the hour before `end` needs: what a reader fetches."""
    last = end - timedelta(hours=1)

    def cut(frame: pd.DataFrame, step: str) -> pd.DataFrame:
        times = frame["timestamp_utc"]
        return frame[(times >= history_start(last, step)) & (times < end)]

    return cut(frames[0], "1h"), cut(frames[1], "4h"), cut(frames[2], "1d")


def run() -> list[dict[str, Any]]:
    """All rows: name, peer, ours_ns_per_row, peer_ns_per_row, ratio."""
    return [*indicator_rows(), *full_set_rows()]


if __name__ == "__main__":
    for line in run():
        print(
            f"{line['name']:<42} vs {line['peer']:<14} {line['ours_ns_per_row']:>9.1f} ns "
            f"{line['peer_ns_per_row']:>10.1f} ns {line['ratio']:>8.1f} x"
        )
