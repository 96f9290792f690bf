"""docs/files.md says what the code does."""

import re
import struct
from pathlib import Path

from solmux.logs import eventlog, ring
from solmux.logs.batch import Reason
from solmux.logs.eventlog import LoggedEvent
from solmux.logs.ring import Checkpoint, RingFile
from solmux.logs.segments import parse_segment_name

PAGE = (Path(__file__).parent.parent.parent / "docs" / "files.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first column is *heading*."""
    tables = re.findall(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for table in tables
        for line in table.splitlines()
    ]


def test_the_examples_of_events_are_events() -> None:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    assert len(lines) == 2
    for line in lines:
        event = LoggedEvent.from_line(line.encode())
        assert event is not None
        assert event.to_line() == line.encode() + b"\n"


def test_every_kind_and_reason_of_ours_is_described() -> None:
    kinds = {row[0].strip("`") for row in rows("kind")}
    assert kinds == {
        eventlog.SEGMENT, eventlog.GAP, eventlog.CLOCK, eventlog.EVENTS_LOST, eventlog.MARK, eventlog.CLOSED,
    }  # fmt: skip
    assert {row[0].strip("`") for row in rows("reason")} | {"first"} == set(Reason)


def test_the_keys_are_those_of_a_line() -> None:
    event = LoggedEvent(1, 0, 0, "up", "x", 0, 0, 0, 0, {})
    described = {key.strip("`") for row in rows("key") for key in row[0].split(", ")}
    assert described - {"others"} == {key.decode() for key in re.findall(rb'"(\w+)":', event.to_line())}


def test_the_names_in_the_archive_parse() -> None:
    names = re.findall(r"^    (\d{15}-\S+)", PAGE, re.MULTILINE)
    assert len(names) == 3
    for name in names:
        assert parse_segment_name(name) is not None


def test_the_ring_is_laid_out_as_described(tmp_path: Path) -> None:
    file = RingFile(tmp_path / "ring", epoch=4711, boot_id="boot")
    file.create("other", 0, Checkpoint())
    console = file.create("server42", 100, Checkpoint.fresh(100))
    console.append(b"hello")
    console.session_word, console.sol_word, console.marked, console.hole = 11, 12, 13, (14, 15)
    console.checkpoint = Checkpoint(*range(100, 110))
    file.close()
    raw = (tmp_path / "ring").read_bytes()
    assert raw.startswith(b"solmux ring\n")
    assert struct.unpack_from("=IIII", raw, 12) == (1, 4096, 65536, 64)
    assert struct.unpack_from("=Q", raw, 32) == (4711,)
    assert raw[40:76].rstrip(b"\0") == b"boot"
    slot = raw[65536 + 1 * 69632 :]
    state, received, base, marked, session, sol, start, end, selector = struct.unpack_from("=9Q", slot)
    assert (state, received, base, marked, session, sol, start, end) == (1, 105, 100, 13, 11, 12, 14, 15)
    assert struct.unpack_from("=10Q", slot, (128, 256)[selector & 1]) == tuple(range(100, 110))
    assert slot[512:576].rstrip(b"\0") == b"server42"
    assert slot[4096 + 100 % 65536 :][:5] == b"hello"
    assert {int(at) for row in rows("at") for at in row[0].split(", ")} >= {
        0,
        128,
        256,
        512,
        ring.SLOT_HEADER,
    }
