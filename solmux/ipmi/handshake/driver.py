"""The way to a session: capability query, Open Session, RAKP; with retries, fallbacks and honest failures.

Answers are matched by message tag and session id. Every transmission has a new tag, and an answer to any
transmission of the present step will do. RAKP 1 and RAKP 3 are never sent twice, because a BMC that has seen
them takes the copy for an attack; when their answer does not come, everything starts over at Open Session
under a new session id.
"""

from enum import Enum, auto

from solmux.ipmi.commands import LoginStatus, Privilege
from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite, Entropy
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.handshake.inquiry import Inquiry
from solmux.ipmi.handshake.login import Login
from solmux.ipmi.handshake.outcome import Credentials, Established, Failed, FailureReason
from solmux.ipmi.handshake.refusal import ANOTHER_SUITE, LOWER_PRIVILEGE, MAYBE_DOUBLED, START_OVER, failure
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.rakp import OpenSessionResponse, Rakp2, Rakp4, RmcpStatus
from solmux.ipmi.rmcp import MessageClass, is_rmcp_plus, message_class

ROUND_PATIENCE = (1.0, 2.0, 3.0, 4.0)
"""Seconds to wait for each answer, in the first round from Open Session to RAKP 4, the second, ..."""
_OPEN_SESSION_SENDS = 2  # in each round
_GRACE = 0.25  # seconds that an error waits for a good answer which it may have overtaken
_LAST_TAG = 0xFF


class _Step(Enum):
    """Which answer is awaited."""

    IDLE = auto()
    INQUIRY = auto()
    OPEN_SESSION = auto()
    RAKP_2 = auto()
    RAKP_4 = auto()
    DONE = auto()


_STEP_TEXTS = {
    _Step.OPEN_SESSION: "the BMC answers the capability query, but not the request to open a session",
    _Step.RAKP_2: "the BMC opens a session, but does not answer to the user name (RAKP 1)",
    _Step.RAKP_4: "the BMC does not answer to our proof of the password (RAKP 3)",
}


