"""Names of consoles: what one may be called, and host ranges such as `server[01-64]`.

Used wherever names are read or typed, so nothing heavy is imported before a range is expanded.
"""

import re
from collections.abc import Iterator
from math import prod

NAME_WORDS = "letters, digits, '.', '_' and '-', at most 64, the first a letter or a digit"
RANGE_LIMIT = 10_000  # names one range may stand for

# Every verb of the command line and of SSH, built or not: `NAME VERB` and `VERB NAME` must never be
# the same words.
# fmt: off
RESERVED = frozenset({
    "alerts", "attach", "bmc", "bootdev", "boots", "break", "diff", "export", "grep", "help",
    "identify", "index", "log", "ls", "note", "power", "reconnect", "release", "repin", "screen", "sel",
    "send", "sensors", "show", "silence", "status", "sysrq", "tail", "take", "verify", "wait", "watch",
    "who",
})
# fmt: on

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUMBERS = r"[0-9]{1,9}(?:-[0-9]{1,9}(?:/[0-9]{1,9})?)?"
_RANGE = re.compile(rf"[A-Za-z0-9._-]*(?:\[{_NUMBERS}(?:,{_NUMBERS})*\][A-Za-z0-9._-]*)+")
_BRACKETS = re.compile(r"\[([^]]*)\]")
_COMMA_OUTSIDE = re.compile(r",(?![^\[]*\])")


class RangeError(ValueError):
    """A host range that cannot be expanded; the text says why."""


def name_fault(name: str) -> str | None:
    """Return why nothing may be called *name*, or None if it may."""
    if _NAME.fullmatch(name) is None:
        return "not a name"
    if name in RESERVED:
        return "a reserved word: it is a command"
    return None


def split_list(words: str) -> list[str]:
    """Split `a,b[1,2],c` at the commas that stand outside of brackets."""
    return _COMMA_OUTSIDE.split(words)


def is_range(selector: str) -> bool:
    """Whether *selector* stands for several names (`a[1-3]`, `a,b`), however many that are."""
    return "[" in selector or "," in selector


def expand(selector: str) -> tuple[str, ...]:
    """Return the names that *selector* stands for, numbers counting upwards; raises `RangeError`.

    A plain name stands for itself. Names are neither checked (`name_fault`) nor looked up.
    """
    items = split_list(selector)
    ranges = [item for item in items if "[" in item or "]" in item]
    count = len(items) - len(ranges)
    for item in ranges:
        if _RANGE.fullmatch(item) is None:
            raise RangeError("not a host range such as server[01-64] or r[1-4]n[01,05-09]")
        count += prod(_count(group) for group in _BRACKETS.findall(item))
    if count > RANGE_LIMIT:  # found by arithmetic: nobody's memory pays for server[1-999999999]
        raise RangeError(f"stands for {count} names, and {RANGE_LIMIT} are the limit")
    names: dict[str, None] = {}
    for item in items:
        names.update(dict.fromkeys(_expand_range(item) if "[" in item else (item,)))
    return tuple(names)


def fold(names: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """Return *names* in the shortest form, the opposite of `expand`."""
    from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet  # noqa: PLC0415 - see the module's first lines

    return str(NodeSet.fromlist(list(names), resolver=RESOLVER_NOGROUP))


def _count(group: str) -> int:
    """Count what stands in one pair of brackets; raises `RangeError`."""
    count = 0
    for item in group.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        if not dash:
            count += 1
            continue
        if int(last) < int(first) or step == "0" * len(step) != "":
            raise RangeError(f"[{item}] counts backwards or not at all")
        if len(first) != len(last) and (first.startswith("0") or last.startswith("0")):
            raise RangeError(
                f"[{item}] mixes lengths: write [{first.zfill(len(last))}-{last.zfill(len(first))}]"
            )
        count += (int(last) - int(first)) // int(step or 1) + 1
    return count


def _expand_range(item: str) -> Iterator[str]:
    from ClusterShell.NodeSet import (  # noqa: PLC0415 - see the module's first lines
        RESOLVER_NOGROUP,
        NodeSet,
        NodeSetException,
    )

    try:
        yield from NodeSet(item, resolver=RESOLVER_NOGROUP)
    except NodeSetException as error:  # digits between two brackets, which it cannot count
        raise RangeError(f"not a host range: {error}") from None
