"""What is noted at the desk is kept until the disk has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from solmux.logs.alarms import AlarmKind, Alarms, Counters
from solmux.logs.batch import Reason, Turn
from solmux.logs.console_log import ConsoleEvent, ConsoleLog
from solmux.logs.desk import EVENTS_LEAST, Desk, Tools
from solmux.logs.ring import Checkpoint, RingFile
from solmux.logs.settings import LogSettings
from solmux.logs.spool import Spool
from solmux.logs.syncer import Syncer
from tests.logs.helpers import START, Clock, FaultyDisk, PlainCleaner, Written, disk_full, no_fault

MICROS = round(START * 1e6)


class Rig:
    """A desk on a disk with faults."""

    def __init__(self, base: Path) -> None:
        clock, self.disk, self.alarms, self.counters = Clock(), FaultyDisk(), Alarms(), Counters()
        self.rings = RingFile(base / "ring", epoch=1, boot_id="boot")
        self.ring = self.rings.create("a", 100, Checkpoint.fresh(100))
        calls: list[ConsoleLog] = []
        console = ConsoleLog(self.ring, Spool(), calls.append, clock.wall)
        tools = Tools(
            settings=LogSettings(base / "log", rotate_size=EVENTS_LEAST),
            disk=self.disk,
            syncer=Syncer(self.disk, 5.0, print),
            alarms=self.alarms,
            counters=self.counters,
            new_cleaner=PlainCleaner,
            wall=clock.wall,
            clock=clock.clock,
        )
        self.desk = Desk(console, tools)
        self.desk.begin_segment(Turn(Reason.FIRST, 100, MICROS))
        self.written = Written(base)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.rings.close()


def note(text: str | None, **fields: object) -> ConsoleEvent:
    return ConsoleEvent(100, MICROS, "note", text, fields)


def test_an_event_is_a_line_in_both_files_and_says_where_it_stands(rig: Rig) -> None:
    rig.desk.note(note("hello", who="alice"), 0)
    rig.desk.note(note(None), 0)
    rig.desk.flush()
    assert not rig.desk.owes
    assert rig.written.text() == "[-- hello --]\n"
    first, second, third = rig.written.events()
    assert (first.kind, first.fields, first.segment) == ("segment", {"reason": "first"}, 100)
    assert (second.sequence, second.offset, second.log, second.fields) == (2, 100, 14, {"who": "alice"})
    assert (third.sequence, third.text, third.log) == (3, None, None)
    assert rig.counters.events_logged == 3


def test_what_the_disk_refuses_is_written_later_and_once(rig: Rig) -> None:
    rig.desk.note(note("hello"), 0)
    rig.disk.fault = lambda call, path: disk_full(call, path) if path.endswith("console.log") else None
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            rig.desk.flush()
        assert rig.desk.owes
    rig.disk.fault = no_fault
    rig.desk.flush()
    assert rig.written.text() == "[-- hello --]\n"
    assert len(rig.written.events("note")) == 1


def test_the_checkpoint_comes_after_the_files(rig: Rig) -> None:
    before = rig.ring.checkpoint
    assert (before.segment_start, before.opened, before.sequence) == (100, MICROS // 10**6 * 10**6, 0)
    rig.desk.note(note("hello"), 0)
    rig.disk.fault = disk_full
    with pytest.raises(OSError, match="No space"):
        rig.desk.flush()
    assert rig.ring.checkpoint == before
    rig.disk.fault = no_fault
    rig.desk.flush()
    after = rig.ring.checkpoint
    assert (after.sequence, after.text_size, after.text_offset) == (2, 14, 100)


def test_a_notice_that_could_not_be_written_has_not_been_given(rig: Rig) -> None:
    rig.desk.flush()
    rig.disk.fault = disk_full
    with pytest.raises(OSError, match="No space"):
        rig.desk.note_ahead(note("GAP"))
    assert rig.desk.sequence == 1
    rig.disk.fault = no_fault
    rig.desk.note_ahead(note("GAP"))
    assert [event.sequence for event in rig.written.events()] == [1, 2]
    assert rig.written.text() == ""


def test_the_end_leaves_a_whole_line_and_says_so(rig: Rig) -> None:
    rig.desk.text.record(b"open", MICROS, 104, 16)
    rig.desk.place.position, rig.desk.place.raw_size = 104, 16
    rig.desk.note_end()
    rig.desk.flush()
    assert rig.written.text() == "open\n"
    [event] = rig.written.events("closed")
    assert (event.offset, event.raw, event.log) == (104, 16, 5)
    assert rig.ring.checkpoint.text_offset == 104


def test_events_that_cannot_be_archived_stay_where_they_are(rig: Rig) -> None:
    rig.disk.fault = lambda call, path: disk_full("write", path) if call == "rename" else None
    for number in range(100):
        rig.desk.note(note(None, number=number), 0)
        rig.desk.flush()
    assert len(rig.written.events("note")) == 100
    kinds = {alarm.kind for alarm in rig.alarms.take()}
    assert kinds == {AlarmKind.ROTATION}
    rig.disk.fault = no_fault
    while len(rig.written.events("note")) >= 100:
        rig.desk.note(note(None), 0)
        rig.desk.flush()
    assert rig.written.events()[0].kind == "mark"


def test_a_raw_record_that_begins_again_keeps_offsets_true(rig: Rig) -> None:
    rig.desk.place.position = 500
    rig.desk.restart_segment(MICROS + 1_500_000)
    rig.desk.flush()
    assert rig.ring.checkpoint.segment_start == 500
    event = rig.written.events("segment")[-1]
    assert (event.segment, event.raw, event.fields) == (500, 0, {"reason": "disturbed"})
