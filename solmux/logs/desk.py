"""The writer's desk for one console: its files, where the writer stands in them, and what is not written yet.

What is noted here is kept until the disk has taken it; then the checkpoint in the ring says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from solmux.logs import eventlog
from solmux.logs.alarms import Alarm, AlarmKind, Alarms, Counters
from solmux.logs.append_file import Appended
from solmux.logs.batch import Place, Reason, Turn
from solmux.logs.console_log import ConsoleEvent, ConsoleLog
from solmux.logs.disk import Disk
from solmux.logs.eventlog import LoggedEvent
from solmux.logs.file_set import FileSet
from solmux.logs.ring import Checkpoint
from solmux.logs.settings import LogSettings
from solmux.logs.stamps import MICROSECONDS, end_of_month, micros_of
from solmux.logs.syncer import Syncer
from solmux.logs.textlog import Mark, NewCleaner, TextLog

EVENTS_LEAST = 4096  # bytes; an events file is not archived for a handful of lines


@dataclass(frozen=True, slots=True)
class Tools:
    """What the desks of all consoles share.

    Attributes:
      settings: the log's.
      disk: the file system.
      syncer: told what changed.
      alarms: told what people should know.
      counters: of all consoles.
      new_cleaner: makes what turns bytes into text.
      wall: seconds since 1970.
      clock: monotonic seconds.
    """

    settings: LogSettings
    disk: Disk
    syncer: Syncer
    alarms: Alarms
    counters: Counters
    new_cleaner: NewCleaner
    wall: Callable[[], float]
    clock: Callable[[], float]


class Desk:
    """One console's papers.

    Attributes:
      console: the core's side.
      tools: shared with the other desks.
      files: the console's.
      place: where the writer stands.
      text: what becomes `console.log`.
      sequence: number of the last event.
      noted_raw: size of the raw record at the last event.
    """

    __slots__ = (
        "_events",
        "_events_limit",
        "_least_limit",
        "console",
        "files",
        "noted_raw",
        "place",
        "sequence",
        "text",
        "tools",
    )

    def __init__(self, console: ConsoleLog, tools: Tools) -> None:
        self.console = console
        self.tools = tools
        self.files = FileSet(tools.disk, tools.syncer, f"{tools.settings.directory}/{console.name}")
        self.place = Place(0, 0, tools.settings.rotate_size)
        self.text = TextLog(tools.new_cleaner, Mark(0, 0, 0, 0, 0))
        self.sequence = 0
        self.noted_raw = 0
        self._events = bytearray()
        self._events_limit = self._least_limit = max(tools.settings.rotate_size, EVENTS_LEAST)

    @property
    def owes(self) -> bool:
        """Whether something noted is not written yet."""
        return bool(self._events or self.text.pending)

    def note(self, event: ConsoleEvent, raw_size: int) -> None:
        """Make *event*, which falls at *raw_size* of the raw record, a line of the events and of the text."""
        self.sequence += 1
        if event.text is None:
            self.text.silent_event(self.sequence)
            self._note_line(event, raw_size, None)
        else:
            self.text.event(event.text, event.micros, self.sequence)
            self._note_line(event, raw_size, self.text.size)

    def note_here(self, kind: str, fields: dict[str, object]) -> None:
        """Note something about the log itself; it has no line in the text."""
        self.note(self._event_here(kind, fields), self.place.raw_size)

    def note_ahead(self, event: ConsoleEvent) -> None:
        """Write *event*, the next segment's first line, to the events now. Raises `OSError`: not noted."""
        line = self._line(self.sequence + 1, event, self.place.raw_size, None)
        self.files.append(self.files.events, line)
        self.sequence += 1
        self.tools.counters.events_logged += 1

    def note_end(self) -> None:
        """End the open line, and note that from here on the text can be continued."""
        self.text.finish(self.place.stamp)
        self.sequence += 1
        event = self._event_here(eventlog.CLOSED, {})
        event = event._replace(micros=max(event.micros, micros_of(self.tools.wall())))
        self._note_line(event, self.place.raw_size, self.text.size)
        self.text.begin(self.mark_here(), self.place.stamp)

    def flush(self) -> None:
        """Write what was noted, then the checkpoint. Raises `OSError`; what is not written stays noted."""
        files, text = self.files, self.text
        while self._events:
            files.append(files.events, bytes(self._events))
            self._events.clear()
            if files.events.size >= self._events_limit:
                self._archive_events()
        if text.pending:
            outcome = files.append(files.log, bytes(text.pending))
            text.written()
            if outcome is not Appended.DONE:
                text.file_changed(files.log.size)
        self.place.text_size = files.log.size
        self.checkpoint()

    def checkpoint(self) -> None:
        """Tell the ring how far the files are."""
        place, mark = self.place, self.text.mark
        self.console.ring.checkpoint = Checkpoint(
            place.segment_start,
            place.opened,
            place.position,
            place.raw_size,
            mark.offset,
            mark.size,
            mark.raw_size,
            mark.raw_offset,
            mark.sequence,
            place.stamp,
        )

    def begin_segment(self, turn: Turn) -> None:
        """Begin a segment: with new files, or with those that are there. Raises `OSError`."""
        files = self.files
        opened = files.free_moment(turn.start, turn.micros)
        lost = turn.start - self.place.position if turn.reason is Reason.GAP else 0
        self.place = Place(
            position=turn.start,
            segment_start=turn.start,
            rotate_size=self.tools.settings.rotate_size,
            opened=opened,
            month_end=end_of_month(opened),
            stamp=turn.micros,
            text_size=files.log.size,
            trouble=self.place.trouble,
        )
        self.noted_raw = 0
        mark = Mark(turn.start, files.log.size, 0, turn.start, self.sequence)
        if turn.notice is not None:  # its line is owed until it is written
            mark = replace(mark, sequence=self.sequence - 1)
        self.text.begin(mark, turn.micros)
        self.console.release(turn.start)
        self.console.end_hole(turn.start)
        self.checkpoint()
        self.note_here(eventlog.SEGMENT, {"reason": str(turn.reason)})
        if turn.notice is not None and turn.notice.text is not None:
            self.text.event(turn.notice.text, turn.micros, self.sequence)
            self.alarm(AlarmKind.LOST if lost else AlarmKind.CLOCK, turn.notice.text)
        self.tools.counters.bytes_lost += lost

    def restart_segment(self, micros: int) -> None:
        """The raw record begins at the position now; `console.log` goes on."""
        place = self.place
        place.segment_start = place.position
        try:
            place.opened = self.files.free_moment(place.position, micros)
        except OSError:
            place.opened = max(micros // MICROSECONDS, 1) * MICROSECONDS
        place.month_end = end_of_month(place.opened)
        place.raw_size = self.noted_raw = 0
        self.text.raw_changed(place.position)
        self.note_here(eventlog.SEGMENT, {"reason": str(Reason.DISTURBED)})

    def mark_here(self) -> Mark:
        """Return the mark at the position, where the text must be at a line's start."""
        place = self.place
        return Mark(place.position, self.text.size, place.raw_size, place.position, self.sequence)

    def alarm(self, kind: AlarmKind, text: str) -> None:
        """Tell people."""
        self.tools.alarms.raise_alarm(Alarm(kind, self.console.name, text, self.tools.wall()))

    def _event_here(self, kind: str, fields: dict[str, object]) -> ConsoleEvent:
        return ConsoleEvent(self.place.position, self.place.stamp, kind, None, fields)

    def _note_line(self, event: ConsoleEvent, raw_size: int, log_size: int | None) -> None:
        self._events += self._line(self.sequence, event, raw_size, log_size)
        self.noted_raw = raw_size
        self.tools.counters.events_logged += 1

    def _line(self, sequence: int, event: ConsoleEvent, raw_size: int, log_size: int | None) -> bytes:
        place = self.place
        return LoggedEvent(
            sequence,
            event.micros,
            event.offset,
            event.kind,
            event.text,
            place.segment_start,
            place.opened,
            raw_size,
            log_size,
            event.fields,
        ).to_line()

    def _archive_events(self) -> None:
        try:
            self.files.archive_events()
        except OSError as error:
            self._events_limit += self._least_limit // 16
            self.alarm(AlarmKind.ROTATION, f"the events cannot be archived: {error}")
            return
        self._events_limit = self._least_limit
        self.note_here(eventlog.MARK, {})  # every events file says where it begins
