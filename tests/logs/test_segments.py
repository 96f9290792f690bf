"""Names of open and closed files."""

import pytest

from solmux.logs.segments import (
    LOG_SUFFIX,
    RAW_SUFFIX,
    SegmentName,
    check_console_name,
    closed_segments,
    parse_segment_name,
    segment_stem,
)
from solmux.logs.stamps import micros_of_date

OPENED = micros_of_date("2026-11-20T17:05:40Z")


def test_a_segment_is_named_by_offset_and_time() -> None:
    assert segment_stem(16_777_301, OPENED) == "000000016777301-20261120T170540Z"
    name = SegmentName(16_777_301, OPENED, RAW_SUFFIX, compressed=True)
    assert str(name) == "000000016777301-20261120T170540Z.ttyrec.zst"
    assert parse_segment_name(str(name)) == name


def test_an_offset_beyond_the_padding_keeps_its_name() -> None:
    name = SegmentName(1 << 62, OPENED, LOG_SUFFIX)
    assert parse_segment_name(str(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "console.log",
        "000000000000001-20261120T170540Z.log.idx",
        "000000000000001-20261320T170540Z.log",
        "1-20261120T170540Z.log",
        "000000000000001-20261120T170540Z.log\n",
    ],
)
def test_other_files_in_the_archive_are_left_alone(name: str) -> None:
    assert parse_segment_name(name) is None


def test_segments_come_oldest_first_and_once_while_they_are_compressed() -> None:
    early, late = SegmentName(5, OPENED, LOG_SUFFIX), SegmentName(700, OPENED, LOG_SUFFIX)
    packed = SegmentName(5, OPENED, LOG_SUFFIX, compressed=True)
    raw = SegmentName(5, OPENED, RAW_SUFFIX)
    assert closed_segments(map(str, (late, packed, early, raw)), LOG_SUFFIX) == [early, late]
    assert closed_segments(map(str, (late, packed)), LOG_SUFFIX) == [packed, late]


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../a", "a\0", "a\n", "é", "x" * 65, "-x"])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a console"):
        check_console_name(name)


def test_good_names_pass() -> None:
    for name in ("server42", "a", "A.b_c-d", "9" * 64):
        assert check_console_name(name) == name
