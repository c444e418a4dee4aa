import pytest

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.clock import (
    ExchangeClock,
    accelerated,
    clock_from_request,
    fixed,
    iso_to_ms,
    ms_to_iso,
    parse_clock,
)

START = 1_767_225_600_000


class Ticks:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_fixed_clock_stands_still() -> None:
    ticks = Ticks()
    clock = ExchangeClock(fixed(START), monotonic_seconds=ticks)
    ticks.seconds += 3600
    assert clock.now_ms() == START


def test_an_accelerated_clock_runs_by_its_factor_from_the_moment_it_is_set() -> None:
    ticks = Ticks()
    clock = ExchangeClock(accelerated(START, 60.0), monotonic_seconds=ticks)
    ticks.seconds += 2
    assert clock.now_ms() == START + 120_000
    clock.set(accelerated(START, 1.0))
    assert clock.now_ms() == START


def test_a_real_clock_is_the_wall() -> None:
    assert ExchangeClock(wall_seconds=lambda: 12.5).now_ms() == 12_500


def test_settings_are_read_from_the_command_line_form() -> None:
    assert parse_clock("fixed:2026-01-01T00:00:00Z") == fixed(START)
    assert parse_clock("accelerated:2026-01-01T00:00:00Z:60") == accelerated(START, 60.0)
    assert parse_clock("real").mode == "real"
    assert ms_to_iso(iso_to_ms("2026-01-01", "test")) == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text", ["", "reel", "fixed", "fixed:tomorrow", "accelerated:2026-01-01T00:00:00Z", "real:1"]
)
def test_an_unreadable_clock_is_named(text: str) -> None:
    with pytest.raises(OkxSignalError, match=r"clock"):
        parse_clock(text)


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "fast"])
def test_time_only_runs_forward(factor: str) -> None:
    with pytest.raises(OkxSignalError, match="factor"):
        parse_clock(f"accelerated:2026-01-01T00:00:00Z:{factor}")


@pytest.mark.parametrize("body", [None, [], {}, {"mode": "fixed"}, {"mode": "accelerated", "start": "2026"}])
def test_an_incomplete_admin_request_is_refused(body: object) -> None:
    with pytest.raises(OkxSignalError):
        clock_from_request(body, START)


def test_a_step_stops_the_clock_that_much_later() -> None:
    assert clock_from_request({"mode": "step", "by_seconds": 3600}, START) == fixed(START + 3_600_000)
    assert clock_from_request({"mode": "step", "by_seconds": 0.5}, START) == fixed(START + 500)


@pytest.mark.parametrize("seconds", [None, -1, "60", True, float("nan")])
def test_a_step_goes_forward_by_a_number_of_seconds(seconds: object) -> None:
    with pytest.raises(OkxSignalError, match="needs by_seconds"):
        clock_from_request({"mode": "step", "by_seconds": seconds}, START)
