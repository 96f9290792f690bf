"""Stamps and event lines, written and read back."""

import pytest

from solmux.logs.log_lines import (
    STAMP_LENGTH,
    StampClock,
    event_line,
    parse_event,
    parse_stamp,
    printable,
    shows_as_is,
)

WALL = 1795194340.123


def test_stamp_is_utc_with_milliseconds_and_a_blank() -> None:
    stamp = StampClock().stamp(WALL)
    assert stamp == b"2026-11-20T17:05:40.123Z "
    assert len(stamp) == STAMP_LENGTH
    assert parse_stamp(stamp + b"login: ") == pytest.approx(WALL, abs=1e-6)


def test_stamps_never_decrease() -> None:
    clock = StampClock(WALL)
    assert [clock.stamp(wall)[14:23] for wall in (0.0, WALL + 2, WALL + 1, WALL + 3)] == [
        b"05:40.123",
        b"05:42.123",
        b"05:42.123",
        b"05:43.123",
    ]


@pytest.mark.parametrize("wall", [-5.0, 0.0, 1e30])
def test_a_clock_beyond_reason_still_gives_a_stamp(wall: float) -> None:
    assert parse_stamp(StampClock().stamp(wall)) is not None


def test_event_line_has_conservers_shape_and_reads_back() -> None:
    line = event_line("GAP 17:00:00..17:05:40: BMC unreachable", WALL)
    assert line == b"[-- GAP 17:00:00..17:05:40: BMC unreachable -- 2026-11-20T17:05:40Z]\n"
    assert parse_event(line) == ("GAP 17:00:00..17:05:40: BMC unreachable", 1795194340.0)


def test_event_text_that_ends_like_an_event_is_read_back_whole() -> None:
    text = "NOTE -- alice: [-- x -- 2026-01-01T00:00:00Z]"
    assert parse_event(event_line(text, WALL)) == (text, 1795194340.0)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[-- ",
        b"2026-11-20T17:05:40.123Z",
        b"2026-13-20T17:05:40.123Z x",
        b"[-- x -- 2026-11-20T25:05:40Z]",
        b"[-- x -- 2026-11-20T17:05:40Z] y",
        b"x [-- x -- 2026-11-20T17:05:40Z]",
    ],
)
def test_other_lines_are_neither_stamped_nor_events(line: bytes) -> None:
    assert parse_stamp(line) is None
    assert parse_event(line) is None


def test_printable_leaves_text_and_shows_what_hides() -> None:
    assert printable("tab\tand\nline, Grüße 漢字 😀") == "tab\tand\nline, Grüße 漢字 😀"
    assert printable("\x1b[2J\u202e\udcff\ud800") == "\\x1b[2J\\xe2\\x80\\xae\\xff\\xed\\xa0\\x80"


def test_bytes_that_show_as_they_are() -> None:
    assert shows_as_is("Grüße 漢字".encode())
    assert not shows_as_is(b"\xff")
    assert not shows_as_is("\u202e".encode())
