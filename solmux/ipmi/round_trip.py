"""How long the BMC takes to answer: what every wait of a session must allow for."""

from collections import deque

_REMEMBERED = 8
_LONGEST = 4.0  # seconds; a BMC slower than that is waited for by repeating
_UNCERTAINTY = 0.01  # seconds by which a quick network may be slower than ever before


class RoundTrip:
    """The slowest of the last few answers of one session.

    A wait shorter than the round trip repeats everything, and an old copy of a repeated packet that arrives
    behind the next one is new text to a BMC that remembers one number only.

    Attributes:
      slowest: seconds; 0 before the first answer.
    """

    __slots__ = ("_samples", "slowest")

    def __init__(self) -> None:
        self.slowest = 0.0
        self._samples: deque[float] = deque(maxlen=_REMEMBERED)

    def observe(self, since_first: float, since_last: float) -> None:
        """Take an answer, by the seconds since the first and since the last copy of the question.

        Of a repeated question nobody knows which copy was answered. It is taken for the last one if that is
        no slower than usual: then the others were lost. Else the network may have become slow.
        """
        usual = max(1.5 * self.slowest, _UNCERTAINTY)
        sample = since_last if self._samples and since_last <= usual else since_first
        self._samples.append(min(sample, _LONGEST))
        self.slowest = max(self._samples)

    def at_least(self, interval: float) -> float:
        """Return *interval* seconds, or one and a half of the slowest round trip where that is longer."""
        return max(interval, 1.5 * self.slowest)
