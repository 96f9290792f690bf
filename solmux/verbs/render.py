"""Answers as text: the core's rows are data, people get columns, programs get one JSON object a line.

A row is a mapping with the fields `name`, `state`, `reason`, `since` (Unix time), `last_output` (Unix time or
null), `writer`, `watchers`, `address`, `suite`, `offset` and `counters`; one that is missing is unknown.
"""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from solmux.config.text import printable

Row = Mapping[str, object]

UNKNOWN = "-"
BOLD = "\x1b[1m"
RESET = "\x1b[0m"
STATE_STYLES = {
    "up": "\x1b[32m",
    "connecting": "\x1b[33m",
    "held": "\x1b[33m",
    "refused": "\x1b[31m",
    "down": "\x1b[31m",
    "disabled": "\x1b[2m",
}
LATEST = 1e15  # seconds; beyond lie infinity and numbers too long to count with
FOLDED_MINIMUM = 20  # columns for the folded column, even where the terminal has fewer
LS_HEADER = ("NAME", "STATE", "SINCE", "OUTPUT", "WRITER", "WATCHERS", "REASON")
WHO_HEADER = ("CONSOLE", "PERSON", "FROM", "MODE", "SINCE")


def json_lines(rows: Iterable[Row]) -> str:
    """Return *rows* for programs; pure ASCII, so that nothing in them reaches a terminal as a command."""
    return "".join(json.dumps(row, separators=(", ", ": "), allow_nan=False) + "\n" for row in rows)


def ls_names(rows: Iterable[Row]) -> str:
    """Return the names only, one a line."""
    return "".join(f"{_text(row, 'name')}\n" for row in rows)


def ls_text(rows: Sequence[Row], wall: float, columns: int | None = None) -> str:
    """Return a table of consoles, ages counted at *wall*; with *columns*, for a terminal of that width."""
    cells = [
        (
            _text(row, "name"),
            _text(row, "state"),
            _age(row, "since", wall),
            _age(row, "last_output", wall),
            _text(row, "writer"),
            _text(row, "watchers"),
            _reason(row),
        )
        for row in rows
    ]
    return _table(LS_HEADER, cells, columns)


def who_text(rows: Sequence[Row], wall: float, columns: int | None = None) -> str:
    """Return a table of attached people: fields `console`, `person`, `address`, `mode`, `since`."""
    cells = [
        (
            _text(row, "console"),
            _text(row, "person"),
            _text(row, "address"),
            _text(row, "mode"),
            _age(row, "since", wall),
        )
        for row in rows
    ]
    return _table(WHO_HEADER, cells, columns)


def status_text(rows: Sequence[Row], wall: float) -> str:
    """Return all that is known of consoles, a paragraph each."""
    return "\n".join(_paragraph(row, wall) for row in rows)


def _paragraph(row: Row, wall: float) -> str:
    reason = _reason(row)
    lines = [f"{_text(row, 'name')}: {_text(row, 'state')}" + (f", {reason}" if reason else "")]
    details = {
        "since": _moment(row, "since", wall),
        "address": _text(row, "address"),
        "cipher suite": _text(row, "suite"),
        "last output": _moment(row, "last_output", wall),
        "bytes so far": _text(row, "offset"),
        "writer": _text(row, "writer"),
        "watchers": _text(row, "watchers"),
    }
    counters = row.get("counters")
    if isinstance(counters, Mapping):
        shown = {key: count for key, count in counters.items() if count}
        details["counters"] = ", ".join(f"{printable(str(key))} {count}" for key, count in shown.items())
    lines.extend(f"  {label:<13} {value or UNKNOWN}" for label, value in details.items())
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str], cells: Sequence[Sequence[str]], columns: int | None) -> str:
    """Return *cells* in columns two blanks apart; nothing at all if there are no rows.

    For a terminal the states have colours, and the last column is folded into what the others leave of the
    width; names are never cut, since they are there to be copied. Done by hand: a table of two thousand rows
    must not hold up whoever draws it.
    """
    if not cells:
        return ""
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    before = sum(widths[:-1]) + 2 * len(widths[:-1])
    room = None if columns is None else max(columns - before, FOLDED_MINIMUM)
    lines: list[str] = []
    for row in (header, *cells):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        folded = textwrap.wrap(row[-1], room) if room is not None else [row[-1]]
        if room is not None:
            styles = [_style(row is header, title, cell) for title, cell in zip(header, row, strict=True)]
            padded = [
                f"{style}{cell}{RESET}" if style else cell for style, cell in zip(styles, padded, strict=True)
            ]
        first = folded[0] if folded else ""
        lines.append(("  ".join(padded[:-1]) + f"  {first}").rstrip())
        lines.extend(" " * before + more for more in folded[1:])
    return "\n".join(lines) + "\n"


def _style(heading: bool, title: str, cell: str) -> str:
    return BOLD if heading else STATE_STYLES.get(cell, "") if title == "STATE" else ""


def _text(row: Row, field: str, missing: str = UNKNOWN) -> str:
    """Return a field on one line; its words may come from a BMC or a person, and do nothing to a terminal."""
    value = row.get(field)
    return missing if value is None or value == "" else printable(str(value))


def _reason(row: Row) -> str:
    """Return why a console is in its state; nothing if that is only the state's name again."""
    reason = _text(row, "reason", "")
    return "" if reason == _text(row, "state") else reason


def _seconds(row: Row, field: str) -> float | None:
    """Return a field that is a time; None for anything else, among them numbers no clock shows."""
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LATEST:
        return None
    return float(value)


def _age(row: Row, field: str, wall: float) -> str:
    seconds = _seconds(row, field)
    return UNKNOWN if seconds is None else age_text(wall - seconds)


def age_text(seconds: float) -> str:
    """Return a span of time in its one or two largest units: `45s`, `12m`, `3h20m`, `9d04h`."""
    whole = max(0, int(seconds))  # a clock that was set back makes nothing younger than now
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def _moment(row: Row, field: str, wall: float) -> str:
    seconds = _seconds(row, field)
    if seconds is None:
        return UNKNOWN
    try:
        date = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return UNKNOWN
    return f"{date:%Y-%m-%dT%H:%M:%SZ} ({age_text(wall - seconds)} ago)"
