"""Explanations as tables and figures: what set the pairs of an hour apart, what a member rests on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from okx_core.models.explanations import Contributions, importance
from okx_core.models.ranks import Matrix
from okx_services.reports.figures import new_figure
from okx_services.reports.markdown import shown, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_FEATURES = 15
SHOWN_PAIRS, SHOWN_REASONS = 8, 3


def explanation_table(rows: pd.DataFrame) -> str:
    """The features that contribute most to each pair of the newest hour, for and against."""
    if rows.empty:
        return ""
    newest = rows[rows["timestamp_utc"] == rows["timestamp_utc"].max()]
    lines = []
    for pair, group in list(newest.groupby("pair", sort=False))[:SHOWN_PAIRS]:
        best = group.sort_values("place").head(SHOWN_REASONS)
        reasons = [
            f"{row.feature} {row.contribution:+.2f} (is {shown(row.value, 3)})" for row in best.itertuples()
        ]
        lines.append([str(pair), shown(float(group["relative_score"].iloc[0])), *reasons])
    lines = [line + [""] * (SHOWN_REASONS + 2 - len(line)) for line in lines]
    return table(("pair", "relative score", *[f"feature {n}" for n in range(1, SHOWN_REASONS + 1)]), lines)


def importance_figure(found: Contributions, matrix: Matrix, names: tuple[str, ...]) -> "Figure":
    """Mean absolute contribution of the features beside the contribution of each row, coloured by its value.

    `matrix` [rows, names] holds the values that the contributions belong to, NaN where unknown.
    """
    ranked = list(importance(found).items())[:SHOWN_FEATURES][::-1]
    figure = new_figure(11.0, 1.2 + 0.3 * len(ranked))
    bars, swarm = figure.subplots(1, 2, sharey=True)
    bars.barh([name for name, _ in ranked], [mean for _, mean in ranked])
    bars.set(xlabel="mean |contribution| to the score", title="Importance (SHAP)")
    for height, (name, _) in enumerate(ranked):
        values = matrix[:, names.index(name)].astype(np.float64)
        order = np.argsort(np.argsort(values)) / max(len(values) - 1, 1)
        jitter = (np.arange(len(values)) * 0.618) % 1.0 - 0.5
        added = found.values[:, found.names.index(name)]
        swarm.scatter(added, height + 0.6 * jitter, c=order, cmap="coolwarm", s=4, linewidths=0)
    swarm.axvline(0.0, color="0.4", linewidth=0.8)
    swarm.set(xlabel="contribution (blue: low value, red: high)", title="Each row")
    return figure


def ensemble_importance_figure(
    members: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]
) -> "Figure":
    """What the ensemble rests on: each member's share of contributions by feature, times the member's weight.

    `members` holds mean absolute contributions by feature; a member whose contributions are all zero adds nothing.
    """
    shares = pd.DataFrame(members).fillna(0.0)
    parts = (shares / shares.sum().where(lambda total: total > 0.0)).fillna(0.0) * pd.Series(weights)[
        shares.columns
    ]
    ranked = parts.loc[parts.sum(axis=1).sort_values().index[-SHOWN_FEATURES:]]
    figure = new_figure(9.0, 1.2 + 0.3 * len(ranked))
    axes = figure.subplots()
    left = np.zeros(len(ranked))
    for member in ranked.columns:
        axes.barh(ranked.index, ranked[member], left=left, label=member)
        left += ranked[member].to_numpy()
    axes.set(xlabel="share of the contributions (SHAP), weighted", title="What the ensemble rests on")
    axes.legend(loc="lower right")
    return figure


def importance_words(found: Contributions, count: int = 5) -> str:
    """The most important features with their share of all contributions."""
    means = importance(found)
    total = sum(means.values())
    if not total > 0.0:
        return "none: the score is the same for every row"
    return ", ".join(f"`{name}` {100 * mean / total:.0f} %" for name, mean in list(means.items())[:count])
