"""From words that people write to consoles: names, aliases, wildcards, host ranges, tags, first letters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from solmux.config.names import RangeError, expand, split_list
from solmux.config.text import quoted
from solmux.verbs.exits import NoSuchConsoleError, UsageError

WORD_LIMIT = 16 << 10  # characters of one list of names
PATTERN_LIMIT = 200  # characters of one word with wildcards
SHOWN = 5  # names in a message
CLOSE_LOOKED_AT = 300  # names compared letter by letter: the comparison is slow, and typos are near


@dataclass(frozen=True, slots=True)
class NameTable:
    """What there is to name.

    Attributes:
      consoles: every console, in the order of the configuration.
      aliases: alias -> console.
      tags: tag -> its consoles.
    """

    consoles: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _known: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the names."""
        object.__setattr__(self, "_known", frozenset(self.consoles))

    def exact(self, word: str) -> str | None:
        """Return the console called *word*, by name or alias."""
        return word if word in self._known else self.aliases.get(word)

    def one(self, word: str, *, guess: bool = False) -> str:
        """Return the one console that *word* comes to; raises `NoSuchConsoleError` or `UsageError`."""
        names = self.several((word,), guess=guess)
        if len(names) > 1:
            raise UsageError(f"{quoted(word)} names {len(names)} consoles, and one is wanted: {_some(names)}")
        return names[0]

    def several(self, words: Iterable[str], *, guess: bool = False) -> tuple[str, ...]:
        """Return the consoles that *words* come to, each once, in the order of the words.

        Every word must come to something, and every name of a range must exist: what acts on many machines is
        not to be started by a slip of the finger. With *guess*, the beginning of one name will do for it.
        Raises `NoSuchConsoleError` or `UsageError`.
        """
        names: dict[str, None] = {}
        for word in words:
            if len(word) > WORD_LIMIT:
                raise UsageError(f"a list of names has at most {WORD_LIMIT} characters")
            for item in split_list(word):
                names.update(dict.fromkeys(self._resolve(item, guess=guess)))
        return tuple(names)

    def _resolve(self, item: str, *, guess: bool) -> Iterable[str]:
        if item.startswith("@"):
            return self._tagged(item)
        has_wildcard = "*" in item or "?" in item
        if "[" in item or "]" in item:
            if has_wildcard:
                raise UsageError(f"{quoted(item)}: a range and a wildcard do not go together")
            return self._range(item)
        if has_wildcard:
            return self._matching(item)
        name = self.exact(item)
        if name is None and guess and item:
            name = self._beginning(item)
        if name is None:
            raise self.unknown(item)
        return (name,)

    def _tagged(self, item: str) -> tuple[str, ...]:
        names = self.tags.get(item[1:], ())
        if not names:
            near = tuple(f"@{tag}" for tag in _near(item[1:], self.tags))
            raise NoSuchConsoleError(
                f"no console has the tag {quoted(item[1:])}{_did_you_mean(near)}", item, near
            )
        return names

    def _range(self, item: str) -> list[str]:
        try:
            expanded = expand(item)
        except RangeError as error:
            raise UsageError(f"{quoted(item)}: {error}") from None
        missing = [name for name in expanded if self.exact(name) is None]
        if missing:
            raise NoSuchConsoleError(f"no such console: {_some(missing)} of {quoted(item)}", item)
        return [name for word in expanded if (name := self.exact(word)) is not None]

    def _matching(self, item: str) -> list[str]:
        pattern = _collapse(item)
        if len(pattern) > PATTERN_LIMIT:
            raise UsageError(f"a wildcard has at most {PATTERN_LIMIT} characters")
        matching = {self.aliases[alias] for alias in self.aliases if fnmatchcase(alias, pattern)}
        names = [name for name in self.consoles if name in matching or fnmatchcase(name, pattern)]
        if not names:
            raise NoSuchConsoleError(f"no console matches {quoted(item)}", item)
        return names

    def _beginning(self, item: str) -> str | None:
        """Return the one console with a name or alias that begins with *item*; raises if there are more."""
        names = {name: None for name in self.consoles if name.startswith(item)}
        names.update((self.aliases[alias], None) for alias in self.aliases if alias.startswith(item))
        if len(names) > 1:
            found = tuple(names)
            text = f"{quoted(item)} is the beginning of {len(found)} consoles: {_some(found)}"
            raise NoSuchConsoleError(text, item, found[:SHOWN])
        return next(iter(names), None)

    def unknown(self, item: str) -> NoSuchConsoleError:
        """Return the error for a word that names nothing, with what may have been meant."""
        near = _near(item, [*self.consoles, *self.aliases])
        return NoSuchConsoleError(f"no such console: {quoted(item)[1:-1]}{_did_you_mean(near)}", item, near)


def _collapse(pattern: str) -> str:
    """Return *pattern* with each run of `*` as one: they mean the same and take longer."""
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern


def _near(word: str, choices: Iterable[str]) -> tuple[str, ...]:
    """Return the best of *choices* for a misspelt *word*, at most 3."""
    word = word[:64]
    nearest = sorted(choices, key=lambda choice: (-_shared(word, choice), abs(len(choice) - len(word))))
    by_folded = {choice.casefold(): choice for choice in reversed(nearest[:CLOSE_LOOKED_AT])}
    return tuple(by_folded[match] for match in get_close_matches(word.casefold(), by_folded, n=3, cutoff=0.7))


def _shared(one: str, other: str) -> int:
    """Count the letters that two words have in common at their beginning and their end."""
    return _common(one, other) + _common(one[::-1], other[::-1])


def _common(one: str, other: str) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _did_you_mean(near: tuple[str, ...]) -> str:
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _some(names: Iterable[str]) -> str:
    """Return the first of *names*, and how many there are beside them."""
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more


def beginnings(table: NameTable, text: str) -> Iterator[str]:
    """Yield every name, alias and `@tag` that begins with *text*: what completion offers."""
    yield from (name for name in (*table.consoles, *table.aliases) if name.startswith(text))
    yield from (f"@{tag}" for tag in table.tags if f"@{tag}".startswith(text))
