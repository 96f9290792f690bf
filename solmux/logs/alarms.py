"""What the log has to say to the core: alarms, told once, and counters."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

ALARMS_LIMIT = 1000


class AlarmKind(StrEnum):
    """What is wrong, for programs."""

    WRITE_FAILED = "write-failed"
    HEALED = "healed"
    HUNG = "disk-hung"
    SPOOL_FULL = "spool-full"
    LOST = "bytes-lost"
    DISTURBED = "files-disturbed"
    CLOCK = "clock-set-back"
    ROTATION = "rotation-failed"
    SYNC = "sync-failed"
    FAULT = "internal-fault"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing people should know.

    Attributes:
      kind: what is wrong.
      console: whose log, empty for all.
      text: what is wrong and what that means.
      wall: when, seconds since 1970.
    """

    kind: AlarmKind
    console: str
    text: str
    wall: float

    def __str__(self) -> str:
        return f"{self.console}: {self.text}" if self.console else self.text


class Alarms:
    """Alarms from the writer's threads to the core; the oldest give way when nobody takes them."""

    def __init__(self) -> None:
        self._waiting: deque[Alarm] = deque(maxlen=ALARMS_LIMIT)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Leave *alarm* for the core."""
        self._waiting.append(alarm)

    def take(self) -> list[Alarm]:
        """Return the alarms that are new."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken


@dataclass(slots=True)
class Counters:
    """What the writer has done since the start, for all consoles.

    Attributes:
      bytes_logged: console bytes written to the raw records.
      bytes_lost: console bytes that were received and could not be logged; each is in a marked gap.
      events_logged: lines written to the events files.
      events_lost: events that were dropped while the disk took nothing.
      batches: batches written.
      rotations: segments closed.
      write_errors: attempts to write that failed.
      sync_errors: attempts to bring files to the disk that failed.
    """

    bytes_logged: int = 0
    bytes_lost: int = 0
    events_logged: int = 0
    events_lost: int = 0
    batches: int = 0
    rotations: int = 0
    write_errors: int = 0
    sync_errors: int = 0
