import numpy as np
import pandas as pd
import pytest

from okx_simulator.tape.bar_sizes import BAR_SIZES, gather
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR

HOURS = 24 * 40


@pytest.mark.parametrize(
    ("name", "rule", "offset"),
    [("4H", "4h", "0h"), ("1Dutc", "24h", "0h"), ("1D", "24h", "16h"), ("12H", "12h", "4h")],
)
def test_larger_bars_equal_a_resample(tape: SyntheticTape, name: str, rule: str, offset: str) -> None:
    hourly = tape.bars("BTC-USDT", EPOCH_HOUR + HOURS)
    frame = pd.DataFrame(
        dict(zip(("open", "high", "low", "close", "volume"), hourly.values()[:5], strict=True)),
        index=pd.DatetimeIndex(hourly.hours.astype("datetime64[h]").astype("datetime64[s]")),
    )
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = frame.resample(rule, offset=offset).agg(how)
    gathered = gather(hourly, BAR_SIZES[name])
    opens = expected.index.to_numpy().astype("datetime64[h]").astype(np.int64)
    assert gathered.hours.tolist() == opens.tolist()
    for column, values in zip(how, gathered.values()[:5], strict=True):
        assert values == pytest.approx(expected[column].to_numpy(), abs=1e-6)


def test_days_without_the_utc_suffix_open_at_sixteen_utc() -> None:
    assert BAR_SIZES["1D"].open_of(EPOCH_HOUR + 15) == EPOCH_HOUR - 8
    assert BAR_SIZES["1D"].open_of(EPOCH_HOUR + 16) == EPOCH_HOUR + 16
    assert BAR_SIZES["1Dutc"].open_of(EPOCH_HOUR + 23) == EPOCH_HOUR
