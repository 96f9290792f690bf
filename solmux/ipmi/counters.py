"""Counts of datagrams and messages that were dropped, by reason."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class DropReason(StrEnum):
    """Why something from the network was ignored."""

    SHORT = "short"
    """Fewer bytes than its headers need."""
    NOT_RMCP = "not_rmcp"
    """First byte is not 06, or the class is neither IPMI nor ASF, or an RMCP acknowledgement."""
    NOT_RMCP_PLUS = "not_rmcp_plus"
    """ASF or an IPMI 1.5 packet where only RMCP+ is expected."""
    OEM_PAYLOAD = "oem_payload"
    """Payload type 02, OEM explicit."""
    WRONG_SESSION = "wrong_session"
    """Session id of somebody else, or of a session that is gone."""
    NOT_AUTHENTICATED = "not_authenticated"
    """In a session, without the authenticated bit."""
    NOT_ENCRYPTED = "not_encrypted"
    """In a session, authenticated but without the encrypted bit."""
    BAD_LENGTH = "bad_length"
    """Payload length and datagram length do not agree."""
    BAD_AUTH_CODE = "bad_auth_code"
    """The authentication code does not match: damaged or forged."""
    BAD_CIPHERTEXT = "bad_ciphertext"
    """Authentic, but the ciphertext is no whole number of blocks or its padding does not count 01, 02, ..."""
    ZERO_SEQUENCE = "zero_sequence"
    """Session sequence number 0 inside a session."""
    DUPLICATE = "duplicate"
    """Session sequence number seen before."""
    OUT_OF_WINDOW = "out_of_window"
    """Session sequence number too far behind the highest seen (or ahead, where a limit is set)."""
    MALFORMED = "malformed"
    """A payload that its parser refused."""
    BAD_CHECKSUM = "bad_checksum"
    """An IPMI message whose checksum is wrong."""
    UNEXPECTED = "unexpected"
    """Well formed, but nobody waits for it: another step, an unknown tag, a payload type without a use."""
    UNMATCHED_RESPONSE = "unmatched_response"
    """An IPMI response that answers no request in flight."""
    DUPLICATE_REQUEST = "duplicate_request"
    """Completion code CFh: the BMC saw a retransmission of a request that it is still answering."""


class DropCounters:
    """How often each reason to drop occurred since the start; cheap enough for every datagram."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, reason: DropReason) -> None:
        """Add one drop for *reason*."""
        self._counts[reason] += 1

    @property
    def by_reason(self) -> Mapping[str, int]:
        """Live read-only view: reasons that occurred, and how often. Absent means never."""
        return MappingProxyType(self._counts)

    @property
    def total(self) -> int:
        """All drops together."""
        return self._counts.total()
