"""How old the newest run of an asset may be before Dagster shows the asset as overdue.

Dagster looks at when an asset was last materialised, not at which hour: a backfill counts as fresh. The sensor
`missing_hours` looks at the hours.
"""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from okx_assets import keys
from resources.config.parts import MarketSettings

HOURLY = dg.FreshnessPolicy.time_window(warn_window=timedelta(minutes=75), fail_window=timedelta(minutes=135))
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=24, minutes=30), fail_window=timedelta(hours=26)
)
POLICIES = {
    keys.CANDLES_1H: HOURLY, keys.FEATURES_1H: HOURLY, keys.PREDICTIONS: HOURLY, keys.SIGNALS: HOURLY,
    keys.UNIVERSE: DAILY,
}  # fmt: skip


def with_freshness(
    assets: Sequence[dg.AssetsDefinition], market: MarketSettings
) -> list[dg.AssetsDefinition]:
    """The assets with their policies; without any where the clock is fixed, because no hour ever closes there."""
    return list(assets) if market.clock_is_fixed else [asset.map_asset_specs(_fresh) for asset in assets]


def _fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
    policy = POLICIES.get(spec.key)
    return spec if policy is None else dg.apply_freshness_policy(spec, policy)
