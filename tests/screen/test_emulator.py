"""What the emulator makes of single sequences: each row is a place where emulators fail."""

import inspect
import tracemalloc
from itertools import pairwise
from time import process_time

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.screen.cells import Palette
from solmux.screen.emulator import Emulator, Position
from solmux.screen.parser import LONGEST_STRING
from solmux.screen.screen import Screen
from tests.screen.corpus import pieces

X19 = b"x" * 19
SHOWN: list[tuple[str, bytes, list[str]]] = [
    ("control character in a run", b"abc\x01def", ["abcdef"]),
    ("NUL and DEL", b"a\x00b\x7fc", ["abc"]),
    ("BEL", b"a\ab", ["ab"]),
    ("next line as C1", b"abc\xc2\x85def", ["abc", "def"]),
    ("index as C1", b"abc\xc2\x84def", ["abc", "   def"]),
    ("control sequence introduced by C1", b"abc\xc2\x9b1;2HX", ["aXc"]),
    ("string introduced by C1", b"a\xc2\x9d0;title\xc2\x9cb", ["ab"]),
    ("C1 control without a meaning", b"ab\xc2\x80cd", ["abcd"]),
    ("wide character at the right margin", X19 + "中y".encode(), ["x" * 19, "中y"]),
    ("wide character overwritten on its left", "中文\x1b[1;1HX".encode(), ["X 文"]),
    ("wide character overwritten on its right", "中文\x1b[1;2HX".encode(), [" X文"]),
    ("wide character half erased", "中文\x1b[1;2H\x1b[X".encode(), ["  文"]),
    ("wide character half deleted", "中文a\x1b[1;2H\x1b[P".encode(), [" 文a"]),
    ("wide character pushed over the margin by half", b" " * 18 + "中\x1b[1;1H\x1b[@".encode(), [""]),
    ("combining mark", "e\u0301a".encode(), ["e\u0301a"]),
    ("combining mark without a character", "\u0301a".encode(), ["a"]),
    ("right-to-left override", "a\u202eb\u2028c".encode(), ["abc"]),
    ("title ended by BEL", b"\x1b]0;title\aok", ["ok"]),
    ("title ended by ST", b"\x1b]0;title\x1b\\ok", ["ok"]),
    ("title never ended", b"\x1b]0;oops\r\nline 1\r\nline 2", ["", "line 1", "line 2"]),
    ("title cut by a sequence", b"\x1b]0;oops\x1b[1mok", ["ok"]),
    ("title cut by CAN", b"\x1b]0;oops\x18ok", ["ok"]),
    ("screen's title", b"\x1bktitle\x1b\\ok", ["ok"]),
    ("four-digit command", b"\x1b]3008;start=a;user=root\x1b\\ok", ["ok"]),
    ("clipboard", b"\x1b]52;c;aGVsbG8=\aok", ["ok"]),
    ("the Linux console's palette", b"\x1b]P7ff00ffok\x1b]Rok", ["okok"]),
    ("the Linux console's palette cut short", b"\x1b]P7f ok", [" ok"]),
    ("device control string", b"\x1bP+q436f\x1b\\ok", ["ok"]),
    ("device control string with BEL in it", b"\x1bPa\ab\x1b\\ok", ["ok"]),
    ("device control string never ended", b"\x1bPxyz\nok", ["", "ok"]),
    ("application command", b"\x1b_Gf=100\x1b\\ok", ["ok"]),
    ("privacy message", b"\x1b^x\x1b\\ok", ["ok"]),
    ("start of string", b"\x1bXx\x1b\\ok", ["ok"]),
    ("mode with the prefix =", b"\x1b[=3hok", ["ok"]),
    ("soft reset", b"\x1b[!pok", ["ok"]),
    ("keyboard protocols", b"\x1b[>4;2m\x1b[>1u\x1b[<u\x1b[=1;1u\x1b[?4mok", ["ok"]),
    ("style with colons", b"\x1b[38:2::1:2:3m\x1b[4:3mok", ["ok"]),
    ("more parameters than a movement takes", b"a\r\nb\x1b[1;2;3Aok", ["aok", "b"]),
    ("private positions and erasures", b"\x1b[?1;1H\x1b[?1J\x1b[?1K\x1b[?6n\x1b[?5J\x1b[?1;2cok", ["ok"]),
    ("parameters without end", b"\x1b[" + b"1;" * 400 + b"Hok", ["ok"]),
    ("a huge number", b"\x1b[99999999999999999999Cok", [" " * 19 + "o", "k"]),
    ("prefix in the middle", b"\x1b[1?2hok", ["ok"]),
    ("ESC ESC [", b"\x1b\x1b[01;02Hok", [" ok"]),
    ("ESC inside a sequence", b"\x1b[3\x1b[1mok", ["ok"]),
    ("`ESC [ >` cut by ESC", b"\x1b[?7h\x1b[>\x1b[?1l\x1b Fok", ["ok"]),
    ("CAN inside a sequence", b"\x1b[3\x18ok", ["ok"]),
    ("controls inside a sequence", b"abc\x1b[1\r;2\v\bHX", ["aXc"]),
    ("a line's end inside a sequence", b"\x1b[0;1\r\n[ OK ]\x1b\nP1", ["", "[ OK ]", "      P1"]),
    ("ellipsis after ESC", "\x1b…POSIX".encode(), ["…POSIX"]),
    ("ellipsis inside a sequence", "\x1b[0;1…- D".encode(), ["…- D"]),
    ("cursor style, window size, bracketed paste", b"\x1b[2 q\x1b[8;25;80t\x1b[?2004hok", ["ok"]),
    ("synchronised update and its query", b"\x1b[?2026$p\x1b[?2026hok", ["ok"]),
    ("repeat", b"a\x1b[3bb", ["aaaab"]),
    ("repeat to the margin", b"a\x1b[999bb", ["a" * 20, "b"]),
    ("repeat of nothing", b"\x1b[5bok", ["ok"]),
    ("repeat of line drawing", b"\x1b(0q\x1b(B\x1b[2b", ["───"]),
    ("scroll up", b"a\r\nb\r\nc\x1b[S", ["b", "c"]),
    ("scroll down", b"a\r\nb\x1b[T", ["", "a", "b"]),
    ("save and restore", b"ab\x1b[sXY\x1b[uZ", ["abZY"]),
    ("save and restore by ESC", b"ab\x1b7XY\x1b8Z", ["abZY"]),
    ("restore twice", b"ab\x1b7XY\x1b8\x1b8Z", ["abZY"]),
    ("restore nothing", b"abc\x1b8Z", ["Zbc"]),
    ("insert and delete", b"abcdef\x1b[1;2H\x1b[2P\x1b[@X", ["aXdef"]),
    ("erase characters", b"abcdef\x1b[1;2H\x1b[3X", ["a   ef"]),
    ("erase to the start", b"abc\r\ndef\x1b[2;2H\x1b[1J", ["", "  f"]),
    ("erase to the end", b"abc\r\ndef\x1b[1;2H\x1b[J", ["a"]),
    ("erase a row", b"abc\x1b[2Kd", ["   d"]),
    ("erase the scrollback", b"ab\x1b[3Jc", ["abc"]),
    ("insert mode", b"abc\x1b[1;1H\x1b[4hX\x1b[4lY", ["XYbc"]),
    ("new line mode", b"ab\x1b[20h\ncd", ["ab", "cd"]),
    ("insert and delete rows", b"1\r\n2\r\n3\x1b[1;1H\x1b[L\x1b[2;1H\x1b[M", ["", "2"]),
    ("rows inserted outside the margins", b"1\r\n2\x1b[2;3r\x1b[1;1H\x1b[L", ["1", "2"]),
    ("margins", b"1\r\n2\r\n3\x1b[1;2r\x1b[2;1H\n", ["2", "", "3"]),
    ("margins of one row", b"1\r\n2\x1b[2;2r\n3", ["1", "2", " 3"]),
    ("margins with the bottom left out", b"1\r\n2\r\n3\x1b[1;2r\x1b[2r\x1b[3;1H\n", ["1", "3"]),
    ("reverse index at the top", b"1\r\n2\x1b[1;1H\x1bM0", ["0", "1", "2"]),
    ("next line", b"abc\x1bEd", ["abc", "d"]),
    ("up from above the margins", b"\x1b[2;3r\x1b[1;1H\x1b[AX", ["X"]),
    ("origin mode", b"\x1b[2;3r\x1b[?6hX\x1b[9;1HY", ["", "X", "Y"]),
    ("origin mode without margins", b"\x1b[?6h\x1b[2dX\x1b[6n", ["", "X"]),
    ("tab stops", b"\x1b[3g\x1b[1;5H\x1bH\r\tX\tY", ["    X" + " " * 14 + "Y"]),
    ("tabs forth and back", b"\x1b[2IX\x1b[ZY\x1b[99Z\x1b[99IZ", [" " * 16 + "Y  Z"]),
    ("backspace from a pending wrap", b"x" * 20 + b"\by", ["x" * 18 + "yx"]),
    ("carriage return from a pending wrap", b"x" * 20 + b"\r\ny", ["x" * 20, "y"]),
    ("no autowrap", b"\x1b[?7l" + b"x" * 30 + b"y", [X19.decode() + "y"]),
    ("no autowrap, wide", b"\x1b[?7l" + X19 + "中".encode(), ["x" * 19]),
    ("autowrap switched off at the margin", b"x" * 20 + b"\x1b[?7ly", [X19.decode() + "y"]),
    ("line drawing", b"\x1b(0lqk\x1b(Blqk", ["┌─┐lqk"]),
    ("line drawing by SO", b"\x1b)0\x0elqk\x0flqk", ["┌─┐lqk"]),
    ("SO without a set", b"\x0elqk", ["lqk"]),
    ("line drawing of wide text", "\x1b(0q中q".encode(), ["─中─"]),
    ("alternate screen 1049", b"main\x1b[?1049h\x1b[2J\x1b[HALT\x1b[?1049l!", ["main!"]),
    ("alternate screen 1047", b"main\x1b[?1047h\x1b[HALT\x1b[?1047l!", ["mai!"]),
    ("alternate screen 47", b"main\x1b[?47h\x1b[HALT\x1b[?47l", ["main"]),
    ("alternate screen entered twice", b"main\x1b[?1049hX\x1b[?1049hY\x1b[?1049l!", ["main!"]),
    ("cursor saved by 1048", b"ab\x1b[?1048hcd\x1b[?1048lX", ["abXd"]),
    ("alignment", b"\x1b#8", ["E" * 20] * 3),
    ("reset", b"abc\x1b[?1049h\x1b[5mx\x1bcd", ["d"]),
    ("132 columns", b"abc\x1b[?3hd", ["d"]),
    ("mode set in one sequence", b"\x1b[?7;1049hX\x1b[?1049l", [""]),
]


