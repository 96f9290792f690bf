"""The writer's thread: what hangs or fails stops nothing else."""

import threading
import time
from pathlib import Path

import pytest

from solmux.logs.disk import FileSystem
from solmux.logs.journal import AlarmKind, Journal, LogSettings
from solmux.logs.ring import CAPACITY
from tests.logs.helpers import (
    Clock,
    FaultyDisk,
    Hang,
    PlainCleaner,
    Written,
    disk_full,
    make_journal,
    no_fault,
    run,
)

PATIENCE = 30  # seconds of real time until a test gives up; none of them waits for long


def started(base: Path, clock: Clock, disk: FaultyDisk | None = None, spool_size: int = 64 << 20) -> Journal:
    settings = LogSettings(base / "log", batch_interval=0.001, spool_size=spool_size, group=None)
    journal = Journal(
        settings,
        base / "ring",
        wall=clock.wall,
        clock=clock.clock,
        disk=disk if disk is not None else FileSystem(),
        cleaner=PlainCleaner,
    )
    journal.start()
    return journal


def test_a_hung_disk_delays_no_append_and_loses_nothing_the_spool_can_hold(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    hang = disk.fault = Hang()
    journal = started(tmp_path, clock, disk)
    consoles = [journal.open_console(name) for name in ("a", "b")]
    streams = [b"", b""]
    longest = 0.0
    for second in range(300):  # 30 s
        for number, console in enumerate(consoles):
            block = b"%05d %d\n" % (second, number) * 128
            begin = time.perf_counter()
            console.append(block)
            longest = max(longest, time.perf_counter() - begin)
            streams[number] += block
        clock.advance(0.1)
        if second == 0:
            assert hang.reached.wait(PATIENCE)
    assert longest < 0.5  # it takes microseconds; the rest is for what else the machine may be doing
    assert journal.spooled > CAPACITY
    assert [alarm.kind for alarm in journal.alarms()] == [AlarmKind.HUNG]
    hang.let_go()
    assert journal.stop(PATIENCE)
    for name, stream in zip(("a", "b"), streams, strict=True):
        written = Written(tmp_path, name)
        assert written.output() == stream
        assert not written.events("gap")
        # Although the writer stood still, the record says when the bytes came.
        assert written.records()[-1].micros - written.records()[0].micros == pytest.approx(29.9e6, abs=0.2e6)


def test_a_stop_while_the_disk_hangs_at_one_console_still_writes_the_other(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    hang = disk.fault = Hang()
    journal = started(tmp_path, clock, disk)
    one, other = journal.open_console("a"), journal.open_console("b")
    one.append(b"the disk hangs here\n")
    assert hang.reached.wait(PATIENCE)
    other.append(b"this has only been called for\n")
    answers: list[bool] = []
    stopping = threading.Thread(target=lambda: answers.append(journal.stop(PATIENCE)))
    stopping.start()
    deadline = time.monotonic() + PATIENCE
    while not journal._writer._ending:
        assert time.monotonic() < deadline
    hang.let_go()
    stopping.join()
    assert answers == [True]
    assert Written(tmp_path, "a").output() == b"the disk hangs here\n"
    assert Written(tmp_path, "b").output() == b"this has only been called for\n"


def test_a_hung_disk_and_a_full_spool_give_one_gap_with_the_exact_count(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    hang = disk.fault = Hang()
    journal = started(tmp_path, clock, disk, spool_size=200_000)
    console = journal.open_console("a")
    console.append(b"first\n")
    assert hang.reached.wait(PATIENCE)
    total = 6
    for _ in range(1000):
        console.append(b"0123456\n" * 128)
        total += 1024
        clock.advance(0.1)
    assert journal.spooled <= 200_000
    hang.let_go()
    assert journal.stop(PATIENCE)
    written = Written(tmp_path)
    [(_, before), (second, after)] = written.segments()
    [gap] = written.events("gap")
    assert gap.lost == second - len(before) == total - len(before) - len(after) > 0
    assert gap.fields["reason"] == "the disk did not take them in time"
    kinds = [alarm.kind for alarm in journal.alarms()]
    assert AlarmKind.LOST in kinds
    assert AlarmKind.SPOOL_FULL in kinds


def test_a_disk_that_hangs_for_good_lets_the_process_end(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    hang = disk.fault = Hang()
    journal = started(tmp_path, clock, disk)
    journal.open_console("a").append(b"kept in the ring\n")
    assert hang.reached.wait(PATIENCE)
    assert not journal.stop(0.01)
    hang.let_go()


def test_a_new_console_is_refused_rather_than_waited_for_while_the_disk_hangs(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    hang = disk.fault = Hang()
    journal = started(tmp_path, clock, disk)
    journal.open_console("a").append(b"x")
    assert hang.reached.wait(PATIENCE)
    clock.advance(2)
    with pytest.raises(TimeoutError, match="does not answer"):
        journal.open_console("new")
    hang.let_go()
    assert journal.stop(PATIENCE)


def test_output_is_written_at_once_when_the_writer_is_idle(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = started(tmp_path, clock, disk)
    console = journal.open_console("a")
    wrote = threading.Event()

    def notice(call: str, path: str) -> None:
        if call == "write" and path.endswith("console.log"):
            wrote.set()

    disk.fault = notice
    for _ in range(3):
        console.append(b"line\n")
        assert wrote.wait(PATIENCE)
        wrote.clear()
    disk.fault = no_fault
    assert journal.stop(PATIENCE)


def test_a_console_that_fails_disturbs_no_other_and_is_tried_every_second(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    bad, good = journal.open_console("bad"), journal.open_console("good")
    attempts = []

    def fault(call: str, path: str) -> None:
        if "/bad/" in path:
            if call == "write":
                attempts.append(clock.elapsed)
            disk_full(call, path)

    disk.fault = fault
    for _ in range(50):
        bad.append(b"x")
        good.append(b"y")
        run(journal)
        clock.advance(0.1)
    assert Written(tmp_path, "good").output() == b"y" * 50
    assert len(attempts) == 5
    disk.fault = no_fault
    assert journal.failing == ["bad"]
    clock.advance(1)
    assert journal.stop(1)
    assert Written(tmp_path, "bad").output() == b"x" * 50


class BrokenCleaner(PlainCleaner):
    def feed(self, data: bytes, wall: float) -> bytes:
        if b"poison" in data:
            raise ZeroDivisionError
        return super().feed(data, wall)


def test_a_fault_in_one_consoles_text_stops_neither_its_record_nor_the_others(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal(
        LogSettings(tmp_path / "log"),
        tmp_path / "ring",
        wall=clock.wall,
        clock=clock.clock,
        cleaner=BrokenCleaner,
    )
    bad, good = journal.open_console("bad"), journal.open_console("good")
    for data in (b"one\n", b"poison\n", b"two\n"):
        bad.append(data)
        good.append(data.replace(b"poison", b"food"))
        run(journal)
        clock.advance(2)
    assert [alarm.kind for alarm in journal.alarms()] == [
        AlarmKind.FAULT,
        AlarmKind.WRITE_FAILED,
        AlarmKind.HEALED,
    ]
    assert journal.stop(1)
    assert Written(tmp_path, "bad").output() == b"one\npoison\ntwo\n"
    assert Written(tmp_path, "bad").text() == "one\ntwo\n"
    assert Written(tmp_path, "good").text() == "one\nfood\ntwo\n"


def test_more_consoles_than_files_may_be_open(tmp_path: Path) -> None:
    clock, disk = Clock(), FaultyDisk()
    journal = make_journal(tmp_path, clock, disk, open_consoles=4)
    consoles = [journal.open_console(f"server{number}") for number in range(20)]
    most = 0
    for turn in range(3):
        for console in consoles:
            console.append(b"%d\n" % turn)
            console.event("note", "here")
        run(journal)
        most = max(most, disk.open_files)
        clock.advance(0.1)
    assert most <= 4 * 3
    assert journal.stop(1)
    assert disk.open_files == 0
    for number in range(20):
        assert Written(tmp_path, f"server{number}").output() == b"0\n1\n2\n"
        assert [start for start, _ in Written(tmp_path, f"server{number}").segments()] == [0]


def test_five_hundred_consoles_open_in_a_moment_and_idle_for_nothing(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(2):
        journal = make_journal(tmp_path, clock)
        begin = time.process_time()
        consoles = [journal.open_console(f"server{number}") for number in range(500)]
        run(journal)
        assert time.process_time() - begin < 2.0
        for console in consoles:
            if not console.received:
                console.append(b"login: ")
        run(journal)
        assert journal.stop(1)
        clock.advance(10)
    disk = FaultyDisk()
    journal = make_journal(tmp_path, clock, disk)
    consoles = [journal.open_console(f"server{number}") for number in range(500)]
    run(journal)
    disk.calls.clear()
    run(journal)
    assert disk.calls == []
    journal.stop(1)


def test_a_held_line_is_not_kept_for_an_hour_when_the_clock_is_set_back(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"10%\r20%")
    run(journal)
    clock.now -= 3600
    run(journal)
    assert not journal.failing
    clock.now += 3600
    clock.advance(1.1)
    run(journal)
    assert Written(tmp_path).text() == "10%\r20%"
    journal.stop(1)
