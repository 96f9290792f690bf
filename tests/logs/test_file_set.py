"""The files of one console on the disk."""

from pathlib import Path

import pytest

from solmux.logs.append_file import Appended
from solmux.logs.file_set import FileSet
from solmux.logs.syncer import Syncer
from tests.logs.helpers import START, FaultyDisk, disk_full

OPENED = round(START) * 10**6


@pytest.fixture
def files(tmp_path: Path) -> FileSet:
    disk = FaultyDisk()
    return FileSet(disk, Syncer(disk, 5.0, print), str(tmp_path / "a"))


def fill(files: FileSet) -> None:
    files.append(files.raw, b"raw")
    files.append(files.log, b"log\n")


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "a").rglob("*"))


def test_a_segment_is_archived_under_one_name(tmp_path: Path, files: FileSet) -> None:
    fill(files)
    files.archive_segment(0, OPENED)
    files.begin_anew()
    assert names(tmp_path) == [
        "000000000000000-20261120T170540Z.log", "000000000000000-20261120T170540Z.ttyrec", "archive",
    ]  # fmt: skip
    fill(files)
    assert (tmp_path / "a/console.ttyrec").read_bytes() == b"raw"


def test_archiving_goes_on_where_it_was_interrupted(tmp_path: Path, files: FileSet) -> None:
    fill(files)
    (tmp_path / "a/archive").mkdir()
    (tmp_path / "a/console.log").rename(tmp_path / "a/archive/000000000000000-20261120T170540Z.log")
    assert not files.log_exists()
    files.archive_segment(0, OPENED)
    assert len(names(tmp_path)) == 3


def test_a_segment_without_anything_leaves_no_files(tmp_path: Path, files: FileSet) -> None:
    files.archive_segment(0, OPENED)
    assert names(tmp_path) == []


def test_a_name_in_the_archive_is_never_used_twice(tmp_path: Path, files: FileSet) -> None:
    (tmp_path / "a/archive").mkdir(parents=True)
    (tmp_path / "a/archive/000000000000005-20261120T170540Z.log").touch()
    (tmp_path / "a/archive/000000000000005-20261120T170541Z.ttyrec.zst").touch()
    assert files.free_moment(5, OPENED + 3) == OPENED + 2_000_000
    assert files.free_moment(6, OPENED + 3) == OPENED


def test_a_file_removed_under_us_is_made_again(tmp_path: Path, files: FileSet) -> None:
    fill(files)
    (tmp_path / "a/console.log").unlink()
    assert files.append(files.log, b"more\n") is Appended.RESTARTED
    assert (tmp_path / "a/console.log").read_bytes() == b"more\n"


def test_moved_files_are_named_and_begun_anew(tmp_path: Path, files: FileSet) -> None:
    fill(files)
    assert files.moved() == []
    (tmp_path / "a/console.log").rename(tmp_path / "a/console.log.1")
    assert files.moved() == [files.log]
    assert files.append(files.log, b"new\n") is Appended.DONE
    assert (tmp_path / "a/console.log").read_bytes() == b"new\n"


def test_what_is_written_is_noted_for_the_syncer_once_a_round(tmp_path: Path) -> None:
    disk = FaultyDisk()
    syncer = Syncer(disk, 5.0, print)
    files = FileSet(disk, syncer, str(tmp_path / "a"))
    for count in (4, 2):  # new files with their directory and what that lies in
        fill(files)
        fill(files)
        disk.calls.clear()
        assert syncer.sync()
        assert disk.calls == ["sync"] * count
    files.archive_segment(0, OPENED)
    disk.calls.clear()
    assert syncer.sync()
    assert disk.calls == ["sync"] * 4  # two files, and the two directories they went from and to


def test_closing_gives_all_descriptors_back(tmp_path: Path) -> None:
    disk = FaultyDisk()
    files = FileSet(disk, Syncer(disk, 5.0, print), str(tmp_path / "a"))
    fill(files)
    assert disk.open_files == 2
    files.close()
    assert not files.is_open
    assert disk.open_files == 0


def test_a_failed_append_is_an_error(tmp_path: Path) -> None:
    disk = FaultyDisk()
    files = FileSet(disk, Syncer(disk, 5.0, print), str(tmp_path / "a"))
    disk.fault = disk_full
    with pytest.raises(OSError, match="No space"):
        fill(files)
