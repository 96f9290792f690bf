"""Lines of `events.jsonl`: one JSON object each (schema in docs/files.md).

Every line says where it stands in the other files: the offset, the segment, and the sizes `console.ttyrec`
and `console.log` had there. As records are cut where an event falls, `raw` is always a record boundary:
programs can start reading there, and so does the writer after a power cut.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from solmux.logs.stamps import date_with_millis, micros_of_date

VERSION = 1
GAP = "gap"  # with `bytes`: output that was received and could not be logged
SEGMENT = "segment"
MARK = "mark"
CLOSED = "closed"
CLOCK = "clock"
EVENTS_LOST = "events-lost"
LONGEST = 64 << 10  # bytes; an event is a line, not a document

_OWN = frozenset({"v", "seq", "time", "offset", "kind", "text", "segment", "opened", "raw", "log"})


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One line.

    Attributes:
      sequence: 1 for the console's first event, and one more for each.
      micros: when it happened.
      offset: console offset of the next byte.
      kind: word for programs.
      text: what the `[-- text -- DATE]` line of `console.log` says, None if there is none.
      segment: offset at which the open segment began.
      opened: when it was begun (whole seconds, in micros).
      raw: size of `console.ttyrec` at this event.
      log: size of `console.log` behind this event's line; None without a line.
      fields: further keys.
    """

    sequence: int
    micros: int
    offset: int
    kind: str
    text: str | None
    segment: int
    opened: int
    raw: int
    log: int | None
    fields: dict[str, object] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Bytes that a gap of ours swallowed; 0 for any other event."""
        lost = self.fields.get("bytes") if self.kind == GAP else None
        return lost if isinstance(lost, int) and lost > 0 else 0

    def to_line(self) -> bytes:
        """Return the line with its end. A field named like one of ours gets an underscore."""
        line: dict[str, object] = {
            "v": VERSION,
            "seq": self.sequence,
            "time": date_with_millis(self.micros),
            "offset": self.offset,
            "kind": self.kind,
        }
        if self.text is not None:
            line["text"] = self.text
        for key, value in self.fields.items():
            line[f"{key}_" if key in _OWN else key] = value
        line |= {"segment": self.segment, "opened": date_with_millis(self.opened), "raw": self.raw}
        if self.log is not None:
            line["log"] = self.log
        raw = json.dumps(line, separators=(",", ":"), default=str).encode("ascii") + b"\n"
        if len(raw) <= LONGEST:
            return raw
        text = None if self.text is None else self.text[:1000]
        return LoggedEvent(
            self.sequence, self.micros, self.offset, self.kind[:100], text, self.segment, self.opened,
            self.raw, self.log, {"cut": len(raw)},
        ).to_line()  # fmt: skip

    @classmethod
    def from_line(cls, line: bytes) -> "LoggedEvent | None":
        """Parse a line; None if it is torn, of another version, or no event of ours."""
        try:
            found = json.loads(line)
            if not isinstance(found, dict) or found.get("v") != VERSION:
                return None
            text, log = found.get("text"), found.get("log")
            return cls(
                sequence=_number(found["seq"]),
                micros=micros_of_date(found["time"]),
                offset=_number(found["offset"]),
                kind=str(found["kind"]),
                text=None if text is None else str(text),
                segment=_number(found["segment"]),
                opened=micros_of_date(found["opened"]),
                raw=_number(found["raw"]),
                log=None if log is None else _number(log),
                fields={key: value for key, value in found.items() if key not in _OWN},
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def parse_lines(data: bytes) -> list[LoggedEvent]:
    """Return the events of all whole lines in *data*, which may begin and end within one."""
    return list(_parsed(data.split(b"\n")[:-1]))


def _parsed(lines: Iterable[bytes]) -> Iterable[LoggedEvent]:
    for line in lines:
        event = LoggedEvent.from_line(line)
        if event is not None:
            yield event


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value
