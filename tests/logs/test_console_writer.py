"""One console on the writer's side: faults of the disk, foreign hands, kills between any two calls."""

import errno
import shutil
from pathlib import Path

import pytest

from solmux.logs import ttyrec
from solmux.logs.journal import AlarmKind
from tests.logs.helpers import Clock, FaultyDisk, Written, abandon, disk_full, make_journal, no_fault, run


@pytest.mark.parametrize("calls_survived", range(8))
@pytest.mark.parametrize("killed", [True, False])
def test_a_kill_or_error_between_any_two_calls_of_a_batch_is_repaired(
    tmp_path: Path, calls_survived: int, killed: bool
) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    console = journal.open_console("a")
    console.append(b"first\nopen")
    run(journal)
    clock.advance(1)
    left = [calls_survived]

    def fail(call: str, path: str) -> None:
        if call in ("write", "status"):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.EIO, "Input/output error", path)

    disk.fault = fail
    console.append(b" line\nheld\rline")
    console.event("note", "here")
    console.append(b"last\n")
    run(journal)
    disk.fault = no_fault
    if killed:
        abandon(journal)
        journal = make_journal(tmp_path, clock, disk)
        console = journal.open_console("a")
    clock.advance(2)
    run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == b"first\nopen line\nheld\rlinelast\n"
    notes = len(written.events("note"))
    assert notes == 1 or (killed and notes == 0)  # an event may die with the process, output may not
    text = "first\nopen line\nheld\rline" + ("\n[-- here --]\n" if notes else "") + "last\n"
    assert written.text() == text
    assert not written.events("gap")


def test_a_torn_record_is_cut_off_and_written_again(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"whole\n")
    run(journal)
    console.append(b"torn by a kill\n")
    abandon(journal)
    raw = tmp_path / "log/a/console.ttyrec"
    with raw.open("ab") as file:
        file.write((ttyrec.header(round(clock.now * 1e6), 15) + b"torn by a kill\n")[:20])
    with (tmp_path / "log/a/events.jsonl").open("ab") as file:
        file.write(b'{"v":1,"seq":99')
    with (tmp_path / "log/a/console.log").open("ab") as file:
        file.write(b"torn by")
    journal = make_journal(tmp_path, clock)
    journal.open_console("a")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == b"whole\ntorn by a kill\n"
    assert written.text() == "whole\ntorn by a kill\n"
    assert [event.sequence for event in written.events()] == [1, 2]


def test_a_full_disk_loses_nothing_and_heals_by_itself(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    console, other = journal.open_console("a"), journal.open_console("b")
    stream = b""
    for number in range(300):
        if number == 50:
            disk.fault = lambda call, path: disk_full(call, path) if "/a/" in path else None
        if number == 250:
            disk.fault = no_fault
        block = b"%05d\n" % number * 200
        console.append(block)
        other.append(b"x")
        stream += block
        clock.advance(0.1)
        run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == stream
    assert written.text() == stream.decode()
    assert not written.events("gap")
    assert Written(tmp_path, "b").output() == b"x" * 300
    assert len(Written(tmp_path, "b").records()) == 300
    assert journal.counters.bytes_lost == 0
    assert 15 <= journal.counters.write_errors <= 25  # one attempt a second
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.WRITE_FAILED, AlarmKind.HEALED]


def test_a_disk_that_takes_half_a_write_gets_no_half_record(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    console = journal.open_console("a")
    console.append(b"whole\n")
    run(journal)
    console.append(b"does not fit\n")
    disk.short = [9]
    disk.fault = lambda call, path: None if disk.short else disk_full(call, path)
    run(journal)
    assert Written(tmp_path).output() == b"whole\n"
    disk.fault = no_fault
    clock.advance(1)
    run(journal)
    assert Written(tmp_path).output() == b"whole\ndoes not fit\n"
    journal.stop(1)


@pytest.mark.parametrize("victim", ["console.log", "console.ttyrec", "events.jsonl"])
def test_one_bad_file_of_a_console_loses_nothing(tmp_path: Path, victim: str) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    console = journal.open_console("a")
    for number in range(40):
        if number == 5:
            disk.fault = lambda call, path: disk_full(call, path) if path.endswith(victim) else None
        if number == 30:
            disk.fault = no_fault
        console.append(b"%03d\n" % number)
        console.event("note", f"after {number}")
        clock.advance(0.5)
        run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == b"".join(b"%03d\n" % number for number in range(40))
    assert written.text() == "".join(f"{number:03d}\n[-- after {number} --]\n" for number in range(40))
    assert [event.text for event in written.events("note")] == [f"after {number}" for number in range(40)]


def test_spool_overflow_is_marked_once_with_the_exact_count(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk, spool_size=100_000)
    console = journal.open_console("a")
    console.append(b"before\n")
    run(journal)
    disk.fault = disk_full
    stream = b"before\n"
    for number in range(400):
        block = b"%07d\n" % number * 128
        console.append(block)
        stream += block
        clock.advance(0.25)
        run(journal)
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.WRITE_FAILED, AlarmKind.SPOOL_FULL]
    disk.fault = no_fault
    for _ in range(5):
        run(journal)
        clock.advance(1)
    console.append(b"after\n")
    stream += b"after\n"
    assert journal.stop(1)
    written = Written(tmp_path)
    [(first, before), (second, after)] = written.segments()
    assert stream.startswith(before)
    assert stream.endswith(after)
    assert 90_000 < len(before) <= 100_007
    lost = second - len(before)
    assert (first, second + len(after)) == (0, len(stream))
    [gap] = written.events("gap")
    assert (gap.lost, gap.offset) == (lost, len(before))
    assert gap.fields["reason"] == "No space left on device"
    assert written.text().count("[-- GAP") == 1
    assert f": {lost} bytes lost: No space left on device --]" in written.text()
    assert journal.counters.bytes_lost == lost
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.LOST, AlarmKind.HEALED]


