"""Is the session alive, and is SOL still ours? Asked on a fixed schedule, whatever traffic there is."""

import math
from enum import Enum, auto

from solmux.ipmi.activation import TEMPORARY
from solmux.ipmi.commands import GetDeviceId, GetPayloadInstanceInfo, PayloadInstanceInfo
from solmux.ipmi.crypto import Entropy
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import Response
from solmux.ipmi.procedure import PERSISTENT, Ask, Procedure, good_data

MOST_JITTER = 3.0  # seconds, so that the keepalives of a rack do not come in step
_DOUBTS = 2  # answers without a meaning before the question is given up
_TRIAL = (0.5, 0.5, 1.0)  # seconds; a BMC that has never answered the question may not know it


class Verdict(Enum):
    """What a check found."""

    ALIVE = auto()
    TAKEN = auto()
    """Another session has SOL."""
    ENDED = auto()
    """Nobody has SOL."""
    SILENT = auto()


class Keepalive:
    """Asks who has SOL; a BMC that does not know that question, or answers nonsense, is asked for its id.

    The schedule counts from the last command and from nothing else: some BMCs do not take SOL packets for
    activity and end the session of a busy console, and most do not tell a console that its SOL was taken.

    Attributes:
      deadline: when to check next, in seconds; `math.inf` before the first command.
      owner: the session that has SOL as last told, 0 for none.
    """

    def __init__(
        self,
        entropy: Entropy,
        interval: float,
        managed_system_session_id: int,
        remote_console_session_id: int,
    ) -> None:
        self.deadline = math.inf
        self.owner = 0
        self._entropy = entropy
        self._interval = interval
        self._jitter = 0.0
        self._draw_jitter()
        swapped = int.from_bytes(managed_system_session_id.to_bytes(4, "little"), "big")
        self._ours = {managed_system_session_id, remote_console_session_id, swapped}
        self._asks_owner = False
        self._was_ours = False
        self._doubts = 0

    def command_sent(self, now: float) -> None:
        """Count the interval from *now*."""
        self.deadline = now + self._interval + self._jitter

    def sol_activated(self) -> None:
        """Watch over the activation from here on. The first check is due at once and shows what to ask."""
        self._asks_owner = True
        self._doubts = 0
        self._was_ours = False
        self.deadline = -math.inf

    def hurry(self) -> None:
        """Make a check due at once."""
        self.deadline = -math.inf

    def check(self, schedule: tuple[float, ...] = PERSISTENT) -> Procedure[Verdict]:
        """Ask. *schedule* is for a BMC that has answered the question before."""
        self._draw_jitter()
        if self._asks_owner:
            response = yield Ask(
                GetPayloadInstanceInfo().to_request(), schedule if self._was_ours else _TRIAL
            )
            verdict = self._judge(response)
            if verdict is not None:
                return verdict
            self._doubts += 1
            self._asks_owner = self._doubts < _DOUBTS
        response = yield Ask(GetDeviceId().to_request(), schedule)
        return Verdict.SILENT if response is None else Verdict.ALIVE

    def is_ours(self) -> Procedure[bool]:
        """Tell, quickly and once, whether SOL is known to be ours."""
        if self._doubts >= _DOUBTS:
            return False
        self.owner = 0
        response = yield Ask(GetPayloadInstanceInfo().to_request(), (0.3,), hurried=True)
        self._judge(response)
        return self.owner in self._ours

    def _judge(self, response: Response | None) -> Verdict | None:
        """Say what an answer means; None if this BMC's answers mean nothing."""
        if response is None:
            return Verdict.SILENT if self._was_ours else None
        if response.completion_code in TEMPORARY:
            return Verdict.ALIVE
        try:
            owner = PayloadInstanceInfo.from_data(good_data(response)).managed_system_session_id
        except DecodeError:
            return Verdict.ALIVE if self._was_ours else None
        self.owner = owner
        if owner in self._ours:  # a few BMCs give our own id, or swap its bytes
            self._was_ours = True
            return Verdict.ALIVE
        if owner:
            return Verdict.TAKEN
        return Verdict.ENDED if self._was_ours else None

    def _draw_jitter(self) -> None:
        self._jitter = MOST_JITTER * self._entropy(1)[0] / 255
