"""IPMI messages over LAN: requests, responses, their checksums (IPMI 2.0 section 13.8), completion codes.

Layout: responder address, net function and LUN, checksum, requester address, sequence and LUN, command,
[completion code], data, checksum. The console's address is the software id 81h, the BMC's is 20h.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from solmux.ipmi.errors import DecodeError

BMC_ADDRESS = 0x20
REMOTE_CONSOLE_ADDRESS = 0x81
REQUEST_SEQUENCES = 64

_SHORTEST_REQUEST = 7
_SHORTEST_RESPONSE = 8


class NetFunction(IntEnum):
    """Net function codes of requests; a response carries the code plus one."""

    CHASSIS = 0x00
    SENSOR_EVENT = 0x04
    APPLICATION = 0x06
    STORAGE = 0x0A
    TRANSPORT = 0x0C


class ChecksumError(DecodeError):
    """A message whose checksum is wrong; everything else about it was not looked at."""


def checksum(data: bytes) -> int:
    """Return the byte that makes the sum of *data* and itself 0 modulo 256."""
    return -sum(data) & 0xFF


def is_request(message: bytes) -> bool:
    """Tell whether a message is a request (even net function): a BMC may send those, too."""
    return len(message) > 1 and not message[1] >> 2 & 1


@dataclass(frozen=True, slots=True)
class Request:
    """A command for the BMC.

    Attributes:
      net_fn: even, 0-62.
      command: 0-255.
      data: what follows the command byte.
      lun: 0-3, of the responder.
    """

    net_fn: int
    command: int
    data: bytes = b""
    lun: int = 0

    def to_bytes(self, request_sequence: int) -> bytes:
        """Return the message; *request_sequence* is 0-63."""
        head = bytes((BMC_ADDRESS, self.net_fn << 2 | self.lun))
        body = bytes((REMOTE_CONSOLE_ADDRESS, request_sequence << 2, self.command)) + self.data
        return head + bytes((checksum(head),)) + body + bytes((checksum(body),))

    @classmethod
    def from_bytes(cls, raw: bytes) -> tuple[Self, int]:
        """Parse a message; returns the request and its sequence.

        Raises:
          DecodeError: too short, a response, or (`ChecksumError`) a wrong checksum.
        """
        if len(raw) < _SHORTEST_REQUEST:
            raise DecodeError(f"a request needs 7 bytes, got {len(raw)}")
        if not is_request(raw):
            raise DecodeError(f"net function of a request must be even, got {raw[1] >> 2:02X}h")
        _verify_checksums(raw)
        return cls(raw[1] >> 2, raw[5], raw[6:-1], raw[1] & 3), raw[4] >> 2


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a command.

    Attributes:
      net_fn: that of the request plus one: odd, 1-63.
      command: echoed.
      request_sequence: echoed, 0-63.
      completion_code: `CompletionCode`, or a number of the command or the vendor.
      data: what follows the completion code.
    """

    net_fn: int
    command: int
    request_sequence: int
    completion_code: int
    data: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the message."""
        head = bytes((REMOTE_CONSOLE_ADDRESS, self.net_fn << 2))
        body = (
            bytes((BMC_ADDRESS, self.request_sequence << 2, self.command, self.completion_code)) + self.data
        )
        return head + bytes((checksum(head),)) + body + bytes((checksum(body),))

    @classmethod
    def from_bytes(cls, raw: bytes, *, verify_checksums: bool = True) -> Self:
        """Parse a message. Addresses are not looked at: some BMCs leave them unswapped.

        Args:
          verify_checksums: False for a BMC with the quirk ``nochecksumcheck``, inside a session only.

        Raises:
          DecodeError: too short, a request, or (`ChecksumError`) a wrong checksum.
        """
        if len(raw) < _SHORTEST_RESPONSE:
            raise DecodeError(f"a response needs 8 bytes, got {len(raw)}")
        if is_request(raw):
            raise DecodeError(f"net function of a response must be odd, got {raw[1] >> 2:02X}h")
        if verify_checksums:
            _verify_checksums(raw)
        return cls(raw[1] >> 2, raw[5], raw[4] >> 2, raw[6], raw[7:-1])

    def answers(self, request: Request, request_sequence: int) -> bool:
        """Tell whether this is the answer to *request* as sent under *request_sequence*."""
        return (self.net_fn, self.command, self.request_sequence) == (
            request.net_fn + 1,
            request.command,
            request_sequence,
        )


def _verify_checksums(raw: bytes) -> None:
    if sum(raw[:3]) & 0xFF:
        raise ChecksumError(f"header checksum must be {checksum(raw[:2]):02X}h, got {raw[2]:02X}h")
    if sum(raw[3:]) & 0xFF:
        raise ChecksumError(f"data checksum must be {checksum(raw[3:-1]):02X}h, got {raw[-1]:02X}h")


class CompletionCode(IntEnum):
    """Generic completion codes (IPMI 2.0 table 5-2)."""

    OK = 0x00
    NODE_BUSY = 0xC0
    INVALID_COMMAND = 0xC1
    INVALID_FOR_LUN = 0xC2
    TIMEOUT = 0xC3
    OUT_OF_SPACE = 0xC4
    RESERVATION_CANCELLED = 0xC5
    DATA_TRUNCATED = 0xC6
    DATA_LENGTH_INVALID = 0xC7
    DATA_LENGTH_LIMIT = 0xC8
    OUT_OF_RANGE = 0xC9
    CANNOT_RETURN_LENGTH = 0xCA
    NOT_PRESENT = 0xCB
    INVALID_DATA = 0xCC
    ILLEGAL_FOR_TYPE = 0xCD
    NO_RESPONSE = 0xCE
    DUPLICATE_REQUEST = 0xCF
    SDR_IN_UPDATE = 0xD0
    FIRMWARE_UPDATE = 0xD1
    INITIALISING = 0xD2
    DESTINATION_UNAVAILABLE = 0xD3
    INSUFFICIENT_PRIVILEGE = 0xD4
    NOT_SUPPORTED_NOW = 0xD5
    SUB_FUNCTION_DISABLED = 0xD6
    UNSPECIFIED = 0xFF


_GENERIC_TEXTS: dict[int, str] = {
    CompletionCode.OK: "done",
    CompletionCode.NODE_BUSY: "the BMC is busy: try again in a moment",
    CompletionCode.INVALID_COMMAND: "the BMC does not know this command",
    CompletionCode.INVALID_FOR_LUN: "the BMC does not know this command on that LUN",
    CompletionCode.TIMEOUT: "the BMC timed out inside itself: try again",
    CompletionCode.OUT_OF_SPACE: "the BMC is out of storage space: clear its log",
    CompletionCode.RESERVATION_CANCELLED: "the reservation was cancelled: reserve again and start over",
    CompletionCode.DATA_TRUNCATED: "the request was cut short on its way",
    CompletionCode.DATA_LENGTH_INVALID: "the BMC refuses the length of the request",
    CompletionCode.DATA_LENGTH_LIMIT: "the request is longer than a limit of the BMC",
    CompletionCode.OUT_OF_RANGE: "a parameter is out of range",
    CompletionCode.CANNOT_RETURN_LENGTH: "the BMC cannot return that many bytes at once: read smaller pieces",
    CompletionCode.NOT_PRESENT: "the sensor, record or data asked for is not there",
    CompletionCode.INVALID_DATA: "the BMC refuses a field of the request",
    CompletionCode.ILLEGAL_FOR_TYPE: "the command does not fit this sensor or record type",
    CompletionCode.NO_RESPONSE: "the BMC could not make an answer",
    CompletionCode.DUPLICATE_REQUEST: "the BMC is still answering an earlier copy of this request",
    CompletionCode.SDR_IN_UPDATE: "the sensor repository is being updated: try again later",
    CompletionCode.FIRMWARE_UPDATE: "the BMC's firmware is being updated: wait until that is finished",
    CompletionCode.INITIALISING: "the BMC is starting: try again in some seconds",
    CompletionCode.DESTINATION_UNAVAILABLE: "the BMC cannot reach the destination of the request",
    CompletionCode.INSUFFICIENT_PRIVILEGE: (
        "the session's privilege is too low: give the account operator or administrator rights on the BMC"
    ),
    CompletionCode.NOT_SUPPORTED_NOW: "not possible in the present state: look at the machine's power state",
    CompletionCode.SUB_FUNCTION_DISABLED: "this function is disabled on the BMC: enable it there",
    CompletionCode.UNSPECIFIED: "the BMC gives no reason: try again, then look at its own log",
}

_APPLICATION_TEXTS: dict[tuple[int, int], str] = {
    (0x3B, 0x80): "this privilege level is not available to the user: raise the user's limit on the BMC",
    (0x3B, 0x81): "the privilege level exceeds the limit of the user or the channel: raise it on the BMC",
    (0x3B, 0x82): "user-level authentication cannot be disabled",
    (0x3C, 0x87): "the BMC knows no such session: it is closed already",
    (0x3C, 0x88): "the BMC knows no such session handle",
    (0x48, 0x80): "SOL is active in another session: wait for its holder, or steal it",
    (
        0x48,
        0x81,
    ): "SOL is disabled: enable it in the BMC's SOL configuration and in the user's payload access",
    (0x48, 0x82): "the BMC's limit of active payloads is reached: close another console session",
    (0x48, 0x83): "the BMC cannot encrypt SOL: update its firmware; plain-text consoles are refused",
    (0x48, 0x84): "the BMC wants SOL encrypted: allow cipher suite 3 or 17 on its channel",
    (0x49, 0x80): "SOL is not active",
    (0x49, 0x81): "SOL is disabled on the BMC",
    (0x55, 0x80): "the BMC cannot suspend encryption",
    (0x55, 0x81): "suspending encryption is not allowed by the BMC's configuration",
    (0x55, 0x82): "encryption is not available in this session",
    (0x55, 0x83): "the payload instance is not active",
}
_PARAMETER_TEXTS: dict[int, str] = {
    0x80: "the BMC does not support this parameter",
    0x81: "somebody else is changing this configuration: try again later",
    0x82: "the parameter is read-only",
    0x83: "the parameter is write-only",
}
_PARAMETER_COMMANDS = {0x01, 0x02, 0x21, 0x22}  # set and get of LAN and SOL configuration


def completion_text(net_fn: int, command: int, code: int) -> str:
    """Say what a completion code means for this command, and what to do, in one line.

    Args:
      net_fn: of the request or of the response, either will do.
    """
    function = net_fn & ~1
    text = None
    if function == NetFunction.APPLICATION:
        text = _APPLICATION_TEXTS.get((command, code))
    elif function == NetFunction.TRANSPORT and command in _PARAMETER_COMMANDS:
        text = _PARAMETER_TEXTS.get(code)
    if text is None:
        text = _GENERIC_TEXTS.get(code, "a code that only the vendor's manual explains")
    return f"{text} (completion code {code:02X}h)"
