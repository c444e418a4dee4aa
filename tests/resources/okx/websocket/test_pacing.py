"""Limits and pauses, with time held still."""

import asyncio

import pytest

from resources.okx.websocket.pacing import ConnectPacer, RequestBudget, StreamHooks, pause_after


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def hooks(self) -> StreamHooks:
        return StreamHooks(lambda: self.now, self.sleep, lambda: 0.5)


def test_pauses_double_up_to_half_a_minute_and_are_spread() -> None:
    assert [pause_after(failures, 0.5) for failures in range(9)] == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [pause_after(3, 0.0), pause_after(3, 1.0)] == [1.0, 3.0]
    assert pause_after(10_000, 0.5) == 30


def test_connections_keep_their_distance() -> None:
    time = Time()

    async def scene() -> None:
        pacer = ConnectPacer(time.hooks())
        for _ in range(4):
            await pacer.wait()

    asyncio.run(scene())
    assert time.slept == pytest.approx([0.4, 0.4, 0.4])


def test_requests_wait_for_the_hour_to_pass() -> None:
    time = Time()

    async def scene() -> None:
        budget = RequestBudget(time.hooks(), per_hour=2)
        for _ in range(3):
            await budget.spend()

    asyncio.run(scene())
    assert time.slept == [3600.0]
