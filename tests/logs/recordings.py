"""Recorded consoles (tests/data/cleaner/README.md) and what the cleaner makes of them."""

import gzip
from pathlib import Path

from solmux.logs import ttyrec
from solmux.logs.cleaner import Cleaner

DATA = Path(__file__).parent.parent / "data" / "cleaner"

Frames = list[tuple[float, bytes]]


def load(name: str) -> Frames:
    """Return a recording as (wall time, bytes)."""
    raw = gzip.decompress((DATA / f"{name}.ttyrec.gz").read_bytes())
    return [
        (record.micros / ttyrec.MICROSECONDS, record.data)
        for record in ttyrec.records(lambda position, length: raw[position : position + length])
    ]


def extract(frames: Frames, start: int, stop: int) -> Frames:
    """Return the bytes from offset *start* to *stop* of a recording, at their times."""
    taken: Frames = []
    offset = 0
    for wall, data in frames:
        part = data[max(0, start - offset) : max(0, stop - offset)]
        if part:
            taken.append((wall, part))
        offset += len(data)
    return taken


def clean(frames: Frames) -> str:
    """Return what a cleaner writes that is woken whenever it asks to be."""
    cleaner = Cleaner()
    text = b""
    for wall, data in frames:
        while cleaner.deadline is not None and cleaner.deadline <= wall:
            text += cleaner.tick(cleaner.deadline)
        text += cleaner.feed(data, wall)
    return (text + cleaner.finish(frames[-1][0])).decode()
