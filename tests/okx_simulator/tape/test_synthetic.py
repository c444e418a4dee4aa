import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from okx_core.candles.rules import check_candles
from okx_core.errors import OkxSignalError
from okx_simulator.tape.bars import Bars, Floats
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_parameters import DEFAULT_PAIRS, pair_names
from okx_simulator.tape.synthetic_paths import CHUNK_HOURS, EPOCH_HOUR

THREE_YEARS = EPOCH_HOUR + 3 * CHUNK_HOURS
HORIZON = 24


def rank_correlations(signal: Floats, outcome: Floats) -> Floats:
    """Cross-sectional rank correlation [hours] of signal and outcome [pairs, hours]."""
    first, second = (rankdata(values, axis=0) for values in (signal, outcome))
    first -= first.mean(axis=0)
    second -= second.mean(axis=0)
    return np.asarray((first * second).sum(0) / np.sqrt((first**2).sum(0) * (second**2).sum(0)))


def signals_and_returns(tape: SyntheticTape) -> tuple[Floats, Floats, Floats]:
    """Per pair and hour: the deviation of the log price from its 48-hour EMA, the past day's return, and
    the log return of the next 24 hours, all as seen at the hour's open."""
    deviations, pasts, nexts = [], [], []
    for pair in tape.pairs:
        price = pd.Series(np.log(tape.bars(pair, THREE_YEARS).open))
        deviations.append(price - price.ewm(span=48, adjust=False).mean())
        pasts.append(price.diff(24))
        nexts.append(price.shift(-HORIZON) - price)
    usable = slice(200, -HORIZON)
    return tuple(np.array(values)[:, usable] for values in (deviations, pasts, nexts))  # type: ignore[return-value]


def t_statistic(daily: Floats) -> float:
    return float(daily.mean() / daily.std(ddof=1) * np.sqrt(len(daily)))


def test_the_same_seed_gives_the_same_bytes_however_it_is_asked() -> None:
    whole, stepwise = SyntheticTape(("SOL-USDT",)), SyntheticTape(("BTC-USDT", "SOL-USDT"))
    stepwise.bars("BTC-USDT", EPOCH_HOUR + 10)
    for chunk in range(1, 4):
        stepwise.bars("SOL-USDT", EPOCH_HOUR + chunk * CHUNK_HOURS - 5)
    first, second = (tape.bars("SOL-USDT", THREE_YEARS - 7) for tape in (whole, stepwise))
    columns = [[column.tobytes() for column in (bars.hours, *bars.values())] for bars in (first, second)]
    assert columns[0] == columns[1]


def test_another_seed_gives_another_tape() -> None:
    one, other = (
        SyntheticTape(("SOL-USDT",), seed=seed).bars("SOL-USDT", EPOCH_HOUR + 50) for seed in (1, 2)
    )
    assert not np.array_equal(one.close, other.close)


def frame_of(pair: str, bars: Bars) -> pd.DataFrame:
    columns = dict(
        zip(("open", "high", "low", "close", "volume", "quote_volume"), bars.values(), strict=True)
    )
    stamps = pd.DatetimeIndex(bars.hours.astype("datetime64[h]").astype("datetime64[ms]")).tz_localize("UTC")
    return pd.DataFrame({"pair": pair, "timestamp_utc": stamps, **columns})


def test_every_bar_keeps_the_candle_contract_and_joins_the_one_before() -> None:
    tape = SyntheticTape(pair_names(14))
    assert len(tape.pairs) == 14
    for pair in tape.pairs:
        bars = tape.bars(pair, THREE_YEARS)
        assert check_candles(frame_of(pair, bars))[1].empty
        assert (np.diff(bars.hours) == 1).all()
        assert np.abs(bars.open[1:] / bars.close[:-1] - 1).max() < 2e-3


def test_prices_stay_sane_over_ten_years() -> None:
    tape = SyntheticTape(pair_names(40))
    assert len(tape.pairs) == 40
    for pair in tape.pairs:
        close = tape.bars(pair, EPOCH_HOUR + 10 * CHUNK_HOURS).close
        assert close.min() > 1e-7
        assert close.max() < 1e7


def test_returns_have_fat_tails_clusters_and_a_common_factor() -> None:
    tape = SyntheticTape()
    returns = np.array([np.diff(np.log(tape.bars(pair, THREE_YEARS).close)) for pair in tape.pairs])
    spread = returns.std(axis=1)
    assert (spread > 0.004).all()
    assert (spread < 0.01).all()
    kurtosis = ((returns - returns.mean(1, keepdims=True)) ** 4).mean(1) / returns.var(1) ** 2
    assert kurtosis.min() > 5
    for row in np.abs(returns):
        assert np.corrcoef(row[1:], row[:-1])[0, 1] > 0.05
    correlations = np.corrcoef(returns)[np.triu_indices(len(returns), 1)]
    assert 0.2 < correlations.mean() < 0.7


def test_volume_rises_with_the_size_of_the_move() -> None:
    bars = SyntheticTape().bars("BTC-USDT", THREE_YEARS)
    moves = np.abs(np.log(bars.close / bars.open))
    assert np.corrcoef(moves, np.log(bars.quote_volume))[0, 1] > 0.2


@pytest.mark.parametrize("seed", [7, 8])
def test_without_the_planted_part_nothing_predicts_the_next_day(seed: int) -> None:
    deviation, past, outcome = signals_and_returns(SyntheticTape(seed=seed, strength=0.0))
    for signal in (deviation, past):
        daily = rank_correlations(signal, outcome)[::HORIZON]
        assert len(daily) > 1000
        assert abs(t_statistic(daily)) < 3


def test_the_planted_part_is_clear_and_pays_more_than_it_costs() -> None:
    deviation, _, outcome = signals_and_returns(SyntheticTape(strength=1.0))
    daily = rank_correlations(-deviation, outcome)[::HORIZON]
    assert 0.18 < daily.mean() < 0.32
    best = np.take_along_axis(outcome, np.argmax(-deviation, axis=0)[None], axis=0)[0]
    assert (best - outcome.mean(axis=0)).mean() > 0.004


def test_the_price_is_a_martingale_without_the_planted_part() -> None:
    tape = SyntheticTape(pair_names(40), strength=0.0)
    gains = np.array(
        [(bars.close / bars.open - 1) for bars in (tape.bars(p, THREE_YEARS) for p in tape.pairs)]
    )
    assert abs(t_statistic(gains.mean(axis=0))) < 3


def test_any_pair_name_works_and_a_bad_one_is_named() -> None:
    names = pair_names(120)
    assert len(set(names)) == 120
    assert names[:12] == DEFAULT_PAIRS
    assert len(SyntheticTape(("XYZ-USDC",)).bars("XYZ-USDC", EPOCH_HOUR + 5)) == 5
    with pytest.raises(OkxSignalError, match="'btc'"):
        SyntheticTape(("btc",))


def test_a_tape_with_ends_serves_only_what_lies_between() -> None:
    tape = SyntheticTape(("BTC-USDT",), start_hour=EPOCH_HOUR + 10, end_hour=EPOCH_HOUR + 20)
    bars = tape.bars("BTC-USDT", EPOCH_HOUR + 100)
    assert bars.hours.tolist() == list(range(EPOCH_HOUR + 10, EPOCH_HOUR + 20))
