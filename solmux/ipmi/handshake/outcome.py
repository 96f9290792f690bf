"""What a login needs, and how it can end."""

from dataclasses import dataclass, field
from enum import StrEnum

from solmux.ipmi.commands import ChannelAuthenticationCapabilities, CipherSuiteRecord
from solmux.ipmi.crypto import CipherSuite
from solmux.ipmi.packet import SecureChannel
from solmux.ipmi.rakp import MAXIMUM_KG_LENGTH, MAXIMUM_PASSWORD_LENGTH, MAXIMUM_USERNAME_LENGTH

CREDENTIAL_DELAY = 900.0  # seconds: BMCs lock an account out after a few bad passwords
TABLE_FULL_DELAY = 30.0
NOT_READY_DELAY = 30.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are. Too long is refused, never cut: a BMC that cuts would let a wrong password pass.

    Attributes:
      username: at most 16 bytes; empty for the null user.
      password: at most 20 bytes.
      kg: the BMC key, at most 20 bytes; empty or all zeros when the BMC has none set (one-key login).

    Raises:
      ValueError: one of them is too long; the text does not repeat it.
    """

    username: bytes
    password: bytes = field(repr=False)
    kg: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("user name", self.username, MAXIMUM_USERNAME_LENGTH),
            ("password", self.password, MAXIMUM_PASSWORD_LENGTH),
            ("Kg", self.kg, MAXIMUM_KG_LENGTH),
        ):
            if len(value) > limit:
                raise ValueError(f"a {name} has at most {limit} bytes in IPMI 2.0, this one has {len(value)}")

    @property
    def two_key(self) -> bool:
        """Whether a BMC key takes part in the login."""
        return any(self.kg)


class FailureReason(StrEnum):
    """Why a login failed."""

    NO_ANSWER = "no_answer"
    NOT_READY = "not_ready"
    """The BMC says that it is starting or being updated."""
    IPMI_15_ONLY = "ipmi_15_only"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, no secret
    WRONG_KG = "wrong_kg"
    UNKNOWN_USER = "unknown_user"
    SESSION_TABLE_FULL = "session_table_full"
    SUITE_REFUSED = "suite_refused"
    DOWNGRADE = "downgrade"
    """The BMC, or somebody in between, chose other algorithms than were proposed."""
    PRIVILEGE_REFUSED = "privilege_refused"
    PROTOCOL = "protocol"
    """A fault of the BMC's firmware."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No session.

    Attributes:
      reason: for programs.
      text: for people: what is wrong and what to do about it, one line, no secrets.
      retryable: False when only an admin can change it; then try rarely.
      minimum_delay: seconds to wait at least before the next attempt.
      status: the BMC's status code, if it gave one.
    """

    reason: FailureReason
    text: str
    retryable: bool
    minimum_delay: float = 0.0
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Established:
    """A session; the next thing to do is to raise its privilege from user.

    Attributes:
      channel: seals and opens its packets.
      suite: in force.
      guid: 16 bytes that name the machine, authenticated by the password.
      managed_system_session_id: the BMC's id for it.
      remote_console_session_id: ours.
      privilege: the level that was asked for and may be set.
      capabilities: as the BMC told before the login, unauthenticated; None if it does not know the command.
      cipher_suites: offered by the BMC, unauthenticated; None if not asked or not answered.
    """

    channel: SecureChannel
    suite: CipherSuite
    guid: bytes
    managed_system_session_id: int
    remote_console_session_id: int
    privilege: int
    capabilities: ChannelAuthenticationCapabilities | None = None
    cipher_suites: tuple[CipherSuiteRecord, ...] | None = None
