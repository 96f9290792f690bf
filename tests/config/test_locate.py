"""Where keys stand in a file."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.config.locate import DEPTH_LIMIT, Position, locate
from solmux.config.text import KeyPath

TEXT = """\
# comment
[server]
runtime_directory = "/run"
a.b."c d" = 1

[consoles."server[01-64]"]
tags = [
  "a",  # one
  "b",
]
inline = { x = 1, "y" = [ { z = 2 } ], p.q = 3 }
\u00fc = 1
"""


@pytest.mark.parametrize(
    ("path", "position"),
    [
        (("server",), (2, 2)),
        (("server", "runtime_directory"), (3, 1)),
        (("server", "a"), (4, 1)),
        (("server", "a", "b", "c d"), (4, 1)),
        (("consoles", "server[01-64]"), (6, 2)),
        (("consoles", "server[01-64]", "tags"), (7, 1)),
        (("consoles", "server[01-64]", "tags", 0), (8, 3)),
        (("consoles", "server[01-64]", "tags", 1), (9, 3)),
        (("consoles", "server[01-64]", "inline", "x"), (11, 12)),
        (("consoles", "server[01-64]", "inline", "y", 0, "z"), (11, 29)),
        (("consoles", "server[01-64]", "inline", "p", "q"), (11, 40)),
    ],
)
def test_every_way_to_write_a_key_is_found(path: KeyPath, position: Position) -> None:
    assert locate(TEXT).positions[path] == position


def test_the_nearest_table_stands_in_for_what_is_not_there() -> None:
    places = locate(TEXT)
    assert places.find(("server", "state_directory")) == (3 - 1, 2)
    assert places.find(("server", "a", "b", "nothing", 0, "x")) == (4, 1)
    assert places.find(("users",)) is None


def test_tables_in_lists_are_numbered() -> None:
    places = locate("[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\nz = 4\n")
    assert places.positions[("a", 0, "x")] == (2, 1)
    assert places.positions[("a", 1, "x")] == (4, 1)
    assert places.positions[("a", 1, "b", "y")] == (6, 1)
    assert places.positions[("a", 1, "c", 0, "z")] == (8, 1)


def test_columns_count_characters() -> None:
    assert locate('a = { "ü" = 1, b = 2 }').positions[("a", "b")] == (1, 16)


def test_keys_written_twice_are_noted() -> None:
    assert locate("[a]\nx = 1\ny = 2\nx = 3\n").repeated == [(("a", "x"), (4, 1))]


def test_keys_before_and_after_a_syntax_error_are_found() -> None:
    places = locate("a = 1\nb = = 2\nc = 3\n")
    assert places.positions[("a",)] == (1, 1)
    assert places.positions[("c",)] == (3, 1)


def test_deep_nesting_ends_at_the_limit_and_not_in_the_interpreter() -> None:
    deep = 20_000
    assert max(map(len, locate("a = " + "[" * deep + "]" * deep).positions)) <= DEPTH_LIMIT
    assert max(map(len, locate(".".join(["a"] * 400) + " = 1").positions)) <= DEPTH_LIMIT
    assert locate(".".join(["a"] * deep) + " = 1").positions == {}


KEYS = st.sampled_from(["a", "b", "server", '"x y"', "'q'", '"\\u00e9"'])
VALUES = st.recursive(
    st.sampled_from(["1", "true", '"text"', "'raw'", "2026-11-20", '"""a\nb"""']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)


def paths_of(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, inner in items for deeper in paths_of(inner, (*path, key)))]


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_value_that_tomllib_reads_has_a_place(tables: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    places = locate(text)
    for path in paths_of(tomllib.loads(text))[1:]:
        line, column = places.positions[path]
        assert line >= 1
        assert 1 <= column <= len(text.split("\n")[line - 1])


@given(st.text(max_size=60))
def test_any_text_is_looked_through(text: str) -> None:
    locate(text)
