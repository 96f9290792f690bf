"""CPU of the terminal emulator: stock `pyte.Screen` beside ours, on the same recorded bytes, in the same run.

Usage: python -m bench.screen [ROUNDS]

Each stream is fed in pieces of 170 bytes, as SOL packets bring them; the two take turns, and of the ROUNDS
(default 3) the best counts. Stock pyte raises on some streams; what it raises is counted and the rest of the
piece is lost to it, which makes it look a little faster than it is. The second table is what a viewer costs.
"""

import sys
from collections.abc import Callable
from functools import partial
from time import process_time

import pyte

from solmux.screen.cells import Palette
from solmux.screen.emulator import Emulator
from solmux.viewer.safety import SafetyFilter
from tests.screen.corpus import pieces, stream

PIECE = 170
LONGEST = 200_000
STREAMS = {
    "kernel log and panic": "panic-print-replay",
    "systemd, coloured": "systemd-boot-login",
    "GRUB, doubled": "grub-console-and-serial-doubled",
    "EDK2 menus": "ovmf-setup-menus",
    "EDK2 editor": "ovmf-boot-shell",
    "vim": "vim-linux",
    "htop": "htop-linux",
    "dialog": "dialog-xterm",
    "top": "top-xterm",
}


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that *work* takes."""
    start = process_time()
    work()
    return process_time() - start


def feed_stock(data: bytes) -> int:
    """Feed stock pyte; return how many pieces it raised on."""
    feed = pyte.ByteStream(pyte.Screen(80, 24)).feed
    raised = 0
    for piece in pieces(data, PIECE):
        try:
            feed(piece)
        except (TypeError, AssertionError, UnboundLocalError):  # what it raises on private sequences
            raised += 1
    return raised


def feed_ours(data: bytes) -> None:
    """Feed our emulator."""
    emulator = Emulator()
    for piece in pieces(data, PIECE):
        emulator.feed(piece)


def feed_filter(data: bytes) -> None:
    """Feed the filter of a viewer's output."""
    safety = SafetyFilter("auto")
    for piece in pieces(data, PIECE):
        safety.feed(piece, 0.0)


def compare(rounds: int) -> None:
    """Print CPU per byte, stream by stream."""
    print(f"{'us CPU per byte':24}{'bytes':>9}{'pyte':>8}{'ours':>8}{'ratio':>7}{'filter':>8}  pyte raised")
    for title, name in STREAMS.items():
        data = stream(name)[:LONGEST]
        raised = feed_stock(data)
        stock = ours = safety = float("inf")
        for _ in range(rounds):
            stock = min(stock, seconds(partial(feed_stock, data)))
            ours = min(ours, seconds(partial(feed_ours, data)))
            safety = min(safety, seconds(partial(feed_filter, data)))
        stock, ours, safety = (cost / len(data) * 1e6 for cost in (stock, ours, safety))
        ratio = stock / ours
        print(f"{title:24}{len(data):9}{stock:8.3f}{ours:8.3f}{ratio:7.1f}{safety:8.3f}  {raised}")


def attach(rounds: int) -> None:
    """Print what drawing, saving and restoring a screen cost."""
    print(f"\n{'ms CPU each':24}{'bytes':>9}{'repaint':>9}{'save':>8}{'restore':>9}")
    palette = Palette()
    for title, name in STREAMS.items():
        emulator = Emulator(palette=palette)
        data = stream(name)
        emulator.feed(data[: len(data) * 2 // 3])
        saved = emulator.checkpoint()
        works = (
            emulator.repaint,
            emulator.checkpoint,
            partial(Emulator.restore, saved, palette=palette),
        )
        costs = [min(seconds(work) for _ in range(rounds * 20)) * 1e3 for work in works]
        print(f"{title:24}{len(emulator.repaint()):9}{costs[0]:9.2f}{costs[1]:8.2f}{costs[2]:9.2f}")


def main() -> None:
    """Run both tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    compare(rounds)
    attach(rounds)


if __name__ == "__main__":
    main()
