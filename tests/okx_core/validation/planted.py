"""Features that are made to fail."""

from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES
from okx_core.validation.validate import CLAIMS, validate

BY_NAME = {feature.name: feature for feature in FEATURES}


def planted(compute, timeframe="1h", inputs=("close",), lookback_bars=1, **said):
    return Feature(
        name="planted", group="test", description="made to fail", unit="ratio", lookback_bars=lookback_bars,
        compute=compute, formula="see the test", inputs=inputs, timeframe=timeframe, **said,
    )  # fmt: skip


def suspected(market, feature, *checks):
    """The checks, of those named, that a user's own feature fails among honest ones."""
    honest = tuple(known for known in FEATURES if known.name in ("rsi", "log_return", "hour_sin"))
    results = validate(market, (*honest, feature), checks=checks or tuple(CLAIMS))
    return {result.check for result in results if "planted" in result.suspects}
