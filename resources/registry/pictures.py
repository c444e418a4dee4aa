"""A figure as a PNG image, drawn once however many pages show it. matplotlib is imported by who makes the figure."""

from io import BytesIO
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80
_drawn: "WeakKeyDictionary[Figure, bytes]" = WeakKeyDictionary()


def png(figure: "Figure") -> bytes:
    """The finished figure as the bytes of a PNG file; what is added to it afterwards is not seen."""
    if figure not in _drawn:
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        _drawn[figure] = buffer.getvalue()
    return _drawn[figure]


def svg(figure: "Figure") -> str:
    """The figure as the text of an SVG element, which HTML shows in place; equal figures have equal texts."""
    import matplotlib

    buffer = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "okxsignal"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue().decode()
    return text[text.index("<svg") :]
