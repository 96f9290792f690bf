"""What reaches a viewer's terminal: everything that draws, nothing that asks, names, prints or listens."""

import re
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.screen.emulator import Emulator
from solmux.screen.parser import LONGEST_STRING
from solmux.screen.repaint import FRESH
from solmux.viewer.safety import SafetyFilter
from tests.screen.corpus import pieces, recording, stream, stream_names
from tests.screen.test_emulator import ANY_OUTPUT
from tests.screen.test_repaint import state_of

# The whole of what may come out of the filter.
ALLOWED = re.compile(
    r"[^\x00-\x1f\x7f-\x9f]|[\a-\x0f]|\x1b\[[0-9;:]*m|\x1b\[[0-9;]*(?:[@A-MPSTXZ`abdefgru]| q|!p)|\x1b\[s"
    r"|\x1b\[\??[0-9;]*[hlJK]|\x1b\[\?[0-9;]*W|\x1b[()][0B]|\x1b[78=>DEHM]|\x1b#8"
)

DANGEROUS = {
    "clipboard set": b"\x1b]52;c;cm0gLXJmIH4K\a",
    "clipboard read": b"\x1b]52;c;?\x1b\\",
    "title": b"\x1b]0;rm -rf ~\a",
    "title in screen's way": b"\x1bktitle\x1b\\",
    "title report": b"\x1b[21t",
    "icon report": b"\x1b[20t",
    "window size": b"\x1b[8;200;200t",
    "setting report": b"\x1bP$qm\x1b\\",
    "capability report": b"\x1bP+q436f\x1b\\",
    "user-defined keys": b"\x1bP0;1|17/726d0d\x1b\\",
    "device control in 8 bits": b"\xc2\x90$qm\xc2\x9c",
    "application command": b"\x1b_Gq=1\x1b\\",
    "privacy message": b"\x1b^x\x1b\\",
    "start of string": b"\x1bXx\x1b\\",
    "answerback": b"\x05",
    "device attributes": b"\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1bZ",
    "status and cursor": b"\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n\x1b[?996n",
    "parameters": b"\x1b[x\x1b[1x",
    "version": b"\x1b[>q\x1b[>0q",
    "keyboard query": b"\x1b[?u\x1b[?4m",
    "mode query": b"\x1b[?2026$p\x1b[4$p",
    "graphics query": b"\x1b[?1;1;0S",
    "state reports": b"\x1b[1$w\x1b[1;1;1;1;1;1*y\x1b[2&u\x1b[1#R\x1b[#S",
    "colour query": b"\x1b]10;?\a\x1b]11;?\a\x1b]4;1;?\a",
    "link": b"\x1b]8;;http://example.net\a\x1b]8;;\a",
    "directory": b"\x1b]7;file:///\a",
    "progress": b"\x1b]9;4;1;50\a",
    "font": b"\x1b]50;fixed\a",
    "notification": b"\x1b]777;notify;a;b\a",
    "file": b"\x1b]1337;File=name=eA==:eA==\a",
    "the Linux console's palette": b"\x1b]P0ff0000\x1b]R",
    "printing": b"\x1b[4i\x1b[5i\x1b[?5i\x1b[i",
    "keyboard lock": b"\x1b[2h",
    "local echo": b"\x1b[12l",
    "VT52 mode": b"\x1b[?2l",
    "highlighting that waits": b"\x1b[?1001h\x1b[1;1;1;1;1T",
    "reports without a question": b"\x1b[?2031h\x1b[?2048h",
    "132 columns allowed": b"\x1b[?40h",
    "keyboard protocols": b"\x1b[>4;2m\x1b[>1u\x1b[=1;1u\x1b[<u",
    "8-bit controls": b"\x1b G",
    "another character set": b"\x1b%@\x1b%/G",
    "C1 as bytes": b"\x84\x85\x88\x8d\x8e\x8f\x98\x9a\x9b\x9c\x9d\x9e\x9f",
    "conformance level": b'\x1b[62"p',
    "file transfer": b"\x18\x1a\x00\x10\x11\x13",
    "scrollback": b"\x1b[3J\x1b[?3J",
    "memory lock": b"\x1bl\x1bm",
    "line lights": b"\x1b[1q",
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_never_reaches_a_viewer(name: str) -> None:
    data = b"before" + DANGEROUS[name] + b"after"
    assert SafetyFilter().feed(data, 0.0) == b"beforeafter"
    bytewise = SafetyFilter()
    assert b"".join(bytewise.feed(bytes([byte]), 0.0) for byte in data) == b"beforeafter"


HARMLESS = [
    b"plain text\r\n\t\b\x0b\x0c\x0e\x0f",
    "é中😀 e\u0301 ─".encode(),
    b"latin-1 \xe9\xfc\xff and cp437 \xc4\xb3\xda.",
    b"\x1b[1;31mred\x1b[0m\x1b[38:2::1:2:3m\x1b[m",
    b"\x1b[01;02H\x1b[J\x1b[1K\x1b[2J\x1b[5;10r\x1b[3S\x1b[2T\x1b[4@\x1b[2P\x1b[1L\x1b[1M\x1b[3X\x1b[9b\x1b[s\x1b[u",
    b"\x1b[A\x1b[2B\x1b[3C\x1b[4D\x1b[E\x1b[F\x1b[7G\x1b[8d\x1b[2I\x1b[Z\x1b[g\x1b[3g",
    b"\x1b7\x1b8\x1b=\x1b>\x1bD\x1bE\x1bH\x1bM\x1b(0\x1b)B\x1b#8\x1b[!p",
    b"\x1b[?1;7;25h\x1b[?25l\x1b[?1049h\x1b[?1049l\x1b[?1000;1006h\x1b[?2004h\x1b[?1004h\x1b[4h\x1b[20l",
    b"\x1b[2 q\x1b[?12h\x1b[?2026h\x1b[?2026l",
]


@pytest.mark.parametrize("data", HARMLESS)
def test_what_draws_comes_out_byte_for_byte(data: bytes) -> None:
    assert SafetyFilter().feed(data, 0.0) == data
    bytewise = SafetyFilter()
    assert b"".join(bytewise.feed(bytes([byte]), 0.0) for byte in data) == data


@pytest.mark.parametrize("name", stream_names())
def test_recorded_consoles_lose_their_queries_and_strings_only(name: str) -> None:
    data = stream(name)[:100_000]
    shown = b"".join(map(SafetyFilter().feed, pieces(data, 170), [0.0] * len(data)))
    assert ALLOWED.sub("", shown.decode(errors="replace")) == ""
    text = re.compile(rb"[ -~]{2,}")
    before, after = (sum(map(len, text.findall(part))) for part in (data, shown))
    assert after > before * 0.9


def test_bytes_of_a_firmware_come_out_as_utf8_where_the_set_is_known() -> None:
    frame = b"\x1b[1;1H\xda\xc4\xc4\xc4\xbf\x84\x1b[2;1H"
    assert SafetyFilter("auto").feed(frame, 0.0) == "\x1b[1;1H┌───┐ä\x1b[2;1H".encode()
    assert SafetyFilter("latin-1").feed(b"\xe9", 0.0) == "é".encode()
    data = recording("ovmf-setup-menus.cp437").data
    emulator, viewer = Emulator(), Emulator(charset="utf-8")
    emulator.feed(data)
    viewer.feed(SafetyFilter("auto").feed(data, 0.0))
    assert viewer.text() == emulator.text()


def test_plain_text_between_frames_counts_for_the_filter_as_for_the_emulator() -> None:
    for output in ([b"\xb3", b"abc", b"\xc4\xbf."], [b"\xda\xc4", b"x" * 9000, b"\xc4\xbf."]):
        emulator, viewer, safety = Emulator(), Emulator(), SafetyFilter("auto")
        for piece in output:
            emulator.feed(piece)
            viewer.feed(safety.feed(piece, 0.0))
        assert viewer.text() == emulator.text()


def test_a_sequence_cut_short_is_mended() -> None:
    assert SafetyFilter().feed("dbus\x1b…P\x1b[…- D".encode(), 0.0) == "dbus…P…- D".encode()
    assert SafetyFilter().feed(b"\x1b[02;0\x1b[02;01H\x1b\x1b[1m", 0.0) == b"\x1b[02;01H\x1b[1m"


def test_a_control_inside_a_sequence_stands_before_it() -> None:
    assert SafetyFilter().feed(b"\x1b[1\r;2H", 0.0) == b"\r\x1b[1;2H"


def test_c1_controls_in_utf8_take_their_7_bit_form() -> None:
    assert SafetyFilter().feed(b"\xc2\x9b1mx\xc2\x9d0;t\xc2\x9cy\xc2\x85\xc2\x9b6n", 0.0) == b"\x1b[1mxy\x1bE"


def test_c1_controls_as_bytes_are_dropped_and_what_follows_is_text() -> None:
    assert SafetyFilter().feed(b"a\x9b6n\x90$qm\x9cb", 0.0) == b"a6n$qmb"
    assert SafetyFilter("latin-1").feed(b"a\x9b6n\x90$qm\x9cb", 0.0) == b"ab"


def test_a_reset_becomes_a_clear() -> None:
    assert SafetyFilter().feed(b"a\x1bcb", 0.0) == b"a" + FRESH.encode() + b"b"


def test_132_columns_become_a_clear_and_other_modes_pass() -> None:
    assert SafetyFilter().feed(b"\x1b[?3;7;40h", 0.0) == b"\x1b[?7h\x1b[r\x1b[2J\x1b[H"


def test_other_character_sets_become_the_ordinary_one() -> None:
    assert SafetyFilter().feed(b"\x1b(A\x1b)2\x1b*0", 0.0) == b"\x1b(B\x1b)0"


def test_the_bell_rings_once_a_second() -> None:
    viewer = SafetyFilter()
    assert viewer.feed(b"\a\a\a", 10.0) == b"\a"
    assert viewer.feed(b"a\ab", 10.9) == b"ab"
    assert viewer.feed(b"\a\a", 11.0) == b"\a"


def test_misleading_characters_are_revealed_on_request() -> None:
    text = "user\u202etxt.exe\u200b".encode()
    assert SafetyFilter().feed(text, 0.0) == text
    assert SafetyFilter(reveal=True).feed(text, 0.0) == b"user<U+202E>txt.exe<U+200B>"


@pytest.mark.parametrize("opener", [b"\x1b]0;", b"\x1bP", b"\x1b_", b"\x1bX", b"\x1b^", b"\x1bk"])
def test_text_after_a_string_that_never_ends_is_shown(opener: bytes) -> None:
    assert SafetyFilter().feed(opener + b"lost\r\nshown", 0.0) == b"\r\nshown"
    assert SafetyFilter().feed(opener + b"lost\x1b[1mshown", 0.0) == b"\x1b[1mshown"
    endless = SafetyFilter()
    shown = b"".join(endless.feed(piece, 0.0) for piece in pieces(opener + b"x" * 2 * LONGEST_STRING, 4096))
    assert LONGEST_STRING - 8 < len(shown) <= LONGEST_STRING + 8


def test_queries_are_told_once_each() -> None:
    viewer = SafetyFilter()
    viewer.feed(b"# \x1b[6n\x1b[c\x1b[>c\x1b[?7$p\x1b[>", 0.0)
    assert viewer.queries() == ("n", "c", ">c", "?$p")
    viewer.feed(b"q\x1b[H", 0.0)
    assert viewer.queries() == (">q",)
    assert viewer.queries() == ()
    viewer.feed(b"\x1b[6n" * 1000, 0.0)
    assert len(viewer.queries()) == 64


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_viewer_who_comes_in_the_middle_of_a_sequence_sees_it_whole(cut: int) -> None:
    data = "ab\x1b[3;5H─\x1b]0;t\acd".encode()
    emulator = Emulator()
    emulator.feed(data[:cut])
    viewer, safety = Emulator(), SafetyFilter()
    viewer.feed(emulator.repaint())
    safety.go_on_from(emulator.unfinished)
    viewer.feed(safety.feed(data[cut:], 0.0))
    emulator.feed(data[cut:])
    assert viewer.text() == emulator.text()


SETS = st.sampled_from([None, "auto", "utf-8", "cp437", "latin-1"])


def test_a_viewer_who_comes_in_the_middle_of_a_frame_sees_its_corner() -> None:
    emulator = Emulator()
    emulator.feed(b"\xda\xc4\xc4\x1b[1;80H\xc4")
    safety = SafetyFilter("auto")
    safety.go_on_from(emulator.unfinished)
    assert safety.feed(b"\xbf.", 0.0) == "─┐.".encode()


@given(ANY_OUTPUT, st.lists(st.integers(0, 300), max_size=6), SETS)
def test_any_bytes_in_any_pieces_come_out_the_same_and_allowed(
    data: bytes, cuts: list[int], charset: str | None
) -> None:
    shown = SafetyFilter(charset).feed(data, 0.0)
    text = shown.decode("utf-8", "surrogateescape")
    assert ALLOWED.sub("", text.replace(FRESH, "")) == ""
    assert not any("\udc80" <= character < "\udca0" for character in text)
    cut = SafetyFilter(charset)
    borders = [0, *sorted(cuts), len(data)]
    assert b"".join(cut.feed(data[start:end], 0.0) for start, end in pairwise(borders)) == shown


@given(ANY_OUTPUT)
def test_a_viewers_terminal_becomes_what_the_emulator_is(data: bytes) -> None:
    emulator, viewer = Emulator(20, 5), Emulator(20, 5, "utf-8")
    emulator.feed(data)
    safety = SafetyFilter("auto")
    viewer.feed(safety.feed(data, 0.0))
    assert viewer.in_ground
    assert state_of(viewer) == state_of(emulator)
    assert viewer.replies() == b""
    assert not emulator.replies() or safety.queries()


@given(ANY_OUTPUT)
def test_a_repaint_passes_the_filter_whole(data: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(data)
    assert SafetyFilter().feed(emulator.repaint(), 0.0) == emulator.repaint()


@pytest.mark.parametrize(
    "data",
    [b"\x1b]52;c;" + b"x" * 300_000, b"\x1b[" + b"1;" * 150_000, b"\x1b" * 300_000, b"\xe2\x94" * 99_000],
)
def test_hostile_output_costs_linear_time(data: bytes) -> None:
    viewer = SafetyFilter()
    start = process_time()
    for piece in pieces(data, 100):
        viewer.feed(piece, 0.0)
    assert process_time() - start < len(data) * 10e-6
