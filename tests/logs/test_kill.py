"""kill -9 at any moment: what append() returned for is in the log, once."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs.helpers import Written
from tests.logs.killed import REPORT, stream

LENGTH = 1 << 20


def run_child(base: Path, seed: int, reports: int | None) -> tuple[int, int]:
    """Run the child; kill it after so many reports. Return the offsets it began with and reached."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.logs.killed", str(base), str(LENGTH), str(seed)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert child.stdout is not None
    seen: list[int] = []
    while reports is None or len(seen) < reports:
        report = child.stdout.read(REPORT.size)
        if len(report) < REPORT.size:
            break
        seen.append(REPORT.unpack(report)[0])
    if reports is not None:
        child.kill()
    rest = child.stdout.read()  # what it still said before it died
    child.stdout.close()
    assert child.wait(60) in ((0,) if reports is None else (0, -9))
    whole = len(rest) - len(rest) % REPORT.size
    if whole:
        seen.append(REPORT.unpack(rest[whole - REPORT.size : whole])[0])
    return seen[0], seen[-1]


def check_kills(base: Path, seed: int, kills: int) -> None:
    rng = random.Random(seed)
    reached = 0
    for number in range(kills):
        began, now = run_child(base, rng.randrange(1 << 30), rng.randrange(1, 2 * 3500 // kills))
        assert began >= reached, f"kill {number}: an append that had returned was forgotten"
        reached = now
    began, reached = run_child(base, seed, None)
    assert reached == LENGTH
    written = Written(base)
    assert written.output() == stream(LENGTH)
    assert not [event for event in all_events(written) if '"gap"' in event]
    text = "".join(line for line in written.text().splitlines(keepends=True) if "[--" not in line)
    # An event line ends the open line: leave line ends out of the comparison.
    assert text.replace("\n", "").replace("\r", "") == (
        stream(LENGTH).decode().replace("\n", "").replace("\r", "")
    )


def all_events(written: Written) -> list[str]:
    paths = [*written.archive.glob("*.jsonl"), written.directory / "events.jsonl"]
    return [line for path in paths for line in path.read_text().splitlines()]


@pytest.mark.parametrize("seed", range(2))
def test_a_stream_survives_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    check_kills(tmp_path, seed, 6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_stream_survives_many_kills(tmp_path: Path, seed: int) -> None:
    check_kills(tmp_path, seed, 25)
