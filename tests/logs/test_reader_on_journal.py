"""Writer, cleaner and readers together: a recorded machine is logged, rotated, followed and read back."""

from pathlib import Path

import pytest

from solmux.logs.journal import Journal, LogSettings
from solmux.logs.log_lines import parse_event, parse_stamp
from solmux.logs.raw_reader import raw_bytes
from solmux.logs.reader import Follower, last_lines
from solmux.logs.segments import ARCHIVE
from tests.logs.helpers import Clock
from tests.logs.recordings import clean, load

NAME = "server42"


@pytest.mark.parametrize("recording", ["sol-guest-truth", "ovmf-setup-menus"])
def test_what_is_followed_during_rotations_is_what_was_logged(tmp_path: Path, recording: str) -> None:
    frames = load(recording)
    clock = Clock(frames[0][0])
    settings = LogSettings(tmp_path / "log", rotate_size=20_000, group=None)
    journal = Journal(settings, tmp_path / "ring", wall=clock.wall, clock=clock.clock)
    console = journal.open_console(NAME)
    followed = b""
    with Follower(settings.directory, NAME) as follower:
        for wall, data in frames:
            clock.advance(wall - clock.now)
            for at in range(0, len(data), 240):  # what one datagram can hold
                console.append(data[at : at + 240])
            journal.write_now()
            followed += follower.poll()
        clock.advance(2)
        console.event("down", "Console down: end of the recording")
        journal.write_now()
        assert journal.stop(1)
        followed += b"".join(iter(follower.poll, b""))
    assert len(list((settings.directory / NAME / ARCHIVE).glob("*.log"))) >= 3
    assert raw_bytes(settings.directory, NAME, 0, 1 << 40) == b"".join(data for _, data in frames)
    lines = last_lines(settings.directory, NAME, 1_000_000)
    assert b"".join(lines) == followed
    assert parse_event(lines[-1]) == ("Console down: end of the recording", int(clock.now))
    assert None not in [parse_stamp(line) for line in lines[:-1]]
    if recording == "sol-guest-truth":  # where rows are drawn again and again, a rotation ends the drawing
        assert [line[25:].decode() for line in lines[:-1]] == [
            line[25:] + "\n" for line in clean(frames).splitlines()
        ]
