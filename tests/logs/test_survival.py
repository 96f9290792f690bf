"""Any order of output, events, kills, faults, restarts and clock changes: every byte once, every gap told."""

import errno
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.helpers import Clock, FaultyDisk, Written, abandon, make_journal, no_fault

FRAGILE = ("write", "status", "truncate", "rename", "path_status", "make_directory", "open", "read")
EVENT_LINE = re.compile(r"\[-- .* --\]\n")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 900)),
        st.tuples(st.just("append"), st.integers(1, 90)),
        st.tuples(st.just("event"), st.just(0)),
        st.tuples(st.just("write"), st.just(0)),
        st.tuples(st.just("write"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.just("kill"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("fail"), st.integers(0, 12)),
        st.tuples(st.just("heal"), st.just(0)),
        st.tuples(st.just("clock"), st.integers(2, 5000)),
        st.tuples(st.just("flood"), st.integers(20_000, 90_000)),
    ),
    min_size=5,
    max_size=40,
)


class Machine:
    """A console, the steps that happen to it, and what it should have in its files."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.clock, self.disk = Clock(), FaultyDisk()
        self.said = bytearray()
        self.flooded = False
        self.start()

    def start(self) -> None:
        self.journal = make_journal(
            self.base, self.clock, self.disk, rotate_size=3000, spool_size=40_000 if self.flooded else 1 << 20
        )
        self.console = self.journal.open_console("a")
        assert self.console.received == len(self.said), "offsets do not go on where they were"

    def take(self, step: str, number: int) -> None:
        getattr(self, f"do_{step}")(number)

    def do_append(self, length: int) -> None:
        data = bytearray(b"%07d." % len(self.said) * (length // 8 + 1))[:length]
        data[length // 2 :: 61] = b"\n" * len(data[length // 2 :: 61])
        self.console.append(bytes(data))
        self.said += data

    def do_flood(self, length: int) -> None:
        self.flooded = True
        self.do_append(length)

    def do_event(self, number: int) -> None:
        del number
        self.console.event("note", f"at {len(self.said)}")

    def do_write(self, number: int) -> None:
        del number
        self.journal.write_now()
        self.clock.advance(0.08)

    def do_wait(self, tenths: int) -> None:
        self.clock.advance(tenths / 10)

    def do_kill(self, number: int) -> None:
        del number
        self.do_heal(0)  # what opens a console must be able to read
        abandon(self.journal)
        self.start()

    def do_restart(self, number: int) -> None:
        del number
        self.do_heal(0)
        self.clock.advance(2)
        assert self.journal.stop(1)
        self.start()

    def do_fail(self, calls: int) -> None:
        left = [calls]

        def fail(call: str, path: str) -> None:
            if call in FRAGILE:
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.EIO, "Input/output error", path)

        self.disk.fault = fail

    def do_heal(self, number: int) -> None:
        del number
        self.disk.fault = no_fault

    def do_clock(self, seconds: int) -> None:
        self.clock.now -= seconds

    def finish(self) -> None:
        self.do_heal(0)
        for _ in range(3):
            self.clock.advance(2)
            self.journal.write_now()
        assert self.journal.failing == []
        assert self.journal.stop(1)

    def check(self) -> None:
        written = Written(self.base)
        segments = written.segments()
        for start, data in segments:
            assert data == self.said[start : start + len(data)]
        ends = [(0, 0), *((start, start + len(data)) for start, data in segments)]
        missing = [(end, start - end) for (_, end), (start, _) in pairwise(ends) if start != end]
        tail = len(self.said) - ends[-1][1]
        missing += [(ends[-1][1], tail)] if tail else []
        told = [(gap.offset, gap.lost) for gap in written.all_events() if gap.kind == "gap"]
        assert merged(told) == missing
        assert self.flooded or not missing
        assert written.text().count("[-- GAP") == len(told)
        text = EVENT_LINE.sub("", written.text()).replace("\n", "")
        assert text == b"".join(data for _, data in segments).decode().replace("\n", "")


def merged(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join gaps that follow each other at once."""
    joined: list[tuple[int, int]] = []
    for offset, lost in gaps:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + lost)
        else:
            joined.append((offset, lost))
    return joined


@given(script=steps)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_every_byte_is_logged_once_or_told_to_be_lost(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, int]]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    for step, number in script:
        machine.take(step, number)
    machine.finish()
    machine.check()
