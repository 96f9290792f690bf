"""One pass from Open Session to RAKP 4: every value and every check, without clock and retries."""

from dataclasses import replace
from hmac import compare_digest

from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import CipherSuite, Entropy
from solmux.ipmi.handshake.outcome import CREDENTIAL_DELAY, Credentials, Failed, FailureReason
from solmux.ipmi.packet import SecureChannel
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.rakp import (
    MAXIMUM_USERNAME_LENGTH,
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

_ROLE_PRIVILEGE = 0x0F
_FIRMWARE_DELAY = 60.0  # seconds


class Login:
    """One attempt under one session id of ours. Answers have been matched to it by tag and session id.

    Methods are called in the order of the messages. Each that takes an answer returns what to do next, or a
    `Failed`; after either end of the pass the object holds no random numbers or keys.

    Attributes:
      suite: the one proposed.
      privilege: the level asked for.
      remote_console_session_id: ours, random and not 0.
      managed_system_session_id: the BMC's, 0 before Open Session is answered.
      guid: 16 bytes, empty before RAKP 2.
    """

    def __init__(
        self,
        credentials: Credentials,
        suite: CipherSuite,
        privilege: int,
        quirks: frozenset[Quirk],
        entropy: Entropy,
    ) -> None:
        self.suite = suite
        self.privilege = privilege
        self.remote_console_session_id = int.from_bytes(entropy(4), "little") or 1
        self.managed_system_session_id = 0
        self.guid = b""
        self._credentials = credentials
        self._quirks = quirks
        self._entropy = entropy
        self._remote_console_random = b""
        self._exchange: KeyExchange | None = None
        self._username = credentials.username
        if Quirk.INTEL20 in quirks:
            self._username = self._username.ljust(MAXIMUM_USERNAME_LENGTH, b"\0")

    def open_session_request(self, tag: int) -> bytes:
        """Return the payload of the request; it names the concrete privilege, since some BMCs hash that."""
        request = OpenSessionRequest(
            tag, self.privilege, self.remote_console_session_id, self.suite.algorithms
        )
        return request.to_bytes()

    def take_open_session_response(self, response: OpenSessionResponse) -> Failed | None:
        """Check a response without error and take the BMC's session id from it."""
        if response.algorithms != self.suite.algorithms:
            return Failed(
                FailureReason.DOWNGRADE,
                f"{self.suite} was proposed and other algorithms came back: refused, since somebody may be "
                "weakening the login (if it stays so: update the BMC's firmware)",
                retryable=False,
                minimum_delay=_FIRMWARE_DELAY,
            )
        if not response.managed_system_session_id:
            return _firmware_fault("the BMC gave the session the id 0")
        self.managed_system_session_id = response.managed_system_session_id
        return None

    def rakp_1(self, tag: int) -> bytes:
        """Return the payload of RAKP 1, with a fresh random number."""
        self._remote_console_random = self._entropy(RANDOM_LENGTH)
        return Rakp1(
            tag,
            self.managed_system_session_id,
            self._remote_console_random,
            self.privilege | NAME_ONLY_LOOKUP,
            self._username,
        ).to_bytes()

    def take_rakp_2(self, rakp_2: Rakp2) -> Failed | None:
        """Verify that the BMC knows the password."""
        exchange = KeyExchange(
            self.remote_console_session_id,
            self.managed_system_session_id,
            self._remote_console_random,
            rakp_2.random,
            rakp_2.guid,
            self.privilege | NAME_ONLY_LOOKUP,
            self._username,
        )
        length = self.suite.key_exchange_code_length
        if len(rakp_2.key_exchange_code) < length:
            return _firmware_fault(
                f"the code in RAKP 2 has {len(rakp_2.key_exchange_code)} bytes instead of {length}"
            )
        expected = key_exchange_code_2(self.suite, self._credentials.password, exchange)
        if not compare_digest(expected, rakp_2.key_exchange_code[:length]):
            return Failed(
                FailureReason.WRONG_PASSWORD,
                f"wrong password for user {self._shown_username}: the BMC has another one; correct it before "
                "trying again, too many tries lock the account",
                retryable=False,
                minimum_delay=CREDENTIAL_DELAY,
            )
        self.guid = rakp_2.guid
        self._exchange = exchange
        return None

    def rakp_3(self, tag: int) -> bytes:
        """Return the payload of RAKP 3: our proof. To be sent once."""
        assert self._exchange is not None
        exchange = self._exchange
        if self._quirks & {Quirk.INTEL20, Quirk.INTELPLUS}:
            exchange = replace(exchange, role=exchange.role & _ROLE_PRIVILEGE)
        code = key_exchange_code_3(self.suite, self._credentials.password, exchange)
        return Rakp3(tag, RmcpStatus.NO_ERRORS, self.managed_system_session_id, code).to_bytes()

    def refusal(self, tag: int) -> bytes:
        """Return a RAKP 3 that proves nothing: the BMC may free the session it holds for us."""
        return Rakp3(tag, RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE, self.managed_system_session_id).to_bytes()

    def take_rakp_4(
        self, rakp_4: Rakp4, counters: DropCounters, kg_announced: bool
    ) -> SecureChannel | Failed:
        """Verify that both ends have the same keys; return the channel made of them.

        Args:
          counters: where the channel counts drops.
          kg_announced: the BMC has said, unauthenticated, that it has a Kg; for the text of a failure.
        """
        assert self._exchange is not None
        exchange, self._exchange, self._remote_console_random = self._exchange, None, b""
        length = self.suite.integrity_check_value_length
        received = rakp_4.integrity_check_value[:length]
        if len(received) < length:
            return _firmware_fault(f"the value in RAKP 4 has {len(received)} bytes instead of {length}")
        credentials = self._credentials
        sik = session_integrity_key(self.suite, credentials.password, credentials.kg, exchange)
        if not compare_digest(integrity_check_value(self.suite, sik, exchange), received):
            one_key = session_integrity_key(self.suite, credentials.password, b"", exchange)
            needless = compare_digest(integrity_check_value(self.suite, one_key, exchange), received)
            return self._wrong_kg(needless, kg_announced)
        k1, k2 = derive_keys(self.suite, sik)
        return SecureChannel(
            suite=self.suite,
            k1=k1,
            k2=k2,
            local_session_id=self.remote_console_session_id,
            peer_session_id=self.managed_system_session_id,
            entropy=self._entropy,
            counters=counters,
            accept_zero_session_id=Quirk.IDZERO in self._quirks,
            icts_padding=Quirk.ICTS in self._quirks,
        )

    def _wrong_kg(self, needless: bool, announced: bool) -> Failed:
        if needless:
            text = "wrong Kg: the BMC has none set, but one is configured: remove it, or set it on the BMC"
        elif self._credentials.two_key:
            text = "wrong Kg: the password is right, but the configured BMC key (Kg) is not the BMC's"
        else:
            said = "says that it has one" if announced else "seems to have one"
            text = (
                f"missing Kg: the password is right, but the BMC {said}: configure the BMC key (Kg), "
                "or clear it on the BMC"
            )
        return Failed(FailureReason.WRONG_KG, text, retryable=False, minimum_delay=CREDENTIAL_DELAY)

    @property
    def _shown_username(self) -> str:
        return repr(self._credentials.username.decode("utf-8", "backslashreplace"))


def _firmware_fault(text: str) -> Failed:
    return Failed(
        FailureReason.PROTOCOL,
        f"{text}: a fault of its firmware",
        retryable=True,
        minimum_delay=_FIRMWARE_DELAY,
    )
