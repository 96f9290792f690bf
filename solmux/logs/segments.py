"""Names of a console's files: the open segment, and the closed ones in `archive/`.

A segment is a stretch of one console's life: `console.log` and `console.ttyrec` begin and end at the same
byte. Closed, they are named by the offset and the moment of their beginning, so that names sort like content:

    archive/000000016777301-20261120T170540Z.log      later .log.zst
    archive/000000016777301-20261120T170540Z.ttyrec   later .ttyrec.zst
    archive/000000000000000-20261102T081500Z.jsonl    events, closed on their own when they have grown
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from solmux.logs.stamps import compact, micros_of_compact

LOG = "console.log"
RAW = "console.ttyrec"
EVENTS = "events.jsonl"
ARCHIVE = "archive"

LOG_SUFFIX = ".log"
RAW_SUFFIX = ".ttyrec"
EVENTS_SUFFIX = ".jsonl"
COMPRESSED = ".zst"

_CONSOLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(
    r"(?P<start>\d{15,})-(?P<opened>\d{8}T\d{6}Z)(?P<suffix>\.log|\.ttyrec|\.jsonl)(?P<zst>\.zst)?"
)


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """One closed file.

    Attributes:
      start: offset of the segment's first byte (for events: offset of the first event).
      opened: moment the segment was begun, whole seconds, in micros.
      suffix: `.log`, `.ttyrec` or `.jsonl`.
      compressed: whether `.zst` follows.
    """

    start: int
    opened: int
    suffix: str
    compressed: bool = False

    def __str__(self) -> str:
        return segment_stem(self.start, self.opened) + self.suffix + (COMPRESSED if self.compressed else "")


def segment_stem(start: int, opened: int) -> str:
    """Return `000000016777301-20261120T170540Z`."""
    return f"{start:015d}-{compact(opened)}"


def parse_segment_name(name: str) -> SegmentName | None:
    """Return what *name* says, None for a file that is no closed segment."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        opened = micros_of_compact(found["opened"])
    except ValueError:
        return None
    return SegmentName(int(found["start"]), opened, found["suffix"], found["zst"] is not None)


def closed_segments(names: Iterable[str], suffix: str) -> list[SegmentName]:
    """Return the closed files of one kind among *names*, oldest first.

    While a compressor replaces a plain file both may exist for a moment: the plain one is returned.
    """
    found: dict[tuple[int, int], SegmentName] = {}
    for name in names:
        segment = parse_segment_name(name)
        if segment is not None and segment.suffix == suffix:
            key = (segment.start, segment.opened)
            if key not in found or found[key].compressed:
                found[key] = segment
    return sorted(found.values())


def check_console_name(name: str) -> str:
    """Return *name* if it can be a directory's name; raises `ValueError`.

    Names come checked from the configuration; a path must not depend on that.
    """
    if _CONSOLE.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot name a console")
    return name
