"""The range of a member's training rows, and how far a row lies outside of it.

Two figures, because each sees what the other does not: one feature far beyond everything known moves the distance
little but is outside; a row in which every feature is unusual, and none beyond the range, is far but not outside.

The distance is diagonal: features one by one, on a robust scale. Their covariance (Mahalanobis) would be near singular,
since many features say nearly the same, and heavy tails (kurtosis above 3,000) would make its estimate that of a few
rows. For the same reason a deviation counts by its area hyperbolic sine: as it is near the middle, by its logarithm
far out. Both bounds are quantiles of the training rows' own figures, so what they refuse of like rows is known.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from okx_core.compilation import compiled
from okx_core.models.algorithms.estimator import arrays_from, bytes_of
from okx_core.models.ranks import Floats, Matrix

# The one place where the bounds are declared: of the training rows one in a thousand is beyond each of them.
FALSE_ALARMS = 0.001
TAIL = 0.001  # of the training rows that lie below the range of a feature, and as many above it
MIDDLE = np.linspace(0.1, 0.9, 9)
SMALLEST_SHARE = 1e-3  # of a bin, in the population stability index
NO_CHANGE = 0.1  # a stability index below is called no change (Siddiqi, 2006)
MIN_PARTS = 3
PART_HOURS = 4 * 168
MAX_ROWS = 20_000  # evenly spaced in time; quantiles of more rows are the same
NORMAL_DECILES = 2.563103  # distance of the outer deciles of a normal distribution in its deviations


@dataclass(frozen=True)
class TrainingRange:
    """What the training rows of a member were like, as the member sees them: raw features, or ranks inside the hour.

    `quantiles` [11, features]: the tail, the nine deciles, the other tail; NaN for a feature that was never known.
    `shares` [11, features]: share of the rows between the deciles, and last of those that did not know the feature.
    `max_outside_share` and `max_distance` [1] are the bounds beyond which a row is not traded. `max_psi` [1] is the
    largest mean population stability index of any four weeks of the training rows, at least `NO_CHANGE`; NaN with fewer
    than three of them.
    """

    quantiles: Floats
    shares: Floats
    max_outside_share: Floats
    max_distance: Floats
    max_psi: Floats

    @property
    def unknown(self) -> Floats:
        """Share of the rows that did not know the feature [features]."""
        return np.asarray(self.shares[-1])

    def psi(self, matrix: Matrix) -> Floats:
        """Population stability index of each feature [features] between the training rows and a matrix of later rows.

        Sum over the bins of (share - expected) log(share / expected): 0 when nothing has changed, above 0.25 is called
        a large change. Not less than `SMALLEST_SHARE` in a bin. NaN without rows. Source: Siddiqi, Credit Risk
        Scorecards (2006); Yurdakul and Naranjo (2020), Statistical Properties of the Population Stability Index.
        """
        if not len(matrix):
            return np.full(self.shares.shape[1], np.nan)
        expected = np.maximum(self.shares, SMALLEST_SHARE)
        found = np.maximum(_shares(np.ascontiguousarray(matrix), self.quantiles[1:-1]), SMALLEST_SHARE)
        return np.asarray(((found - expected) * np.log(found / expected)).sum(axis=0))

    def measured(self, matrix: Matrix) -> tuple[Floats, Floats]:
        """Share of features outside the range, and distance, of each row of a matrix [rows, features].

        A feature is outside below the lower or above the upper tail, or when it is unknown and was so in fewer
        training rows than a tail holds. The distance is the root mean square of asinh(deviation / scale) over the known
        features: about 1 for a common row, NaN for a row that knows none. Both are rounded as they are stored: a row at
        a bound, which is a figure of a training row, passes before and after.
        """
        scale = (self.quantiles[-2] - self.quantiles[1]) / NORMAL_DECILES
        outside, distance = _measured(
            np.ascontiguousarray(matrix),
            self.quantiles,
            np.where(scale > 0, scale, np.nan),
            self.unknown < TAIL,
        )
        return outside.astype(np.float32).astype(np.float64), distance.astype(np.float32).astype(np.float64)

    def to_bytes(self) -> bytes:
        """The range as bytes; equal ranges give equal bytes."""
        return bytes_of({part.name: getattr(self, part.name) for part in fields(self)})

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingRange":
        """The range that `to_bytes` wrote."""
        return cls(**arrays_from(data))  # type: ignore[arg-type]


def training_range(matrix: Matrix, parts: int = 1) -> TrainingRange:
    """The range of training rows [rows, features], NaN where unknown; in order of time, of `parts` x four weeks."""
    step = -(-len(matrix) // MAX_ROWS)
    rows = np.ascontiguousarray(matrix[::step])
    levels = np.concatenate(([TAIL], MIDDLE, [1.0 - TAIL]))
    quantiles = known_quantiles(rows, levels)
    unbounded = np.array([np.inf])
    found = TrainingRange(quantiles, _shares(rows, quantiles[1:-1]), unbounded, unbounded, unbounded)
    bounds = known_quantiles(np.stack(found.measured(rows), axis=1), [1.0 - FALSE_ALARMS])[0]
    psi = np.nan
    if parts >= MIN_PARTS:
        psi = max(NO_CHANGE, *(float(found.psi(part).mean()) for part in np.array_split(rows, parts)))
    return TrainingRange(found.quantiles, found.shares, bounds[:1], bounds[1:], np.array([psi]))


@compiled
def _shares(matrix: Matrix, edges: Floats) -> Floats:
    """Share of the rows in each bin between ascending `edges` [9, features], and of the unknown ones [11, features].

    A value at an edge is in the lower bin; a feature that was never known has no edges, and any value in the first.
    """
    rows, features = matrix.shape
    out = np.zeros((edges.shape[0] + 2, features))
    for row in range(rows):
        for feature in range(features):
            value = np.float64(matrix[row, feature])
            place = 0
            if np.isnan(value):
                place = out.shape[0] - 1
            else:
                while place < edges.shape[0] and value > edges[place, feature]:
                    place += 1
            out[place, feature] += 1.0
    shares: Floats = out / rows
    return shares


def known_quantiles(matrix: npt.ArrayLike, levels: npt.ArrayLike) -> Floats:
    """Quantiles [levels, features] of the known values of each column, NaN for a column without any.

    The value at the place nearest to the level, so that a quantile is a value that was seen.
    """
    ordered = np.sort(np.asarray(matrix), axis=0)  # NaN last
    known = len(ordered) - np.isnan(ordered).sum(axis=0)
    places = np.rint(np.outer(np.asarray(levels), np.maximum(known - 1, 0))).astype(np.int64)
    return np.take_along_axis(ordered, places, axis=0).astype(np.float64)


@compiled
def _measured(
    matrix: Matrix, quantiles: Floats, scale: Floats, always_known: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    low, middle, high = quantiles[0], quantiles[5], quantiles[10]
    outside, distance = np.zeros(len(matrix)), np.full(len(matrix), np.nan)
    for row in range(len(matrix)):
        count, known, total = 0, 0, 0.0
        for feature in range(matrix.shape[1]):
            value = np.float64(matrix[row, feature])
            if np.isnan(value):
                count += always_known[feature]
                continue
            # A feature that no training row knew has no range: any value of it is new.
            count += not (low[feature] <= value <= high[feature])
            if not np.isnan(scale[feature]):
                known += 1
                total += np.arcsinh((value - middle[feature]) / scale[feature]) ** 2
        outside[row] = count / matrix.shape[1]
        if known:
            distance[row] = np.sqrt(total / known)
    return outside, distance


def furthest(values: Floats, bounds: Floats) -> tuple[Floats, Floats]:
    """Of the figures of some members [members, hours, pairs], that of the member whose bound is exceeded most.

    With its bound; `bounds` [members]. Unknown for one member is unknown.
    """
    beyond = values - bounds[:, None, None]
    worst = np.argmax(np.where(np.isnan(beyond), np.inf, beyond), axis=0)
    value = np.take_along_axis(values, worst[None], axis=0)[0]
    return value, np.broadcast_to(bounds[worst], value.shape).copy()
