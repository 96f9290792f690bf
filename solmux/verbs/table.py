"""The one table of verbs: what each is called, takes and does. Every front end and its help read it.

Kept as data, so that a front end to come (a web page) has it too. The texts of `help` are in `manual`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Runs(StrEnum):
    """Where a verb is answered."""

    CORE = "core"
    FILES = "files"  # by whoever is asked, from the log files
    LOCAL = "local"  # by whoever is asked, who is the one that has the terminal


class Names(StrEnum):
    """How a verb takes the names of consoles. A word may always be a list, a range, a wildcard or a @tag."""

    NONE = "none"
    ONE = "one"  # one word that comes to one console
    WORD = "word"  # one word; what follows is something else
    ALL = "all"  # every word


class Rest(StrEnum):
    """What follows the names and options."""

    WORDS = "words"
    TEXT = "text"  # the rest of the command as it was typed, quotes and all
    JOINED = "joined"  # the remaining words, with one blank between them


class Value(StrEnum):
    """What an option is followed by."""

    NONE = ""
    COUNT = "COUNT"
    DURATION = "TIME"
    NAMES = "NAMES"
    WORD = "WORD"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a verb.

    Attributes:
      name: long form, without the dashes; the key in `Request.options`.
      letter: short form, empty for none.
      value: what follows it.
      summary: one line for `help`.
    """

    name: str
    letter: str
    value: Value
    summary: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb.

    Attributes:
      name: the word itself.
      summary: what it does, in a few words.
      runs: where it is answered.
      acts: whether it changes something; names are then never guessed from their beginning.
      names: how it takes names.
      needs_names: whether it does nothing without any; others mean all consoles then.
      rest: what follows the names.
      least, most: how many words of `Rest.WORDS` there must and may be.
      arguments: what follows the names, as `help` shows it.
      options: in the order of `help`.
      built: whether this version has it; the others are reserved.
    """

    name: str
    summary: str
    runs: Runs = Runs.CORE
    acts: bool = False
    names: Names = Names.ALL
    needs_names: bool = False
    rest: Rest = Rest.WORDS
    least: int = 0
    most: int = 0
    arguments: str = ""
    options: tuple[Option, ...] = ()
    built: bool = True

    @property
    def guesses(self) -> bool:
        """Whether the beginning of a name will do: to read, and to attach."""
        return not self.acts or self.name == "attach"

    def option(self, word: str) -> Option | None:
        """Return the option whose name or letter is *word*."""
        return next(
            (option for option in self.options if word in (option.name, option.letter) and word), None
        )


JSON = Option("json", "", Value.NONE, "one JSON object a line, for programs")
LINES = Option("lines", "n", Value.COUNT, "how many lines from the end to begin with")
FOLLOW = Option("follow", "f", Value.NONE, "go on with what comes, until interrupted")


def _reserved(name: str, summary: str, *, acts: bool = False) -> Verb:
    """Return a verb whose grammar is still open: it takes whatever follows."""
    return Verb(name, summary, acts=acts, names=Names.NONE, most=1000, built=False)


_TABLE = (
    Verb(
        "ls",
        "list consoles with their states",
        options=(Option("quiet", "q", Value.NONE, "names only, one a line"), JSON),
    ),
    Verb("status", "show all that is known of a console", options=(JSON,)),
    Verb("who", "show who is at which console", options=(JSON,)),
    Verb(
        "attach",
        "sit down at a console: see its screen and type",
        runs=Runs.LOCAL,
        acts=True,
        names=Names.ONE,
        needs_names=True,
        options=(
            Option("read-only", "r", Value.NONE, "watch; never type, even if nobody else does"),
            Option("force", "f", Value.NONE, "type even if somebody else does, who then watches"),
        ),
    ),
    Verb(
        "watch",
        "follow a console's output as it comes, without typing",
        runs=Runs.LOCAL,
        names=Names.ONE,
        needs_names=True,
        options=(LINES,),
    ),
    Verb(
        "tail",
        "print the last lines of logs, of several consoles together",
        runs=Runs.FILES,
        needs_names=True,
        options=(LINES, FOLLOW),
    ),
    Verb(
        "log",
        "print a console's log",
        runs=Runs.FILES,
        names=Names.ONE,
        needs_names=True,
        options=(LINES, FOLLOW),
    ),
    _reserved("boots", "list a console's boots and how each ended"),
    Verb(
        "screen",
        "print a console's screen as text",
        runs=Runs.FILES,
        names=Names.ONE,
        needs_names=True,
    ),
    Verb(
        "grep",
        "search the logs",
        runs=Runs.FILES,
        names=Names.NONE,
        rest=Rest.JOINED,
        arguments="PATTERN…",
        options=(Option("on", "", Value.NAMES, "search these consoles only"), JSON),
        built=False,
    ),
    _reserved("alerts", "list what the detectors found"),
    Verb(
        "send",
        "type a line, or standard input, and wait until the BMC has it",
        acts=True,
        names=Names.WORD,
        needs_names=True,
        rest=Rest.TEXT,
        arguments="[TEXT]",
        options=(Option("no-newline", "n", Value.NONE, "type TEXT without Enter after it"),),
        built=False,
    ),
    Verb(
        "wait",
        "wait until a console prints something",
        names=Names.WORD,
        needs_names=True,
        rest=Rest.TEXT,
        arguments="PATTERN",
        options=(Option("timeout", "t", Value.DURATION, "give up after this long (exit code 124)"),),
        built=False,
    ),
    Verb("break", "send a serial BREAK", acts=True, needs_names=True, built=False),
    Verb(
        "sysrq",
        "send a BREAK and a key: Linux's magic SysRq",
        acts=True,
        names=Names.WORD,
        needs_names=True,
        least=1,
        most=1,
        arguments="KEY",
        built=False,
    ),
    Verb(
        "take",
        "take a console's SOL session from whoever holds it",
        acts=True,
        needs_names=True,
        built=False,
    ),
    Verb(
        "release",
        "give a console's SOL session up for another program",
        acts=True,
        needs_names=True,
        built=False,
    ),
    Verb("reconnect", "log in to a BMC again, now", acts=True, needs_names=True),
    Verb(
        "repin",
        "accept the cipher suite a BMC offers now",
        acts=True,
        needs_names=True,
        built=False,
    ),
    Verb(
        "power",
        "switch a machine on or off",
        acts=True,
        names=Names.WORD,
        needs_names=True,
        least=1,
        most=1,
        arguments="on|off|cycle|reset|soft|status",
        built=False,
    ),
    Verb(
        "note",
        "write a line of your own into a console's log",
        acts=True,
        names=Names.WORD,
        needs_names=True,
        rest=Rest.TEXT,
        arguments="TEXT",
        built=False,
    ),
    _reserved("show", "show a console's configuration"),
    Verb("help", "explain a command", runs=Runs.LOCAL, names=Names.NONE, most=1, arguments="[COMMAND]"),
    _reserved("diff", "compare two boots"),
    _reserved("silence", "keep an alert quiet for a while", acts=True),
    _reserved("export", "write a boot as a recording"),
    _reserved("verify", "check logs and archive"),
    _reserved("index", "rebuild the search index", acts=True),
    _reserved("sensors", "read a machine's sensors"),
    _reserved("sel", "read a machine's event log"),
    _reserved("bmc", "ask or configure a BMC", acts=True),
    _reserved("bootdev", "choose what a machine boots from", acts=True),
    _reserved("identify", "blink a machine's light", acts=True),
)

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _TABLE}


def usage(verb: Verb) -> str:
    """Return the one line that shows how *verb* is written."""
    words = [verb.name]
    for option in verb.options:
        form = f"-{option.letter}" if option.letter else f"--{option.name}"
        words.append(f"[{form} {option.value}]" if option.value else f"[{form}]")
    match verb.names:
        case Names.ONE:
            words.append("NAME")
        case Names.WORD:
            words.append("NAMES")
        case Names.ALL:
            words.append("NAMES…" if verb.needs_names else "[NAMES…]")
    return " ".join([*words, *([verb.arguments] if verb.arguments else [])])
