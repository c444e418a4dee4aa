"""Every label, declared once. Tables, documents and training sets read this list."""

from okx_core.features.declaration import members_of
from okx_core.labels import barriers, events, returns
from okx_core.labels.declaration import Label

LABELS: tuple[Label, ...] = tuple(
    found for module in (returns, barriers, events) for found in members_of(module, Label)
)
HORIZON_SETS = ("1d", "2w")
HORIZON_HOURS: dict[str, int] = {
    name: max(label.horizon_hours for label in LABELS if label.horizon_set == name) for name in HORIZON_SETS
}
LABELS_1D: tuple[str, ...] = tuple(label.name for label in LABELS if label.horizon_set == "1d")
LABELS_2W: tuple[str, ...] = tuple(label.name for label in LABELS if label.horizon_set == "2w")