def test_a_gap_says_when_the_lost_bytes_came(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk, spool_size=0)
    console = journal.open_console("a")
    console.append(b"before\n")
    run(journal)
    disk.fault = disk_full
    for _ in range(10):
        clock.advance(10)
        console.append(b"x" * 16384)
        run(journal)
    disk.fault = no_fault
    clock.advance(10)
    run(journal)
    journal.stop(1)
    [gap] = Written(tmp_path).events("gap")
    assert gap.lost == 6 * 16384
    assert gap.text == (
        "GAP 2026-11-20T17:05:40Z..2026-11-20T17:06:50Z: 98304 bytes lost: No space left on device"
    )


def test_a_missing_directory_is_made_again_and_nothing_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"these lines\nsomebody\nwill delete\n")
    run(journal)
    shutil.rmtree(tmp_path / "log")
    console.append(b"these stay\n")
    console.event("note", "an event")
    run(journal)
    console.append(b"and these\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(33, b"these stay\nand these\n")]
    assert written.text() == "these stay\n[-- an event --]\nand these\n"
    assert not written.events("gap")
    journal = make_journal(tmp_path, clock)
    assert journal.open_console("a").received == 33 + 21
    journal.stop(1)


def test_files_emptied_by_an_admin_go_on_with_true_offsets(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"x" * 100)
    run(journal)
    for name in ("console.ttyrec", "console.log"):
        (tmp_path / "log/a" / name).write_bytes(b"")
    console.append(b"new\n")
    run(journal)
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.DISTURBED]
    console.append(b"more\n")
    abandon(journal)
    journal = make_journal(tmp_path, clock)
    journal.open_console("a")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(100, b"new\nmore\n")]
    assert written.text() == "new\nmore\n"


def test_files_emptied_while_the_core_was_down_go_on_with_true_offsets(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"x" * 100)
    journal.stop(1)
    (tmp_path / "log/a/console.ttyrec").write_bytes(b"")
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"new\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments()[-1] == (100, b"new\n")
    assert not written.events("gap")


def test_files_moved_away_by_logrotate_are_begun_anew(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"old\n")
    run(journal)
    for name in ("console.ttyrec", "console.log", "events.jsonl"):
        (tmp_path / "log/a" / name).rename(tmp_path / "log/a" / f"{name}.1")
    clock.advance(10)
    console.append(b"noticed here\n")
    run(journal)
    console.append(b"new\n")
    run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(17, b"new\n")]
    assert written.text() == "new\n"
    assert (tmp_path / "log/a/console.log.1").read_bytes() == b"old\nnoticed here\n"


def test_foreign_bytes_in_the_raw_record_begin_a_new_segment(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"one\n")
    run(journal)
    with (tmp_path / "log/a/console.ttyrec").open("ab") as file:
        file.write(b"garbage")
    console.append(b"two\n")
    run(journal)
    console.append(b"three\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.events("segment")[-1].segment == 8
    assert [record.data for record in written.records()] == [b"three\n"]


def test_a_text_of_another_program_is_kept(tmp_path: Path) -> None:
    (tmp_path / "log/a").mkdir(parents=True)
    (tmp_path / "log/a/console.log").write_bytes(b"from conserver\n")
    journal = make_journal(tmp_path, Clock())
    journal.open_console("a").append(b"from us\n")
    assert journal.stop(1)
    assert Written(tmp_path).text() == "from conserver\nfrom us\n"


def test_output_of_a_killed_core_comes_before_what_is_new(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"never written\n")
    abandon(journal)
    journal = make_journal(tmp_path, clock)
    assert journal.unwritten() == ["a"]
    console = journal.open_console("a")
    assert console.received == 14
    console.append(b"new\n")
    assert journal.unwritten() == []
    assert journal.stop(1)
    assert Written(tmp_path).output() == b"never written\nnew\n"


def test_what_a_kill_took_beyond_the_ring_is_marked(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    console = journal.open_console("a")
    console.append(b"logged\n")
    run(journal)
    disk.fault = disk_full
    for _ in range(10):
        console.append(b"x" * 16384)
    run(journal)
    abandon(journal)
    journal = make_journal(tmp_path, clock)
    journal.open_console("a")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert [start for start, _ in written.segments()] == [0, 7 + 6 * 16384]
    [gap] = written.events("gap")
    assert gap.lost == 6 * 16384
    assert gap.fields["reason"] == "solmux or the machine stopped before they were written"