def shown(emulator: Emulator) -> list[str]:
    rows = emulator.text()
    while rows and not rows[-1]:
        rows.pop()
    return rows


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_shows(data: bytes, expected: list[str]) -> None:
    emulator = Emulator(20, 3)
    emulator.feed(data)
    assert shown(emulator) == [row for row in expected if row or len(expected) > 1]
    bytewise = Emulator(20, 3)
    for value in data:
        bytewise.feed(bytes([value]))
    assert bytewise.checkpoint() == emulator.checkpoint()


def test_a_string_that_never_ends_is_given_up_after_its_bound() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"\x1bP" + b"x" * (LONGEST_STRING + 5))
    assert shown(emulator) == ["xxxxx"]


def test_cursor_tells_place_visibility_and_pending_wrap() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"\r\n" + b"x" * 20 + b"\x1b[?25l")
    assert emulator.cursor == Position(column=19, row=1, visible=False, wrap_pending=True)
    emulator.feed(b"y")
    assert emulator.cursor == Position(column=1, row=2, visible=False, wrap_pending=False)


def test_erasing_keeps_the_background_and_nothing_else_of_the_style() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"\x1b[1;4;31;44mx\x1b[K\x1b[2;1H\x1b[2K")
    for cell in (emulator.cells[0][1], emulator.cells[1][19]):
        assert cell == emulator.cells[0][0]._replace(data=" ", fg="default", bold=False, underscore=False)