class Handshake:
    """Logs in to one BMC. No I/O: datagrams and time in, datagrams and an outcome out.

    Attributes:
      outcome: None while it lasts. With a failure there may be a last datagram to send.
      deadline: when `handle_timer` has work, in monotonic seconds; None before the start and after the end.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        entropy: Entropy,
        counters: DropCounters,
        suites: tuple[CipherSuite, ...] = (SUITE_17, SUITE_3),
        privilege: int = Privilege.ADMINISTRATOR,
        privilege_fallback: bool = True,
        quirks: frozenset[Quirk] = frozenset(),
        ask_cipher_suites: bool = False,
    ) -> None:
        """Prepare a login; `start` begins it.

        Args:
          suites: allowed ones, the preferred first; the next is tried when the BMC refuses one.
          privilege: level to ask for.
          privilege_fallback: ask for operator when the BMC refuses administrator.
          ask_cipher_suites: also ask which suites the BMC offers; for information, it decides nothing.
        """
        if not suites:
            raise ValueError("at least one cipher suite must be allowed")
        self.outcome: Established | Failed | None = None
        self.deadline: float | None = None
        self._credentials = credentials
        self._entropy = entropy
        self._counters = counters
        self._suites = suites
        self._suite_index = 0
        self._privilege = privilege
        self._privilege_fallback = privilege_fallback
        self._quirks = quirks
        self._inquiry = Inquiry(counters, privilege, ask_cipher_suites)
        self._step = _Step.IDLE
        self._outbox: list[bytes] = []
        self._round = 0
        self._login: Login | None = None
        self._tag = entropy(1)[0]
        self._outstanding: set[int] = set()  # tags of the present step
        self._suspicion: int | None = None  # status of an error that something better may follow
        self._proof_refused = False

    def start(self, now: float) -> None:
        """Send the capability query."""
        self._step = _Step.INQUIRY
        self._inquiry.start(now)
        self._after_inquiry(now)

    def datagrams_to_send(self, now: float) -> list[bytes]:  # noqa: ARG002 - the common shape of clients
        """Return the datagrams that are due; they are not returned again."""
        datagrams = self._outbox
        self._outbox = []
        return datagrams

    def handle_timer(self, now: float) -> None:
        """Repeat, start over or give up what was due at *now*."""
        if self.deadline is None or now < self.deadline:
            return
        if self._step is _Step.INQUIRY:
            self._inquiry.handle_timer(now)
            self._after_inquiry(now)
        elif self._suspicion is not None:
            self._refused(self._suspicion, now)
        elif self._step is _Step.OPEN_SESSION and len(self._outstanding) < _OPEN_SESSION_SENDS:
            self._send_open_session(now)
        else:
            self._start_over(now)

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take a datagram from the BMC; what does not belong here is dropped and counted."""
        try:
            if self._step is _Step.INQUIRY:
                self._inquiry.receive_datagram(datagram, now)
                self._after_inquiry(now)
            elif message_class(datagram) is MessageClass.IPMI and not is_rmcp_plus(datagram):
                self._counters.count(DropReason.NOT_RMCP_PLUS)  # a second answer to the inquiry, for one
            else:
                self._take_packet(Packet.from_bytes(datagram), now)
        except DecodeError:
            self._counters.count(DropReason.MALFORMED)

    def _after_inquiry(self, now: float) -> None:
        inquiry = self._inquiry
        self._outbox += inquiry.datagrams_to_send()
        self.deadline = inquiry.deadline
        if inquiry.failed is not None:
            self._end(inquiry.failed)
        elif inquiry.finished:
            self._begin_round(now)

    # Rounds from Open Session to RAKP 4

    def _begin_round(self, now: float) -> None:
        """Open a session under a new id."""
        suite = self._suites[self._suite_index]
        self._login = Login(self._credentials, suite, self._privilege, self._quirks, self._entropy)
        self._enter(_Step.OPEN_SESSION)
        self._send_open_session(now)

    def _start_over(self, now: float) -> None:
        """The answer did not come, or came too late for the BMC: another round, while there are any left."""
        self._round += 1
        if self._round < len(ROUND_PATIENCE):
            self._begin_round(now)
        else:
            self._end(Failed(FailureReason.NO_ANSWER, _STEP_TEXTS[self._step], retryable=True))

    def _enter(self, step: _Step) -> None:
        self._step = step
        self._outstanding.clear()
        self._suspicion = None

    def _send_open_session(self, now: float) -> None:
        assert self._login is not None
        self._send(PayloadType.OPEN_SESSION_REQUEST, self._login.open_session_request(self._new_tag()), now)

    def _new_tag(self) -> int:
        """Return a tag for one transmission; never 0, which OpenBMC puts into errors."""
        self._tag = self._tag % _LAST_TAG + 1
        self._outstanding.add(self._tag)
        return self._tag

    def _send(self, payload_type: PayloadType, payload: bytes, now: float) -> None:
        self._outbox.append(wrap_session_less(payload_type, payload))
        self.deadline = now + ROUND_PATIENCE[self._round]

    def _take_packet(self, packet: Packet, now: float) -> None:
        if packet.encrypted or packet.authenticated:
            self._counters.count(DropReason.UNEXPECTED)
            return
        match self._step, packet.payload_type:
            case _Step.OPEN_SESSION, PayloadType.OPEN_SESSION_RESPONSE:
                self._take_open_session_response(OpenSessionResponse.from_bytes(packet.payload), now)
            case _Step.RAKP_2, PayloadType.RAKP_2:
                self._take_rakp_2(Rakp2.from_bytes(packet.payload), now)
            case _Step.RAKP_4, PayloadType.RAKP_4:
                self._take_rakp_4(Rakp4.from_bytes(packet.payload), now)
            case _:
                self._counters.count(DropReason.UNEXPECTED)

    def _is_ours(self, answer: OpenSessionResponse | Rakp2 | Rakp4, now: float) -> bool:
        """Tell whether a good answer belongs to the present step; deal with errors and foreign ones.

        A BMC that gets a message twice, because the network doubled it, answers the second with an error that
        may arrive first: errors of that kind wait a moment for the good answer. So do errors without our
        session id, as OpenBMC and ipmi_sim send them. Errors without a tag either (OpenBMC's RAKP 2) can be
        forged by anybody: they are believed only when nothing better comes within the whole time.
        """
        assert self._login is not None
        tag_fits = answer.tag in self._outstanding
        id_fits = answer.remote_console_session_id == self._login.remote_console_session_id
        id_missing = answer.remote_console_session_id == 0
        if answer.status == RmcpStatus.NO_ERRORS:
            if tag_fits and id_fits:
                return True
        elif tag_fits and id_fits and answer.status not in MAYBE_DOUBLED:
            self._refused(answer.status, now)
            return False
        elif (tag_fits or answer.tag == 0) and (id_fits or id_missing):
            if tag_fits and self.deadline is not None:
                self.deadline = min(self.deadline, now + _GRACE)
            self._suspicion = self._suspicion or answer.status
            return False
        self._counters.count(DropReason.UNEXPECTED if id_fits else DropReason.WRONG_SESSION)
        return False

    def _take_open_session_response(self, response: OpenSessionResponse, now: float) -> None:
        if not self._is_ours(response, now):
            return
        assert self._login is not None
        failed = self._login.take_open_session_response(response)
        if failed is not None:
            self._end(failed)
            return
        self._enter(_Step.RAKP_2)
        self._send(PayloadType.RAKP_1, self._login.rakp_1(self._new_tag()), now)

    def _take_rakp_2(self, rakp_2: Rakp2, now: float) -> None:
        if not self._is_ours(rakp_2, now):
            return
        assert self._login is not None
        failed = self._login.take_rakp_2(rakp_2)
        self._enter(_Step.RAKP_4)
        if failed is None:
            self._send(PayloadType.RAKP_3, self._login.rakp_3(self._new_tag()), now)
        else:
            self._send(PayloadType.RAKP_3, self._login.refusal(self._new_tag()), now)
            self._end(failed)

    def _take_rakp_4(self, rakp_4: Rakp4, now: float) -> None:
        if not self._is_ours(rakp_4, now):
            return
        login = self._login
        assert login is not None
        channel = login.take_rakp_4(rakp_4, self._counters, self._kg_announced)
        if isinstance(channel, Failed):
            self._end(channel)
            return
        self._end(
            Established(
                channel,
                login.suite,
                login.guid,
                login.managed_system_session_id,
                login.remote_console_session_id,
                login.privilege,
                self._inquiry.capabilities,
                self._inquiry.cipher_suites,
            )
        )

    @property
    def _kg_announced(self) -> bool:
        capabilities = self._inquiry.capabilities
        return capabilities is not None and LoginStatus.KG_SET in capabilities.login_status

    # Refusals and the end

    def _refused(self, status: int, now: float) -> None:
        """The BMC answered with an error: try another way, or report it."""
        if status in ANOTHER_SUITE and self._suite_index + 1 < len(self._suites):
            self._suite_index += 1
            self._begin_round(now)
        elif status in LOWER_PRIVILEGE and self._privilege_fallback and self._privilege > Privilege.OPERATOR:
            self._privilege = Privilege.OPERATOR
            self._begin_round(now)
        elif self._round + 1 < len(ROUND_PATIENCE) and (status in START_OVER or self._is_stale_proof(status)):
            self._start_over(now)
        else:
            self._end(failure(status, self._suites[self._suite_index]))

    def _is_stale_proof(self, status: int) -> bool:
        """Tell, once, whether a refused proof may be no matter of the password.

        The BMC's own proof was right, so the password is. The network may have doubled RAKP 1 or RAKP 3.
        """
        if status != RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE or self._step is not _Step.RAKP_4:
            return False
        first, self._proof_refused = not self._proof_refused, True
        return first

    def _end(self, outcome: Established | Failed) -> None:
        """Settle the outcome and let go of everything secret."""
        self.outcome = outcome
        self.deadline = None
        self._step = _Step.DONE
        self._login = None
        del self._credentials
