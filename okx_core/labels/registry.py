"""Every label, declared once. Tables, documents and training sets read this list."""

from okx_core.features.declaration import members_of
from okx_core.hours import LABEL_HORIZON_HOURS
from okx_core.labels import barriers, events, returns
from okx_core.labels.declaration import Label

LABELS: tuple[Label, ...] = tuple(
    found for module in (returns, barriers, events) for found in members_of(module, Label)
)
HORIZON_SETS = tuple(LABEL_HORIZON_HOURS)
LABELS_1D: tuple[str, ...] = tuple(label.name for label in LABELS if label.horizon_set == "1d")
LABELS_2W: tuple[str, ...] = tuple(label.name for label in LABELS if label.horizon_set == "2w")
