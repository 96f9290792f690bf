"""Where the writer stands with a console after a kill, a reboot or an orderly end: found in the files.

After a kill the ring's checkpoint says how far the writer had come at least; the files say the rest. After a
reboot the ring is gone, and the events say where the open segment began. These functions only read.
"""

import io
from collections import deque
from dataclasses import dataclass

import zstandard

from solmux.logs import eventlog, ttyrec
from solmux.logs.disk import Disk
from solmux.logs.eventlog import LoggedEvent, parse_lines
from solmux.logs.ring import Checkpoint
from solmux.logs.segments import (
    ARCHIVE,
    COMPRESSED,
    EVENTS,
    EVENTS_SUFFIX,
    LOG,
    LOG_SUFFIX,
    RAW,
    RAW_SUFFIX,
    SegmentName,
    closed_segments,
    segment_stem,
)
from solmux.logs.stamps import MICROSECONDS
from solmux.logs.textlog import TextLog

TAILS = (8 << 10, 256 << 10)  # bytes of events looked at: the usual, and more than any batch
UNSETTLED = 256 << 10  # bytes at the end of a raw record that a power cut may have spoilt
SEGMENT_LIMIT = 1 << 30  # bytes of a closed raw record, plain


@dataclass(frozen=True, slots=True)
class Survey:
    """What the files of one console are.

    Attributes:
      position: bytes below are in the raw record.
      raw_size: size of `console.ttyrec` without a torn record.
      stamp: latest stamp in the open segment.
      sequence: number of the last event.
      events_size: size of `events.jsonl` without a torn line.
      owed: events whose line the text may lack, in order.
      turning: the notice of a new segment that has not begun.
      closed: the open segment of the checkpoint is in the archive, at least in part.
      disturbed: the files are not those of the checkpoint.
    """

    position: int
    raw_size: int
    stamp: int
    sequence: int
    events_size: int
    owed: tuple[LoggedEvent, ...] = ()
    turning: LoggedEvent | None = None
    closed: bool = False
    disturbed: bool = False


def survey(disk: Disk, directory: str, checkpoint: Checkpoint, received: int) -> Survey:
    """Compare the files with *checkpoint*. Raises `OSError`."""
    events, events_size = _latest_events(disk, directory, checkpoint.sequence)
    sequence = max([checkpoint.sequence, *(event.sequence for event in events)])
    raw = disk.path_status(f"{directory}/{RAW}")
    archived = _archived(disk, directory, checkpoint)
    if raw is not None:
        read, size = _reader(disk, f"{directory}/{RAW}"), raw.st_size
    else:
        read, size = _archived_reader(disk, directory, archived), checkpoint.raw_size
    extent = ttyrec.measure(read, checkpoint.raw_size)
    position = checkpoint.logged + extent.payload
    torn_away = raw is None and archived is None and checkpoint.raw_size > 0
    foreign = raw is not None and not checkpoint.opened
    if torn_away or foreign or size < checkpoint.raw_size or position > received:
        return Survey(checkpoint.logged, 0, checkpoint.stamp, sequence, events_size, disturbed=True)
    owed = [event for event in events if event.sequence > checkpoint.sequence and event.text is not None]
    turning = owed[-1] if owed and _announces_turn(owed[-1], checkpoint, position) else None
    if turning is not None:
        owed.pop()
    return Survey(
        position=position,
        raw_size=extent.end,
        stamp=max(checkpoint.stamp, extent.micros),
        sequence=sequence,
        events_size=events_size,
        owed=tuple(owed) if archived is None else (),  # a text is finished before it is archived
        turning=turning,
        closed=archived is not None,
    )


