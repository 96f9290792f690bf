"""Answers as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.verbs.render import age_text, json_lines, ls_names, ls_text, status_text, who_text

WALL = 1_795_194_340.0  # 2026-11-20T17:05:40Z
UP = {
    "name": "server41",
    "state": "up",
    "reason": "",
    "since": WALL - 93_600,
    "last_output": WALL - 3,
    "writer": "alice@10.0.0.7",
    "watchers": 2,
    "address": "10.0.0.41:623",
    "suite": 17,
    "offset": 123_456,
    "counters": {"duplicate": 3, "short": 0, "out_of_window": 1},
}
HELD = {
    "name": "s2",
    "state": "held",
    "reason": "somebody else has the SOL session: ADMIN from 10.0.0.5",
    "since": WALL - 1500,
    "last_output": None,
    "writer": "",
    "watchers": 0,
    "address": "10.0.0.42:623",
    "suite": None,
    "offset": 0,
    "counters": {},
}


def test_ls_is_a_table() -> None:
    assert ls_text([UP, HELD], WALL) == (
        "NAME      STATE  SINCE  OUTPUT  WRITER          WATCHERS  REASON\n"
        "server41  up     1d02h  3s      alice@10.0.0.7  2\n"
        "s2        held   25m    -       -               0         "
        "somebody else has the SOL session: ADMIN from 10.0.0.5\n"
    )


def test_a_reason_that_only_repeats_the_state_is_not_shown() -> None:
    row = {**UP, "reason": "up"}
    assert ls_text([row], WALL) == ls_text([UP], WALL)
    assert status_text([row], WALL) == status_text([UP], WALL)


def test_nothing_to_list_is_nothing() -> None:
    assert (
        ls_text([], WALL)
        == ls_text([], WALL, 80)
        == ls_names([])
        == status_text([], WALL)
        == json_lines([])
        == ""
    )


def test_names_only_are_one_a_line() -> None:
    assert ls_names([UP, HELD]) == "server41\ns2\n"


def test_on_a_terminal_states_have_colours_and_reasons_are_folded() -> None:
    assert ls_text([UP, HELD], WALL, 80) == (
        "\x1b[1mNAME    \x1b[0m  \x1b[1mSTATE\x1b[0m  \x1b[1mSINCE\x1b[0m  \x1b[1mOUTPUT\x1b[0m  "
        "\x1b[1mWRITER        \x1b[0m  \x1b[1mWATCHERS\x1b[0m  REASON\n"
        "server41  \x1b[32mup   \x1b[0m  1d02h  3s      alice@10.0.0.7  2\n"
        "s2        \x1b[33mheld \x1b[0m  25m    -       -               0         somebody else has the\n"
        "                                                          SOL session: ADMIN\n"
        "                                                          from 10.0.0.5\n"
    )


def test_on_the_narrowest_terminal_no_name_is_cut() -> None:
    assert "server41" in ls_text([UP, HELD], WALL, 10)


def test_status_is_a_paragraph_each() -> None:
    assert (
        status_text([UP, HELD], WALL)
        == """\
server41: up
  since         2026-11-19T15:05:40Z (1d02h ago)
  address       10.0.0.41:623
  cipher suite  17
  last output   2026-11-20T17:05:37Z (3s ago)
  bytes so far  123456
  writer        alice@10.0.0.7
  watchers      2
  counters      duplicate 3, out_of_window 1

s2: held, somebody else has the SOL session: ADMIN from 10.0.0.5
  since         2026-11-20T16:40:40Z (25m ago)
  address       10.0.0.42:623
  cipher suite  -
  last output   -
  bytes so far  0
  writer        -
  watchers      0
  counters      -
"""
    )


def test_fields_that_are_missing_or_odd_are_unknown() -> None:
    assert (
        status_text([{"name": "x", "since": 1e30, "last_output": "soon"}], WALL)
        == """\
x: -
  since         -
  address       -
  cipher suite  -
  last output   -
  bytes so far  -
  writer        -
  watchers      -
"""
    )


@pytest.mark.parametrize("since", [float("inf"), float("-inf"), float("nan"), 10**400, True, "now"])
def test_a_time_that_no_clock_shows_is_unknown(since: object) -> None:
    assert ls_text([{"name": "x", "since": since}], WALL).splitlines()[1].split() == ["x", *"-----"]


def test_who_is_a_table() -> None:
    rows = [
        {
            "console": "server42",
            "person": "alice",
            "address": "10.0.0.7",
            "mode": "write",
            "since": WALL - 61,
        },
        {"console": "db", "person": "bob", "address": "", "mode": "watch", "since": WALL},
    ]
    assert who_text(rows, WALL) == (
        "CONSOLE   PERSON  FROM      MODE   SINCE\n"
        "server42  alice   10.0.0.7  write  1m\n"
        "db        bob     -         watch  0s\n"
    )


def test_json_is_one_object_a_line() -> None:
    assert [json.loads(line) for line in json_lines([UP, HELD]).splitlines()] == [UP, HELD]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h00m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (864_000 + 3600 * 4, "10d04h"),
    ],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


@given(
    st.dictionaries(
        st.sampled_from(sorted(UP)), st.text(max_size=8) | st.floats() | st.none() | st.booleans()
    )
)
def test_no_row_does_anything_to_a_terminal(row: dict[str, object]) -> None:
    for text in (ls_text([row], WALL), status_text([row], WALL), ls_names([row])):
        assert text.replace("\n", "").isprintable()
        assert len(text.splitlines()) == text.count("\n")
