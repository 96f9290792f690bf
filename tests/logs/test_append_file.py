"""A file that only grows: whole appends or none, and notice of what others do to it."""

import errno
from pathlib import Path

import pytest

from solmux.logs.append_file import Appended, AppendFile
from tests.logs.helpers import FaultyDisk, disk_full, no_fault


def no_truncate(call: str, path: str) -> None:
    if call in ("write", "truncate"):
        raise OSError(errno.EIO, "Input/output error", path)


def test_appends_make_the_directory_and_the_file(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "new" / "er" / "f"))
    assert file.append(b"abc") is Appended.DONE
    assert file.append(b"def") is Appended.DONE
    assert (tmp_path / "new/er/f").read_bytes() == b"abcdef"
    assert file.size == 6


def test_a_write_in_two_parts_is_one_append(tmp_path: Path) -> None:
    disk = FaultyDisk()
    file = AppendFile(disk, str(tmp_path / "f"))
    disk.short = [2, 1]
    assert file.append(b"abcdef") is Appended.DONE
    assert (tmp_path / "f").read_bytes() == b"abcdef"


def test_a_short_write_on_a_full_disk_leaves_no_half_record(tmp_path: Path) -> None:
    disk = FaultyDisk()
    file = AppendFile(disk, str(tmp_path / "f"))
    file.append(b"whole.")
    disk.short = [3]
    disk.fault = lambda call, path: None if disk.short or call != "write" else disk_full(call, path)
    with pytest.raises(OSError, match="No space"):
        file.append(b"record")
    assert (tmp_path / "f").read_bytes() == b"whole."
    disk.fault = no_fault
    assert file.append(b"record") is Appended.DONE
    assert (tmp_path / "f").read_bytes() == b"whole.record"


def test_a_half_record_that_cannot_be_cut_off_now_is_cut_off_before_the_next(tmp_path: Path) -> None:
    disk = FaultyDisk()
    file = AppendFile(disk, str(tmp_path / "f"))
    file.append(b"whole.")
    disk.short = [3]
    disk.fault = lambda call, path: None if disk.short else no_truncate(call, path)
    with pytest.raises(OSError, match="Input"):
        file.append(b"record")
    assert (tmp_path / "f").read_bytes() == b"whole.rec"
    with pytest.raises(OSError, match="Input"):
        file.append(b"record")
    disk.fault = no_fault
    assert file.append(b"record") is Appended.DONE
    assert (tmp_path / "f").read_bytes() == b"whole.record"


def test_a_file_removed_under_the_writer_is_noticed_with_the_append_that_was_lost(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "f"))
    file.append(b"abc")
    (tmp_path / "f").unlink()
    assert file.append(b"def") is Appended.REMOVED
    assert file.append(b"def") is Appended.DONE
    assert (tmp_path / "f").read_bytes() == b"def"


def test_a_file_emptied_by_somebody_begins_with_the_next_append(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "f"))
    file.append(b"abc")
    (tmp_path / "f").write_bytes(b"")
    assert file.append(b"def") is Appended.RESTARTED
    assert file.size == 3
    assert file.append(b"ghi") is Appended.DONE


def test_a_file_emptied_while_a_write_had_failed_is_not_filled_with_zeros(tmp_path: Path) -> None:
    disk = FaultyDisk()
    file = AppendFile(disk, str(tmp_path / "f"))
    file.append(b"a" * 1000)
    disk.fault = disk_full
    with pytest.raises(OSError, match="No space"):
        file.append(b"b")
    (tmp_path / "f").write_bytes(b"")  # what admins do when the disk is full
    disk.fault = no_fault
    assert file.append(b"c") is Appended.RESTARTED
    assert (tmp_path / "f").read_bytes() == b"c"


def test_foreign_bytes_are_noticed(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "f"))
    file.append(b"abc")
    with (tmp_path / "f").open("ab") as other:
        other.write(b"?")
    assert file.append(b"def") is Appended.DISTURBED
    assert file.size == 7
    assert file.append(b"ghi") is Appended.DONE


def test_a_closed_file_is_opened_again_and_a_missing_one_noticed(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "f"))
    file.append(b"abc")
    file.close()
    assert not file.is_open
    assert file.append(b"def") is Appended.DONE
    file.close()
    (tmp_path / "f").unlink()
    assert file.append(b"ghi") is Appended.RESTARTED
    assert (tmp_path / "f").read_bytes() == b"ghi"


def test_a_file_moved_away_is_noticed_on_request(tmp_path: Path) -> None:
    file = AppendFile(FaultyDisk(), str(tmp_path / "f"))
    assert file.still_named()
    file.append(b"abc")
    assert file.still_named()
    (tmp_path / "f").rename(tmp_path / "f.1")
    assert not file.still_named()
    (tmp_path / "f").write_bytes(b"new")
    assert not file.still_named()
    file.begin_anew()
    file.adopt()
    assert file.append(b"er") is Appended.DONE
    assert (tmp_path / "f").read_bytes() == b"newer"


def test_cutting_takes_a_tail_away_and_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"whole.rec")
    file = AppendFile(FaultyDisk(), str(path))
    file.cut(6)
    assert (path.read_bytes(), file.size) == (b"whole.", 6)
    file.cut(100)
    assert (path.read_bytes(), file.size) == (b"whole.", 6)
    AppendFile(FaultyDisk(), str(tmp_path / "none")).cut(100)
    assert not (tmp_path / "none").exists()


def test_a_descriptor_that_went_bad_is_opened_again(tmp_path: Path) -> None:
    disk = FaultyDisk()
    file = AppendFile(disk, str(tmp_path / "f"))
    file.append(b"abc")
    disk.fault = disk_full
    with pytest.raises(OSError, match="No space"):
        file.append(b"def")
    assert not file.is_open
    assert disk.open_files == 0
