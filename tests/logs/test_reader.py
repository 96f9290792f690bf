"""Last lines and following, over every way in which files come, go and are replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from solmux.logs.archive_files import BLOCK
from solmux.logs.reader import Follower, last_lines
from solmux.logs.segments import LOG
from tests.logs.segments_on_disk import SegmentsOnDisk

NAME = "server42"


@pytest.fixture
def disk(tmp_path: Path) -> SegmentsOnDisk:
    return SegmentsOnDisk(tmp_path, NAME)


def drain(follower: Follower) -> bytes:
    return b"".join(iter(follower.poll, b""))


class TestLastLines:
    def test_last_lines_of_one_file(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\ntwo\nthree\n")
        assert last_lines(tmp_path, NAME, 2) == [b"two\n", b"three\n"]
        assert (
            last_lines(tmp_path, NAME, 3)
            == last_lines(tmp_path, NAME, 99)
            == [b"one\n", b"two\n", b"three\n"]
        )
        assert last_lines(tmp_path, NAME, 0) == last_lines(tmp_path, NAME, -1) == []

    def test_line_without_end_counts(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\nlogin: ")
        assert last_lines(tmp_path, NAME, 1) == [b"login: "]
        assert last_lines(tmp_path, NAME, 2) == [b"one\n", b"login: "]

    @pytest.mark.parametrize("compressed", [False, True])
    def test_last_lines_go_back_over_rotations(
        self, disk: SegmentsOnDisk, tmp_path: Path, compressed: bool
    ) -> None:
        stems = []
        for number in range(3):
            disk.text(b"".join(b"line %d of %d\n" % (line, number) for line in range(3)))
            disk.offset += 100
            stems.append(disk.rotate())
        if compressed:
            disk.compress(stems[0])
            disk.compress(stems[1])
        disk.text(b"open\n")
        assert last_lines(tmp_path, NAME, 1) == [b"open\n"]
        assert last_lines(tmp_path, NAME, 2) == [b"line 2 of 2\n", b"open\n"]
        assert last_lines(tmp_path, NAME, 6)[0] == b"line 1 of 1\n"
        assert last_lines(tmp_path, NAME, 10) == last_lines(tmp_path, NAME, 11)
        assert last_lines(tmp_path, NAME, 11)[0] == b"line 0 of 0\n"

    def test_nothing_is_open_between_two_segments(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\ntwo\n")
        disk.rotate()
        assert last_lines(tmp_path, NAME, 1) == [b"two\n"]

    def test_plain_and_compressed_file_of_a_segment_are_read_once(
        self, disk: SegmentsOnDisk, tmp_path: Path
    ) -> None:
        disk.text(b"one\n")
        stem = disk.rotate()
        plain = (disk.archive / f"{stem}.log").read_bytes()
        disk.compress(stem)
        (disk.archive / f"{stem}.log").write_bytes(plain)
        assert last_lines(tmp_path, NAME, 9) == [b"one\n"]

    def test_segment_that_ends_within_a_line_does_not_join_the_next(
        self, disk: SegmentsOnDisk, tmp_path: Path
    ) -> None:
        disk.text(b"torn")
        disk.rotate()
        disk.text(b"one\n")
        assert last_lines(tmp_path, NAME, 9) == [b"torn\n", b"one\n"]

    def test_empty_files_have_no_lines(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"")
        disk.rotate()
        disk.text(b"")
        assert last_lines(tmp_path, NAME, 5) == []

    def test_console_that_never_logged_has_no_lines(self, tmp_path: Path) -> None:
        assert last_lines(tmp_path, NAME, 5) == []
        assert last_lines(tmp_path / "missing", NAME, 5) == []

    def test_file_in_place_of_the_directory_is_no_crash(self, tmp_path: Path) -> None:
        (tmp_path / NAME).write_text("not a directory")
        assert last_lines(tmp_path, NAME, 5) == []

    @pytest.mark.parametrize("name", ["", ".", "..", "../etc", "a/b", "-a", ".hidden", "a" * 65, "a\n", "ä"])
    def test_name_that_no_console_can_have_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="cannot name a console"):
            last_lines(tmp_path, name, 1)

    def test_other_files_in_the_archive_are_left_alone(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\n")
        stem = disk.rotate()
        (disk.archive / f"{stem}.log.tmp").write_bytes(b"half\n")
        (disk.archive / "notes.log").write_bytes(b"mine\n")
        assert last_lines(tmp_path, NAME, 9) == [b"one\n"]

    def test_damaged_archive_is_an_error_that_says_so(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\n")
        stem = disk.rotate()
        disk.compress(stem)
        (disk.archive / f"{stem}.log.zst").write_bytes(b"no archive at all")
        with pytest.raises(OSError, match="damaged archive"):
            last_lines(tmp_path, NAME, 9)

    def test_huge_file_is_not_read_as_a_whole(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"")
        with (disk.console / LOG).open("r+b") as file:
            file.seek(1 << 40)  # a hole of 1 TiB
            file.write(b"\none\n" + b"x" * (3 * BLOCK) + b"\nlast\n")
        assert [len(line) for line in last_lines(tmp_path, NAME, 3)] == [4, 3 * BLOCK + 1, 5]

    def test_line_ends_at_the_edge_of_blocks_are_seen(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        line = b"x" * (BLOCK - 1) + b"\n"
        disk.text(line * 3)
        assert last_lines(tmp_path, NAME, 2) == [line, line]
        disk.text(b"y\n")
        assert last_lines(tmp_path, NAME, 2) == [line, b"y\n"]


class TestFollow:
    @pytest.fixture
    def follower(self, disk: SegmentsOnDisk, tmp_path: Path) -> Iterator[Follower]:
        disk.text(b"old\nolder\n")
        with Follower(tmp_path, NAME) as follower:
            yield follower

    def test_what_is_appended_comes_once(self, disk: SegmentsOnDisk, follower: Follower) -> None:
        assert follower.poll() == b""
        disk.text(b"new\n")
        assert follower.poll() == b"new\n"
        assert follower.poll() == b""

    def test_partial_line_comes_at_once_and_its_rest_later(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.text(b"login: ")
        assert follower.poll() == b"login: "
        disk.text(b"root\n")
        assert follower.poll() == b"root\n"

    def test_lines_from_before_come_first(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\ntwo\n")
        disk.rotate()
        disk.text(b"three\n")
        with Follower(tmp_path, NAME, lines=2) as follower:
            disk.text(b"four\n")
            assert drain(follower) == b"two\nthree\nfour\n"
            disk.text(b"five\n")
            assert drain(follower) == b"five\n"

    def test_everything_from_the_oldest_on(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\n")
        disk.compress(disk.rotate())
        disk.offset += 10
        disk.text(b"two\n")
        disk.rotate()
        disk.text(b"three\n")
        with Follower(tmp_path, NAME, lines=None) as follower:
            assert drain(follower) == b"one\ntwo\nthree\n"

    def test_following_goes_on_over_a_rotation(self, disk: SegmentsOnDisk, follower: Follower) -> None:
        disk.text(b"before\n")
        assert drain(follower) == b"before\n"
        disk.text(b"end\n")
        disk.rotate()
        assert drain(follower) == b"end\n"
        disk.text(b"beginning\n")
        assert drain(follower) == b"beginning\n"

    def test_text_that_comes_while_the_file_is_moved_is_not_lost(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        with (disk.console / LOG).open("ab", buffering=0) as writer:
            disk.rotate()
            writer.write(b"last words\n")
            disk.text(b"first words\n")
        assert drain(follower) == b"last words\nfirst words\n"

    @pytest.mark.parametrize("compressed", [False, True])
    def test_several_rotations_between_two_polls(
        self, disk: SegmentsOnDisk, follower: Follower, compressed: bool
    ) -> None:
        expected = b""
        for number in range(5):
            text = b"segment %d\n" % number
            disk.text(text)
            expected += text
            disk.offset += 10
            stem = disk.rotate()
            if compressed and number:
                disk.compress(stem)
        disk.text(b"open\n")
        assert drain(follower) == expected + b"open\n"

    def test_segment_compressed_before_the_rotation_was_noticed_is_not_read_again(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.text(b"one\n")
        disk.compress(disk.rotate())
        disk.offset += 10
        disk.text(b"two\n")
        disk.compress(disk.rotate())
        disk.text(b"three\n")
        assert drain(follower) == b"one\ntwo\nthree\n"

    def test_segment_removed_by_retention_before_it_was_read_is_left_out(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.rotate()
        disk.offset += 10
        disk.text(b"gone\n")
        stem = disk.rotate()
        (disk.archive / f"{stem}.log").unlink()
        disk.text(b"there\n")
        assert drain(follower) == b"there\n"

    def test_console_that_has_not_logged_yet_is_waited_for(
        self, disk: SegmentsOnDisk, tmp_path: Path
    ) -> None:
        with Follower(tmp_path, NAME, lines=10) as follower:
            assert follower.poll() == b""
            disk.text(b"first\n")
            assert follower.poll() == b"first\n"

    def test_removed_log_is_waited_for(self, disk: SegmentsOnDisk, follower: Follower) -> None:
        (disk.console / LOG).unlink()
        assert follower.poll() == b""
        disk.text(b"new\n")
        assert drain(follower) == b"new\n"

    def test_text_cut_back_and_written_again_after_a_kill_comes_once(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.text(b"one\ntwo\nthr")
        assert drain(follower) == b"one\ntwo\nthr"
        with (disk.console / LOG).open("r+b") as file:
            file.truncate(len(b"old\nolder\none\n"))
        assert follower.poll() == b""
        disk.text(b"two\nthree\n[-- Console up -- 2026-11-20T17:05:40Z]\n")
        assert drain(follower) == b"ee\n[-- Console up -- 2026-11-20T17:05:40Z]\n"

    def test_log_emptied_by_somebody_is_followed_from_its_new_beginning(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.text(b"one\nlogin: ")
        drain(follower)
        with (disk.console / LOG).open("r+b") as file:
            file.truncate(0)
        assert follower.poll() == b""
        disk.text(b"anew\n")
        assert drain(follower) == b"\nanew\n"

    def test_text_that_differs_after_a_cut_is_read_from_the_cut(
        self, disk: SegmentsOnDisk, follower: Follower
    ) -> None:
        disk.text(b"one\n")
        drain(follower)
        with (disk.console / LOG).open("r+b") as file:
            file.truncate(len(b"old\nolder\n"))
        assert follower.poll() == b""
        disk.text(b"quite another line\n")
        assert drain(follower) == b"quite another line\n"

    def test_much_text_comes_in_pieces(self, disk: SegmentsOnDisk, follower: Follower) -> None:
        disk.text(b"x" * (5 * BLOCK))
        pieces = list(iter(follower.poll, b""))
        assert b"".join(pieces) == b"x" * (5 * BLOCK)
        assert max(map(len, pieces)) <= BLOCK

    def test_closed_follower_leaves_no_file_open(self, disk: SegmentsOnDisk, tmp_path: Path) -> None:
        disk.text(b"one\n")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            with Follower(tmp_path, NAME, lines=1) as follower:
                drain(follower)
        assert len(list(Path("/proc/self/fd").iterdir())) == before
