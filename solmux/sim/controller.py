"""The state of a simulated BMC, and what its commands do to it."""

import math
from dataclasses import dataclass, field

from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.message import Request
from solmux.ipmi.packet import PayloadType
from solmux.sim.faults import GOOD, Faults
from solmux.sim.host import Host
from solmux.sim.session import Address, Session, User
from solmux.sim.sol import SolPort
from solmux.sim.sol_parameters import SolParameters
from solmux.sim.transcript import Transcript

_SOL_ACTIVATING = (0x0C, 0x20)
_SOL_VERSION = (1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BmcSettings:
    """What one BMC is like.

    Attributes:
      guid: 16 bytes as on the wire.
      users: its accounts, the first in slot 1.
      kg: the BMC key; empty for one-key log-ins.
      suites: cipher suites it allows.
      port: UDP port it says it listens on.
      accumulate_interval: seconds the first character of a SOL packet waits for more.
      send_threshold: characters that make a SOL packet leave at once.
      faults: what it does wrong.
      seed: for the faults that happen at random.
      keep_transcript: record every character, for tests; costs memory without bound.
    """

    guid: bytes
    users: tuple[User, ...]
    kg: bytes = field(default=b"", repr=False)
    suites: tuple[CipherSuite, ...] = (SUITE_3, SUITE_17)
    port: int = 623
    accumulate_interval: float = 0.015
    send_threshold: int = 170
    faults: Faults = GOOD
    seed: int = 0
    keep_transcript: bool = False


class Controller:
    """Sessions, SOL and host of a BMC.

    Attributes:
      settings: what it is like.
      host: the machine it manages.
      parameters: SOL configuration.
      port: its one SOL instance.
      sol_owner: the session that has SOL, if any.
      sessions: established sessions by our session id, oldest first.
      sol_users: slots of the accounts that may activate SOL.
      powered_by_command: the power was last switched on by Chassis Control.
      resetting_until: it answers nothing before that.
      outbox: datagrams to send, and where.
    """

    def __init__(self, settings: BmcSettings, host: Host) -> None:
        faults = settings.faults
        self.settings = settings
        self.host = host
        self.parameters = SolParameters(
            faults, settings.port, settings.accumulate_interval, settings.send_threshold
        )
        self.port = SolPort(
            faults,
            self.parameters.timings,
            transcript=Transcript() if settings.keep_transcript else None,
            seed=settings.seed,
        )
        self.sol_owner: Session | None = None
        self.sessions: dict[int, Session] = {}
        self.sol_users = {slot for slot, user in enumerate(settings.users, 1) if user.sol}
        self.powered_by_command = False
        self.resetting_until = -math.inf
        self.outbox: list[tuple[bytes, Address]] = []

    @property
    def faults(self) -> Faults:
        """What it does wrong."""
        return self.settings.faults

    def send(self, session: Session, payload_type: int, payload: bytes) -> None:
        """Seal a payload for a session's console."""
        self.outbox.append((session.seal(payload_type, payload), session.address))

    def activate_sol(self, session: Session, now: float) -> None:
        """Give SOL to a session; what the host printed before is not for it."""
        self.port.output(self.host.read(now), now)
        self.sol_owner = session
        self.parameters.activated()
        self.port.set_host_available(self.host.powered)
        self.port.activate(now)

    def deactivate_sol(self, now: float, *, by: Session | None, reason: str) -> None:
        """Take SOL from its owner; another session's doing is announced to it."""
        owner, self.sol_owner = self.sol_owner, None
        if owner is None:
            return
        stolen = by is not None and by is not owner
        self.port.deactivate(announce=stolen, reason=reason)
        for payload in self.port.payloads_to_send(now):
            self.send(owner, PayloadType.SOL, payload)
        if stolen and self.faults.sol_activating_request:
            notice = Request(*_SOL_ACTIVATING, bytes((0, 1, *_SOL_VERSION)))
            self.send(owner, PayloadType.IPMI, notice.to_bytes(0))

    def end_session(self, session: Session, now: float, reason: str) -> None:
        """Forget a session, and with it its SOL; the console is told nothing."""
        if self.sol_owner is session:
            self.deactivate_sol(now, by=session, reason=reason)
        self.sessions.pop(session.terms.managed_system_session_id, None)

    def reset(self, now: float) -> None:
        """Start the BMC afresh, as after a cold reset: everything about sessions is forgotten."""
        for session in list(self.sessions.values()):
            self.end_session(session, now, "the BMC was reset")
        self.resetting_until = now + self.faults.reset_seconds
