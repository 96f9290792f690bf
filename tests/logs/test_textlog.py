"""The text on its way to the file, and the point from which it can be made anew."""

import random
from pathlib import Path

import pytest

from solmux.logs.cleaner import Cleaner
from solmux.logs.disk import FileSystem
from solmux.logs.journal import Journal, LogSettings, new_cleaner
from solmux.logs.textlog import LAG_LIMIT, SPLIT_LAG, Mark, TextCleaner, TextLog
from tests.logs.helpers import Clock, PlainCleaner, Written, abandon

ZERO = Mark(0, 0, 0, 0, 0)


def test_the_mark_follows_finished_lines() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"one\n", 1, 4, 16)
    assert text.mark == Mark(4, 4, 16, 4, 0)
    text.record(b"open", 2, 8, 32)
    assert text.mark == Mark(4, 4, 16, 4, 0)
    text.record(b" line\n", 3, 14, 50)
    assert text.mark == Mark(14, 14, 50, 14, 0)
    assert bytes(text.pending) == b"one\nopen line\n"


def test_the_mark_stays_before_what_is_held() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"one\n10%\r20%", 1, 11, 23)
    text.record(b"\r30%", 2, 15, 39)
    assert text.mark == ZERO
    text.record(b"\n", 3, 16, 52)
    assert text.mark == Mark(16, 16, 52, 16, 0)


def test_what_is_held_for_long_does_not_keep_the_mark_back_for_ever() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"one\n\rheld", 1, 9, 21)
    end, raw_end = 9, 21
    while end < LAG_LIMIT + 100:
        text.record(b"x" * 1000, 2, end + 1000, raw_end + 1012)
        end, raw_end = end + 1000, raw_end + 1012
    assert text.mark.offset == 4
    assert text.mark.raw_offset <= 4


def test_an_event_moves_the_mark_unless_it_cuts_a_line() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.event("note", 2, 7)
    assert text.mark == Mark(0, 13, 0, 0, 7)
    text.record(b"open", 1, 4, 16)
    text.event("note", 2, 8)
    assert bytes(text.pending) == b"[-- note --]\nopen\n[-- note --]\n"
    assert text.mark == Mark(0, 13, 0, 0, 7)
    text.silent_event(9)
    text.record(b"x\n", 3, 6, 30)
    assert text.mark == Mark(6, 33, 30, 6, 9)


def test_a_line_feed_within_a_record_serves_when_none_came_at_an_end() -> None:
    text = TextLog(PlainCleaner, ZERO)
    end = raw_end = 0
    for _ in range(300):
        end, raw_end = end + 100, raw_end + 112
        text.record(b"x" * 60 + b"\n" + b"y" * 39, 1, end, raw_end)
    mark = text.mark
    assert end - mark.offset < 2 * SPLIT_LAG
    assert mark.offset % 100 == 61
    assert mark.offset - 61 == mark.raw_offset
    assert mark.raw_size == mark.raw_offset // 100 * 112
    assert mark.size == mark.offset


def test_a_tick_writes_what_was_held() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"\r50%", 1_000_000, 4, 16)
    assert text.deadline == 2.0
    text.tick(1.5)
    assert not text.pending
    text.tick(2.0)
    assert bytes(text.pending) == b"\r50%"
    assert text.deadline is None


def test_a_foreign_hand_moves_the_mark_to_here() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"one\nopen", 1, 8, 20)
    text.written()
    text.file_changed(3)
    assert text.mark == Mark(8, 3, 20, 8, 0)
    assert text.size == 3
    text.raw_changed(8)
    assert text.mark == Mark(8, 3, 0, 8, 0)


def test_a_mark_never_points_before_the_raw_record() -> None:
    text = TextLog(PlainCleaner, ZERO)
    text.record(b"\rheld", 1, 5, 17)
    text.raw_changed(5)
    text.record(b"more", 2, 9, 16)
    text.event("note", 3, 1)
    assert text.mark.raw_offset <= text.mark.offset


def machine_output(seed: int) -> list[bytes]:
    """Packets as machines print them: kernel lines, colours, progress, addressed rows."""
    rng = random.Random(seed)
    stream = bytearray()
    for number in range(120):
        kind = rng.randrange(8)
        if kind < 4:
            stream += b"[%5d.%06d] eth0: link is up, %d Mbps\r\n" % (number, number * 77, rng.randrange(9999))
        elif kind == 4:
            stream += b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mUnit %d\x1b[0m.\r\n" % number
        elif kind == 5:
            stream += b"".join(b"\r%3d%%" % percent for percent in range(0, 101, 20)) + b"\r\n"
        elif kind == 6:
            stream += b"\x1b[5;10HRow five %d\x1b[7;1HRow seven\r\n" % number
        else:
            stream += "Größe ändern: ".encode() + b"y\r\n"
    packets = []
    while stream:
        length = rng.randrange(1, 120)
        packets.append(bytes(stream[:length]))
        del stream[:length]
    return packets


@pytest.mark.parametrize("seed", range(4))
def test_after_any_kills_the_text_is_what_it_would_have_been(tmp_path: Path, seed: int) -> None:
    texts = []
    for kills in (False, True):
        base = tmp_path / str(kills)
        base.mkdir()
        clock, rng = Clock(), random.Random(seed)
        journal = real_journal(base, clock)
        console = journal.open_console("a")
        for number, packet in enumerate(machine_output(seed)):
            console.append(packet)
            if number % 40 == 39:
                console.event("note", f"note {number}")
            clock.advance(rng.choice([0.11, 0.2, 1.5]))
            if number % 3 == 0:
                journal.write_now()
            if rng.random() < 0.1:
                journal.write_now()
                if kills:
                    abandon(journal)
                    journal = real_journal(base, clock)
                    console = journal.open_console("a")
        clock.advance(60)
        assert journal.stop(1)
        texts.append(Written(base).text())
    untouched, killed = texts
    assert killed == untouched


def real_journal(base: Path, clock: Clock) -> Journal:
    settings = LogSettings(base / "log", group=None)
    return Journal(
        settings, base / "ring", wall=clock.wall, clock=clock.clock, disk=FileSystem(), cleaner=new_cleaner
    )


def test_the_real_cleaner_fits() -> None:
    cleaner: TextCleaner = new_cleaner(5.0)
    assert isinstance(cleaner, Cleaner)
    assert cleaner.feed(b"x\n", 3.0) == b"1970-01-01T00:00:05.000Z x\n"
