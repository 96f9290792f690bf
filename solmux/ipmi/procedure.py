"""Conversations of several commands, written as generators: yield what to ask, get the answer back.

A procedure yields `Ask` and is resumed with the response, or with None when none came; or it yields `Pause`
and is resumed with None when the time is over. It reads no clock and does no I/O, and what it decides stands
in one place, from top to bottom.
"""

import math
from collections.abc import Generator
from typing import NamedTuple, TypeVar

from solmux.ipmi.exchange import COMMAND_SCHEDULE, CommandChannel
from solmux.ipmi.message import CompletionCode, Request, Response
from solmux.ipmi.round_trip import RoundTrip

PERSISTENT = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
"""Schedule for what the session depends on: three misses of 1, 2 and 4 seconds, two copies in each."""
OPTIONAL = (0.5, 0.5)
"""Schedule for what a BMC may not know: several answer nothing at all then."""


class Ask(NamedTuple):
    """Send *request*; *schedule* has the seconds to wait after each copy.

    On a slow network the waits are longer, unless *hurried*.
    """

    request: Request
    schedule: tuple[float, ...] = COMMAND_SCHEDULE
    hurried: bool = False


class Pause(NamedTuple):
    """Wait that many seconds."""

    seconds: float


Result = TypeVar("Result")
Procedure = Generator[Ask | Pause, Response | None, Result]


def good_data(response: Response | None) -> bytes:
    """Return the data of a response; nothing if it did not come or is an error, which no parser takes."""
    if response is None or response.completion_code != CompletionCode.OK:
        return b""
    return response.data


class Runner:
    """Runs one procedure at a time over a session's command channel.

    Attributes:
      deadline: when `handle_timer` has work, in seconds; `math.inf` for never.
    """

    __slots__ = ("_commands", "_procedure", "_round_trip", "_ticket", "deadline")

    def __init__(self, commands: CommandChannel, round_trip: RoundTrip) -> None:
        self.deadline = math.inf
        self._commands = commands
        self._round_trip = round_trip
        self._procedure: Procedure[None] | None = None
        self._ticket = 0

    @property
    def busy(self) -> bool:
        """Whether a procedure is under way."""
        return self._procedure is not None

    def run(self, procedure: Procedure[None], now: float) -> None:
        """Start *procedure*; one that is under way is forgotten, be it the one that calls this."""
        self.stop()
        self._procedure = procedure
        self._advance(None, now)

    def stop(self) -> None:
        """Forget the procedure under way; what it asked may still be answered, to nobody."""
        self._procedure = None
        self._ticket = 0
        self.deadline = math.inf

    def answered(self, ticket: int, response: Response | None, now: float) -> bool:
        """Take the response to a request, or None for no answer; False if it is not the procedure's."""
        if not self._ticket or ticket != self._ticket:
            return False
        self._ticket = 0
        self._advance(response, now)
        return True

    def handle_timer(self, now: float) -> None:
        """End a pause that is over at *now*."""
        if now >= self.deadline:
            self.deadline = math.inf
            self._advance(None, now)

    def _advance(self, response: Response | None, now: float) -> None:
        procedure = self._procedure
        assert procedure is not None
        try:
            step = procedure.send(response)
        except StopIteration:
            if self._procedure is procedure:
                self._procedure = None
            return
        if self._procedure is not procedure:
            return  # it has set another one going, or stopped itself
        if isinstance(step, Pause):
            self.deadline = now + step.seconds
        else:
            schedule = step.schedule
            if not step.hurried:
                schedule = tuple(map(self._round_trip.at_least, schedule))
            self._ticket = self._commands.submit(step.request, now, schedule)
