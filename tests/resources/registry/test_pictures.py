"""Figures as PNG images."""

from matplotlib.figure import Figure

from resources.registry.pictures import png


def test_a_figure_is_drawn_once_for_all_pages(monkeypatch) -> None:
    drawn = []
    draw = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *to, **how: drawn.append(self) or draw(self, *to, **how)
    )
    first, second = Figure(), Figure()
    assert png(first).startswith(b"\x89PNG")
    assert png(first) is png(first)
    png(second)
    assert drawn == [first, second]
