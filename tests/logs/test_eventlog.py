"""Lines of events.jsonl."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs.eventlog import LoggedEvent, parse_lines
from solmux.logs.stamps import micros_of_date

MOMENT = micros_of_date("2026-11-20T17:05:40.123Z")
OPENED = micros_of_date("2026-11-01T00:00:00Z")
UP = LoggedEvent(7, MOMENT, 4242, "up", "Console up", 4000, OPENED, 266, 3120, {"suite": 17})


def test_a_line_says_what_when_and_where_in_the_other_files() -> None:
    assert json.loads(UP.to_line()) == {
        "v": 1,
        "seq": 7,
        "time": "2026-11-20T17:05:40.123Z",
        "offset": 4242,
        "kind": "up",
        "text": "Console up",
        "suite": 17,
        "segment": 4000,
        "opened": "2026-11-01T00:00:00.000Z",
        "raw": 266,
        "log": 3120,
    }


@given(
    text=st.none() | st.text(max_size=30),
    fields=st.dictionaries(st.text(min_size=1, max_size=8), st.integers() | st.text(max_size=8), max_size=3),
    lost=st.integers(-5, 5),
)
@settings(max_examples=100)
def test_a_line_reads_back_as_what_was_written(
    text: str | None, fields: dict[str, object], lost: int
) -> None:
    own = {"v", "seq", "time", "offset", "kind", "text", "segment", "opened", "raw", "log"}
    wanted = {key: value for key, value in fields.items() if key not in own} | {"bytes": lost}
    event = LoggedEvent(1, MOMENT, 5, "gap", text, 0, OPENED, 17, None, wanted)
    line = event.to_line()
    assert line.count(b"\n") == 1
    assert LoggedEvent.from_line(line) == event
    assert event.lost == max(lost, 0)


def test_fields_of_the_same_name_do_not_hide_ours() -> None:
    event = LoggedEvent(1, MOMENT, 5, "up", None, 0, OPENED, 17, None, {"offset": 99})
    assert LoggedEvent.from_line(event.to_line()) == LoggedEvent(
        1, MOMENT, 5, "up", None, 0, OPENED, 17, None, {"offset_": 99}
    )


def test_a_value_json_does_not_know_is_written_as_text() -> None:
    event = LoggedEvent(1, MOMENT, 5, "up", None, 0, OPENED, 17, None, {"address": b"\x0a\x00"})
    assert json.loads(event.to_line())["address"] == "b'\\n\\x00'"


def test_a_text_without_end_is_cut() -> None:
    event = LoggedEvent(1, MOMENT, 5, "note", "x" * 1_000_000, 0, OPENED, 17, 20, {"who": "y" * 1_000_000})
    found = LoggedEvent.from_line(event.to_line())
    assert found is not None
    assert found.text == "x" * 1000
    assert found.log == 20
    assert isinstance(found.fields["cut"], int)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"7", b'{"v":2}', UP.to_line()[20:], UP.to_line()[:-9], b"\xff",
     UP.to_line().replace(b'"seq":7', b'"seq":-7'), UP.to_line().replace(b'"raw":266', b'"raw":true'),
     UP.to_line().replace(b"2026-11-20", b"2026-13-20"), b"[" * 100_000],
)  # fmt: skip
def test_a_line_that_is_none_is_skipped(line: bytes) -> None:
    assert LoggedEvent.from_line(line) is None


def test_a_tail_of_the_file_yields_its_whole_lines() -> None:
    assert parse_lines(UP.to_line()[9:] + UP.to_line() + b"garbage\n" + UP.to_line() + b'{"v":1,') == [UP, UP]