def feed_again(disk: Disk, directory: str, checkpoint: Checkpoint, found: Survey, text: TextLog) -> None:
    """Give *text*, which is at the checkpoint's mark, what the files have from there on. Raises `OSError`."""
    owed = deque(found.owed)
    end = checkpoint.text_raw_offset
    for record in ttyrec.records(_reader(disk, f"{directory}/{RAW}"), checkpoint.text_raw_size):
        known = max(0, checkpoint.text_offset - end)
        offset, end = end, end + len(record.data)
        if known >= len(record.data):
            continue
        while owed and owed[0].offset <= max(offset, checkpoint.text_offset):
            event = owed.popleft()
            text.event(event.text or "", event.micros, event.sequence)
        text.record(record.data[known:], record.micros, end, record.end)
    for event in owed:
        text.event(event.text or "", event.micros, event.sequence)
    text.silent_event(found.sequence)


def find_checkpoint(disk: Disk, directory: str) -> tuple[Checkpoint, int]:
    """Return where the files of a console without ring end, and its offset. Raises `OSError`.

    The offset is never below one that was written down; it is above the checkpoint's if a power cut took
    bytes with it that had been logged.
    """
    closed = closed_segments(disk.names(f"{directory}/{ARCHIVE}"), RAW_SUFFIX)
    raw = disk.path_status(f"{directory}/{RAW}")
    events: list[LoggedEvent] = []
    base: LoggedEvent | None = None
    for tail in TAILS:
        events, _ = _tail_of_events(disk, directory, tail)
        base = _base(events, closed, raw.st_size) if raw is not None else None
        if base is not None:
            break
    sequence = max((event.sequence for event in events), default=0)
    received = max((event.offset + event.lost for event in events), default=0)
    if base is not None:
        checkpoint = _measured(
            disk,
            directory,
            segment=base.segment,
            opened=base.opened,
            offset=base.offset,
            raw_size=base.raw,
            stamp=base.micros,
        )
        mark = _text_mark(disk, directory, events, checkpoint)
        if mark is not None and mark.log is not None:
            checkpoint = checkpoint._replace(
                text_offset=mark.offset,
                text_size=mark.log,
                text_raw_size=mark.raw,
                text_raw_offset=mark.offset,
                sequence=mark.sequence,
            )
            return checkpoint, max(received, checkpoint.logged)
    else:
        received = max(received, _end_of_newest(disk, directory, closed))
        if raw is None:
            stamp = max((event.micros for event in events), default=0)
            return Checkpoint.fresh(received, sequence, stamp), received
        first = next(ttyrec.records(_reader(disk, f"{directory}/{RAW}")), None)
        opened = (first.micros if first is not None else 0) // MICROSECONDS * MICROSECONDS
        opened = max(opened, MICROSECONDS)
        checkpoint = _measured(
            disk, directory, segment=received, opened=opened, offset=received, raw_size=0, stamp=0
        )
    announced = bool(events and events[-1].lost)  # the line of a gap is owed to a new segment
    return checkpoint._replace(sequence=sequence - announced), max(received, checkpoint.logged)


def _measured(
    disk: Disk, directory: str, *, segment: int, opened: int, offset: int, raw_size: int, stamp: int
) -> Checkpoint:
    """Return the checkpoint at the end of the open segment, of which *raw_size* bytes reach to *offset*."""
    extent = ttyrec.measure(_reader(disk, f"{directory}/{RAW}"), raw_size)
    text = disk.path_status(f"{directory}/{LOG}")
    logged = offset + extent.payload
    return Checkpoint(
        segment_start=segment,
        opened=opened,
        logged=logged,
        raw_size=extent.end,
        text_offset=logged,
        text_size=text.st_size if text is not None else 0,
        text_raw_size=extent.end,
        text_raw_offset=logged,
        stamp=max(stamp, extent.micros),
    )


def _base(events: list[LoggedEvent], closed: list[SegmentName], raw_size: int) -> LoggedEvent | None:
    """Return an event at a record boundary of the open `console.ttyrec` from which to look for its end.

    An event may have reached the disk before the records did that it speaks of, and a power cut can leave
    zeros in their place. So unless the end was an orderly one, it is looked for from some way before.
    """
    last = (events[-1].segment, events[-1].opened) if events else None
    if last is None or last in [(segment.start, segment.opened) for segment in closed]:
        return None
    here = [event for event in events if (event.segment, event.opened) == last]
    here = [event for event in here if event.raw <= raw_size and not event.lost]
    if here and here[-1].kind == eventlog.CLOSED and here[-1].raw == raw_size:
        return here[-1]
    settled = [event for event in here if event.raw <= raw_size - UNSETTLED]
    return settled[-1] if settled else next(iter(here), None)


