"""From one segment to the next, on real files."""

import errno
import random
from itertools import pairwise
from pathlib import Path

import pytest

from solmux.logs.journal import AlarmKind
from solmux.logs.segments import LOG_SUFFIX, RAW_SUFFIX, closed_segments
from solmux.logs.stamps import micros_of_date
from tests.logs.helpers import Clock, FaultyDisk, PlainCleaner, Written, abandon, make_journal, no_fault, run


def archive_of(written: Written, suffix: str) -> list[str]:
    return [str(name) for name in closed_segments([e.name for e in written.archive.iterdir()], suffix)]


def lines(count: int, seed: int = 1) -> bytes:
    rng = random.Random(seed)
    return b"".join(b"%06d %s\r\n" % (n, b"x" * rng.randrange(100)) for n in range(count))


def test_both_files_are_closed_at_the_same_line_and_nothing_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=5000)
    console = journal.open_console("a")
    stream = lines(1000)
    rng = random.Random(2)
    position = 0
    while position < len(stream):
        step = rng.randrange(1, 900)
        console.append(stream[position : position + step])
        position += step
        clock.advance(rng.random() / 50)
        if rng.random() < 0.3:
            run(journal)
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == stream
    assert written.text() == stream.decode()
    segments = written.segments()
    assert len(segments) > 8
    assert all(data.endswith(b"\n") for _, data in segments)
    assert all(5000 <= p.stat().st_size < 5200 for p in written.archive.glob("*.ttyrec"))
    stems = [name.removesuffix(LOG_SUFFIX) for name in archive_of(written, LOG_SUFFIX)]
    assert stems == [name.removesuffix(RAW_SUFFIX) for name in archive_of(written, RAW_SUFFIX)]
    for stem, (_, data) in zip(stems, segments, strict=False):
        assert (written.archive / f"{stem}.log").read_bytes() == data


def test_a_segment_without_lines_ends_soon_after_the_limit_before_an_escape(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=16_000)
    console = journal.open_console("a")
    stream = b"\x1b[5;10H17:05:40 " * 5000
    for start in range(0, len(stream), 777):
        console.append(stream[start : start + 777])
        run(journal)
    journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == stream
    assert all(data.startswith(b"\x1b") for _, data in written.segments())
    assert all(p.stat().st_size < 16_000 * 17 / 16 + 1000 for p in written.archive.glob("*.ttyrec"))


def test_the_end_of_the_month_closes_the_segment(tmp_path: Path) -> None:
    clock = Clock(micros_of_date("2026-11-30T23:59:59Z") / 1e6)
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"november\n")
    clock.advance(0.5)
    console.append(b"still november\n")
    clock.advance(1)
    console.append(b"december\n")
    console.event("note", "December")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert archive_of(written, LOG_SUFFIX) == ["000000000000000-20261130T235959Z.log"]
    assert written.segments() == [(0, b"november\nstill november\n"), (24, b"december\n")]
    assert (tmp_path / "log/a/console.log").read_bytes() == b"december\n[-- December --]\n"
    [first, second] = written.events("segment")
    assert (first.fields["reason"], second.fields["reason"]) == ("first", "month")
    assert second.opened == micros_of_date("2026-12-01T00:00:00Z")


def test_a_quiet_console_is_closed_when_it_speaks_again(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"november\n")
    assert journal.stop(1)
    clock.advance(86400 * 60)
    journal = make_journal(tmp_path, clock)
    journal.open_console("a").event("up", "Console up")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert len(archive_of(written, RAW_SUFFIX)) == 1
    assert (tmp_path / "log/a/console.log").read_bytes() == b"[-- Console up --]\n"


def test_a_clock_set_back_is_an_event_and_a_new_segment(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"before\n")
    run(journal)
    clock.now -= 3600
    console.append(b"after\n")
    run(journal)
    written = Written(tmp_path)
    assert written.segments() == [(0, b"before\n"), (7, b"after\n")]
    [event] = written.events("clock")
    assert (event.text, event.fields["seconds"]) == ("Clock set back by 3600 s", 3600)
    assert written.text() == "before\n[-- Clock set back by 3600 s --]\nafter\n"
    assert written.records()[0].micros == pytest.approx(clock.now * 1e6, abs=2)
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.CLOCK]
    journal.stop(1)


