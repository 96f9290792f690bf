"""What a simulated SOL port did with every character, so that a test can judge what a client made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Discard:
    """A stretch of the output that the BMC threw away.

    Attributes:
      offset: where it begins in `Transcript.taken`.
      length: characters.
      sent: how many of them left in a packet before; the console may have seen these.
      reason: why, in words.
    """

    offset: int
    length: int
    sent: int
    reason: str


@dataclass(slots=True)
class Transcript:
    """The truth about one SOL port, over all its activations.

    Attributes:
      taken: characters taken from the host into the send buffer, in order.
      settled: how many of them were acknowledged by the console or given up.
      sent: how many of them left in a packet at least once.
      discards: the stretches of `taken` that were given up, in order.
      renumbered: stretches (offset, length) of `taken` sent again under another number, where no client can
        tell the copy.
      overruns: characters lost before they were taken, as (offset in `taken`, count).
      delivered: input characters handed to the host, in order.
      breaks: for each BREAK given to the host, how many input characters went before it.
    """

    taken: bytearray = field(default_factory=bytearray)
    settled: int = 0
    sent: int = 0
    discards: list[Discard] = field(default_factory=list)
    renumbered: list[tuple[int, int]] = field(default_factory=list)
    overruns: list[tuple[int, int]] = field(default_factory=list)
    delivered: bytearray = field(default_factory=bytearray)
    breaks: list[int] = field(default_factory=list)

    def fault_of(self, received: bytes) -> str:
        """Say where *received*, all that a client got, is not what the port sent; empty when it is.

        Acknowledged characters must be there once. Characters given up after they had been sent, and those
        still unacknowledged, may be there up to any point; all others may not.
        """
        positions = {0}
        done = 0
        for certain, piece in self._pieces():
            reached: set[int] = set()
            for position in positions:
                common = _common_prefix(received, position, piece)
                if not certain:
                    reached.update(range(position, position + common + 1))
                elif common == len(piece):
                    reached.add(position + common)
            if not reached:
                at = max(position + _common_prefix(received, position, piece) for position in positions)
                seen, wanted = received[at : at + 40], piece[:40]
                return f"after {at} characters: {seen!r} within a piece that begins {wanted!r} (at {done})"
            positions = reached
            done += len(piece)
        if len(received) in positions:
            return ""
        at = max(positions)
        return f"after {at} characters, where the output ends: {received[at : at + 40]!r}"

    def _pieces(self) -> Iterator[tuple[bool, bytes]]:
        """Yield (certainly received, characters) over `taken`."""
        gone = [(each.offset, each.length, each.sent) for each in self.discards]
        gone.append((self.settled, len(self.taken) - self.settled, max(0, self.sent - self.settled)))
        position = 0
        for offset, length, sent in gone:
            for copied, count in self.renumbered:
                if position <= copied <= offset:
                    yield True, bytes(self.taken[position:copied])
                    yield False, bytes(self.taken[copied : copied + count])
                    position = copied
            yield True, bytes(self.taken[position:offset])
            yield False, bytes(self.taken[offset : offset + sent])
            position = offset + length


def _common_prefix(received: bytes, position: int, piece: bytes) -> int:
    """Return how many characters of *piece* stand in *received* from *position* on."""
    if received.startswith(piece, position):
        return len(piece)
    count = 0
    for ours, theirs in zip(piece, memoryview(received)[position:], strict=False):
        if ours != theirs:
            break
        count += 1
    return count
