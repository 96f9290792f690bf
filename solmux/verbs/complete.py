"""What may follow at the prompt: commands, names, options."""

from collections.abc import Iterator

from solmux.verbs.exits import UsageError
from solmux.verbs.grammar import split
from solmux.verbs.names import NameTable, beginnings
from solmux.verbs.table import VERBS, Names, Verb


def completions(line: str, table: NameTable) -> list[str]:
    """Return the words that may stand where *line* ends, in place of the word begun there; sorted."""
    begun = line[-1:] not in ("", " ", "\t")
    try:
        words = split(line)
    except UsageError:  # within quotes nothing is known
        return []
    before, word = (words[:-1], words[-1]) if begun else (words, "")
    return sorted(set(_candidates(before, word, table)))


def _candidates(before: list[str], word: str, table: NameTable) -> Iterator[str]:
    if not before:
        yield from _commands(word)
        yield from beginnings(table, word)
        return
    named = before[0] not in VERBS  # NAME VERB …
    if named and len(before) == 1:
        yield from _commands(word)
        return
    verb = VERBS.get(before[1] if named else before[0])
    if verb is None or not verb.built:
        return
    if word.startswith("-"):
        yield from _options(verb, word)
    elif verb.name == "help":
        yield from _commands(word)
    elif not named and _takes_more_names(verb, [arg for arg in before[1:] if not arg.startswith("-")]):
        yield from _names(table, word)


def _commands(word: str) -> Iterator[str]:
    return (verb.name for verb in VERBS.values() if verb.built and verb.name.startswith(word))


def _options(verb: Verb, word: str) -> Iterator[str]:
    return (form for option in verb.options if (form := f"--{option.name}").startswith(word))


def _takes_more_names(verb: Verb, words: list[str]) -> bool:
    return verb.names is Names.ALL or (verb.names in (Names.ONE, Names.WORD) and not words)


def _names(table: NameTable, word: str) -> Iterator[str]:
    """Yield names for the last item of a list such as `a,b,c`."""
    listed, comma, last = word.rpartition(",")
    return (f"{listed}{comma}{name}" for name in beginnings(table, last))
