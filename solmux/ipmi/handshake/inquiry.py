"""What a BMC says about itself before any session: its capabilities and, if asked, its cipher suites."""

from solmux.ipmi.commands import (
    ChannelAuthenticationCapabilities,
    CipherSuiteRecord,
    CipherSuitesBlock,
    GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites,
    read_cipher_suite_records,
)
from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.exchange import Answer, CommandChannel, NoAnswer
from solmux.ipmi.handshake.outcome import CREDENTIAL_DELAY, NOT_READY_DELAY, Failed, FailureReason
from solmux.ipmi.message import CompletionCode, Response, completion_text
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.rmcp import is_rmcp_plus, unwrap_ipmi15, wrap_ipmi15

_BLOCKS = 64
_OPTIONAL_SCHEDULE = (0.5, 1.0)  # seconds; several BMCs never answer what they do not know
_NOT_READY_CODES = {CompletionCode.FIRMWARE_UPDATE, CompletionCode.INITIALISING}


class Inquiry:
    """Asks the questions that need no session. All of it is unauthenticated: it informs, it decides little.

    Attributes:
      finished: nothing more to ask; `failed` says whether a login makes sense.
      failed: why there is no point in going on, or None.
      capabilities: None if the BMC does not know the command.
      cipher_suites: None if not asked or not answered.
      deadline: when `handle_timer` has work, in monotonic seconds.
    """

    def __init__(self, counters: DropCounters, privilege: int, ask_cipher_suites: bool) -> None:
        self.finished = False
        self.failed: Failed | None = None
        self.capabilities: ChannelAuthenticationCapabilities | None = None
        self.cipher_suites: tuple[CipherSuiteRecord, ...] | None = None
        self._counters = counters
        self._privilege = privilege
        self._ask_cipher_suites = ask_cipher_suites
        self._commands = CommandChannel(counters)
        self._records = b""
        self._blocks = 0
        self._asking_suites = False

    @property
    def deadline(self) -> float:
        """When `handle_timer` has work; ``math.inf`` when nothing is in flight."""
        return self._commands.deadline

    def start(self, now: float) -> None:
        """Ask for the capabilities."""
        self._commands.submit(
            GetChannelAuthenticationCapabilities(privilege=self._privilege).to_request(), now
        )

    def datagrams_to_send(self) -> list[bytes]:
        """Return the datagrams that are due; the first question goes in the IPMI 1.5 wrapper."""
        messages = self._commands.messages_to_send()
        if self._asking_suites:
            return [wrap_session_less(PayloadType.IPMI, message) for message in messages]
        return [wrap_ipmi15(message) for message in messages]

    def handle_timer(self, now: float) -> None:
        """Repeat the question, or do without the answer."""
        if isinstance(self._commands.handle_timer(now), NoAnswer):
            self.finished = True
            if not self._asking_suites:
                self.failed = Failed(FailureReason.NO_ANSWER, "BMC does not answer", retryable=True)

    def receive_datagram(self, datagram: bytes, now: float) -> None:
        """Take a datagram; raises `DecodeError` if it is malformed, counts what does not belong here."""
        if is_rmcp_plus(datagram) != self._asking_suites:
            self._counters.count(DropReason.UNEXPECTED)
            return
        if self._asking_suites:
            packet = Packet.from_bytes(datagram)
            if packet.payload_type != PayloadType.IPMI or packet.encrypted or packet.authenticated:
                self._counters.count(DropReason.UNEXPECTED)
                return
            message = packet.payload
        else:
            message = unwrap_ipmi15(datagram)
        answer = self._commands.receive(message, now)
        if isinstance(answer, Answer):
            take = self._take_cipher_suites if self._asking_suites else self._take_capabilities
            take(answer.response, now)
        elif answer is not None:
            self._counters.count(DropReason.UNEXPECTED)  # a request of the BMC's own

    def _take_capabilities(self, response: Response, now: float) -> None:
        code = response.completion_code
        if code == CompletionCode.OK:
            try:
                self.capabilities = ChannelAuthenticationCapabilities.from_data(response.data)
            except DecodeError:
                self._counters.count(DropReason.MALFORMED)
        if code in _NOT_READY_CODES:
            text = completion_text(response.net_fn, response.command, code)
            self._give_up(
                Failed(FailureReason.NOT_READY, text, retryable=True, minimum_delay=NOT_READY_DELAY)
            )
        elif code == CompletionCode.INVALID_DATA or (
            self.capabilities is not None and not self.capabilities.rmcp_plus
        ):
            # CCh: it does not know the bit that asks for IPMI 2.0 data.
            text = "IPMI 1.5 only: no SOL"
            self._give_up(
                Failed(FailureReason.IPMI_15_ONLY, text, retryable=False, minimum_delay=CREDENTIAL_DELAY)
            )
        elif self._ask_cipher_suites:
            self._asking_suites = True
            self._request_block(now)
        else:
            self.finished = True

    def _request_block(self, now: float) -> None:
        self._commands.submit(GetChannelCipherSuites(self._blocks).to_request(), now, _OPTIONAL_SCHEDULE)

    def _take_cipher_suites(self, response: Response, now: float) -> None:
        try:
            if response.completion_code == CompletionCode.OK:
                records = CipherSuitesBlock.from_data(response.data).records
                self._records += records
                self._blocks += 1
                if len(records) == CipherSuitesBlock.LENGTH and self._blocks < _BLOCKS:
                    self._request_block(now)
                    return
            if self._records:
                self.cipher_suites = read_cipher_suite_records(self._records)
        except DecodeError:
            self._counters.count(DropReason.MALFORMED)
        self.finished = True

    def _give_up(self, failed: Failed) -> None:
        self.failed = failed
        self.finished = True
