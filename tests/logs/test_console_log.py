"""Two sides of one console's log: nothing is overwritten before it is logged, and what is lost is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs.console_log import EVENTS_LIMIT, MARKS_LIMIT, ConsoleLog
from solmux.logs.ring import CAPACITY, NOTHING, Checkpoint, RingFile
from solmux.logs.spool import Spool
from tests.logs.helpers import START, Clock


class Rig:
    """A console log, the calls it made to the writer, and a model of everything appended."""

    def __init__(self, base: Path, *, start: int = 0, spool_size: int = 1 << 20, log: bool = True) -> None:
        self.clock = Clock()
        self.file = RingFile(base / "ring", epoch=1, boot_id="boot")
        ring = self.file.create("a", start, Checkpoint.fresh(start))
        if not log:
            ring.hole = (start, NOTHING)
        self.spool = Spool(spool_size)
        self.calls = 0
        self.console = ConsoleLog(ring, self.spool, self.call, self.clock.wall)
        self.start = start
        self.model = bytearray()

    def call(self, console: ConsoleLog) -> None:
        assert console is self.console
        self.calls += 1

    def append(self, length: int) -> None:
        data = bytes((len(self.model) + number) * 7 & 0xFF for number in range(length))
        self.console.append(data)
        self.model += data


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.file.close()


@given(
    start=st.integers(0, 2 * CAPACITY),
    spool_size=st.sampled_from([0, 20_000, 60_000, 1 << 20]),
    steps=st.lists(st.tuples(st.sampled_from("aaaawwvl"), st.integers(1, 50_000)), max_size=25),
)
@settings(max_examples=60, deadline=None)
def test_the_writer_gets_every_byte_or_the_exact_gap(
    tmp_path_factory: pytest.TempPathFactory, start: int, spool_size: int, steps: list[tuple[str, int]]
) -> None:
    rig = Rig(tmp_path_factory.mktemp("rig"), start=start, spool_size=spool_size)
    console, position, lost = rig.console, start, 0
    for step, number in steps:
        if step == "a":
            rig.append(number)
        elif step == "v":  # a viewer
            offset, data = console.read(console.received - number, number)
            assert data == rig.model[offset - start :][:number]
            assert offset == max(console.first, console.received - number, start)
        elif step == "l":  # a write that failed: read, and not released
            offset, data = console.unlogged(position, number)
            assert data == rig.model[offset - start :][: len(data)]
        elif console.end_from(position) > position:
            offset, data = console.unlogged(position, number)
            assert offset >= position
            assert (offset > position) == (not data)
            lost += offset - position
            assert data == rig.model[offset - start :][: len(data)]
            position = offset + len(data)
            console.release(position)
        assert console.received == start + len(rig.model)
        assert rig.spool.used <= spool_size
    while console.end_from(position) > position:
        offset, data = console.unlogged(position, 1 << 20)
        lost += offset - position
        assert data == rig.model[offset - start :][: len(data)]
        position = offset + len(data)
        console.release(position)
    assert position == console.received
    assert lost <= rig.spool.dropped
    assert spool_size < 1 << 20 or not lost
    assert rig.spool.used == 0
    rig.file.close()


@given(steps=st.lists(st.tuples(st.sampled_from("aaswww"), st.integers(1, 30_000)), max_size=25))
@settings(max_examples=60, deadline=None)
def test_what_comes_while_logging_is_off_is_never_given_to_the_writer(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    rig = Rig(tmp_path_factory.mktemp("rig"))
    console, position = rig.console, 0
    wanted, given_out = bytearray(), bytearray()
    for step, number in [*steps, ("w", 1)]:
        if step == "a":
            rig.append(number)
            if console.log:
                wanted += rig.model[-number:]
        elif step == "s":
            console.set_log(not console.log)
        # The writer keeps up: two pauses are never open at a time.
        while True:
            hole = console.hole
            if hole is not None and hole[0] <= position < hole[1] <= console.received:
                position = hole[1]
                console.release(position)
                console.end_hole(position)
            if console.end_from(position) == position:
                break
            offset, data = console.unlogged(position, number)
            assert offset == position
            given_out += data
            position += len(data)
            console.release(position)
    assert given_out == wanted
    assert rig.spool.dropped == 0
    rig.file.close()


def test_the_writer_is_called_once_until_it_comes(rig: Rig) -> None:
    for _ in range(5):
        rig.append(10)
        rig.console.event("up")
    assert rig.calls == 1
    rig.console.queued = False
    rig.append(10)
    assert rig.calls == 2


def test_a_console_in_memory_only_does_not_call_the_writer_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, log=False)
    rig.append(10)
    assert rig.calls == 1
    rig.console.queued = False
    rig.console.park(0)
    for _ in range(20):
        rig.append(10_000)
        rig.clock.advance(1)
    assert rig.calls == 1
    rig.console.set_log(True)
    assert rig.calls == 2
    rig.console.queued = False
    rig.append(10)
    assert rig.calls == 3
    assert rig.console.unlogged(200_010, 100)[1] == rig.model[-10:]
    rig.file.close()


def test_bytes_have_the_time_at_which_they_came(rig: Rig) -> None:
    rig.append(10)
    rig.clock.advance(0.06)
    rig.append(10)  # within 0.1 s: the same record
    rig.clock.advance(0.06)
    rig.append(10)
    rig.console.event("up")
    rig.clock.advance(0.01)
    rig.append(10)
    start = round(START * 1e6)
    found = [rig.console.stamp_at(position, 1000) for position in (0, 19, 20, 29, 30)]
    assert [micros - start for micros, _ in found] == pytest.approx([0, 0, 120_000, 120_000, 120_000], abs=2)
    assert [stop for _, stop in found] == [20, 20, 30, 30, 1000]


def test_a_disk_that_stands_still_for_a_day_costs_few_marks(rig: Rig) -> None:
    for _ in range(5000):
        rig.append(1)
        rig.clock.advance(20)
    assert len(rig.console._marks) <= 5002
    before = len(rig.console._marks)
    for _ in range(5000):
        rig.append(1)
        rig.clock.advance(0.2)
    assert len(rig.console._marks) - before <= 5000 * 0.2 / 10 + 1
    rig.console.release(rig.console.received)
    assert len(rig.console._marks) == 1
    for _ in range(MARKS_LIMIT + 500):
        rig.append(1)
        rig.clock.advance(0.2)
    assert len(rig.console._marks) < MARKS_LIMIT + 20


def test_events_that_the_disk_does_not_take_are_bounded_and_counted(rig: Rig) -> None:
    for _ in range(EVENTS_LIMIT + 3):
        rig.console.event("noise")
    assert len(rig.console.events) == EVENTS_LIMIT
    assert rig.console.events_dropped == 3


def test_an_append_larger_than_the_ring_is_kept_whole(rig: Rig) -> None:
    rig.append(3 * CAPACITY + 5)
    position, got = 0, b""
    while position < rig.console.received:
        position, data = rig.console.unlogged(position, 1 << 20)
        got += data
        position += len(data)
    assert got == rig.model


def test_nothing_is_taken_after_the_end(rig: Rig) -> None:
    rig.append(5)
    rig.console.close()
    rig.console.finish(0)
    assert not rig.console.closed, "five bytes are not written yet"
    rig.console.finish(5)
    assert not rig.console.reopen()
    rig.console.event("late")
    assert not rig.console.events
    with pytest.raises(ValueError, match="closed console"):
        rig.append(1)


def test_an_end_can_be_taken_back(rig: Rig) -> None:
    rig.console.close()
    assert rig.console.reopen()
    rig.console.finish(0)
    assert not rig.console.closed
    rig.append(5)
