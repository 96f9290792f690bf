"""Which session sequence numbers may still arrive (IPMI 2.0 section 6.12.13)."""

from solmux.ipmi.counters import DropReason

_MODULUS = 1 << 32
_HALF = 1 << 31


class ReceiveWindow:
    """Duplicate rejection for the 32-bit sequence numbers of one session, one direction.

    The specification allows 15 numbers ahead and 16 behind. The console's end is wider: it remembers 64,
    and takes any jump ahead, because a BMC that went on sending into a dead link comes back far ahead, and
    any first number. That is safe since only authenticated packets get here. Gaps are no fault.

    Attributes:
      highest: the highest number admitted; 0 before the first.
    """

    __slots__ = ("_ahead", "_behind", "_mask", "_reject_duplicates", "_seen", "highest")

    def __init__(self, *, behind: int = 63, ahead: int | None = None, reject_duplicates: bool = True) -> None:
        self._behind = behind
        self._ahead = ahead
        self._mask = (1 << (behind + 1)) - 1
        self._reject_duplicates = reject_duplicates
        self._seen = 0  # bit k: number highest - k was admitted
        self.highest = 0

    def admit(self, sequence: int) -> DropReason | None:
        """Admit *sequence*, or say why not; a number that is not admitted changes nothing."""
        if not sequence:
            return DropReason.ZERO_SEQUENCE
        step = (sequence - self.highest) % _MODULUS
        if self._ahead is None and not self._seen:
            self._seen = 1
            self.highest = sequence
        elif 0 < step < _HALF:
            if self._ahead is not None and step > self._ahead:
                return DropReason.OUT_OF_WINDOW
            self._seen = (self._seen << step | 1) & self._mask if step <= self._behind else 1
            self.highest = sequence
        else:
            back = -step % _MODULUS
            if back > self._behind:
                return DropReason.OUT_OF_WINDOW
            if self._seen >> back & 1 and self._reject_duplicates:
                return DropReason.DUPLICATE
            self._seen |= 1 << back
        return None
