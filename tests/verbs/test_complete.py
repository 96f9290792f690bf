"""What may follow at the prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.verbs.complete import completions
from solmux.verbs.names import NameTable

TABLE = NameTable(("server41", "server42", "web"), {"www": "web"}, {"rack7": ("server41",)})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("st", ["status"]),
        ("server4", ["server41", "server42"]),
        ("@", ["@rack7"]),
        ("w", ["watch", "web", "who", "www"]),
        ("server42 st", ["status"]),
        ("server42 po", []),
        ("status w", ["web", "www"]),
        ("status web ser", ["server41", "server42"]),
        ("log web ser", []),
        ("log -f web", ["web"]),
        ("attach web ser", []),
        ("server42 log ser", []),
        ("server42 log --", ["--follow", "--lines"]),
        ("attach --re", ["--read-only"]),
        ("status web,ser", ["web,server41", "web,server42"]),
        ("help at", ["attach"]),
        ("boots s", []),
        ("zz st", ["status"]),
        ("zz zz s", []),
        ("status 'we", []),
    ],
)
def test_words_are_completed(line: str, words: list[str]) -> None:
    assert completions(line, TABLE) == words


def test_after_a_blank_everything_that_fits_is_offered() -> None:
    assert completions("log ", TABLE) == ["@rack7", "server41", "server42", "web", "www"]
    assert set(completions("", TABLE)) > {"ls", "attach", "server41", "@rack7"}


@given(st.text(max_size=40))
def test_any_line_can_be_completed(line: str) -> None:
    assert completions(line, TABLE) == sorted(set(completions(line, TABLE)))
