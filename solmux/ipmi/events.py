"""What a client tells its owner: frozen records, returned by `Client.events` in the order things happened."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from solmux.ipmi.crypto import CipherSuite
from solmux.ipmi.message import Response

if TYPE_CHECKING:
    from solmux.ipmi.handshake import FailureReason


class CloseReason(StrEnum):
    """Why a session that was established is over; a login that failed has a `FailureReason`."""

    REQUESTED = "requested"
    """`Client.close` was called."""
    NO_ANSWER = "no_answer"
    """The BMC stopped answering: unreachable, rebooted, or it has forgotten the session."""
    SOL_LOST = "sol_lost"
    """SOL was taken by somebody else or ended by the BMC."""
    SOL_HELD = "sol_held"
    """Somebody else has SOL, and we do not steal."""
    SOL_REFUSED = "sol_refused"
    """The BMC refuses SOL: its configuration or the account's must be changed."""
    SOL_BUSY = "sol_busy"
    """The BMC cannot start SOL at present."""


@dataclass(frozen=True, slots=True)
class SessionEstablished:
    """The login is through and the privilege level is set.

    Attributes:
      suite: cipher suite in force.
      guid: 16 bytes as the BMC sent them.
      managed_system_session_id: the BMC's id of the session.
      privilege: level in force, 2 user, 3 operator, 4 administrator.
    """

    suite: CipherSuite
    guid: bytes
    managed_system_session_id: int
    privilege: int


@dataclass(frozen=True, slots=True)
class SolActivating:
    """An Activate Payload is about to leave: recorded now, the id tells an orphan of ours after a crash."""

    managed_system_session_id: int


@dataclass(frozen=True, slots=True)
class SolActivated:
    """SOL is up. Characters may have come before.

    Attributes:
      inbound_size: largest SOL payload the BMC takes, header included, after sanitising.
      outbound_size: largest it says it sends; what arrives is never judged by it.
    """

    inbound_size: int
    outbound_size: int


@dataclass(frozen=True, slots=True)
class Output:
    """Characters the host printed, in order. They are acknowledged by the datagrams that leave after this."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LateOutput:
    """Characters that newer ones overtook, from a packet that the BMC has given up.

    Their place is in the gap that was reported before; but for that gap, the stream of `Output` is complete
    and in order without them.
    """

    data: bytes


@dataclass(frozen=True, slots=True)
class Overrun:
    """The BMC says that it lost characters before the next ones."""


@dataclass(frozen=True, slots=True)
class OutputGap:
    """SOL numbers jumped before the next characters.

    Attributes:
      packets: how many packets are missing, modulo 15.
    """

    packets: int


@dataclass(frozen=True, slots=True)
class BreakDetected:
    """The host sent a BREAK."""


@dataclass(frozen=True, slots=True)
class HostUnavailable:
    """The host takes no characters (off or asleep), or takes them again; SOL stays up."""

    unavailable: bool


@dataclass(frozen=True, slots=True)
class InputAccepted:
    """The BMC has all of an input; it may be far from having passed it to the host."""

    input_id: int


@dataclass(frozen=True, slots=True)
class InputUnknown:
    """An input ended unacknowledged.

    Attributes:
      input_id: as given to `Client.send_input` or `Client.send_break`.
      characters: how many of its last characters may or may not have arrived; 0 for a BREAK.
    """

    input_id: int
    characters: int


@dataclass(frozen=True, slots=True)
class SolHeld:
    """SOL is active in somebody else's session and was not taken. As far as the BMC tells:

    Attributes:
      user: name of the account, empty if unknown.
      address: IPv4 address of the console, empty if unknown.
      privilege: level of that session, 2 user, 3 operator, 4 administrator.
    """

    user: str = ""
    address: str = ""
    privilege: int | None = None

    @property
    def holder(self) -> str:
        """User and address in one word, as ``admin@10.0.0.7``."""
        return "@".join(filter(None, (self.user, self.address))) or "another session"


@dataclass(frozen=True, slots=True)
class SolTaken:
    """SOL is about to be taken from another session, as the settings allow.

    Attributes:
      holder: whose, as in `SolHeld.holder`.
    """

    holder: str


@dataclass(frozen=True, slots=True)
class SolLost:
    """SOL is gone while the session lives; `Closed` follows.

    Attributes:
      text: who or what took it, in words.
    """

    text: str


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """The answer to `Client.request`, whatever its completion code."""

    ticket: int
    response: Response


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """No answer to `Client.request`: it may have been obeyed or not."""

    ticket: int
    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The end; nothing follows and nothing more is sent.

    Attributes:
      reason: why.
      text: the same in words, with what to do.
      retryable: whether another attempt may succeed without an admin.
      minimum_delay: seconds to wait before it.
    """

    reason: "FailureReason | CloseReason"
    text: str
    retryable: bool
    minimum_delay: float = field(default=0.0)


Event = (
    SessionEstablished
    | SolActivating
    | SolActivated
    | Output
    | LateOutput
    | Overrun
    | OutputGap
    | BreakDetected
    | HostUnavailable
    | InputAccepted
    | InputUnknown
    | SolHeld
    | SolTaken
    | SolLost
    | CommandAnswered
    | CommandFailed
    | Closed
)
