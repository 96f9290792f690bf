"""The table of verbs fits together."""

import subprocess
import sys

import pytest

from solmux.config.names import RESERVED, name_fault
from solmux.verbs.table import VERBS, Names, Rest, Verb, usage


def test_every_verb_is_reserved_and_every_reserved_word_is_a_verb() -> None:
    assert set(VERBS) == RESERVED
    assert all(name_fault(name) is not None for name in VERBS)


def test_every_verb_the_manual_of_ssh_promises_is_there() -> None:
    promised = (
        "ls status who attach watch tail log boots screen grep alerts send wait break sysrq take release"
        " reconnect repin power note show help boots diff alerts silence export verify index sensors sel bmc"
        " bootdev identify"
    )
    assert set(promised.split()) <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS.values(), ids=list(VERBS))
def test_a_verb_is_consistent(verb: Verb) -> None:
    assert verb.least <= verb.most
    assert verb.summary == verb.summary.strip()
    assert not verb.summary.endswith(".")
    assert verb.names is not Names.NONE or not verb.needs_names
    assert verb.rest is Rest.WORDS or verb.most == 0
    assert (verb.most == 0 and verb.rest is Rest.WORDS) == (verb.arguments == "") or not verb.built
    letters = [option.letter for option in verb.options if option.letter]
    names = [option.name for option in verb.options]
    assert len(set(letters)) == len(letters)
    assert len(set(names)) == len(names)
    assert all(len(letter) == 1 for letter in letters)
    assert all(len(name) > 1 for name in names)


def test_what_acts_never_guesses_a_name() -> None:
    guessing = {verb.name for verb in VERBS.values() if verb.guesses and verb.built}
    assert guessing == {"ls", "status", "who", "attach", "watch", "tail", "log", "screen", "help"}


def test_listings_speak_json() -> None:
    assert [verb.name for verb in VERBS.values() if verb.option("json")] == ["ls", "status", "who", "grep"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ls", "ls [-q] [--json] [NAMES…]"),
        ("attach", "attach [-r] [-f] NAME"),
        ("tail", "tail [-n COUNT] [-f] NAMES…"),
        ("send", "send [-n] NAMES [TEXT]"),
        ("wait", "wait [-t TIME] NAMES PATTERN"),
        ("grep", "grep [--on NAMES] [--json] PATTERN…"),
        ("sysrq", "sysrq NAMES KEY"),
        ("help", "help [COMMAND]"),
    ],
)
def test_usage_is_one_line(name: str, line: str) -> None:
    assert usage(VERBS[name]) == line


def test_an_option_is_found_by_name_and_letter() -> None:
    tail = VERBS["tail"]
    assert tail.option("lines") is tail.option("n") is not None
    assert tail.option("") is None
    assert tail.option("x") is None


def test_the_verbs_import_nothing_that_takes_time() -> None:
    script = (
        "import sys, solmux.verbs.complete, solmux.verbs.grammar, solmux.verbs.login, solmux.verbs.manual,"
        " solmux.verbs.names, solmux.verbs.render;"
        "heavy = {'trio', 'asyncio', 'asyncssh', 'pydantic', 'rich', 'ClusterShell'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
