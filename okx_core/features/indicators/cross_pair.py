"""Features that compare the pairs of one hour, see `market` for who is compared."""

import numpy as np

from okx_core.features.bars import lag, mean_and_deviation
from okx_core.features.cross_section import BETA_HOURS, CrossSection
from okx_core.features.declaration import Array, Feature, feature
from okx_core.features.kernels.cross_section import market_deviation

GROUP = "market"
ALONE = "NULL when fewer than two pairs of the universe are known"
OUTSIDE = "NULL outside the universe of the day, or alone in it"
TIES = "ties share the mean rank"
COINS = {"btc": ("BTC", "Bitcoin"), "eth": ("ETH", "Ether")}


@feature(
    GROUP,
    "%",
    25,
    formula="mean of return_24h over pairs",
    inputs=("close", "universe"),
    timeframe="cross",
    may_be_unknown=ALONE,
)
def market_return_24h(market: CrossSection) -> Array:
    """Mean 24-hour return of the pairs."""
    return market.mean(market.return_24_pct)


@feature(
    GROUP,
    "0..1",
    25,
    formula="share of pairs with return_24h > 0",
    inputs=("close", "universe"),
    timeframe="cross",
    may_be_unknown=ALONE,
)
def market_breadth_24h(market: CrossSection) -> Array:
    """Share of the pairs that rose over 24 hours."""
    returns = market.return_24_pct
    return market.mean(np.where(np.isnan(returns), np.nan, (returns > 0.0) * 1.0))


@feature(
    GROUP,
    "%",
    25,
    formula="deviation of return_24h over pairs",
    inputs=("close", "universe"),
    timeframe="cross",
    may_be_unknown=ALONE,
)
def market_dispersion_24h(market: CrossSection) -> Array:
    """How far apart the 24-hour returns of the pairs are: their population standard deviation."""
    return market_deviation(market.inside(market.return_24_pct))


@feature(
    GROUP,
    "%",
    25,
    formula="return_24h - market_return_24h",
    inputs=("close", "universe"),
    timeframe="cross",
    may_be_unknown=ALONE,
)
def relative_return_24h(market: CrossSection) -> Array:
    """24-hour return less the mean of the pairs."""
    return market.return_24_pct - market.mean(market.return_24_pct)


@feature(
    GROUP, "%", 96, formula="(close / EMA(48) - 1) - mean of it over pairs", inputs=("close", "universe"),
    timeframe="cross", may_be_unknown=ALONE, anchored=True,
)  # fmt: skip
def relative_ema_deviation_48(market: CrossSection) -> Array:
    """Distance of close from its EMA(48) less the mean of the pairs."""
    return market.ema_deviation_48_pct - market.mean(market.ema_deviation_48_pct)


@feature(
    GROUP, "0..1", 25, formula="rank of return_24h among pairs", inputs=("close", "universe"),
    timeframe="cross", undefined=TIES, may_be_unknown=OUTSIDE,
)  # fmt: skip
def performance_rank_24h(market: CrossSection) -> Array:
    """Rank of the 24-hour return among the pairs: 0 worst, 1 best."""
    return market.rank(market.return_24_pct)


@feature(
    GROUP, "0..1", 1, formula="rank of quote turnover among pairs",
    inputs=("close", "volume", "quote_volume", "universe"), timeframe="cross", undefined=TIES, may_be_unknown=OUTSIDE,
)  # fmt: skip
def volume_rank_1h(market: CrossSection) -> Array:
    """Rank of the hour's quote turnover among the pairs: 1 largest."""
    return market.turnover_rank


@feature(
    GROUP, "0..1", 2, formula="volume_rank_1h one bar before",
    inputs=("close", "volume", "quote_volume", "universe"), timeframe="cross", undefined=TIES, may_be_unknown=OUTSIDE,
)  # fmt: skip
def prev_volume_rank(market: CrossSection) -> Array:
    """Rank of the previous hour's quote turnover among the pairs of that hour."""
    return lag(market.turnover_rank, 1)


@feature(
    GROUP, "0..1", 25, formula="rank of the deviation of 24 log returns among pairs", inputs=("close", "universe"),
    timeframe="cross", undefined=TIES, may_be_unknown=OUTSIDE,
)  # fmt: skip
def volatility_rank_1h(market: CrossSection) -> Array:
    """Rank of the relative volatility of the last 24 hours among the pairs: 1 wildest."""
    _, deviation = mean_and_deviation(market.bars.log_return, 24)
    return market.rank(market.known(deviation, 25))


def _corr(coin: str) -> Feature:
    base, called = COINS[coin]

    def correlation_24h(market: CrossSection) -> Array:
        return market.correlation(base, 24)

    correlation_24h.__name__ = f"{coin}_corr_24h"
    correlation_24h.__doc__ = f"Correlation of 24 log returns with {called}'s."
    return feature(
        GROUP, "-1..1", 25, formula=f"corr(log_return, log_return of {base}), 24 bars", inputs=("close",),
        timeframe="cross", undefined="0 where either is flat", may_be_unknown=f"NULL without a known {called} pair",
    )(correlation_24h)  # fmt: skip


def _beta(coin: str) -> Feature:
    base, called = COINS[coin]

    def slope(market: CrossSection) -> Array:
        return market.beta(base)

    slope.__name__ = f"{coin}_beta_{BETA_HOURS}h"
    slope.__doc__ = f"Slope of the pair's log returns on {called}'s over {BETA_HOURS} hours."
    return feature(
        GROUP, "ratio", BETA_HOURS + 1, formula=f"cov(r, r of {base}) / var(r of {base}), {BETA_HOURS} bars",
        inputs=("close",), timeframe="cross", undefined=f"0 where {called} is flat",
        may_be_unknown=f"NULL without a known {called} pair", source="Sharpe 1964",
    )(slope)  # fmt: skip


def _performance_rank(coin: str) -> Feature:
    base, called = COINS[coin]

    def rank(market: CrossSection) -> Array:
        own = market.bars.log_return
        explained = market.known(market.beta(base), BETA_HOURS + 1) * market.of_coin(base, own)
        return market.rank(own - explained)

    rank.__name__ = f"performance_rank_{coin}_1h"
    rank.__doc__ = (
        f"Rank among the pairs of the hour's log return over what {called}'s return explains of it "
        f"(a plain difference would rank the same against every coin)."
    )
    return feature(
        GROUP, "0..1", BETA_HOURS + 1, formula=f"rank of r - {coin}_beta_{BETA_HOURS}h x r of {base} among pairs",
        inputs=("close", "universe"), timeframe="cross", undefined=TIES,
        may_be_unknown=f"{OUTSIDE}, or without a known {called} pair",
    )(rank)  # fmt: skip


CORRELATIONS = tuple(_corr(coin) for coin in COINS)
BETAS = tuple(_beta(coin) for coin in COINS)
PERFORMANCE_RANKS = tuple(_performance_rank(coin) for coin in COINS)