def test_a_reversed_screen_changes_no_cell() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"a\x1b[?5hb")
    assert not any(cell.reverse for cell in emulator.cells[0])


def test_combining_marks_on_one_cell_are_bounded() -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"a" + "\u0301".encode() * 1000)
    assert len(emulator.cells[0][0].data) == 9


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (20, 5, ["1", "2", "3"]),
        (20, 2, ["2", "3"]),
        (2, 3, ["1", "2", "3"]),
        (200, 100, ["1", "2", "3"]),
    ],
)
def test_resize_keeps_what_fits(columns: int, rows: int, expected: list[str]) -> None:
    emulator = Emulator(20, 3)
    emulator.feed(b"1\r\n2\r\n3")
    emulator.resize(columns, rows)
    assert (emulator.columns, emulator.rows) == (columns, rows)
    assert shown(emulator) == expected
    assert emulator.cursor[:2] == (1, expected.index("3"))
    emulator.feed(b"\r\n" * rows + b"x" * columns + b"y\tz")
    assert shown(emulator)[-1][0] == "y"


def test_resize_cuts_wide_characters_and_the_hidden_main_screen_too() -> None:
    emulator = Emulator(20, 3)
    emulator.feed("a中文\r\n\n\x1b[?1049h中文".encode())
    emulator.resize(4, 2)
    assert all(len(row) == 4 for row in emulator.cells)
    emulator.feed(b"\x1b[?1049l")
    assert emulator.text() == ["", ""]
    emulator.resize(20, 3)
    emulator.feed("\x1b[1;1Ha中文".encode())
    emulator.resize(4, 3)
    assert emulator.text()[0] == "a中"


