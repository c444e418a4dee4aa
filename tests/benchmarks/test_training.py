"""The training benchmark times the steps of the product where they are."""

from benchmarks.training import measure
from okx_core.models.training import rows
from tests.made_panel import SCHEDULE, made_panel, member


def test_every_step_that_is_timed_is_there_and_a_fit_is_counted() -> None:
    """A step that has moved would be timed nowhere, and the benchmark would end before its first figure."""
    watch, panel = measure.Stopwatch(), made_panel()
    with watch.on_the_product():
        for spec in (member("lightgbm"), member("ridge")):
            fitted = rows.ThinnedRows.of(panel, 4).fit(
                spec, rows.target_of(panel.prices, spec), SCHEDULE, 900
            )
            assert fitted is not None
    assert set(watch.seconds) == {"bin", "fit"}
    assert min(watch.seconds.values()) > 0.0
