"""Keys and values as messages show them."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.config.text import KeyPath, is_secret, key_text, nearest, quoted, value_text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("bmc", "username"), "bmc.username"),
        (("consoles", "server[01-64]", "tags", 2), 'consoles."server[01-64]".tags[2]'),
        (("", 'a"b'), '""."a\\"b"'),
        (("a\n", "b"), '"a\\n".b'),
        ((), ""),
    ],
)
def test_a_key_is_shown_as_it_would_be_written(path: KeyPath, text: str) -> None:
    assert key_text(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("17", '"17"'),
        (17, "17"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ([1], "a list"),
        ({"a": 1}, "a table"),
        (date(2026, 11, 20), "2026-11-20"),
        (datetime(2026, 11, 20, 17, 5), "2026-11-20T17:05:00"),
        (time(17, 5), "17:05:00"),
        (10**18, "a number"),
        ("x" * 100, f'"{"x" * 60}…"'),
    ],
)
def test_a_value_is_shown_as_it_would_be_written(value: object, text: str) -> None:
    assert value_text(value, hide=False) == text


@pytest.mark.parametrize(
    ("value", "text"), [("s3cret", "a string"), (12345, "a number"), (["s3cret"], "a list"), (True, "true")]
)
def test_a_hidden_value_shows_its_kind_only(value: object, text: str) -> None:
    assert value_text(value, hide=True) == text


def test_a_number_too_long_for_python_to_write_is_shown_as_one() -> None:
    assert value_text(16**5000, hide=False) == "a number"


@given(st.text(max_size=80))
def test_quoted_text_does_nothing_to_a_terminal(text: str) -> None:
    assert quoted(text).isprintable()


def test_keys_that_might_hold_a_secret_are_known() -> None:
    assert all(map(is_secret, ("password", "Passwd", "kg", "ipmikg", "client_secret", "api_token")))
    assert not any(map(is_secret, ("username", "address", "steal", "size")))


def test_the_nearest_word_is_found() -> None:
    assert nearest("Usrname", ["address", "username"]) == "username"
    assert nearest("zzz", ["address", "username"]) is None