def _text_mark(
    disk: Disk, directory: str, events: list[LoggedEvent], checkpoint: Checkpoint
) -> LoggedEvent | None:
    """Return the latest event of the open segment whose line is in `console.log`."""
    text = disk.path_status(f"{directory}/{LOG}")
    segment = (checkpoint.segment_start, checkpoint.opened)
    for event in reversed(events):
        inside = (event.segment, event.opened) == segment and event.raw <= checkpoint.raw_size
        if inside and event.log is not None and text is not None and event.log <= text.st_size:
            return event
    return None


def _announces_turn(event: LoggedEvent, checkpoint: Checkpoint, position: int) -> bool:
    """Whether a new segment was to begin behind *event*, the last one, and has not."""
    here = (event.segment, event.opened) == (checkpoint.segment_start, checkpoint.opened)
    return here and event.offset == position and (event.lost > 0 or event.kind == eventlog.CLOCK)


def _latest_events(disk: Disk, directory: str, known: int) -> tuple[list[LoggedEvent], int]:
    """Return the events behind number *known*, and some before, and the size of the file's whole lines."""
    events, size = _tail_of_events(disk, directory, TAILS[0])
    if events and events[0].sequence > known + 1:
        return _tail_of_events(disk, directory, TAILS[1])
    return events, size


def _tail_of_events(disk: Disk, directory: str, length: int) -> tuple[list[LoggedEvent], int]:
    """Return the events in the last *length* bytes, and the size of the file's whole lines."""
    path = f"{directory}/{EVENTS}"
    status = disk.path_status(path)
    if status is not None and status.st_size:
        start = max(0, status.st_size - length)
        data = disk.read(path, start, length)
        return parse_lines(data), start + data.rfind(b"\n") + 1
    closed = closed_segments(disk.names(f"{directory}/{ARCHIVE}"), EVENTS_SUFFIX)
    if not closed:
        return [], 0
    path = f"{directory}/{ARCHIVE}/{closed[-1]}"  # just archived; a packed one yields nothing
    status = disk.path_status(path)
    return parse_lines(disk.read(path, max(0, status.st_size - length), length) if status else b""), 0


def _archived(disk: Disk, directory: str, checkpoint: Checkpoint) -> str | None:
    """Return the path, without suffix, of the checkpoint's segment if it is in the archive."""
    if not checkpoint.opened:
        return None
    stem = f"{directory}/{ARCHIVE}/{segment_stem(checkpoint.segment_start, checkpoint.opened)}"
    for suffix in (RAW_SUFFIX, LOG_SUFFIX, RAW_SUFFIX + COMPRESSED, LOG_SUFFIX + COMPRESSED):
        if disk.path_status(stem + suffix) is not None:
            return stem
    return None


def _archived_reader(disk: Disk, directory: str, stem: str | None) -> ttyrec.Reader:
    if stem is None:
        return _reader(disk, f"{directory}/{RAW}")
    if disk.path_status(stem + RAW_SUFFIX) is not None:
        return _reader(disk, stem + RAW_SUFFIX)
    packed = disk.read(stem + RAW_SUFFIX + COMPRESSED, 0, SEGMENT_LIMIT)
    unpacked = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True)
    data: bytes = unpacked.read()
    return lambda position, length: data[position : position + length]


def _end_of_newest(disk: Disk, directory: str, closed: list[SegmentName]) -> int:
    """Return the offset behind the newest closed segment."""
    if not closed:
        return 0
    newest = closed[-1]
    stem = f"{directory}/{ARCHIVE}/{segment_stem(newest.start, newest.opened)}"
    return newest.start + ttyrec.measure(_archived_reader(disk, directory, stem)).payload


def _reader(disk: Disk, path: str) -> ttyrec.Reader:
    return lambda position, length: disk.read(path, position, length)
