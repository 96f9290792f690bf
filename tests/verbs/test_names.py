"""From words to consoles."""
# ruff: noqa: E501 - messages are compared as a whole

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solmux.verbs.exits import NoSuchConsoleError, UsageError
from solmux.verbs.names import NameTable, beginnings

RACK7 = tuple(f"server{number}" for number in range(40, 50))
TABLE = NameTable(
    consoles=("db", "shell1", "shell2", *RACK7, "web-1"),
    aliases={"database": "db", "s42": "server42", "www": "web-1"},
    tags={"rack7": RACK7, "odd": ("server41", "web-1")},
)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["db"], ["db"]),
        (["database"], ["db"]),
        (["web-1", "db"], ["web-1", "db"]),
        (["web-1,db"], ["web-1", "db"]),
        (["db,database,db"], ["db"]),
        (["server[42-44]"], ["server42", "server43", "server44"]),
        (["server[41,43],db"], ["server41", "server43", "db"]),
        (["s[42]"], ["server42"]),
        (["shell*"], ["shell1", "shell2"]),
        (["shell?"], ["shell1", "shell2"]),
        (["*"], list(TABLE.consoles)),
        (["*********1"], ["shell1", "server41", "web-1"]),
        (["ww*"], ["web-1"]),
        (["d*"], ["db"]),
        (["@odd"], ["server41", "web-1"]),
        (["server41", "@odd,@rack7"], ["server41", "web-1", *(name for name in RACK7 if name != "server41")]),
        ([], []),
    ],
)
def test_words_come_to_consoles_each_once(words: list[str], names: list[str]) -> None:
    assert list(TABLE.several(words)) == names


@pytest.mark.parametrize(
    ("word", "name"), [("d", "db"), ("data", "db"), ("web", "web-1"), ("shell1", "shell1"), ("ww", "web-1")]
)
def test_the_beginning_of_one_name_will_do_to_read(word: str, name: str) -> None:
    assert TABLE.one(word, guess=True) == name


@pytest.mark.parametrize("word", ["d", "data", "web", "ww"])
def test_the_beginning_of_a_name_will_not_do_to_act(word: str) -> None:
    with pytest.raises(NoSuchConsoleError, match=f"no such console: {word}"):
        TABLE.several((word,))


def test_a_name_that_is_the_beginning_of_others_is_itself() -> None:
    table = NameTable(("node1", "node10", "node11"))
    assert table.one("node1", guess=True) == "node1"


def test_an_alias_and_its_console_beginning_alike_are_one() -> None:
    assert NameTable(("server1", "x"), {"server-one": "server1"}).one("serv", guess=True) == "server1"


@pytest.mark.parametrize(
    ("word", "error", "suggestions"),
    [
        ("srever42", "no such console: srever42 (did you mean server42 or server49 or server48?)", 3),
        ("SERVER42", "no such console: SERVER42 (did you mean server42 or server49 or server48?)", 3),
        ("databse", "no such console: databse (did you mean database?)", 1),
        ("zzz", "no such console: zzz", 0),
        ("", "no such console: ", 0),
        ("a\x1b[2J", "a\\u001b", None),
        ("@rack8", 'no console has the tag "rack8" (did you mean @rack7?)', 1),
        ("@", 'no console has the tag ""', 0),
        ("server[48-51]", 'no such console: server50, server51 of "server[48-51]"', 0),
        (
            "server[50-99]",
            'no such console: server50, server51, server52, server53, server54 and 45 more of "server[50-99]"',
            0,
        ),
        ("zz*", 'no console matches "zz*"', 0),
        ("a,,b", "no such console: a", None),
    ],
)
def test_what_names_nothing_is_told_with_what_may_have_been_meant(
    word: str, error: str, suggestions: int | None
) -> None:
    if "[2J" in word:  # brackets: taken for a range, and refused as one
        with pytest.raises(UsageError, match="not a host range"):
            TABLE.several((word,))
        return
    with pytest.raises(NoSuchConsoleError) as caught:
        TABLE.several((word,), guess=True)
    assert str(caught.value).startswith(error)
    assert caught.value.exit_code == 3
    if suggestions is not None:
        assert str(caught.value) == error
        assert len(caught.value.suggestions) == suggestions


def test_the_beginning_of_several_names_is_told() -> None:
    with pytest.raises(NoSuchConsoleError) as caught:
        TABLE.one("sh", guess=True)
    assert str(caught.value) == '"sh" is the beginning of 2 consoles: shell1, shell2'
    assert caught.value.suggestions == ("shell1", "shell2")


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("server[4-2]", '"server[4-2]": [4-2] counts backwards or not at all'),
        ("server[1-99999999]", '"server[1-99999999]": stands for 99999999 names, and 10000 are the limit'),
        ("server[4*]", '"server[4*]": a range and a wildcard do not go together'),
        ("server[a-c]", '"server[a-c]": not a host range such as server[01-64] or r[1-4]n[01,05-09]'),
        ("server[", '"server[": not a host range such as server[01-64] or r[1-4]n[01,05-09]'),
        ("*" + "?" * 300, "a wildcard has at most 200 characters"),
        ("a," * 10_000, "a list of names has at most 16384 characters"),
    ],
)
def test_words_that_cannot_be_names_are_told(word: str, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        TABLE.several((word,))
    assert str(caught.value) == error


def test_one_console_is_one() -> None:
    assert TABLE.one("database") == "db"
    with pytest.raises(UsageError) as caught:
        TABLE.one("@rack7")
    assert str(caught.value) == (
        '"@rack7" names 10 consoles, and one is wanted: server40, server41, server42, server43, server44 and 5 more'
    )


@given(st.lists(st.text(alphabet="dbserv421*?[]-,@ \x1b", max_size=12), max_size=3), st.booleans())
@example(["?" * 64 + "*"], True)
def test_any_words_come_to_known_consoles_or_are_refused(words: list[str], guess: bool) -> None:
    try:
        names = TABLE.several(words, guess=guess)
    except (NoSuchConsoleError, UsageError) as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is right, but nothing for a terminal
        return
    assert set(names) <= set(TABLE.consoles)
    assert len(set(names)) == len(names)


def test_names_are_found_fast_among_many() -> None:
    table = NameTable(tuple(f"server{number:05}" for number in range(10_000)))
    started = time.process_time()
    with pytest.raises(NoSuchConsoleError) as caught:
        table.one("sevrer04242")
    assert "server04242" in caught.value.suggestions
    assert len(table.several(("server[00000-09999]",))) == 10_000
    assert len(table.several(("*4?",))) == 1000
    assert time.process_time() - started < 1.0


def test_beginnings_are_offered_for_completion() -> None:
    assert list(beginnings(TABLE, "s4")) == ["s42"]
    assert list(beginnings(TABLE, "web")) == ["web-1"]
    assert list(beginnings(TABLE, "@")) == ["@rack7", "@odd"]
