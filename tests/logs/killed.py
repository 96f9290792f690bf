"""The process that `test_kill` kills: appends a known stream and says how far it got.

Run as `python -m tests.logs.killed DIRECTORY LENGTH SEED`. Every append that returned is reported on standard
output as the console's offset, 8 bytes; the stream goes on where the ring says that it ended.
"""

import os
import random
import struct
import sys
import time
from pathlib import Path

from solmux.logs.disk import FileSystem
from solmux.logs.journal import Journal, LogSettings
from tests.logs.helpers import PlainCleaner

REPORT = struct.Struct("=Q")
UNLOGGED_LIMIT = 48 << 10  # the ring must not overflow: what only the spool has, a kill may take


def stream(length: int) -> bytes:
    """Numbered lines, some of them redrawn."""
    rng = random.Random(4711)
    parts = []
    size = 0
    while size < length:
        end = rng.choice([b"\n", b"\r\n", b"\r", b" "])
        parts.append(b"%07d %s" % (size, bytes(rng.choices(range(97, 123), k=rng.randrange(150)))) + end)
        size += len(parts[-1])
    return b"".join(parts)[:length]


def main() -> None:
    """Append until the end of the stream, an event now and then; stop in order if nobody kills us."""
    base, length, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    data = stream(length)
    settings = LogSettings(base / "log", rotate_size=150_000, batch_interval=0.002, sync_interval=0.05)
    journal = Journal(settings, base / "ring", wall=time.time, disk=FileSystem(), cleaner=PlainCleaner)
    console = journal.open_console("a")
    os.write(1, REPORT.pack(console.received))
    journal.start()
    while console.received < length:
        while console.received - console.ring.logged > UNLOGGED_LIMIT:
            os.sched_yield()
        console.append(data[console.received : console.received + rng.randrange(1, 600)])
        if rng.random() < 0.01:
            console.event("note", "between two bytes")
        os.write(1, REPORT.pack(console.received))
    sys.exit(0 if journal.stop(30) else 1)


if __name__ == "__main__":
    main()
