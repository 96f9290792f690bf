"""What a login name selects."""

import pytest

from solmux.verbs.exits import NoSuchConsoleError
from solmux.verbs.login import Login, parse_login
from solmux.verbs.names import NameTable

TABLE = NameTable(("server42", "carol", "a"), {"db": "server42"})


def login(name: str) -> Login:
    return parse_login(name, TABLE, console_names=("console", "con"), own_name="alice")


@pytest.mark.parametrize(
    ("name", "selected"),
    [
        ("console", Login()),
        ("con", Login()),
        ("alice", Login()),
        ("server42", Login("server42")),
        ("db", Login("server42")),
        ("alice+server42", Login("server42", "alice")),
        ("alice:db", Login("server42", "alice")),
        ("bob+server42", Login("server42", "bob")),
        ("console+server42", Login("server42")),
        ("+server42", Login("server42")),
    ],
)
def test_a_login_name_selects_a_console_or_none(name: str, selected: Login) -> None:
    assert login(name) == selected


def test_a_console_called_like_its_visitor_is_the_console() -> None:
    assert parse_login("carol", TABLE, console_names=("console",), own_name="carol") == Login("carol")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("root", "no such console: root"),
        ("bob", "no such console: bob"),
        ("server4", "no such console: server4 (did you mean server42?)"),
        ("alice+server24", "no such console: server24 (did you mean server42?)"),
        ("alice+console", "no such console: console"),
        ("alice+server42+db", "no such console: server42+db (did you mean server42?)"),
        ("alice+", "no such console: "),
        ("server*", "no such console: server*"),
        ("\x1b]0;x", "no such console: \\u001b]0;x"),
    ],
)
def test_any_other_name_is_an_unknown_console(name: str, error: str) -> None:
    with pytest.raises(NoSuchConsoleError) as caught:
        login(name)
    assert str(caught.value).startswith(error)
    assert caught.value.exit_code == 3
