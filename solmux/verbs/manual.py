"""What `help` says: an overview, and a page for each verb."""

from collections.abc import Mapping

from solmux.config.text import nearest, quoted
from solmux.verbs.exits import UsageError
from solmux.verbs.table import VERBS, Names, Verb, usage

_DESCRIPTIONS: Mapping[str, str] = {
    "ls": """\
One line for each console: its state, how long it has been in it, how long ago the machine printed
something, who types, how many watch, and why it is not up.

States: up; connecting; held (somebody else has the BMC's SOL session); refused (the BMC will not have
us, an administrator must look); down (no answer); disabled.""",
    "status": """\
Everything known of each console: what ls shows, the BMC's address and cipher suite, how many bytes the
machine has printed since its first one, and counters of what was dropped on the way and why.""",
    "who": """\
One line for each person at a console, with where they come from, and whether they write or watch.""",
    "attach": """\
Shows the console's screen as it is now and connects the terminal to it. The first to attach types;
everybody else watches, and is told who types. Needs a terminal: ssh -t, or ssh NAME@mux, or
RequestTTY yes in the client's configuration. Without one, use watch.

In an attachment, ^Ec (Control-E, then c) begins a command: ^Ec. leaves, ^Ec? lists the others. ssh's own
~B sends a BREAK.""",
    "watch": """\
Prints the last lines of the console's output and then all that comes, byte for byte, until interrupted.
Nothing typed reaches the console. This is also what naming a console without a terminal does.""",
    "tail": """\
Prints the last lines (10) of each console's log, and with -f what is added to them. With more than one
console each line begins with the console's name.""",
    "log": """\
Prints the log: every line with the UTC time of its first byte, and events in lines that begin with
"[-- ", which no console can print. With -n the last lines only, with -f also what is added.""",
    "screen": """\
Prints the rows of the console's screen as plain text, without colours: what somebody in front of it sees
now, or saw last if the machine is silent.""",
    "send": """\
Types TEXT and Enter into each console, and returns when the BMCs have taken every character: exit code 0
means that it arrived. TEXT is everything after the names and options, as it stands; write -- in front
of one that begins with "-". Without TEXT, standard input is typed, as it is.

What may not have arrived is counted on standard error (exit code 1). A console at which somebody types
takes nothing (4); one that is down takes nothing (5).""",
    "break": """\
Sends a serial BREAK to each console and waits until the BMC has taken it. What a BREAK does is up to the
machine; on Linux it is the first half of a magic SysRq (see sysrq).""",
    "sysrq": """\
Sends a BREAK and then KEY, one character: Linux's magic SysRq over a serial line. For instance s (sync),
t (tasks), w (blocked tasks), l (all CPUs), c (crash, for a dump), b (reboot at once). The kernel must
allow it: kernel.sysrq.""",
    "reconnect": """\
Ends a console's session with its BMC, if there is one, and logs in again at once, however long the next
attempt was to be put off: after a password was corrected, for instance.""",
    "note": """\
Writes "[-- NOTE -- who: TEXT -- date]" into each console's log, where those who read it later find it.
Nothing reaches the console itself. TEXT is everything after the names, as it stands.""",
    "help": """\
Without COMMAND, lists the commands.""",
}

_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "ls": ("ls", "ls @rack7", "ls --json"),
    "status": ("status server42", "server42 status"),
    "attach": ("attach server42", "attach -r server42"),
    "tail": ("tail -f server[40-49]", "tail -n 100 -f @rack7"),
    "log": ("log server42", "log -n 200 server42"),
    "send": ("send server42 uptime", "server42 send ls -l 'my file'", "send -n server42 y"),
    "sysrq": ("sysrq server42 w",),
    "note": ("note @rack7 power supply replaced",),
}

_NAMES = """\
NAMES are names or aliases of consoles, lists (a,b), host ranges (server[40-49]), wildcards (web*, r?n1)
and tags (@rack7)."""
_GUESSED = " The beginning of a name will do where nothing is changed, if only one console has it."

_EXIT_CODES = """\
Exit codes: 0 done, 1 no match or only partly done, 2 wrong usage, 3 no such console, 4 not permitted,
5 console or BMC down, 124 timeout."""


def overview() -> str:
    """Return the list of the commands of this version."""
    built = [verb for verb in VERBS.values() if verb.built]
    width = max(len(verb.name) for verb in built)
    lines = [
        "NAME                 attach to a console (or watch it, without a terminal)",
        "NAME COMMAND …       do something with it",
        "COMMAND [NAMES] …    the same, or with several",
        "",
        *(f"  {verb.name:<{width}}  {verb.summary}" for verb in built),
        "",
        *(_NAMES + _GUESSED).splitlines(),
        *_EXIT_CODES.splitlines(),
        "",
        "help COMMAND tells more.",
    ]
    return "\n".join(lines) + "\n"


def page(name: str) -> str:
    """Return the page of verb *name*; raises `UsageError` if there is none."""
    verb = VERBS.get(name)
    if verb is None:
        meant = nearest(name[:64], VERBS)
        raise UsageError(f"no such command: {quoted(name)}" + (f", did you mean {meant}?" if meant else ""))
    parts = [f"{verb.name} - {verb.summary}", f"  {usage(verb)}"]
    if not verb.built:
        return "\n\n".join([parts[0], "Not in this version."]) + "\n"
    parts.append(_DESCRIPTIONS[verb.name])
    if verb.options:
        parts.append("\n".join(_option_lines(verb)))
    if verb.names is not Names.NONE:
        parts.append(
            _NAMES + (_GUESSED if verb.guesses else " Names are never guessed from their beginning here.")
        )
    if examples := _EXAMPLES.get(verb.name):
        parts.append("\n".join(["Examples:", *(f"  {example}" for example in examples)]))
    parts.append(_EXIT_CODES)
    return "\n\n".join(parts) + "\n"


def _option_lines(verb: Verb) -> list[str]:
    forms = [
        (f"-{option.letter}, " if option.letter else "    ")
        + f"--{option.name}"
        + (f" {option.value}" if option.value else "")
        for option in verb.options
    ]
    width = max(map(len, forms))
    return [f"  {form:<{width}}  {option.summary}" for form, option in zip(forms, verb.options, strict=True)]
