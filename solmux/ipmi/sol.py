"""SOL packets, and the rule for repeated numbers (IPMI 2.0 sections 15.9 and 15.11).

A SOL payload has a 4-byte header, the same in both directions: 0 packet number (low nibble), 1 number of the
packet being answered (low nibble), 2 how many characters of that one were accepted, 3 operation towards the
BMC or status from it. Characters follow, 8-bit clean.

Each direction is stop and wait: one unacknowledged packet, numbers 1 to 15 and round again, 0 for a packet
that only answers. The two directions know nothing of each other; they are `solmux.ipmi.sol_receiver` and
`solmux.ipmi.sol_sender`.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple, Self

from solmux.ipmi.errors import DecodeError

HEADER_LENGTH = 4
LAST_NUMBER = 15
MOST_CHARACTERS = 255
"""Characters in one packet: the accepted count is one byte."""


class Operation(IntFlag):
    """Operation byte, console to BMC (table 15-2). Line controls are levels: 0 asserts CTS, DCD and DSR."""

    NACK = 0x40
    RING = 0x20
    BREAK = 0x10
    PAUSE_CTS = 0x08
    DROP_DCD_DSR = 0x04
    FLUSH_INBOUND = 0x02
    FLUSH_OUTBOUND = 0x01


class Status(IntFlag):
    """Status byte, BMC to console (table 15-2)."""

    NACK = 0x40
    UNAVAILABLE = 0x20
    """The host takes no characters: off, or asleep."""
    DEACTIVATING = 0x10
    """SOL ends: somebody else took it, or the BMC stops it."""
    OVERRUN = 0x08
    """Characters were lost between the packet before and this one."""
    BREAK = 0x04
    """The host sent a BREAK; set on one packet."""


@dataclass(frozen=True, slots=True)
class SolPacket:
    """One SOL payload, either direction (IPMI 2.0 section 15.9, table 15-2).

    Attributes:
      number: 1-15, or 0 when the packet carries no characters and wants no answer.
      acked: number of the packet this one answers, or 0 for none.
      accepted: how many characters of that packet were taken, 0-255.
      flags: `Operation` towards the BMC, `Status` from it.
      data: characters, at most 255 in packets of ours; the BMC's are taken at any length.
    """

    number: int
    acked: int = 0
    accepted: int = 0
    flags: int = 0
    data: bytes = b""

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Parse *raw*; the reserved high nibbles of bytes 0 and 1 are ignored.

        Raises:
          DecodeError: shorter than the header. Characters under number 0 are illegal too, but their packet's
            other fields are good: the caller drops the characters alone.
        """
        if len(raw) < HEADER_LENGTH:
            raise DecodeError(f"a SOL packet needs 4 bytes, got {len(raw)}")
        return cls(raw[0] & 0x0F, raw[1] & 0x0F, raw[2], raw[3], raw[HEADER_LENGTH:])

    def to_bytes(self) -> bytes:
        """Return the payload."""
        return bytes((self.number, self.acked, self.accepted, self.flags)) + self.data


def next_number(number: int, steps: int = 1) -> int:
    """Return the number *steps* after *number* on the circle 1 to 15; from 0 the first step is 1."""
    return (number + steps - 1) % LAST_NUMBER + 1


def is_newer(sequence: int, other: int) -> bool:
    """Tell whether one 32-bit session number was given out after another, also across the wrap."""
    return 0 < (sequence - other) & 0xFFFFFFFF < 0x80000000


def is_copy(data: bytes, taken: bytes) -> bool:
    """Tell whether *data* can be another copy of a packet that brought *taken*: one begins with the other."""
    return data.startswith(taken) or taken.startswith(data)


class History(NamedTuple):
    """What `take` must know of the past.

    Attributes:
      number: of the last packet taken, 0 before the first.
      taken: the characters that were delivered from that number.
      held: characters that a grown copy of it had behind those, seen and not delivered.
      unheeded: the BMC keeps repeating that number although it has had several acknowledgements in good time.
    """

    number: int = 0
    taken: bytes = b""
    held: bytes = b""
    unheeded: bool = False


def take(number: int, data: bytes, history: History) -> tuple[bytes, int]:
    """Decide what a numbered packet brings: the new characters, and the count to acknowledge.

    Another number than the last one brings everything, whatever it is: a BMC may begin anywhere and may give
    packets up. The last number again is a retransmission if its text continues what was taken. It brings
    nothing new and is acknowledged with the count of the first time, even if it has grown. It is tempting to
    deliver the grown part; but the acknowledgement of the short copy may have crossed the grown one, and a
    BMC that hears it sends the rest under the next number: the part would be there twice. So the part is
    held. The next packet begins with it; if it does not, the BMC has given the grown packet up, and the part
    comes first.

    A BMC that takes such a partial acknowledgement for none repeats the whole packet for ever. For that one
    (*history* says ``unheeded``: no acknowledgement of ours is on its way any more) the grown part is
    delivered, and the whole is acknowledged.

    The last number with other text is another packet: fourteen were lost between them, or the BMC gave one
    up and used its number again. If its text begins with the same characters, nobody can tell the two apart.
    """
    taken, held = history.taken, history.held
    if number != history.number or not is_copy(data, taken):
        if held and not is_copy(data, held):
            return held + data, len(data)
        return data, len(data)
    if history.unheeded:
        return data[len(taken) :], len(data)
    return b"", min(len(taken), len(data))
