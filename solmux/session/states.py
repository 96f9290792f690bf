"""The one vocabulary of states, and the delays between attempts."""

import random
from dataclasses import dataclass
from enum import StrEnum

BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds before each further attempt
JITTER = 0.2  # each delay varies by this share, so that BMCs behind one switch do not come in step
GOOD_SERVICE = 300.0  # seconds up after which the back-off starts anew
CREDENTIAL_HOLD = 900.0  # seconds after a refused credential: BMCs lock accounts out
CREDENTIAL_HOLD_LIMIT = 4 * 3600.0


class State(StrEnum):
    """What a console's connection is doing; every listing uses these words."""

    UP = "up"
    CONNECTING = "connecting"
    HELD = "held"  # somebody else has the SOL session
    REFUSED = "refused"  # the BMC refuses us: needs an admin
    DOWN = "down"
    DISABLED = "disabled"


@dataclass(slots=True)
class BackOff:
    """The delay before the next attempt of one BMC.

    Attributes:
      random: source of the jitter.
      attempts: failures since the last good service.
      refusals: refused credentials in a row; each doubles the hold.
    """

    random: random.Random
    attempts: int = 0
    refusals: int = 0

    def after_failure(self, minimum_delay: float = 0.0) -> float:
        """Count a failure; return seconds to wait, at least *minimum_delay* (less the jitter)."""
        delay = BACK_OFF[min(self.attempts, len(BACK_OFF) - 1)]
        self.attempts += 1
        return self._jittered(max(delay, minimum_delay))

    def after_refusal(self, minimum_delay: float = 0.0) -> float:
        """Count a refusal of our credentials; return seconds to wait: 15 minutes, doubling up to 4 h."""
        hold = min(CREDENTIAL_HOLD * 2.0**self.refusals, CREDENTIAL_HOLD_LIMIT)
        self.refusals = min(self.refusals + 1, 8)
        return max(hold, minimum_delay) * (1 + JITTER * self.random.random())  # never earlier than the hold

    def after_service(self, seconds_up: float) -> None:
        """A session ended that had been up for *seconds_up*."""
        self.refusals = 0
        if seconds_up >= GOOD_SERVICE:
            self.attempts = 0

    def clear(self) -> None:
        """Forget all failures: an admin asked for an attempt now."""
        self.attempts = self.refusals = 0

    def _jittered(self, delay: float) -> float:
        return delay * (1 + JITTER * (2 * self.random.random() - 1))
