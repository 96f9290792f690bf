"""The rings in their memory-mapped file."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs import ring as ring_module
from solmux.logs.ring import CAPACITY, NOTHING, Checkpoint, RingError, RingFile

CHECKPOINT = Checkpoint(100, 1_000_000, 150, 62, 140, 77, 50, 130, 9, 1_500_000)


def rings(tmp_path: Path, *, boot: str = "boot", epoch: int = 1) -> RingFile:
    return RingFile(tmp_path / "ring", epoch=epoch, boot_id=boot)


@given(
    start=st.integers(0, 3 * CAPACITY),
    steps=st.lists(
        st.tuples(st.integers(0, CAPACITY), st.integers(0, 255), st.integers(0, 2 * CAPACITY)), max_size=12
    ),
)
@settings(max_examples=60, deadline=None)
def test_the_ring_holds_the_last_64_kib_of_everything_ever_appended(
    tmp_path_factory: pytest.TempPathFactory, start: int, steps: list[tuple[int, int, int]]
) -> None:
    file = rings(tmp_path_factory.mktemp("ring"))
    ring = file.create("a", start, Checkpoint.fresh(start))
    model = bytearray()
    for length, byte, back in steps:
        data = bytes((byte + i) & 0xFF for i in range(length))
        ring.append(data)
        model += data
        assert ring.received == start + len(model)
        assert ring.first == max(start, ring.received - CAPACITY)
        offset = max(ring.first, ring.received - back)
        assert ring.read(offset, CAPACITY) == model[offset - start :]
        assert ring.read(offset, 10) == model[offset - start : offset - start + 10]
    assert ring.read(ring.received, 10) == b""
    file.close()


def test_everything_is_there_for_the_next_process(tmp_path: Path) -> None:
    file = rings(tmp_path)
    ring = file.create("server42", 130, CHECKPOINT)
    ring.append(b"x" * 40)
    ring.session_word, ring.sol_word, ring.marked, ring.hole = 0xDEADBEEF, 15, 123, (160, NOTHING)
    file.close()
    again = rings(tmp_path, epoch=2)
    assert again.names() == ["server42"]
    found = again.find("server42")
    assert found is not None
    assert (found.received, found.first, found.base) == (170, 130, 130)
    assert found.read(130, 100) == b"x" * 40
    assert found.checkpoint == CHECKPOINT
    assert (found.logged, found.settled) == (150, 140)
    assert (found.session_word, found.sol_word, found.marked) == (0xDEADBEEF, 15, 123)
    assert found.hole == (160, NOTHING)
    assert again.find("other") is None
    again.close()


def test_a_checkpoint_is_whole_even_if_the_kill_came_before_its_last_word(tmp_path: Path) -> None:
    file = rings(tmp_path)
    ring = file.create("a", 0, Checkpoint.fresh(0))
    ring.append(b"x" * 200)
    ring.checkpoint = CHECKPOINT
    selector = ring._words[ring_module._SELECTOR]
    ring.checkpoint = CHECKPOINT._replace(logged=160, raw_size=99)
    ring._words[ring_module._SELECTOR] = selector  # as if the last store had not been made
    assert ring.checkpoint == CHECKPOINT
    file.close()


def test_an_earlier_boot_is_forgotten(tmp_path: Path) -> None:
    file = rings(tmp_path, boot="monday")
    file.create("a", 5, Checkpoint.fresh(5))
    file.close()
    file = rings(tmp_path, boot="tuesday")
    assert file.names() == []
    assert file.find("a") is None
    file.close()


def test_a_file_that_is_no_ring_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"something else" * 1000)
    file = rings(tmp_path)
    ring = file.create("a", 0, Checkpoint())
    ring.append(b"abc")
    assert ring.read(0, 10) == b"abc"
    file.close()


def test_a_damaged_slot_is_begun_anew(tmp_path: Path) -> None:
    file = rings(tmp_path)
    ring = file.create("a", 0, Checkpoint.fresh(0))
    ring.checkpoint = CHECKPOINT  # claims more than was received
    file.close()
    file = rings(tmp_path)
    assert file.find("a") is None
    assert file.create("a", 7, Checkpoint.fresh(7)).received == 7
    file.close()


def test_two_cores_cannot_share_the_rings(tmp_path: Path) -> None:
    file = rings(tmp_path)
    with pytest.raises(RingError, match="another solmux"):
        rings(tmp_path)
    file.close()
    rings(tmp_path).close()


def test_consoles_beyond_a_chunk_get_slots_too(tmp_path: Path) -> None:
    file = rings(tmp_path)
    count = ring_module.CHUNK_SLOTS * 2 + 3
    for number in range(count):
        file.create(f"server{number}", number, Checkpoint.fresh(number)).append(b"%d" % number)
    file.close()
    file = rings(tmp_path)
    assert len(file.names()) == count
    for number in range(count):
        ring = file.find(f"server{number}")
        assert ring is not None
        assert ring.read(number, 10) == b"%d" % number
    file.close()


def test_a_released_slot_is_found_again_until_it_is_needed(tmp_path: Path) -> None:
    file = rings(tmp_path)
    file.release(file.create("old", 3, Checkpoint.fresh(3)))
    for number in range(ring_module.CHUNK_SLOTS - 1):
        file.create(f"server{number}", 0, Checkpoint())
    found = file.find("old")
    assert found is not None
    file.release(found)
    file.create("new", 0, Checkpoint())
    assert file.find("old") is None
    assert len(file.names()) == ring_module.CHUNK_SLOTS
    file.close()


@pytest.mark.parametrize(
    ("hole", "logged", "unlogged"),
    [(None, 200, False), (None, 199, True), ((150, NOTHING), 150, False), ((150, 170), 150, True)],
)
def test_output_that_a_killed_core_did_not_write_is_noticed(
    tmp_path: Path, hole: tuple[int, int] | None, logged: int, unlogged: bool
) -> None:
    file = rings(tmp_path)
    ring = file.create("a", 100, Checkpoint.fresh(100))
    ring.append(b"x" * 100)
    ring.checkpoint = Checkpoint.fresh(logged)
    ring.hole = hole
    file.close()
    file = rings(tmp_path)
    assert file.holds_unlogged("a") is unlogged
    file.close()


def test_a_hole_ends_where_it_is_told(tmp_path: Path) -> None:
    file = rings(tmp_path)
    ring = file.create("a", 0, Checkpoint())
    for hole in (None, (5, NOTHING), (5, 9), None, (7, NOTHING)):
        ring.hole = hole
        assert ring.hole == hole
    file.close()


def mapped_bytes(path: Path) -> int:
    """Memory that this process is charged for its mappings of *path*."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def test_an_idle_console_costs_one_page_of_memory(tmp_path: Path) -> None:
    file = rings(tmp_path)
    for number in range(50):
        file.create(f"server{number}", 0, Checkpoint()).append(b"login: ")
    file.close()
    file = rings(tmp_path)
    for number in range(50):
        ring = file.find(f"server{number}")
        assert ring is not None
        assert ring.received == 7
    assert 0 < mapped_bytes(tmp_path / "ring") <= 50 * os.sysconf("SC_PAGE_SIZE")
    file.close()


def test_slots_nobody_uses_take_no_memory(tmp_path: Path) -> None:
    file = rings(tmp_path)
    file.create("a", 0, Checkpoint())
    file.close()
    used = (tmp_path / "ring").stat().st_blocks * 512
    assert used < 4 * ring_module.SLOT
    rings(tmp_path).close()
    assert (tmp_path / "ring").stat().st_blocks * 512 == used