def test_a_size_no_screen_has_is_refused() -> None:
    for columns, rows in ((1, 24), (80, 0), (501, 24), (80, 201)):
        with pytest.raises(ValueError, match=f"{columns}x{rows}"):
            Emulator(columns, rows)
    emulator = Emulator()
    with pytest.raises(ValueError, match="0x24"):
        emulator.resize(0, 24)
    assert (emulator.columns, emulator.rows) == (80, 24)


def test_emulators_sharing_a_palette_do_not_disturb_each_other() -> None:
    palette = Palette()
    first, second, alone = (Emulator(20, 3, palette=palette) for _ in range(3))
    colours = [b"\x1b[38;2;%d;%d;0mx" % (n, n) for n in range(256)]
    for colour in colours:
        first.feed(colour)
        second.feed(b"\x1b[1m" + colour)
        alone.feed(colour)
    assert first.cells == alone.cells
    assert [cell._replace(bold=False) for row in second.cells for cell in row] == [
        cell for row in first.cells for cell in row
    ]


def test_a_screen_can_be_driven_by_pyte_itself() -> None:
    screen = Screen(20, 3, Palette())
    pyte.ByteStream(screen).feed(b"ab\x1b[31mc\r\n\x1b[7md\x1b[?25l")
    assert [row.rstrip() for row in screen.display] == ["abc", "d", ""]
    assert screen.buffer[0][2].fg == "red"
    assert screen.buffer[1][0].reverse
    assert screen.cursor.hidden


# Any bytes: pieces of sequences, so that what is generated is not text only.
def test_nothing_of_pyte_touches_the_buffer_in_its_own_way() -> None:
    own = {name: method for name, method in vars(pyte.Screen).items() if inspect.isfunction(method)}
    touching = {name for name, method in own.items() if "self.buffer" in inspect.getsource(method)}
    assert len(touching) > 10
    assert {name for name in touching if getattr(Screen, name) is own[name]} == set()


