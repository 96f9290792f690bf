"""RMCP+ packets: the session header, and the sealed packets of a session (IPMI 2.0 section 13.6).

Offsets in a datagram: 0 RMCP header (4 bytes), 4 authentication type 06, 5 payload type with the encrypted
(80h) and authenticated (40h) bits, 6 session id of the receiver, 10 session sequence number, 14 payload
length, 16 payload; all little-endian. Authenticated packets end with padding, its length, next header 07 and
the authentication code over everything from offset 4 to the next header.
"""

from dataclasses import dataclass
from enum import IntEnum
from hmac import compare_digest
from struct import Struct
from typing import NamedTuple, Self

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import CipherSuite, Entropy, KeyedHash, PayloadCipher
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.rmcp import (
    AUTHENTICATION_TYPE_RMCP_PLUS,
    RMCP_IPMI_HEADER,
    RMCP_VERSION,
    MessageClass,
    message_class,
)
from solmux.ipmi.window import ReceiveWindow

_ENCRYPTED = 0x80
_AUTHENTICATED = 0x40
_PROTECTED = _ENCRYPTED | _AUTHENTICATED
_TYPE_MASK = 0x3F
_HEADER = Struct("<BxxBBBIIH")
_HEADER_TO_SEND = Struct("<4sBBIIH")
_NEXT_HEADER = 7
_TRAILER_LENGTH = 2  # pad length and next header, the least an authenticated packet has before its code
# A ciphertext is a whole number of 16-byte blocks behind 12 bytes of header: always two bytes of padding.
_TRAILER = bytes((0xFF, 0xFF, 2, _NEXT_HEADER))
_TRAILER_OF_ICTS = bytes((0, _NEXT_HEADER))
_LAST_SEQUENCE = 0xFFFFFFFF


class PayloadType(IntEnum):
    """Payload type numbers (IPMI 2.0 table 13-16)."""

    IPMI = 0x00
    SOL = 0x01
    OEM = 0x02
    OPEN_SESSION_REQUEST = 0x10
    OPEN_SESSION_RESPONSE = 0x11
    RAKP_1 = 0x12
    RAKP_2 = 0x13
    RAKP_3 = 0x14
    RAKP_4 = 0x15


def wrap_session_less(payload_type: int, payload: bytes) -> bytes:
    """Return a datagram outside of any session: no protection, session id and sequence number 0."""
    header = _HEADER_TO_SEND.pack(
        RMCP_IPMI_HEADER, AUTHENTICATION_TYPE_RMCP_PLUS, payload_type, 0, 0, len(payload)
    )
    return header + payload


@dataclass(frozen=True, slots=True)
class Packet:
    """An RMCP+ datagram by its header alone: nothing is verified or decrypted.

    Attributes:
      payload_type: 0-63; see `PayloadType`.
      encrypted: the payload is ciphertext.
      authenticated: the datagram ends with an authentication code.
      session_id: the receiver's session id; 0 outside of sessions.
      sequence: session sequence number; 0 outside of sessions.
      payload: as on the wire, without the session trailer.
    """

    payload_type: int
    encrypted: bool
    authenticated: bool
    session_id: int
    sequence: int
    payload: bytes

    @classmethod
    def from_bytes(cls, datagram: bytes) -> Self:
        """Parse the header of *datagram*; bytes behind the payload are not looked at.

        Raises:
          DecodeError: not an RMCP+ packet, an OEM explicit payload, or shorter than its header says.
        """
        if message_class(datagram) is not MessageClass.IPMI:
            raise DecodeError("an ASF message where an RMCP+ packet is expected")
        if len(datagram) < _HEADER.size:
            raise DecodeError(f"an RMCP+ header needs 16 bytes, got {len(datagram)}")
        _, _, authentication_type, kind, session_id, sequence, length = _HEADER.unpack_from(datagram)
        if authentication_type != AUTHENTICATION_TYPE_RMCP_PLUS:
            raise DecodeError(f"authentication type must be 06h (RMCP+), got {authentication_type:02X}h")
        if kind & _TYPE_MASK == PayloadType.OEM:
            raise DecodeError("OEM explicit payload")
        payload = datagram[_HEADER.size : _HEADER.size + length]
        if len(payload) < length:
            raise DecodeError(f"payload of {length} bytes announced, {len(payload)} present")
        return cls(
            kind & _TYPE_MASK,
            bool(kind & _ENCRYPTED),
            bool(kind & _AUTHENTICATED),
            session_id,
            sequence,
            payload,
        )


class Opened(NamedTuple):
    """What an authentic packet of the session carried.

    Attributes:
      payload_type: 0-63.
      sequence: session sequence number, not 0.
      payload: decrypted, without padding.
    """

    payload_type: int
    sequence: int
    payload: bytes


