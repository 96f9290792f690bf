"""An established session of a simulated BMC (IPMI 2.0 section 6.12)."""

from dataclasses import dataclass, field
from struct import Struct

from solmux.ipmi.commands import Privilege
from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import CipherSuite, Entropy
from solmux.ipmi.packet import Opened, SecureChannel
from solmux.sim.faults import Faults

Address = tuple[str | int, ...]
"""Where a datagram came from, as the socket module says it: host and port first."""

_SEQUENCE = Struct("<I")
_SEQUENCE_OFFSET = 10
_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class User:
    """An account of the BMC.

    Attributes:
      name: at most 16 bytes.
      password: at most 20 bytes.
      privilege: highest level, 2 user to 4 administrator.
      sol: it may activate SOL.
    """

    name: bytes
    password: bytes = field(repr=False)
    privilege: int = Privilege.ADMINISTRATOR
    sol: bool = True


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What the log-in has settled.

    Attributes:
      handle: small number that names the session in Get Session Info.
      remote_console_session_id: the console's id.
      managed_system_session_id: the BMC's.
      suite: cipher suite in force.
      user: who logged in.
      user_id: its slot in the BMC's user table, from 1.
      limit: highest privilege the session may have.
      k1, k2: keys of integrity and confidentiality.
    """

    handle: int
    remote_console_session_id: int
    managed_system_session_id: int
    suite: CipherSuite
    user: User
    user_id: int
    limit: int
    k1: bytes = field(repr=False)
    k2: bytes = field(repr=False)


class Session:
    """A session as the BMC keeps it.

    Attributes:
      terms: what was settled when it began.
      address: where its packets go to.
      privilege: level in force; a session starts as user.
      active_at: when it last showed activity.
      last_request: the last request, byte by byte, to know a repeated one.
    """

    def __init__(
        self,
        terms: SessionTerms,
        address: Address,
        faults: Faults,
        entropy: Entropy,
        counters: DropCounters,
        now: float,
    ) -> None:
        self.terms = terms
        self.address = address
        self.privilege = int(Privilege.USER)
        self.active_at = now
        self.last_request = b""
        self._faults = faults
        self._entropy = entropy
        self._counters = counters
        self._window = SessionWindow(faults)
        self._channel = self._make_channel()

    def seal(self, payload_type: int, payload: bytes) -> bytes:
        """Return the datagram that carries *payload* to the console."""
        self._channel.sequence += self._faults.session_number_step - 1
        return self._channel.seal(payload_type, payload)

    def open(self, datagram: bytes) -> Opened | None:
        """Return what a datagram of the console carries; none if it is refused, which is counted."""
        (sequence,) = _SEQUENCE.unpack_from(datagram, _SEQUENCE_OFFSET)
        refused = self._window.judge(sequence)
        if refused is None:
            opened = self._channel.open(datagram)
            if opened is not None:
                self._window.note(sequence)
            return opened
        if refused is DropReason.DUPLICATE and self._faults.takes_duplicates:
            return self._make_channel().open(
                datagram
            )  # the usual channel knows the number; a new one does not
        self._counters.count(refused)
        return None

    def _make_channel(self) -> SecureChannel:
        terms = self.terms
        return SecureChannel(
            suite=terms.suite,
            k1=terms.k1,
            k2=terms.k2,
            local_session_id=terms.managed_system_session_id,
            peer_session_id=0 if self._faults.zero_session_id else terms.remote_console_session_id,
            entropy=self._entropy,
            counters=self._counters,
        )


class SessionWindow:
    """Which session numbers are taken: so many ahead, so many behind, none twice.

    Written apart from the client's, so that neither hides a fault of the other.

    Attributes:
      highest: the highest number of an authentic packet so far.
    """

    def __init__(self, faults: Faults) -> None:
        self.highest = 0
        self._ahead = faults.window_ahead
        self._behind = faults.window_behind
        self._seen: set[int] = set()

    def judge(self, sequence: int) -> DropReason | None:
        """Return why a number is refused, if it is."""
        if sequence == 0:
            return DropReason.ZERO_SEQUENCE
        if sequence in self._seen:
            return DropReason.DUPLICATE
        step = self._step(sequence)
        return None if -self._behind <= step <= self._ahead else DropReason.OUT_OF_WINDOW

    def note(self, sequence: int) -> None:
        """Remember the number of an authentic packet."""
        self._seen.add(sequence)
        if self._step(sequence) > 0:
            self.highest = sequence
            if len(self._seen) > 4 * (self._behind + 1):
                self._seen = {number for number in self._seen if self._step(number) >= -self._behind}

    def _step(self, sequence: int) -> int:
        """Return how far a number is ahead of the highest; negative behind it."""
        step = (sequence - self.highest) % _MODULUS
        return step if step < _MODULUS // 2 else step - _MODULUS
