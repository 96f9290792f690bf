"""Gathering, skipping and giving up on one channel."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from solmux.gateway import outlet as outlet_module
from solmux.gateway.outlet import GATHER_LIMIT, Outlet


class Paper:
    """A channel that keeps what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.errors: list[bytes] = []
        self.written = asyncio.Event()
        self.closing = False

    def write(self, data: bytes, datatype: int | None = None) -> None:
        assert not self.closing
        (self.errors if datatype else self.writes).append(data)
        self.written.set()

    def is_closing(self) -> bool:
        return self.closing


def never(*_: object) -> None:
    raise AssertionError("must not be called")


def run(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_output_is_gathered_for_a_moment() -> None:
    async def scenario() -> None:
        paper = Paper()
        outlet = Outlet(paper, never, never)
        outlet.output(b"a")
        outlet.output(b"b")
        assert paper.writes == []
        await paper.written.wait()
        assert paper.writes == [b"ab"]

    run(scenario)


def test_an_echo_is_written_at_once_and_so_is_much_at_a_time() -> None:
    async def scenario() -> None:
        paper = Paper()
        outlet = Outlet(paper, never, never)
        outlet.output(b"x" * GATHER_LIMIT)
        assert paper.writes == [b"x" * GATHER_LIMIT]
        outlet.output(b"log ")
        outlet.typed()
        outlet.output(b"echo")
        outlet.output(b"ed")
        assert paper.writes[1:] == [b"log echo", b"ed"]
        outlet.write(b"!")
        assert paper.writes[3:] == [b"!"]

    run(scenario)


def test_a_line_for_standard_error_keeps_its_place() -> None:
    async def scenario() -> None:
        paper = Paper()
        outlet = Outlet(paper, never, never)
        outlet.output(b"before")
        outlet.error(b"a line\n")
        assert paper.writes == [b"before"]
        assert paper.errors == [b"a line\n"]

    run(scenario)


def test_a_closed_outlet_counts_what_it_leaves_out_and_opens_when_the_last_reason_is_gone() -> None:
    async def scenario() -> None:
        paper = Paper()
        resumed: list[int] = []
        outlet = Outlet(paper, resumed.append, never)
        outlet.close("channel")
        outlet.close("connection")
        outlet.output(b"12345")
        outlet.open("channel")
        outlet.open("channel")
        outlet.output(b"678")
        assert resumed == []
        waiting = asyncio.create_task(outlet.drain())
        outlet.open("connection")
        await waiting
        await outlet.drain()
        assert resumed == [8]
        assert paper.writes == []
        assert outlet.skipped == 0
        outlet.write(b"on")
        assert paper.writes == [b"on"]

    run(scenario)


def test_opening_what_was_not_closed_is_no_resume() -> None:
    async def scenario() -> None:
        outlet = Outlet(Paper(), never, never)
        outlet.open("never closed")

    run(scenario)


def test_a_client_that_takes_nothing_for_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet_module, "STUCK_LIMIT", 0.01)

    async def scenario() -> None:
        stuck = asyncio.Event()
        outlet = Outlet(Paper(), never, stuck.set)
        outlet.close("channel")
        await stuck.wait()
        fine = Outlet(Paper(), lambda _: None, never)
        fine.close("channel")
        fine.open("channel")
        fine.close("channel")
        fine.end()
        other = asyncio.Event()
        Outlet(Paper(), never, other.set).close("channel")
        await other.wait()

    run(scenario)


def test_nothing_is_written_to_a_channel_that_closes() -> None:
    async def scenario() -> None:
        paper = Paper()
        outlet = Outlet(paper, never, never)
        outlet.output(b"lost")
        paper.closing = True
        outlet.flush()
        outlet.error(b"lost")
        outlet.end()
        await outlet.drain()
        assert paper.writes == paper.errors == []

    run(scenario)
