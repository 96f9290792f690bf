"""Keys and values of the file as error messages show them: on one line, nothing a terminal would act on."""

import difflib
import re
from collections.abc import Iterable
from datetime import date, time

KeyPath = tuple[str | int, ...]  # of a value: keys of tables, indices of lists

SHOWN_LIMIT = 60  # characters of a value in a message
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SECRET = re.compile(r"pass|secret|kg|k_g|token|credential", re.IGNORECASE)
_ESCAPES = str.maketrans({"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"})


def quoted(text: str) -> str:
    """Return *text* in quotes, cut at `SHOWN_LIMIT`."""
    cut = text if len(text) <= SHOWN_LIMIT else text[:SHOWN_LIMIT] + "…"
    return '"' + printable(cut.translate(_ESCAPES)) + '"'


def printable(text: str) -> str:
    """Return *text* with everything escaped that is not to be seen."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def key_text(path: KeyPath) -> str:
    """Return *path* as it would be written: `consoles."server[01-64]".tags[2]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else quoted(part))
    return text


def is_secret(key: str) -> bool:
    """Whether the value of *key* might be a secret somebody wrote by mistake, and must not be shown."""
    return _SECRET.search(key) is not None


def value_text(value: object, *, hide: bool) -> str:
    """Return *value* as it would be written, or with *hide* what kind of value it is."""
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case str():
            return "a string" if hide else quoted(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number" if hide or abs(value) >= 10**18 else str(value)
        case date() | time():
            return "a date or time" if hide else value.isoformat()
    return "something else"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the one of *choices* that *word* was probably meant to be, if any."""
    matches = difflib.get_close_matches(word.casefold(), choices, n=1, cutoff=0.6)
    return matches[0] if matches else None
