"""What the log costs: CPU of append and of the writer, latencies, 500 consoles at the start.

    python bench/logs.py [DIRECTORY]

CPU is of the whole process and of one thread at a time: passes of the writer are made in line, with the bytes
that come in 80 ms. DIRECTORY (default: a temporary one) should be on the disk that the logs will be on.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from solmux.logs.journal import ConsoleLog, Journal, LogSettings

INTERVAL = 0.08  # seconds between two passes, as in LogSettings


@dataclass(frozen=True)
class Load:
    """A number of consoles, bytes a second of each, bytes a packet."""

    consoles: int
    rate: int
    packet: int

    def __str__(self) -> str:
        return f"{self.consoles} consoles x {self.rate} B/s, {self.packet}-byte packets"


LOADS = (Load(20, 5_000, 200), Load(100, 1_000, 80), Load(400, 11_520, 170), Load(500, 20, 20))


class StandingClock:
    """A wall clock that moves as the load says."""

    def __init__(self) -> None:
        self.now = time.time()

    def wall(self) -> float:
        return self.now


def journal_in(directory: Path, clock: StandingClock | None = None) -> Journal:
    settings = LogSettings(directory / "log", batch_interval=INTERVAL)
    return Journal(settings, directory / "ring", wall=clock.wall if clock else time.time)


def boot_log(length: int) -> bytes:
    """Lines as kernels print them."""
    line = b"[%5d.%06d] usb %d-1: new high-speed USB device number %d using xhci_hcd\r\n"
    lines = [line % (n // 9, n * 7919 % 1000000, n % 8, n % 127) for n in range(length // 70 + 1)]
    return b"".join(lines)[:length]


def measure_append(directory: Path) -> None:
    journal = journal_in(directory)
    console = journal.open_console("append", log=False)
    packet = boot_log(170)
    count = 200_000
    begin = time.process_time()
    for _ in range(count):
        console.append(packet)
    memory_only = (time.process_time() - begin) / count
    journal.stop(5)
    (directory / "ring").unlink()

    journal = journal_in(directory)
    console = journal.open_console("logged")
    spent = 0.0
    for _ in range(1000):
        begin = time.process_time()
        for _ in range(20):
            console.append(packet)
        spent += time.process_time() - begin
        journal.write_now()
    print(
        f"append, 170 bytes: {memory_only * 1e6:.2f} us in memory only, {spent / 20_000 * 1e6:.2f} us logged"
    )
    journal.stop(5)


def feed(consoles: list[ConsoleLog], load: Load, stream: bytes, position: int) -> int:
    """Append what comes in one interval; return the bytes of all consoles."""
    share = max(1, round(load.rate * INTERVAL / load.packet))
    for console in consoles:
        for number in range(share):
            start = (position + number * load.packet) % (len(stream) - load.packet)
            console.append(stream[start : start + load.packet])
    return share * load.packet * len(consoles)


def measure_writer(directory: Path, load: Load) -> None:
    clock = StandingClock()
    journal = journal_in(directory, clock)
    consoles = [journal.open_console(f"server{number}") for number in range(load.consoles)]
    stream = boot_log(1 << 18)
    position = feed(consoles, load, stream, 0)
    journal.write_now()
    total, append, write, passes, longest = 0, 0.0, 0.0, 0, 0.0
    while passes < 20 or (write < 2.0 and passes < 400):
        clock.now += INTERVAL
        begin = time.process_time()
        count = feed(consoles, load, stream, position)
        middle = time.process_time()
        started = time.perf_counter()
        journal.write_now()
        longest = max(longest, time.perf_counter() - started)
        write += time.process_time() - middle
        append += middle - begin
        total += count
        position += count // load.consoles
        passes += 1
    batches = passes * load.consoles
    begin, started = time.process_time(), time.perf_counter()
    journal.sync_now()
    sync, waited = time.process_time() - begin, time.perf_counter() - started
    share = write / (passes * INTERVAL)
    print(f"{load}: {write / batches * 1e6:.1f} us a batch, {write / total * 1e6:.3f} s CPU per MB", end="; ")
    print(f"{share * 100:.1f} % of a core, append {append / total * 1e6:.3f} s per MB", end="; ")
    print(f"longest pass {longest * 1e3:.0f} ms, sync {sync * 1e3:.1f} ms CPU, {waited * 1e3:.0f} ms")
    journal.stop(60)


def measure_start(directory: Path) -> None:
    for ring in ("without ring", "with ring"):
        begin, started = time.process_time(), time.perf_counter()
        journal = journal_in(directory)
        for number in range(500):
            journal.open_console(f"server{number}")
        journal.write_now()
        cpu, elapsed = time.process_time() - begin, time.perf_counter() - started
        print(f"500 consoles opened and recovered {ring}: {cpu:.2f} s CPU, {elapsed:.2f} s")
        journal.stop(60)


def measure_latency(directory: Path) -> None:
    """From an append, with the writer idle or busy, until the bytes are in `console.ttyrec`."""
    journal = journal_in(directory)
    console = journal.open_console("latency")
    journal.start()
    waits = []
    for number in range(60):
        time.sleep(0.1 if number % 2 else 0.01)
        begin = time.perf_counter()
        console.append(b"x")
        while console.ring.logged < console.received:
            time.sleep(0.0005)
        waits.append((time.perf_counter() - begin) * 1e3)
    idle, busy = statistics.median(waits[1::2]), statistics.median(waits[::2])
    print(f"append to file: idle writer {idle:.1f} ms, busy writer {busy:.1f} ms, worst {max(waits):.1f} ms")
    journal.stop(5)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        base = Path(name)
        for work in (measure_append, measure_latency):
            directory = base / work.__name__
            directory.mkdir()
            work(directory)
        for number, load in enumerate(LOADS):
            directory = base / str(number)
            directory.mkdir()
            measure_writer(directory, load)
        (directory / "ring").unlink()
        measure_start(directory)


if __name__ == "__main__":
    main()