class SecureChannel:
    """One established session: seals what we send, opens what arrives. Console and BMC ends are alike.

    Only packets that are both encrypted and authenticated come through, because both suites demand it. The
    authentication code is verified before anything is decrypted, and a packet that is dropped leaves the
    channel as it was.

    Attributes:
      suite: the suite in force.
      local_session_id: id that arriving packets must carry.
      peer_session_id: id that sent packets carry.
      sequence: number of the last packet sealed; 0 before the first.
      counters: where drops are counted.
    """

    __slots__ = (
        "_accept_zero_session_id",
        "_cipher",
        "_code_length",
        "_hash",
        "_trailer",
        "_window",
        "counters",
        "local_session_id",
        "peer_session_id",
        "sequence",
        "suite",
    )

    def __init__(
        self,
        *,
        suite: CipherSuite,
        k1: bytes,
        k2: bytes,
        local_session_id: int,
        peer_session_id: int,
        entropy: Entropy,
        counters: DropCounters,
        window: ReceiveWindow | None = None,
        accept_zero_session_id: bool = False,
        icts_padding: bool = False,
    ) -> None:
        """Make a channel from the session's keys.

        Args:
          k1: integrity key, as long as the suite's hash.
          k2: confidentiality key; its first 16 bytes are used.
          entropy: asked for 16 bytes per sealed packet.
          window: which numbers to admit; by default the console's wide one. A BMC gives
            ``ReceiveWindow(behind=16, ahead=15)``.
          accept_zero_session_id: also open authentic packets with session id 0 (quirk ``idzero``).
          icts_padding: leave the last two trailer bytes out of the padding sum (quirk ``icts``).
        """
        self.suite = suite
        self.local_session_id = local_session_id
        self.peer_session_id = peer_session_id
        self.sequence = 0
        self.counters = counters
        self._hash = KeyedHash(suite.hash_name, k1, suite.auth_code_length)
        self._code_length = suite.auth_code_length
        self._cipher = PayloadCipher(k2, entropy)
        self._window = window if window is not None else ReceiveWindow()
        self._accept_zero_session_id = accept_zero_session_id
        self._trailer = _TRAILER_OF_ICTS if icts_padding else _TRAILER

    def seal(self, payload_type: int, payload: bytes) -> bytes:
        """Return the datagram for *payload*, under the next session number and a fresh vector.

        A retransmission is sealed again, like everything else: no number is ever used twice.
        """
        ciphertext = self._cipher.encrypt(payload)
        self.sequence = sequence = self.sequence + 1 if self.sequence < _LAST_SEQUENCE else 1
        header = _HEADER_TO_SEND.pack(
            RMCP_IPMI_HEADER,
            AUTHENTICATION_TYPE_RMCP_PLUS,
            payload_type | _PROTECTED,
            self.peer_session_id,
            sequence,
            len(ciphertext),
        )
        datagram = header + ciphertext + self._trailer
        return datagram + self._hash.code(datagram[4:])

    def open(self, datagram: bytes) -> Opened | None:
        """Return what *datagram* carries, or None: dropped and counted. Never raises."""
        opened = self._open(datagram)
        if isinstance(opened, Opened):
            return opened
        self.counters.count(opened)
        return None

    def _open(self, datagram: bytes) -> Opened | DropReason:
        if len(datagram) < _HEADER.size:
            return DropReason.SHORT
        version, rmcp_class, authentication_type, kind, session_id, sequence, length = _HEADER.unpack_from(
            datagram
        )
        if version != RMCP_VERSION or rmcp_class != MessageClass.IPMI:
            return DropReason.NOT_RMCP
        if authentication_type != AUTHENTICATION_TYPE_RMCP_PLUS:
            return DropReason.NOT_RMCP_PLUS
        payload_type = kind & _TYPE_MASK
        if payload_type == PayloadType.OEM:  # its header is longer: nothing behind it can be read
            return DropReason.OEM_PAYLOAD
        if session_id != self.local_session_id and (session_id or not self._accept_zero_session_id):
            return DropReason.WRONG_SESSION
        if kind & _PROTECTED != _PROTECTED:
            return DropReason.NOT_ENCRYPTED if kind & _AUTHENTICATED else DropReason.NOT_AUTHENTICATED
        return self._unseal(datagram, payload_type, sequence, _HEADER.size + length)

    def _unseal(self, datagram: bytes, payload_type: int, sequence: int, end: int) -> Opened | DropReason:
        """Verify, decrypt, admit; in this order, and nothing is kept of a packet that fails."""
        code_length = self._code_length
        if end + _TRAILER_LENGTH + code_length > len(datagram):
            return DropReason.BAD_LENGTH
        if not compare_digest(self._hash.code(datagram[4:-code_length]), datagram[-code_length:]):
            return DropReason.BAD_AUTH_CODE
        payload = self._cipher.decrypt(datagram[_HEADER.size : end])
        if payload is None:
            return DropReason.BAD_CIPHERTEXT
        refused = self._window.admit(sequence)
        return Opened(payload_type, sequence, payload) if refused is None else refused
