"""What the writer does next for one console: bytes and events in order, up to where a new segment begins.

Pure: it looks at what waits and at where the writer stands, and changes neither. A batch that the disk
refuses is forgotten and gathered anew.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from solmux.logs import eventlog, ttyrec
from solmux.logs.console_log import ConsoleEvent, ConsoleLog
from solmux.logs.stamps import MICROSECONDS, date

BATCH_LIMIT = 256 << 10  # bytes of one console before the others get their turn
CLOCK_TOLERANCE = MICROSECONDS  # a clock that is corrected by less is no event: stamps wait for it


class Reason(StrEnum):
    """Why a new segment begins."""

    FIRST = "first"
    SIZE = "size"
    MONTH = "month"
    CLOCK = "clock"  # was set back
    GAP = "gap"  # output was lost: offsets and sizes of a segment always agree
    RESUMED = "resumed"  # the console was not logged in between
    DISTURBED = "disturbed"  # somebody else changed the files
    RECOVERED = "recovered"  # the turn was begun before a kill


class Piece(NamedTuple):
    """Bytes that become one record.

    Attributes:
      offset: of the first byte.
      micros: the record's stamp.
      data: the bytes.
    """

    offset: int
    micros: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """The beginning of a new segment.

    Attributes:
      reason: why.
      start: offset of its first byte.
      micros: when it begins.
      notice: what its first line says, if anything.
      noticed: the notice is in `events.jsonl` already (before a kill).
    """

    reason: Reason
    start: int
    micros: int
    notice: ConsoleEvent | None = None
    noticed: bool = False


@dataclass(slots=True)
class Place:
    """Where the writer stands with one console.

    Attributes:
      position: bytes below are in the raw record.
      segment_start: offset of the open segment's first byte.
      opened: when it was begun (whole seconds, in micros), 0 if there is none yet.
      month_end: moment from which on output belongs into the next segment.
      stamp: latest stamp in the segment, 0 for none.
      raw_size: size of `console.ttyrec`.
      text_size: size of `console.log`.
      trouble: why the disk took nothing of late, empty if it did.
      rotate_size: size at which the segment should be closed.
    """

    position: int
    segment_start: int
    rotate_size: int
    opened: int = 0
    month_end: int = 0
    stamp: int = 0
    raw_size: int = 0
    text_size: int = 0
    trouble: str = ""


@dataclass(slots=True)
class Batch:
    """What to write at once.

    Attributes:
      parts: bytes and events in order.
      raw: the records of the bytes.
      events: how many of the parts are events.
      position: offset behind the last byte.
      stamp: latest stamp.
      turn: what comes next, if that is a new segment.
    """

    position: int
    stamp: int
    parts: list[Piece | ConsoleEvent] = field(default_factory=list)
    raw: bytes = b""
    events: int = 0
    turn: Turn | None = None


def gather(console: ConsoleLog, place: Place) -> Batch:
    """Return the next batch of *console*; without parts and turn if nothing waits."""
    batch = Batch(place.position, place.stamp if place.opened else 0)
    raw: list[bytes] = []
    size = 0
    end = console.end_from(batch.position)
    while size < BATCH_LIMIT and batch.turn is None:
        event = console.events[batch.events] if batch.events < len(console.events) else None
        if event is not None and event.offset <= batch.position:
            batch.turn = _turn_before(batch, place, event.micros)
            if batch.turn is None:
                batch.stamp = max(batch.stamp, event.micros)
                batch.parts.append(event._replace(micros=batch.stamp))
                batch.events += 1
            continue
        stop = end if event is None else min(end, event.offset)
        micros, stop = console.stamp_at(batch.position, stop)
        if stop <= batch.position:
            batch.turn = _resumption(console, batch)
            break
        batch.turn = _turn_before(batch, place, micros)
        if batch.turn is not None:
            break
        offset, data = console.unlogged(batch.position, stop - batch.position)
        if offset > batch.position:
            batch.turn = _gap(console, batch, place, offset)
            break
        keep = _length_before_turn(data, place, size)
        data = data[:keep] if keep else data
        batch.stamp = max(batch.stamp, micros)
        batch.parts.append(Piece(offset, batch.stamp, data))
        raw.append(ttyrec.header(batch.stamp, len(data)))
        raw.append(data)
        size += ttyrec.HEADER.size + len(data)
        batch.position += len(data)
        if keep:
            batch.turn = Turn(Reason.SIZE, batch.position, batch.stamp)
    batch.raw = b"".join(raw)
    return batch


def _turn_before(batch: Batch, place: Place, micros: int) -> Turn | None:
    """Return the turn that must come before something of *micros*."""
    if not place.opened:
        return None
    if micros < batch.stamp - CLOCK_TOLERANCE:
        back = (batch.stamp - micros) // MICROSECONDS
        notice = ConsoleEvent(
            batch.position, micros, eventlog.CLOCK, f"Clock set back by {back} s", {"seconds": back}
        )
        return Turn(Reason.CLOCK, batch.position, micros, notice)
    if micros >= place.month_end:
        return Turn(Reason.MONTH, batch.position, micros)
    return None


def _gap(console: ConsoleLog, batch: Batch, place: Place, end: int) -> Turn:
    """Return the turn that says that bytes up to *end* are lost."""
    micros = max(batch.stamp, console.stamp_at(end, end)[0])
    lost = end - batch.position
    reason = place.trouble or "the disk did not take them in time"
    span = f"{date(batch.stamp or micros)}..{date(micros)}"
    notice = ConsoleEvent(
        batch.position,
        micros,
        eventlog.GAP,
        f"GAP {span}: {lost} bytes lost: {reason}",
        {"bytes": lost, "start": (batch.stamp or micros) / MICROSECONDS, "end": micros / MICROSECONDS,
         "reason": reason},
    )  # fmt: skip
    return Turn(Reason.GAP, end, micros, notice)


def _resumption(console: ConsoleLog, batch: Batch) -> Turn | None:
    """Return the turn to the end of a stretch that was not to be logged, if the batch ends at one."""
    hole = console.hole
    if hole is None or not hole[0] <= batch.position < hole[1] <= console.received:
        return None
    return Turn(Reason.RESUMED, hole[1], max(batch.stamp, console.stamp_at(hole[1], hole[1])[0]))


def _length_before_turn(data: bytes, place: Place, size: int) -> int:
    """Return how much of *data* still belongs to the segment, 0 for all of it and more.

    A segment ends behind a line. Where none ends, it ends soon after the limit, best before an escape
    sequence, as both halves are read on their own.
    """
    raw_room = place.rotate_size - place.raw_size - size - ttyrec.HEADER.size
    room = min(raw_room, place.rotate_size - place.text_size)
    if len(data) < room:
        return 0
    line_end = data.find(b"\n", max(room - 1, 0)) + 1
    if line_end or len(data) - room < place.rotate_size // 16:
        return line_end
    return data.rfind(b"\n") + 1 or max(data.rfind(b"\x1b"), 0) or len(data)
