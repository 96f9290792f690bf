"""What help says."""

from dataclasses import replace

import pytest

from solmux.verbs.exits import UsageError
from solmux.verbs.grammar import parse
from solmux.verbs.manual import _EXAMPLES, overview, page
from solmux.verbs.table import VERBS, usage


def test_the_overview_has_every_verb_of_this_version_and_no_other() -> None:
    listed = {line.split()[0] for line in overview().splitlines() if line.startswith("  ")}
    assert listed == {verb.name for verb in VERBS.values() if verb.built}


@pytest.mark.parametrize("name", [verb.name for verb in VERBS.values() if verb.built])
def test_a_page_has_usage_and_every_option(name: str) -> None:
    text = page(name)
    assert text.startswith(f"{name} - {VERBS[name].summary}\n\n  {usage(VERBS[name])}\n\n")
    assert all(f"--{option.name}" in text for option in VERBS[name].options)
    assert "Exit codes: 0 done" in text


@pytest.mark.parametrize("name", [verb.name for verb in VERBS.values() if not verb.built])
def test_what_is_still_to_come_says_so(name: str) -> None:
    assert page(name) == f"{name} - {VERBS[name].summary}\n\nNot in this version.\n"


@pytest.mark.parametrize("text", [overview(), *map(page, VERBS)])
def test_pages_fit_a_terminal(text: str) -> None:
    assert max(map(len, text.splitlines())) <= 108
    assert text.endswith("\n")
    assert "\n\n\n" not in text


@pytest.mark.parametrize(("name", "example"), [(name, e) for name, all_ in _EXAMPLES.items() for e in all_])
def test_the_examples_are_commands(name: str, example: str) -> None:
    every_verb = {name: replace(verb, built=True) for name, verb in VERBS.items()}
    assert parse(example, None, every_verb).verb == name


def test_a_page_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        page("atach")
    assert str(caught.value) == 'no such command: "atach", did you mean attach?'
    with pytest.raises(UsageError, match="no such command"):
        page("zzz")
