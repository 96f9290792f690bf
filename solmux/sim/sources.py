"""Hosts that are no servers: a measured stream, an echo, or nothing; for load and loss measurements."""

import math
import random
from functools import cache

from solmux.sim.host import PowerAction

LINE_LENGTH = 80
"""Bytes of a numbered line with its CR LF."""

_PIECE_SECONDS = 0.015
_NOISE_LENGTH = 8192
_NAME_WIDTH = 16
_NUMBER_WIDTH = 10
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@cache
def _noise() -> str:
    return "".join(random.Random(1).choices(_LETTERS, k=_NOISE_LENGTH))


def numbered_line(name: str, number: int) -> bytes:
    """Return line *number* (from 0) of the stream of *name*: name, number, and letters hard to mistake."""
    head = f"{name[:_NAME_WIDTH]:{_NAME_WIDTH}} {number:0{_NUMBER_WIDTH}d} "
    start = number * 7919 % (_NOISE_LENGTH - LINE_LENGTH)
    return (head + _noise()[start : start + LINE_LENGTH - 2 - len(head)] + "\r\n").encode()


def numbered_bytes(name: str, start: int, end: int) -> bytes:
    """Return bytes *start* to *end* of the stream of *name*."""
    first = start // LINE_LENGTH
    lines = b"".join(numbered_line(name, number) for number in range(first, -(-end // LINE_LENGTH)))
    return lines[start - first * LINE_LENGTH : end - first * LINE_LENGTH]


class PlainSource:
    """Prints numbered lines at a steady rate, or what it is told; implements `solmux.sim.host.Host`.

    Attributes:
      powered: the main power is on.
      deadline: when `read` has something.
      printed: bytes of the stream printed so far.
      received: bytes that were typed at it.
      breaks: BREAKs it got.
    """

    def __init__(self, name: str, *, bytes_per_second: float = 0.0, echo: bool = False) -> None:
        """Make a source that is switched off.

        Args:
          bytes_per_second: of the numbered stream; 0 for none.
          echo: print whatever is typed.
        """
        self.powered = False
        self.deadline = math.inf
        self.printed = 0
        self.received = 0
        self.breaks = 0
        self._name = name
        self._rate = bytes_per_second
        self._echo = echo
        self._echoed = b""
        self._piece = max(LINE_LENGTH, int(bytes_per_second * _PIECE_SECONDS))
        self._started_at = 0.0
        self._started_from = 0

    def read(self, now: float) -> bytes:
        """Return what was printed until *now*."""
        data, self._echoed = self._echoed, b""
        if self.powered and self._rate:
            due = self._started_from + int((now - self._started_at) * self._rate + 1e-6)
            due -= due % self._piece
            if due > self.printed:
                data += numbered_bytes(self._name, self.printed, due)
                self.printed = due
        self._schedule()
        return data

    def feed(self, data: bytes, now: float) -> None:
        """Take characters from the serial line."""
        self.received += len(data)
        if self._echo and self.powered:
            self._echoed += data
            self.deadline = now

    def send_break(self, now: float) -> None:  # noqa: ARG002 - a host is told when
        """Take a BREAK."""
        self.breaks += 1

    def control(self, action: PowerAction, now: float) -> None:
        """Switch on or off; the stream goes on where it stopped."""
        self.powered = action not in (PowerAction.OFF, PowerAction.SOFT_OFF)
        self._started_at = now
        self._started_from = self.printed
        self._schedule()

    def _schedule(self) -> None:
        if not self.powered or not self._rate:
            self.deadline = math.inf
            return
        next_piece = self.printed - self.printed % self._piece + self._piece
        self.deadline = self._started_at + (next_piece - self._started_from) / self._rate
