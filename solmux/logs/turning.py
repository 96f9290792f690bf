"""From one segment to the next, in steps that can be taken up again after an error or a kill.

1. The text is finished. If the new segment begins with a notice (a gap, a clock set back), its events line is
   written now: should we be killed, it is known and not noticed twice.
2. `console.log` is moved to the archive, then `console.ttyrec`.
3. The checkpoint says that the new segment is open; its files are made by the first writes.
"""

from solmux.logs.alarms import AlarmKind
from solmux.logs.batch import Reason, Turn
from solmux.logs.desk import Desk
from solmux.logs.stamps import MICROSECONDS

CAN_WAIT = (Reason.SIZE, Reason.MONTH)


class Turning:
    """The turn that is due at a desk, if any.

    Attributes:
      turn: what is due.
    """

    __slots__ = ("_finished", "turn")

    def __init__(self) -> None:
        self.turn: Turn | None = None
        self._finished = False

    def take(self, desk: Desk) -> None:
        """Take the turn. Raises `OSError`; called again, it goes on."""
        turn = self.turn
        if turn is None:
            return
        if not self._finished:
            self._announce(desk, turn)
            desk.text.finish(desk.place.stamp)
            self._finished = True
        desk.flush()
        if self._archive(desk, turn):
            desk.files.begin_anew()
            desk.begin_segment(turn)
        self.turn = None
        self._finished = False
        desk.flush()

    def _announce(self, desk: Desk, turn: Turn) -> None:
        if turn.notice is None or turn.noticed:
            return
        try:
            desk.note_ahead(turn.notice)
        except OSError:
            if turn.reason is Reason.GAP:  # it may grow until the disk takes its notice
                self.turn = None
            raise

    def _archive(self, desk: Desk, turn: Turn) -> bool:
        place = desk.place
        if not place.opened:
            return True
        try:
            desk.files.archive_segment(place.segment_start, place.opened)
        except OSError as error:
            if turn.reason not in CAN_WAIT or not desk.files.log_exists():
                raise
            _put_off(desk, turn, error)
            return False
        desk.tools.counters.rotations += 1
        return True


def _put_off(desk: Desk, turn: Turn, error: OSError) -> None:
    """Stay in the old segment for another while: archiving failed, writing may still work."""
    place, rotate_size = desk.place, desk.tools.settings.rotate_size
    desk.alarm(AlarmKind.ROTATION, f"the segment cannot be archived: {error}")
    if turn.reason is Reason.SIZE:
        place.rotate_size = max(place.raw_size, place.text_size) + rotate_size // 16
    else:
        place.month_end = turn.micros + 60 * MICROSECONDS
    desk.text.begin(desk.mark_here(), place.stamp)
