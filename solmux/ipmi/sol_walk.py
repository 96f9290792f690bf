"""Finding the number a BMC waits for, when it takes exactly that one and answers no other (OpenBMC).

Such a BMC never acknowledges a number again that it has passed. When an acknowledgement is lost, the
packet's retransmissions are ignored, and nothing tells whether the packet itself was lost or its answer. So
the numbers are walked: the packet itself, then empty packets under the numbers behind it, each after the one
before had all the time to be answered. An answer to a later number proves that the packet had been taken.

Never to be used with a BMC that takes any number: it would take the empty packet and forget the number
before, and the packet would be held for taken though it was lost.
"""

FURTHEST = 12
"""Steps beyond the packet's own number; at 15 the circle would close."""


class Walk:
    """The order in which numbers are tried, as steps behind that of the unacknowledged packet (step 0).

    First 0, 1, then 0, 1, 2, then 0, 1, 2, 3: each round allows for one more answer that was lost.
    """

    __slots__ = ("_first", "_next", "_round", "_tried")

    def __init__(self) -> None:
        self._first = 0
        self._round = 1
        self._next = 0
        self._tried = 0  # furthest step sent

    @property
    def passed(self) -> bool:
        """Whether the packet itself is known to be taken."""
        return self._first > 0

    def step(self) -> int | None:
        """Return the next step to send; None when all have been tried in vain."""
        if self._next > self._first + self._round:
            self._round += 1
            self._next = self._first
        if self._next > FURTHEST:
            return None
        step = self._next
        self._next += 1
        self._tried = max(self._tried, step)
        return step

    def acknowledged(self, step: int) -> bool:
        """Take the answer to a step; True if the BMC now waits for the number behind it.

        That is certain for the furthest step that was ever sent. An answer to an earlier one may have come
        late, while the steps behind it were taken: it proves that the BMC is beyond that step, no more.
        """
        if step == self._tried:
            return True
        if self._first <= step < self._tried:
            self._first = self._next = step + 1
            self._round = 1
        return False
