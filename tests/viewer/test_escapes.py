"""Escapes of an attached person, against what conserver's users have in their fingers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.viewer.escapes import (
    LETTERS,
    Action,
    ActionKind,
    EscapeParser,
    Input,
    help_lines,
    parse_prefix,
    visible,
)

SAY = ActionKind.SAY
UNKNOWN = Action(SAY, "unknown -- use `^Ec?'")
NOT_OCTAL = Action(SAY, "not an octal number: three digits from \\000 to \\377")


TYPED: list[tuple[bytes, list[Input | Action]]] = [
    (b"ls\r", [Input(b"ls\r")]),
    (b"\x05c.", [Action(ActionKind.DETACH)]),
    (b"\x05c\x04", [Action(ActionKind.DETACH)]),
    (b"ls\x05c?\x05chpwd", [Input(b"ls"), *[Action(ActionKind.HELP)] * 2, Input(b"pwd")]),
    (b"\x05cl0", [Action(ActionKind.BREAK, "0")]),
    (b"\x05cl1\x05cB", [Action(ActionKind.BREAK, "1"), Action(ActionKind.BREAK, "0")]),
    (b"\x05cl?", [Action(SAY, "breaks: 0 and 1, a break on the serial line")]),
    (b"\x05clzx", [Action(SAY, "not available: break z -- `l?` lists the breaks"), Input(b"x")]),
    (b"\x05cl\x1b", [Action(SAY, "not available: break ? -- `l?` lists the breaks")]),
    (b"\x05ca\x05cf", [Action(ActionKind.ATTACH), Action(ActionKind.FORCE)]),
    (b"\x05cs\x05cw", [Action(ActionKind.SPY), Action(ActionKind.WHO)]),
    (b"\x05cu\x05cg", [Action(ActionKind.USERS)] * 2),
    (b"\x05ci\x05cx\x05cv", [*[Action(ActionKind.INFO)] * 2, Action(ActionKind.VERSION)]),
    (b"\x05cr\x05cp", [Action(ActionKind.REPLAY, "20"), Action(ActionKind.REPLAY, "60")]),
    (b"\x05c\x12\x05c\x0c", [Action(ActionKind.REPLAY, "1"), Action(ActionKind.REDRAW)]),
    (b"\x05co\x05cd", [Action(ActionKind.RECONNECT), Action(ActionKind.DOWN)]),
    (b"a\x05c\x05cb", [Input(b"a\x05cb")]),
    (b"\x05c\x05xy", [UNKNOWN, Input(b"y")]),
    (b"\x05cQx", [UNKNOWN, Input(b"x")]),
    (b"\x05c\xffx", [UNKNOWN, Input(b"x")]),
    (b"\x05\x05c.", [Input(b"\x05"), Action(ActionKind.DETACH)]),
    (b"\x05x\x05\r", [Input(b"\x05x\x05\r")]),
    (b"\x05c\\005c", [Input(b"\x05c")]),
    (b"\x05c\\377", [Input(b"\xff")]),
    (b"\x05c\\400x", [NOT_OCTAL, Input(b"x")]),
    (b"\x05c\\08x", [NOT_OCTAL, Input(b"x")]),
    (b"\x05c\rx", [Action(SAY, "cancelled"), Input(b"x")]),
    (b"\x05cL", [Action(SAY, "refused: the log is never switched off")]),
    (b"\x05cz", [Action(SAY, "not available: suspending -- `~^Z` of ssh does it")]),
    (b"\x05cb", [Action(SAY, "not available: messages to others")]),
    (b"\x05ce^Ax", [Action(SAY, "the escape is `^A' now"), Input(b"x")]),
    (b"\x05ce\x01a\x05c", [Action(SAY, "the escape is `^Aa' now"), Input(b"\x05c")]),
    (b"\x05ce\x01a\x01a.", [Action(SAY, "the escape is `^Aa' now"), Action(ActionKind.DETACH)]),
    (b"\x05ce\xc3\xa9\x05c.", [Action(SAY, "the escape stays `^Ec'"), Action(ActionKind.DETACH)]),
]


@pytest.mark.parametrize(("typed", "expected"), TYPED)
def test_what_is_typed(typed: bytes, expected: list[Input | Action]) -> None:
    assert EscapeParser().feed(typed) == expected
    assert joined(EscapeParser(), [bytes([byte]) for byte in typed]) == expected


def joined(parser: EscapeParser, pieces: list[bytes]) -> list[Input | Action]:
    """Feed *pieces*; inputs that follow each other are joined, as one feed does it."""
    found: list[Input | Action] = []
    for piece in pieces:
        for item in parser.feed(piece):
            if isinstance(item, Input) and found and isinstance(last := found[-1], Input):
                found[-1] = Input(last.data + item.data)
            else:
                found.append(item)
    return found


@pytest.mark.parametrize("letter", [chr(code) for code in range(0x80)])
def test_every_letter_does_something_or_says_something(letter: str) -> None:
    parser = EscapeParser()
    found = parser.feed(b"\x05c" + letter.encode())
    assert found or parser.waiting
    assert not any(isinstance(item, Input) for item in found)


def test_conservers_letters_are_all_known() -> None:
    known = {key for letter in LETTERS for key in letter.keys} | set("le\\")
    assert known >= set(".\x03\x04;abcdefghi?Llmnop Pr\x12Rsuvwxz\x1a!|\\\r\n")


def test_the_first_character_is_held_until_it_is_released() -> None:
    parser = EscapeParser()
    assert (parser.feed(b"cd\x05"), parser.waiting) == ([Input(b"cd")], True)
    assert (parser.release(), parser.waiting) == ([Input(b"\x05")], False)
    assert parser.feed(b"c.") == [Input(b"c.")]


def test_release_does_not_end_an_escape_begun() -> None:
    parser = EscapeParser()
    parser.feed(b"\x05c")
    assert parser.release() == []
    assert parser.feed(b".") == [Action(ActionKind.DETACH)]


def test_a_prefix_of_one_character_is_sent_by_typing_it_twice() -> None:
    parser = EscapeParser(b"&")
    assert parser.feed(b"a && b &&&& c&.") == [Input(b"a & b && c"), Action(ActionKind.DETACH)]


def test_without_a_prefix_everything_is_typed() -> None:
    assert EscapeParser(b"").feed(b"\x05c.&~.") == [Input(b"\x05c.&~.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^Ec", b"\x05c"),
        ("^ec", b"\x05c"),
        ("\\005c", b"\x05c"),
        ("^E^E", b"\x05\x05"),
        ("&", b"&"),
        ("~.", b"~."),
        ("^?", b"\x7f"),
        ("^^", b"\x1e"),
        ("none", b""),
        ("", b""),
    ],
)
def test_prefixes_as_people_write_them(text: str, expected: bytes) -> None:
    assert parse_prefix(text) == expected
    assert parse_prefix(visible(expected)) == expected


@pytest.mark.parametrize("text", ["^Ecx", "é", "\\377", "nothing", "^é"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="one or two characters"):
        parse_prefix(text)


def test_the_help_names_the_prefix_in_force() -> None:
    lines = help_lines(b"\x01x")
    assert all(line.startswith("^Ax") for line in lines)
    assert "^Ax.     disconnect" in lines
    assert "^Axl0    send the console's break" in lines
    assert "^Ax^Ax   send ^Ax itself" in lines


PREFIXES = st.sampled_from([b"\x05c", b"&", b"", b"aa"])


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5), PREFIXES)
def test_keys_in_any_pieces_mean_the_same(typed: bytes, cuts: list[int], prefix: bytes) -> None:
    borders = [0, *sorted(cuts), len(typed)]
    pieces = [typed[start:end] for start, end in pairwise(borders)]
    assert joined(EscapeParser(prefix), pieces) == joined(EscapeParser(prefix), [typed])


@given(st.binary(max_size=200))
def test_what_holds_no_escape_reaches_the_console_whole(typed: bytes) -> None:
    typed = typed.replace(b"\x05", b"e")
    assert joined(EscapeParser(), [typed]) == ([Input(typed)] if typed else [])
