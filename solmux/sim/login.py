"""How a session of a simulated BMC begins: Open Session, RAKP 1 to 4 (IPMI 2.0 sections 13.17-13.24)."""

import math
from dataclasses import dataclass, field

from solmux.ipmi.commands import Privilege
from solmux.ipmi.crypto import Algorithms, CipherSuite, Entropy
from solmux.ipmi.rakp import (
    NAME_ONLY_LOOKUP,
    RANDOM_LENGTH,
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    RmcpStatus,
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from solmux.sim.faults import Faults
from solmux.sim.session import Address, SessionTerms, User


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a BMC knows about those who log in.

    Attributes:
      users: its accounts, the first in slot 1.
      kg: the BMC key, empty for one-key log-ins.
      guid: 16 bytes as on the wire.
      suites: cipher suites it allows.
    """

    users: tuple[User, ...]
    kg: bytes = field(repr=False)
    guid: bytes
    suites: tuple[CipherSuite, ...]


@dataclass(slots=True)
class HalfOpen:
    """A log-in under way.

    Attributes:
      handle: the session's handle to be.
      console_id: the console's session id.
      managed_system_session_id: ours.
      suite: cipher suite agreed on.
      requested_privilege: of Open Session.
      address: where it comes from.
      expires_at: when it is forgotten.
      user_id, user, limit, exchange: what RAKP 1 brought.
    """

    handle: int
    console_id: int
    managed_system_session_id: int
    suite: CipherSuite
    requested_privilege: int
    address: Address
    expires_at: float
    user_id: int = 0
    user: User | None = None
    limit: int = 0
    exchange: KeyExchange | None = None


class Login:
    """Leads consoles through the log-in.

    Attributes:
      half_open: log-ins under way, by the BMC's session id.
    """

    def __init__(self, secrets: Secrets, faults: Faults, entropy: Entropy) -> None:
        self.half_open: dict[int, HalfOpen] = {}
        self._secrets = secrets
        self._faults = faults
        self._entropy = entropy
        self._handles = 0

    @property
    def deadline(self) -> float:
        """When the next log-in is forgotten."""
        return min((each.expires_at for each in self.half_open.values()), default=math.inf)

    def forget_expired(self, now: float) -> None:
        """Drop the log-ins that took too long."""
        for key in [key for key, each in self.half_open.items() if each.expires_at <= now]:
            del self.half_open[key]

    def open_session(
        self, request: OpenSessionRequest, address: Address, now: float, *, taken: set[int]
    ) -> OpenSessionResponse:
        """Answer an Open Session Request; *taken* are the ids of the established sessions."""
        self.forget_expired(now)
        console_id = request.remote_console_session_id
        for key, each in list(self.half_open.items()):  # the same console again: our answer was lost
            if (each.console_id, each.address) == (console_id, address):
                del self.half_open[key]
        suite = next((each for each in self._secrets.suites if each.algorithms == request.algorithms), None)
        if suite is None:
            return OpenSessionResponse(request.tag, self._why_not(request.algorithms), 0, console_id)
        if len(taken) + len(self.half_open) >= self._faults.session_slots:
            return OpenSessionResponse(request.tag, RmcpStatus.INSUFFICIENT_RESOURCES, 0, console_id)
        session_id = self._new_session_id(taken)
        self._handles = self._handles % 0xFF + 1
        expires_at = now + self._faults.half_open_timeout
        self.half_open[session_id] = HalfOpen(
            self._handles, console_id, session_id, suite, request.privilege, address, expires_at
        )
        granted = request.privilege
        if not granted and not self._faults.echoes_privilege:
            granted = Privilege.ADMINISTRATOR
        return OpenSessionResponse(
            request.tag, RmcpStatus.NO_ERRORS, granted, console_id, session_id, request.algorithms
        )

    def rakp_1(self, message: Rakp1, now: float) -> Rakp2:
        """Answer RAKP 1: who is it, and proof that we know the password."""
        self.forget_expired(now)
        login = self.half_open.get(message.managed_system_session_id)
        if login is None:
            return self._error(message, RmcpStatus.INVALID_SESSION_ID, 0)
        found = self._find_user(message)
        wanted = message.role & 0x0F
        if found is None or wanted > found[1].privilege:
            status = RmcpStatus.UNAUTHORIZED_ROLE if found else RmcpStatus.UNAUTHORIZED_NAME
            del self.half_open[message.managed_system_session_id]
            return self._error(message, status, login.console_id)
        login.user_id, login.user = found
        login.limit = wanted or login.user.privilege
        role = message.role
        if self._faults.hashes_open_session_privilege:
            role = role & ~0x0F | login.requested_privilege
        login.exchange = exchange = KeyExchange(
            login.console_id,
            login.managed_system_session_id,
            message.random,
            self._entropy(RANDOM_LENGTH),
            self._secrets.guid,
            role,
            message.username,
        )
        code = key_exchange_code_2(login.suite, login.user.password, exchange)
        random = exchange.managed_system_random
        return Rakp2(message.tag, RmcpStatus.NO_ERRORS, login.console_id, random, exchange.guid, code)

    def rakp_3(self, message: Rakp3, now: float) -> tuple[Rakp4 | None, SessionTerms | None]:
        """Answer RAKP 3; when its proof is right, the terms of the new session come along."""
        self.forget_expired(now)
        login = self.half_open.pop(message.managed_system_session_id, None)
        if login is None or login.user is None or login.exchange is None:
            return Rakp4(message.tag, RmcpStatus.INVALID_SESSION_ID), None
        if message.status != RmcpStatus.NO_ERRORS:  # the console gives up
            return None, None
        suite, user, exchange = login.suite, login.user, login.exchange
        if message.key_exchange_code != key_exchange_code_3(suite, user.password, exchange):
            return Rakp4(message.tag, RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE, login.console_id), None
        sik = session_integrity_key(suite, user.password, self._secrets.kg, exchange)
        k1, k2 = derive_keys(suite, sik)
        terms = SessionTerms(
            login.handle,
            login.console_id,
            login.managed_system_session_id,
            suite,
            user,
            login.user_id,
            login.limit,
            k1,
            k2,
        )
        value = integrity_check_value(suite, sik, exchange)
        return Rakp4(message.tag, RmcpStatus.NO_ERRORS, login.console_id, value), terms

    def _why_not(self, algorithms: Algorithms) -> RmcpStatus:
        """Say what is wrong with algorithms that are no allowed suite."""
        suites = self._secrets.suites
        if algorithms.authentication not in [suite.authentication for suite in suites]:
            return RmcpStatus.INVALID_AUTHENTICATION_ALGORITHM
        if algorithms.integrity not in [suite.integrity for suite in suites]:
            return RmcpStatus.INVALID_INTEGRITY_ALGORITHM
        if algorithms.confidentiality not in [suite.confidentiality for suite in suites]:
            return RmcpStatus.INVALID_CONFIDENTIALITY_ALGORITHM
        return RmcpStatus.NO_CIPHER_SUITE_MATCH

    def _new_session_id(self, taken: set[int]) -> int:
        while True:
            number = int.from_bytes(self._entropy(4), "little")
            if number and number not in taken and number not in self.half_open:
                return number

    def _find_user(self, message: Rakp1) -> tuple[int, User] | None:
        """Look a user up by name, or by name and exactly the wanted privilege."""
        by_name = bool(message.role & NAME_ONLY_LOOKUP)
        for slot, user in enumerate(self._secrets.users, 1):
            if user.name == message.username and (by_name or user.privilege == message.role & 0x0F):
                return slot, user
        return None

    def _error(self, message: Rakp1, status: RmcpStatus, console_id: int) -> Rakp2:
        if self._faults.error_without_tag:
            return Rakp2(0, status)
        return Rakp2(message.tag, status, console_id)