def test_a_clock_corrected_by_a_little_makes_stamps_wait(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    for back in (0.0, 0.4, 0.3, 0.0):
        clock.now -= back
        console.append(b"x\n")
        console.event("note", "here")
        run(journal)
    journal.stop(1)
    written = Written(tmp_path)
    assert [start for start, _ in written.segments()] == [0]
    micros = [record.micros for record in written.records()]
    assert micros == sorted(micros)


def test_segments_begun_at_the_same_byte_and_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    for number in range(4):
        console.event("note", f"number {number}")
        run(journal)
        clock.now -= 10 if number % 2 else -10
    clock.now -= 100
    console.append(b"x")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.text().count("number") == 4
    assert len({event.opened for event in written.events()}) == len(written.events("segment"))


def test_a_long_events_file_is_archived_on_its_own(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=4000)
    console = journal.open_console("a")
    for number in range(60):
        console.event("noise", None, number=number)
        run(journal)
        clock.advance(1)
    assert journal.stop(1)
    written = Written(tmp_path)
    closed = [str(name) for name in closed_segments([e.name for e in written.archive.iterdir()], ".jsonl")]
    assert len(closed) > 1
    kept = b"".join((written.archive / name).read_bytes() for name in closed)
    kept += (tmp_path / "log/a/events.jsonl").read_bytes()
    assert [kept.count(b'"number":%d,' % number) for number in range(60)] == [1] * 60
    assert written.events()[0].kind == "mark"


def test_an_archive_that_cannot_be_written_does_not_stop_the_log(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=1000)
    console = journal.open_console("a")
    (tmp_path / "log/a").mkdir(parents=True)
    (tmp_path / "log/a/archive").write_bytes(b"in the way")
    stream = lines(100)
    for start in range(0, len(stream), 100):
        console.append(stream[start : start + 100])
        run(journal)
    assert (tmp_path / "log/a/console.log").read_bytes() == stream
    assert {alarm.kind for alarm in journal.alarms()} == {AlarmKind.ROTATION}
    assert journal.failing == []
    (tmp_path / "log/a/archive").unlink()
    console.append(b"more\n" * 20)
    run(journal)
    console.append(b"next")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == stream + b"more\n" * 20 + b"next"
    assert len(written.segments()) == 2


@pytest.mark.parametrize("calls_survived", range(14))
def test_a_kill_or_error_between_any_two_steps_of_a_turn_is_repaired(
    tmp_path: Path, calls_survived: int
) -> None:
    """The disk goes away at one of the calls of a turn; then the process is killed or the disk comes back."""
    for killed in (True, False):
        base = tmp_path / str(killed)
        base.mkdir()
        clock, disk = Clock(), FaultyDisk()
        journal = make_journal(base, clock, disk, rotate_size=1000)
        console = journal.open_console("a")
        console.event("up", "Console up")
        console.append(b"y" * 500 + b"\n")
        run(journal)
        left = [calls_survived]

        def fail(call: str, path: str, left: list[int] = left) -> None:
            if call in ("write", "rename", "make_directory", "path_status"):
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.EIO, "Input/output error", path)

        clock.advance(1)
        disk.fault = fail
        console.append(b"z" * 700 + b"\nnext segment\nopen")
        run(journal)
        disk.fault = no_fault
        if killed:
            abandon(journal)
            journal = make_journal(base, clock, disk, rotate_size=1000)
            console = journal.open_console("a")
        clock.advance(2)
        run(journal)
        console.append(b" line\n")
        assert journal.stop(1)
        written = Written(base)
        assert written.output() == b"y" * 500 + b"\n" + b"z" * 700 + b"\nnext segment\nopen line\n"
        assert written.text() == "[-- Console up --]\n" + written.output().decode()
        assert len(written.segments()) == 2
        assert not written.events("gap")


@pytest.mark.parametrize("calls_survived", range(16))
@pytest.mark.parametrize("killed", [True, False])
def test_a_gap_is_marked_once_wherever_the_kill_or_error_comes(
    tmp_path: Path, calls_survived: int, killed: bool
) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk, spool_size=32 << 10)
    console = journal.open_console("a")
    console.append(b"before\n")
    run(journal)

    left = [0]

    def fail(call: str, path: str) -> None:
        if call in ("write", "rename", "make_directory", "path_status"):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.EIO, "Input/output error", path)

    disk.fault = fail
    for number in range(200):
        console.append(b"%07d\n" % number * 128)
    run(journal)
    left[0] = calls_survived
    clock.advance(1)
    run(journal)
    disk.fault = no_fault
    if killed:
        abandon(journal)
        journal = make_journal(tmp_path, clock, disk)
        console = journal.open_console("a")
    clock.advance(1)
    run(journal)
    console.append(b"after\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    segments = written.segments()
    gaps = written.events("gap")
    missing = [start - (before + len(data)) for (before, data), (start, _) in pairwise(segments)]
    assert [gap.lost for gap in gaps] == [count for count in missing if count]
    assert sum(len(data) for _, data in segments) + sum(missing) == console_total(200)
    assert len({gap.offset for gap in gaps}) == len(gaps)
    assert written.text().count("[-- GAP") == len(gaps)


def console_total(blocks: int) -> int:
    return len(b"before\n") + blocks * 1024 + len(b"after\n")


def test_the_plain_cleaner_obeys_the_rules() -> None:
    cleaner = PlainCleaner(0.0)
    assert cleaner.feed(b"a\rb", 1.0) == b"a"
    assert (cleaner.settled, cleaner.deadline) == (1, 2.0)
    assert cleaner.event("e", 1.5) == b"\rb\n[-- e --]\n"
    assert (cleaner.settled, cleaner.deadline) == (3, None)
