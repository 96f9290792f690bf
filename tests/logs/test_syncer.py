"""Bringing what was written to the disk."""

import errno
import threading
from pathlib import Path

import pytest

from solmux.logs.syncer import MANY, Syncer
from tests.logs.helpers import FaultyDisk, no_fault


class Failures:
    """What the syncer tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __call__(self, what: str, error: OSError) -> None:
        self.told.append((what, str(error.strerror)))


def files(tmp_path: Path, count: int) -> list[str]:
    paths = [tmp_path / str(number) for number in range(count)]
    for path in paths:
        path.write_bytes(b"x")
    return list(map(str, paths))


def no_sync(call: str, path: str) -> None:
    if call in ("sync", "sync_file_systems"):
        raise OSError(errno.EIO, "Input/output error", path)


def test_each_changed_file_is_synced_once_a_round(tmp_path: Path) -> None:
    disk = FaultyDisk()
    syncer = Syncer(disk, 5.0, Failures())
    paths = files(tmp_path, 3)
    before = syncer.round
    for _ in range(3):
        syncer.changed(paths)
    assert syncer.sync()
    assert disk.calls == ["sync"] * 3
    assert syncer.round == before + 1
    assert syncer.sync()
    assert disk.calls == ["sync"] * 3


def test_many_files_are_synced_with_their_file_system(tmp_path: Path) -> None:
    disk = FaultyDisk()
    syncer = Syncer(disk, 5.0, Failures())
    paths = files(tmp_path, MANY + 1)
    Path(paths[0]).unlink()
    syncer.changed(paths)
    assert syncer.sync()
    assert "sync" not in disk.calls


@pytest.mark.parametrize("count", [1, MANY + 1])
def test_a_failure_is_told_once_and_tried_again(tmp_path: Path, count: int) -> None:
    disk, failures = FaultyDisk(), Failures()
    syncer = Syncer(disk, 5.0, failures)
    disk.fault = no_sync
    syncer.changed(files(tmp_path, count))
    for _ in range(3):
        assert not syncer.sync()
    assert [text for _, text in failures.told] == ["Input/output error"]
    assert syncer.failures == 3
    disk.fault = no_fault
    assert syncer.sync()
    disk.fault = no_sync
    syncer.changed(files(tmp_path, count))
    assert not syncer.sync()
    assert len(failures.told) == 2


def test_the_end_brings_everything_to_the_disk(tmp_path: Path) -> None:
    disk = FaultyDisk()
    syncer = Syncer(disk, 3600.0, Failures())
    syncer.start()
    syncer.changed(files(tmp_path, 2))
    assert syncer.stop(30)
    assert disk.calls == ["sync"] * 2


def test_a_hung_disk_does_not_hold_up_the_end(tmp_path: Path) -> None:
    disk = FaultyDisk()
    reached, go = threading.Event(), threading.Event()

    def hang(call: str, path: str) -> None:
        del call, path
        reached.set()
        assert go.wait(30)

    disk.fault = hang
    syncer = Syncer(disk, 0.001, Failures())
    syncer.changed(files(tmp_path, 1))
    syncer.start()
    assert reached.wait(30)
    assert not syncer.stop(0.01)
    go.set()