SEQUENCE_PIECES = (
    "ESC ESC[ ESC] ESCP ESC\\ ESC( ESC#8 ESCc ESC7 ESC8 ESCM ESCE C1[ ? > ; : 0 7 25 1049 38;5;196 "
    "38:2::1:2:3 h l m H J K L M P @ X S T Z I r b s u n c p $p !p ESC[2J ESC[2;3r ESC[?6h ESC[?7l ESC[4h "
    "ESC[?1049h ESC[?47l"
)
FRAGMENTS = st.sampled_from(
    [piece.replace("ESC", "\x1b").replace("C1[", "\x9b").encode() for piece in SEQUENCE_PIECES.split()]
    + [b"\r\n", b"\n", b"\b", b"\t", b"\x0e", b"\x0f", b"\x18", b"\a", b"abc", b"x" * 30]
    + ["é".encode(), "中文".encode(), "e\u0301".encode(), "👩\u200d💻".encode()]
    + [b"\xda\xc4\xc4\xbf", b"\xff", b"\xe2\x94"]
)
ANY_OUTPUT = st.lists(FRAGMENTS | st.binary(max_size=8), max_size=60).map(b"".join)
CHARSETS = st.sampled_from(["auto", "utf-8", "cp437", "latin-1"])


@given(ANY_OUTPUT, CHARSETS, st.data())
def test_any_bytes_in_any_pieces_give_the_same_screen(data: bytes, charset: str, draw: st.DataObject) -> None:
    whole, cut = Emulator(20, 5, charset), Emulator(20, 5, charset)
    whole.feed(data)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        cut.feed(data[start:end])
    assert cut.checkpoint() == whole.checkpoint()
    assert cut.replies() == whole.replies()
    check_invariants(whole)


@given(ANY_OUTPUT, st.integers(2, 30), st.integers(1, 8), ANY_OUTPUT)
def test_any_bytes_survive_a_resize(before: bytes, columns: int, rows: int, after: bytes) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(before)
    emulator.resize(columns, rows)
    check_invariants(emulator)
    emulator.feed(after)
    check_invariants(emulator)


def check_invariants(emulator: Emulator) -> None:
    assert len(emulator.cells) == emulator.rows
    for row in emulator.cells:
        assert len(row) == emulator.columns
        assert row[0].data
        for left, right in pairwise(row):
            assert left.data or right.data, "two right halves in a row"
    assert 0 <= emulator.cursor.column < emulator.columns
    assert 0 <= emulator.cursor.row < emulator.rows
    top, bottom = emulator.margins
    assert 0 <= top <= bottom < emulator.rows


HOSTILE = {
    "title without end": b"\x1b]0;" + b"x" * 100_000,
    "parameters without end": b"\x1b[" + b"1;" * 100_000,
    "intermediates without end": b"\x1b" + b" " * 100_000,
    "marks on one cell": b"a" + "\u0301".encode() * 100_000,
    "one row without end": b"x" * 100_000,
    "every colour": b"".join(
        b"\x1b[38;2;%d;%d;%dmx" % (n & 255, n >> 8 & 255, n >> 4 & 255) for n in range(7_000)
    ),
    "tabs": b"\x1b[9999I\r" * 10_000,
    "repeats": b"a\x1b[9999b" * 10_000,
    "alignments": b"\x1b#8" * 10_000,
    "clears": b"\x1b[2J" * 7_000,
    "queries": b"\x1b[6n" * 30_000,
    "unfinished characters": b"\xe2\x94" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_output_costs_little_more_than_plain_text(name: str) -> None:
    data = HOSTILE[name]
    emulator = Emulator()
    tracemalloc.start()
    emulator.feed(data[:5_000])
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 3_000_000
    start = process_time()
    for piece in pieces(data, 4096):
        emulator.feed(piece)
    assert process_time() - start < len(data) * 20e-6  # plain text takes 0.1 us a byte; a machine may be slow
    assert len(emulator.checkpoint()) < 30_000
    assert len(emulator.replies()) < 5000
