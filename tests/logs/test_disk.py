"""The real file system."""

import grp
import os
from pathlib import Path

import pytest

from solmux.logs.disk import FileSystem


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_files_are_for_owner_and_group_whatever_the_umask(tmp_path: Path) -> None:
    disk = FileSystem()
    old = os.umask(0o077)
    try:
        disk.make_directory(str(tmp_path / "log" / "a"))
        os.close(disk.open(str(tmp_path / "log/a/console.log")))
    finally:
        os.umask(old)
    assert mode(tmp_path / "log") == mode(tmp_path / "log/a") == 0o750
    assert mode(tmp_path / "log/a/console.log") == 0o640


def test_the_mode_somebody_gave_a_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    path.chmod(0o600)
    os.close(FileSystem().open(str(path)))
    assert mode(path) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to any group")
def test_new_files_belong_to_the_group(tmp_path: Path) -> None:
    group = next(group for group in grp.getgrall() if group.gr_gid != os.getegid())
    disk = FileSystem(group.gr_name)
    disk.make_directory(str(tmp_path / "log"))
    os.close(disk.open(str(tmp_path / "log/f")))
    assert (tmp_path / "log").stat().st_gid == (tmp_path / "log/f").stat().st_gid == group.gr_gid


def test_a_group_nobody_has_is_no_obstacle(tmp_path: Path) -> None:
    os.close(FileSystem("no-such-group").open(str(tmp_path / "f")))
    assert (tmp_path / "f").stat().st_gid == os.getegid()


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "shadow").write_bytes(b"secret")
    (tmp_path / "console.log").symlink_to(tmp_path / "shadow")
    disk = FileSystem()
    with pytest.raises(OSError, match="symbolic link"):
        disk.open(str(tmp_path / "console.log"))
    with pytest.raises(OSError, match="symbolic link"):
        disk.read(str(tmp_path / "console.log"), 0, 10)


def test_a_fifo_does_not_hold_the_writer_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "console.log")
    with pytest.raises(OSError, match="No such device"):
        FileSystem().open(str(tmp_path / "console.log"))
    reader = os.open(tmp_path / "console.log", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="not a regular file"):
        FileSystem().open(str(tmp_path / "console.log"))
    os.close(reader)


def test_a_directory_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "console.log").mkdir()
    with pytest.raises(IsADirectoryError):
        FileSystem().open(str(tmp_path / "console.log"))


def test_what_is_missing_reads_as_empty(tmp_path: Path) -> None:
    disk = FileSystem()
    assert disk.read(str(tmp_path / "f"), 0, 10) == b""
    assert disk.names(str(tmp_path / "d")) == []
    assert disk.path_status(str(tmp_path / "f")) is None
    disk.sync(str(tmp_path / "f"))


def test_reading_writing_cutting_renaming(tmp_path: Path) -> None:
    disk = FileSystem()
    path = str(tmp_path / "f")
    descriptor = disk.open(path)
    assert disk.write(descriptor, b"abcdef") == 6
    disk.truncate(descriptor, 4)
    status = disk.status(descriptor)
    assert (status.st_size, status.st_nlink) == (4, 1)
    found = disk.path_status(path)
    assert found is not None
    assert os.path.samestat(found, status)
    assert disk.read(path, 1, 2) == b"bc"
    disk.sync(path)
    disk.sync(str(tmp_path))
    disk.rename(path, path + ".1")
    assert disk.names(str(tmp_path)) == ["f.1"]
    (tmp_path / "f.1").unlink()
    assert disk.status(descriptor).st_nlink == 0
    disk.close(descriptor)
