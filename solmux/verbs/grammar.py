"""The words of a command as SSH brings them: one string, whose quotes the client's shell has taken away.

    [NAME] VERB [OPTIONS] [NAMES] [ARGUMENTS]

Quotes of either kind group words; a backslash is itself. After `send`, `wait` and `note` with their names and
options, one blank, and then everything counts as it stands.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from solmux.config.text import quoted
from solmux.config.units import DURATION_WORDS, parse_duration
from solmux.verbs.exits import UsageError
from solmux.verbs.table import VERBS, Names, Option, Rest, Value, Verb, usage

COMMAND_LIMIT = 64 << 10  # characters
COUNT_LIMIT = 1_000_000
BLANKS = " \t\r\n"

OptionValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for.

    Attributes:
      verb: one of `VERBS`; empty when only a console was named: attach to it, or watch it without a terminal.
      names: words that name consoles, as written (`names.NameTable` resolves them); none for all or none.
      arguments: what follows the names, for most verbs.
      text: what follows the names of a verb that takes text, None if nothing does.
      options: long name of an option -> its value, True if it has none.
    """

    verb: str
    names: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    text: str | None = None
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def words(self) -> tuple[str, ...]:
        """Return the request as a list of words that `from_words` understands: verb, names, the rest."""
        rest = self.arguments if self.text is None else (self.text,)
        return (self.verb, ",".join(self.names), *rest)

    @classmethod
    def from_words(cls, words: tuple[str, ...], options: Mapping[str, OptionValue]) -> Self:
        """Return the request that `words` were made of; raises `UsageError` for anything else."""
        verb = VERBS.get(words[0]) if words else None
        if verb is None or len(words) < 2:
            raise UsageError("not a request")
        names = (words[1],) if words[1] else ()
        rest = words[2:]
        if verb.rest is Rest.WORDS:
            return cls(verb.name, names, arguments=rest, options=options)
        if len(rest) > 1:
            raise UsageError("not a request")
        return cls(verb.name, names, text=rest[0] if rest else None, options=options)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command.

    Attributes:
      text: without the quotes.
      end: where in the command it ends.
      quoted: whether some of it stood in quotes; it is then no option and no verb.
    """

    text: str
    end: int
    quoted: bool


def next_word(command: str, start: int) -> Word | None:
    """Return the first word from *start* on, None if there is none; raises `UsageError` for an open quote."""
    at = start
    while at < len(command) and command[at] in BLANKS:
        at += 1
    if at == len(command):
        return None
    pieces = []
    has_quotes = False
    while at < len(command) and command[at] not in BLANKS:
        if command[at] in "'\"":
            closing = command.find(command[at], at + 1)
            if closing < 0:
                raise UsageError(f"a quote is not closed: {quoted(command[at:])}")
            pieces.append(command[at + 1 : closing])
            has_quotes = True
            at = closing + 1
        else:
            begin = at
            while at < len(command) and command[at] not in BLANKS and command[at] not in "'\"":
                at += 1
            pieces.append(command[begin:at])
    return Word("".join(pieces), at, has_quotes)


def split(command: str) -> list[str]:
    """Return the words of *command*; raises `UsageError` for an open quote."""
    words = []
    at = 0
    while (word := next_word(command, at)) is not None:
        words.append(word.text)
        at = word.end
    return words


def parse(command: str, target: str | None = None, verbs: Mapping[str, Verb] = VERBS) -> Request:
    """Return what *command* asks for; *target* is the console that the login name selected, if any.

    Raises `UsageError`, for a verb that this version lacks too.
    """
    if len(command) > COMMAND_LIMIT:
        raise UsageError(f"a command has at most {COMMAND_LIMIT} characters")
    word = next_word(command, 0)
    if word is not None and not word.quoted and word.text in ("-h", "--help"):
        return Request("help")
    if word is not None and _verb(word, verbs) is None:
        if target is not None:
            raise UsageError(
                _no_such_verb(word.text, verbs) + f" (the console is {target}, by the login name)"
            )
        if word.text.startswith("-") and not word.quoted:
            raise UsageError(f"{quoted(word.text)} is an option of no command: the command comes first")
        target, start = word.text, word.end
        word = next_word(command, start)
    names = () if target is None else (target,)
    if word is None:
        return Request("", names)
    verb = _verb(word, verbs)
    if verb is None:
        raise UsageError(_no_such_verb(word.text, verbs))
    if not verb.built:
        raise UsageError(f"{verb.name}: not in this version")
    return _Reader(command, word.end, verb, names).read()


def _verb(word: Word, verbs: Mapping[str, Verb]) -> Verb | None:
    return None if word.quoted else verbs.get(word.text)


def _no_such_verb(word: str, verbs: Mapping[str, Verb]) -> str:
    near = difflib.get_close_matches(word[:64], [verb.name for verb in verbs.values() if verb.built], n=1)
    return f"no such command: {quoted(word)}" + (f", did you mean {near[0]}?" if near else "; try help")


class _Reader:
    """Reads what follows a verb."""

    def __init__(self, command: str, start: int, verb: Verb, names: tuple[str, ...]) -> None:
        self._command = command
        self._at = start
        self._verb = verb
        self._names = names
        self._given = bool(names)  # by the login name or in front of the verb
        self._options: dict[str, OptionValue] = {}
        self._literal = False  # after `--`

    def read(self) -> Request:
        verb = self._verb
        text: str | None = None
        arguments: tuple[str, ...] = ()
        match verb.rest:
            case Rest.TEXT:
                text = self._text()
            case Rest.JOINED:
                text = " ".join(self._words(intermixed=False)) or None
            case Rest.WORDS:
                arguments = self._arguments(self._words(intermixed=True))
        if verb.needs_names and not self._names:
            raise self._misused("names no console")
        if verb.rest is not Rest.WORDS and text is None and not verb.arguments.startswith("["):
            raise self._misused(f"lacks {verb.arguments.rstrip('…')}")
        return Request(verb.name, self._names, arguments, text, self._options)

    def _text(self) -> str | None:
        """Take options and names; return the rest of the command, None if there is none."""
        while not self._at_text():
            word = next_word(self._command, self._at)
            if word is None:
                break
            if self._is_option(word):
                self._take_option(word)
            else:
                self._names = (word.text,)
                self._at = word.end
        rest = self._command[self._at + 1 :]  # less the blank that ends the last word
        return rest or None

    def _at_text(self) -> bool:
        """Whether names and options are over: a quote in the text (`don't`) must not be looked into."""
        following = self._command[self._at :].lstrip(BLANKS)
        is_option = len(following) > 1 and following[0] == "-" and following[1] not in BLANKS
        return bool(self._names) and (self._literal or not is_option)

    def _words(self, *, intermixed: bool) -> list[str]:
        """Take options; return all other words. Unless *intermixed*, the first of these ends the options."""
        words = []
        while (word := next_word(self._command, self._at)) is not None:
            if self._is_option(word):
                self._take_option(word)
                continue
            words.append(word.text)
            self._at = word.end
            self._literal = self._literal or not intermixed
        return words

    def _arguments(self, words: list[str]) -> tuple[str, ...]:
        """Take the names from *words*; return the others, as many as the verb wants."""
        verb = self._verb
        if verb.names is Names.ALL and not self._given:
            self._names, words = tuple(words), []
        elif verb.names in (Names.ONE, Names.WORD) and not self._given:
            self._names, words = tuple(words[:1]), words[1:]
        if verb.names is Names.NONE and self._given:
            raise self._misused("takes no console")
        if len(words) > verb.most:
            raise self._misused(f"has one word too many, {quoted(words[verb.most])}")
        if len(words) < verb.least and self._names:
            raise self._misused(f"lacks {verb.arguments}")
        return tuple(words)

    def _is_option(self, word: Word) -> bool:
        return not self._literal and not word.quoted and len(word.text) > 1 and word.text.startswith("-")

    def _take_option(self, word: Word) -> None:
        """Take *word*, which is `--`, `--name`, `--name=value` or letters, and the value that follows it."""
        self._at = word.end
        if word.text == "--":
            self._literal = True
            return
        if word.text.startswith("--"):
            name, equals, value = word.text[2:].partition("=")
            self._set(self._option(name, word.text), value if equals else None)
            return
        letters = word.text[1:]
        while letters:
            option = self._option(letters[0], word.text)
            letters = letters[1:]
            if option.value:
                self._set(option, letters or None)
                return
            self._set(option, None)

    def _option(self, name: str, word: str) -> Option:
        option = self._verb.option(name)
        if option is None or (len(name) == 1) is word.startswith("--"):
            hint = (
                "; write -- in front of text that begins with -" if self._verb.rest is not Rest.WORDS else ""
            )
            raise self._misused(f"has no option {quoted(word)}{hint}")
        return option

    def _set(self, option: Option, value: str | None) -> None:
        """Note *option* with its *value*, or with the next word if it needs one."""
        if not option.value:
            if value is not None:
                raise self._misused(f"--{option.name} has no value")
            self._options[option.name] = True
            return
        if value is None:
            word = next_word(self._command, self._at)
            if word is None:
                raise self._misused(f"--{option.name} lacks its {option.value}")
            value, self._at = word.text, word.end
        if option.value is Value.NAMES:
            if self._names:
                raise self._misused(f"names consoles twice, {quoted(self._names[0])} and {quoted(value)}")
            self._names = (value,)
            return
        self._options[option.name] = self._converted(option, value)

    def _converted(self, option: Option, value: str) -> OptionValue:
        if option.value is Value.COUNT:
            if not (value.isascii() and value.isdecimal() and len(value) < 10 and int(value) <= COUNT_LIMIT):
                raise self._misused(f"--{option.name} is a number up to {COUNT_LIMIT}, not {quoted(value)}")
            return int(value)
        if option.value is Value.DURATION:
            try:
                return parse_duration(value)
            except ValueError:
                raise self._misused(f"--{option.name} is {DURATION_WORDS}, not {quoted(value)}") from None
        return value

    def _misused(self, what: str) -> UsageError:
        return UsageError(f"{self._verb.name}: {what}\nusage: {usage(self._verb)}")
