"""What the parser calls, for text cut anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from solmux.screen.parser import LONGEST_SEQUENCE, Parser, State


class Calls:
    """Notes what it is called for, joining text."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def draw(self, data: str) -> None:
        if self.calls and self.calls[-1][0] == "text":
            data = f"{self.calls.pop()[1]}{data}"
        self.calls.append(("text", data))

    def draw_narrow(self, text: str) -> None:
        self.draw(text)

    def control(self, character: str) -> None:
        self.calls.append(("control", character))

    def select(self, parameters: str) -> None:
        self.calls.append(("select", parameters))

    def escape(self, intermediates: str, final: str) -> None:
        self.calls.append(("escape", intermediates, final))

    def sequence(self, name: str, parameters: str) -> None:
        self.calls.append(("sequence", name, parameters))


def calls_for(*texts: str) -> list[tuple[object, ...]]:
    calls = Calls()
    parser = Parser(calls)
    for text in texts:
        parser.feed(text)
    return calls.calls


def test_each_kind_is_called_with_its_parts() -> None:
    assert calls_for("aé中\r\x1b[1;2H\x1b[?7;25l\x1b[2 q\x1b[>c\x1b[1;31m\x1b[4:3m\x1b7\x1b(0\x1b#8") == [
        ("text", "aé中"),
        ("control", "\r"),
        ("sequence", "H", "1;2"),
        ("sequence", "?l", "7;25"),
        ("sequence", " q", "2"),
        ("sequence", ">c", ""),
        ("select", "1;31"),
        ("select", "4:3"),
        ("escape", "", "7"),
        ("escape", "(", "0"),
        ("escape", "#", "8"),
    ]


def test_colons_outside_of_styles_void_a_sequence() -> None:
    assert calls_for("\x1b[1:2H\x1b[?4:1mx") == [("text", "x")]


def test_a_style_too_long_to_be_one_is_ignored_whole() -> None:
    assert calls_for("\x1b[" + "1" * LONGEST_SEQUENCE + "m") == [("select", "1" * LONGEST_SEQUENCE)]
    assert calls_for("\x1b[" + "1" * (LONGEST_SEQUENCE + 1) + "mx") == [("text", "x")]


def test_nothing_of_a_string_is_kept() -> None:
    parser = Parser(Calls())
    parser.feed("\x1b]52;c;" + "x" * 10_000)
    assert (parser.state, parser.collected) == (State.COMMAND, "")


@given(st.text(alphabet="\x1b\x9b\x9d\x9c[]P\\?;:019 !mHhc\x18\r\n\aaé中\x7f\x00", max_size=60), st.data())
def test_text_cut_anywhere_gives_the_same_calls(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    whole = calls_for(text)
    assert calls_for(text[:cut], text[cut:]) == whole
    assert calls_for(*text) == whole
