"""What the writer's thread does for one console.

A batch goes to `console.ttyrec` first: from then on its bytes are logged. Events and text follow; nothing new
is begun before the disk has taken them. The checkpoint in the ring comes last. A kill anywhere in between is
repaired from the raw record and the events.
"""

from solmux.logs import eventlog, ttyrec
from solmux.logs.alarms import AlarmKind
from solmux.logs.append_file import Appended
from solmux.logs.batch import BATCH_LIMIT, Batch, Piece, Place, Reason, Turn, gather
from solmux.logs.console_log import ConsoleEvent, ConsoleLog
from solmux.logs.desk import Desk, Tools
from solmux.logs.recovery import Survey, feed_again, survey
from solmux.logs.segments import RAW
from solmux.logs.stamps import end_of_month, micros_of
from solmux.logs.textlog import Mark, TextLog
from solmux.logs.turning import Turning

MARK_EVERY = 1 << 20  # bytes of raw record without an event until a mark is written: recovery starts there
STOPPED = "solmux or the machine stopped before they were written"


class ConsoleWriter:
    """One console on the writer's side. After an `OSError` the same call is made again, a second later.

    Attributes:
      console: the core's side.
    """

    def __init__(self, console: ConsoleLog, tools: Tools) -> None:
        self.console = console
        self._tools = tools
        self._desk = Desk(console, tools)
        self._turning = Turning()
        self._recovered = False
        self._used = False  # something was written since the console was opened
        self._dropped = 0  # of the console's dropped events, how many are noted
        self._looked = tools.clock()

    @property
    def deadline(self) -> float | None:
        """Wall time at which `tick` has work."""
        return self._desk.text.deadline

    @property
    def is_open(self) -> bool:
        """Whether descriptors are held."""
        return self._desk.files.is_open

    def step(self) -> bool:
        """Write the next batch; return whether another waits already. Raises `OSError`."""
        desk, turning, console = self._desk, self._turning, self.console
        console.queued = False
        if not self._recovered:
            self._recover()
        if desk.owes:
            desk.flush()
        turning.take(desk)
        batch = gather(console, desk.place)
        if batch.parts and not desk.place.opened:
            desk.begin_segment(Turn(Reason.FIRST, desk.place.position, batch.parts[0].micros))
            batch = gather(console, desk.place)
        if batch.parts:
            self._write(batch)
        if batch.turn is not None:
            turning.turn = batch.turn
        if turning.turn is not None or len(batch.raw) >= BATCH_LIMIT:
            return True
        desk.place.trouble = ""
        if batch.parts:
            return console.closing
        if console.closing:
            self._end()
        else:
            console.park(desk.place.position)
        return False

    def tick(self, wall: float) -> None:
        """Write text that was held long enough. Raises `OSError`."""
        if self._recovered and self._turning.turn is None:
            self._desk.text.tick(wall)
            self._desk.flush()

    def note_trouble(self, reason: str) -> None:
        """The disk did not take what it should: a gap, should there be one, will name *reason*."""
        self._desk.place.trouble = reason

    def close_files(self) -> None:
        """Give the descriptors back; the next write opens the files again. Raises `OSError`."""
        self._desk.files.close()

    def _write(self, batch: Batch) -> None:
        desk, console = self._desk, self.console
        if batch.raw:
            self._write_raw(batch)
        self._used = True
        place, counters = desk.place, self._tools.counters
        counters.batches += 1
        counters.bytes_logged += batch.position - place.position
        place.position, place.stamp, place.raw_size = batch.position, batch.stamp, desk.files.raw.size
        console.release(batch.position)
        for _ in range(batch.events):
            console.events.popleft()
        raw_size = place.raw_size - len(batch.raw)
        for part in batch.parts:
            if isinstance(part, Piece):
                raw_size += ttyrec.HEADER.size + len(part.data)
                desk.text.record(part.data, part.micros, part.offset + len(part.data), raw_size)
            else:
                desk.note(part, raw_size)
        if raw_size - desk.noted_raw >= MARK_EVERY:
            desk.note_here(eventlog.MARK, {})
        if console.events_dropped != self._dropped:
            self._note_dropped(console.events_dropped)
        desk.flush()
        if self._tools.clock() - self._looked >= self._tools.settings.sync_interval:
            self._look_around()

    def _write_raw(self, batch: Batch) -> None:
        desk = self._desk
        outcome = desk.files.append(desk.files.raw, batch.raw)
        if outcome is Appended.DONE:
            return
        desk.alarm(AlarmKind.DISTURBED, f"somebody else changed {RAW}: a new segment is begun")
        if outcome is Appended.RESTARTED:
            desk.restart_segment(batch.parts[0].micros)
        else:
            self._turning.turn = Turn(Reason.DISTURBED, batch.position, batch.stamp)

    def _note_dropped(self, dropped: int) -> None:
        self._tools.counters.events_lost += dropped - self._dropped
        self._desk.note_here(eventlog.EVENTS_LOST, {"events": dropped - self._dropped})
        self._dropped = dropped

    def _look_around(self) -> None:
        """Notice files that were moved away, as logrotate does it."""
        desk = self._desk
        self._looked = self._tools.clock()
        for file in desk.files.moved():
            if file is desk.files.raw:
                desk.alarm(AlarmKind.DISTURBED, f"somebody else moved {RAW}: a new segment is begun")
                desk.restart_segment(desk.place.stamp)
            elif file is desk.files.log:
                desk.text.file_changed(0)
        desk.checkpoint()

    def _end(self) -> None:
        """Write what an orderly end leaves, and let go of the console unless it was opened again."""
        if self._used:
            self._used = False
            self._desk.note_end()
            self._desk.flush()
        self.close_files()
        self.console.finish(self._desk.place.position)

    def _recover(self) -> None:
        desk, tools, console = self._desk, self._tools, self.console
        checkpoint = console.ring.checkpoint
        found = survey(tools.disk, desk.files.directory, checkpoint, console.received)
        desk.files.events.cut(found.events_size)
        desk.sequence = found.sequence
        desk.place = Place(
            position=found.position,
            segment_start=checkpoint.segment_start,
            rotate_size=tools.settings.rotate_size,
            opened=checkpoint.opened,
            month_end=end_of_month(checkpoint.opened),
            stamp=found.stamp,
            raw_size=found.raw_size,
            trouble=STOPPED,
        )
        desk.noted_raw = found.raw_size
        if found.closed or found.disturbed or not checkpoint.opened:
            desk.files.adopt()
            mark = Mark(found.position, desk.files.log.size, 0, found.position, found.sequence)
            desk.text = TextLog(tools.new_cleaner, mark, found.stamp)
        else:
            desk.files.cut(found.raw_size, checkpoint.text_size)
            mark = Mark(
                checkpoint.text_offset,
                desk.files.log.size,
                checkpoint.text_raw_size,
                checkpoint.text_raw_offset,
                checkpoint.sequence,
            )
            desk.text = TextLog(tools.new_cleaner, mark)
            feed_again(tools.disk, desk.files.directory, checkpoint, found, desk.text)
        desk.place.text_size = desk.files.log.size
        self._turning.turn = self._turn_left_over(found)
        console.release(found.position)
        self._recovered = True

    def _turn_left_over(self, found: Survey) -> Turn | None:
        """Return the turn that a kill interrupted, or that the state of the files makes necessary."""
        place = self._desk.place
        notice = found.turning
        if notice is not None:
            reason = Reason.GAP if notice.lost else Reason.CLOCK
            event = ConsoleEvent(found.position, notice.micros, notice.kind, notice.text, notice.fields)
            return Turn(reason, found.position + notice.lost, notice.micros, event, noticed=True)
        micros = found.stamp or micros_of(self._tools.wall())
        if found.closed:
            return Turn(Reason.RECOVERED, found.position, micros)
        if found.disturbed:
            self._desk.alarm(AlarmKind.DISTURBED, f"{RAW} is not as it was left: a new segment is begun")
            if not place.opened:
                place.opened = self._desk.files.free_moment(place.segment_start, micros)
            return Turn(Reason.DISTURBED, found.position, micros)
        return None
