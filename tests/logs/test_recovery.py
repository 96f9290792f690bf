"""Where the writer stands when the runtime directory is gone, as after a reboot."""

from pathlib import Path

import pytest
import zstandard

from solmux.logs.console_writer import MARK_EVERY
from solmux.logs.disk import FileSystem
from solmux.logs.journal import Journal
from solmux.logs.recovery import find_checkpoint
from solmux.logs.ring import Checkpoint
from tests.logs.helpers import Clock, FaultyDisk, Written, abandon, make_journal, run


def wipe(base: Path) -> None:
    (base / "ring").unlink()


def speak(journal: Journal, clock: Clock, *, events: bool = True) -> bytes:
    """Some lines, some of them with events between them, an open line at the end; written."""
    console = journal.open_console("a")
    said = b""
    for number in range(10):
        line = b"line %d of the stream\n" % number
        console.append(line)
        said += line
        clock.advance(0.2)
        if events and number % 4 == 0:
            console.event("note", f"after {number}")
        run(journal)
    console.append(b"open ")
    run(journal)
    return said + b"open "


def test_nothing_there_is_offset_zero(tmp_path: Path) -> None:
    assert find_checkpoint(FileSystem(), str(tmp_path / "log/a")) == (Checkpoint(), 0)


def test_after_an_orderly_end_the_events_alone_tell_everything(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    said = speak(journal, clock)
    assert journal.stop(1)
    wipe(tmp_path)
    disk = FaultyDisk()
    checkpoint, received = find_checkpoint(disk, str(tmp_path / "log/a"))
    assert received == checkpoint.logged == checkpoint.text_offset == len(said)
    assert len(disk.calls) < 10
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    assert (console.received, console.first) == (len(said), len(said))
    console.append(b"more\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == said + b"more\n"
    assert written.text().endswith("open \nmore\n")
    assert [start for start, _ in written.segments()] == [0]


@pytest.mark.parametrize("events", [True, False])
def test_after_a_power_cut_offset_and_text_are_found_in_the_files(tmp_path: Path, events: bool) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    said = speak(journal, clock, events=events)
    text = Written(tmp_path).text()
    abandon(journal)
    wipe(tmp_path)
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    assert console.received == len(said)
    console.append(b"line\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.output() == said + b"line\n"
    assert written.text() == text + "line\n"


def test_records_the_power_cut_took_are_a_gap_and_offsets_go_on(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"on the disk\n")
    run(journal)
    size = (tmp_path / "log/a/console.ttyrec").stat().st_size
    console.append(b"only in the page cache\n")
    console.event("note", "but this is on the disk")
    run(journal)
    abandon(journal)
    wipe(tmp_path)
    with (tmp_path / "log/a/console.ttyrec").open("r+b") as file:
        file.truncate(size)
        file.seek(size)
        file.write(bytes(100))  # some filesystems leave zeros
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    assert console.received == 35
    console.append(b"new\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(0, b"on the disk\n"), (35, b"new\n")]
    [gap] = written.events("gap")
    assert (gap.offset, gap.lost) == (12, 23)
    assert gap.fields["reason"] == "solmux or the machine stopped before they were written"


def test_the_offset_is_found_behind_closed_segments(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=100)
    said = speak(journal, clock)
    abandon(journal)
    wipe(tmp_path)
    journal = make_journal(tmp_path, clock, rotate_size=100)
    console = journal.open_console("a")
    assert console.received == len(said)
    console.append(b"more\n")
    assert journal.stop(1)
    assert Written(tmp_path).output() == said + b"more\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("open_raw", [False, True])
def test_the_offset_is_found_without_events(tmp_path: Path, packed: bool, open_raw: bool) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock, rotate_size=100)
    said = speak(journal, clock)
    assert journal.stop(1)
    wipe(tmp_path)
    segments = Written(tmp_path).segments()
    (tmp_path / "log/a/events.jsonl").unlink()
    for events in (tmp_path / "log/a/archive").glob("*.jsonl"):
        events.unlink()
    if not open_raw:
        (tmp_path / "log/a/console.ttyrec").unlink()
        said = b"".join(data for _, data in segments[:-1])
    if packed:
        for raw in (tmp_path / "log/a/archive").glob("*.ttyrec"):
            data = raw.read_bytes()
            frames = (data[:50], data[50:])
            raw.with_name(raw.name + ".zst").write_bytes(b"".join(map(zstandard.compress, frames)))
            raw.unlink()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    assert console.received == len(said)
    console.append(b"more\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    start, data = written.segments()[-1]
    assert start + len(data) == len(said) + 5
    assert data.endswith(b"more\n")
    assert not written.events("gap")


def test_a_gap_noted_before_the_power_cut_is_not_given_away_again(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"before\n")
    run(journal)
    abandon(journal)
    events = tmp_path / "log/a/events.jsonl"
    [segment] = Written(tmp_path).events("segment")
    line = segment.to_line().replace(b'"seq":1', b'"seq":2').replace(b'"offset":0', b'"offset":7')
    line = line.replace(b'"kind":"segment","reason":"first"', b'"kind":"gap","text":"GAP","bytes":1000')
    line = line.replace(b'"raw":0', b'"raw":19')
    events.write_bytes(events.read_bytes() + line)
    wipe(tmp_path)
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    assert console.received == 1007
    console.append(b"after\n")
    assert journal.stop(1)
    written = Written(tmp_path)
    assert written.segments() == [(0, b"before\n"), (1007, b"after\n")]
    assert [gap.lost for gap in written.events("gap")] == [1000]
    assert written.text() == "before\n[-- GAP --]\nafter\n"


def test_a_long_record_without_events_is_not_read_from_its_start(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    for _ in range(5 * MARK_EVERY // 16000):
        console.append(b"x" * 15999 + b"\n")
        clock.advance(0.1)
        run(journal)
    assert len(Written(tmp_path).events("mark")) == 4
    abandon(journal)
    wipe(tmp_path)

    class Counting(FileSystem):
        read_bytes = 0

        def read(self, path: str, position: int, length: int) -> bytes:
            data = super().read(path, position, length)
            self.read_bytes += len(data)
            return data

    disk = Counting()
    checkpoint, received = find_checkpoint(disk, str(tmp_path / "log/a"))
    assert received == checkpoint.logged == console_bytes(5 * MARK_EVERY // 16000)
    assert disk.read_bytes < 1.5 * MARK_EVERY


def console_bytes(blocks: int) -> int:
    return 16000 * blocks


def test_a_held_line_is_written_once_after_a_kill(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"start\n10%\r20%")
    run(journal)
    console.append(b"\r30%")
    run(journal)
    assert Written(tmp_path).text() == "start\n10%\r20%"
    abandon(journal)
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    run(journal)
    console.append(b"\n")
    assert journal.stop(1)
    assert Written(tmp_path).text() == "start\n10%\r20%\r30%\n"


def test_an_event_whose_line_the_kill_took_from_the_text_is_written_again(tmp_path: Path) -> None:
    clock = Clock()
    journal = make_journal(tmp_path, clock)
    console = journal.open_console("a")
    console.append(b"one\n")
    run(journal)
    console.append(b"two ")
    console.event("note", "between")
    console.append(b"words\n")
    disk_before = (tmp_path / "log/a/console.log").read_bytes()
    checkpoint = console.ring.checkpoint
    run(journal)
    text = Written(tmp_path).text()
    console.ring.checkpoint = checkpoint  # as if killed before the text was written
    (tmp_path / "log/a/console.log").write_bytes(disk_before)
    abandon(journal)
    journal = make_journal(tmp_path, clock)
    journal.open_console("a")
    assert journal.stop(1)
    assert Written(tmp_path).text() == text == "one\ntwo \n[-- between --]\nwords\n"
