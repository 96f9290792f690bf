"""What a person is told, and how a terminal is left."""

import pytest
from hypothesis import given

from solmux.screen.emulator import Emulator
from solmux.viewer import status
from solmux.viewer.escapes import DEFAULT_PREFIX
from solmux.viewer.safety import SafetyFilter
from tests.screen.test_emulator import ANY_OUTPUT
from tests.screen.test_repaint import state_of


def test_the_line_at_attaching_says_what_one_has_got() -> None:
    assert (
        status.attached("server42", writing=True, prefix=DEFAULT_PREFIX)
        == "server42 attached read-write, ^Ec? for help"
    )
    assert (
        status.attached("server42", writing=False, prefix=b"&", writer="alice@10.0.0.7")
        == "server42 attached watching, alice@10.0.0.7 types, &? for help"
    )
    assert (
        status.attached(
            "server42", writing=False, prefix=b"", trouble="BMC does not answer", reconstructed=True
        )
        == "server42 attached watching, nobody types, down: BMC does not answer, screen reconstructed"
    )
    assert status.detached("server42") == "server42 detached"
    assert (
        status.detached("server42", "the console was removed") == "server42 detached: the console was removed"
    )


def test_notices_are_lines_of_their_own() -> None:
    assert status.notice("server42 detached") == b"\r\n[solmux: server42 detached]\r\n"
    assert status.answer("spy") == b"\r\n[spy]\r\n"


@pytest.mark.parametrize("text", ["a\x1b[6nb", "a\nb", "a\x9b6n", "a\u202eb", "x" * 5000])
def test_a_text_cannot_steer_the_terminal(text: str) -> None:
    for shown in (status.notice(text), status.answer(text)):
        assert all(character.isprintable() for character in shown.decode().strip("\r\n"))
        assert len(shown) < 500
    assert status.overlay(text, 80, 24).count(b"\x1b") == status.overlay("", 80, 24).count(b"\x1b")


def test_an_overlay_stands_in_the_last_row_and_nothing_else_changes() -> None:
    emulator, viewer = Emulator(), Emulator()
    emulator.feed(b"\x1b[2;20r\x1b[?6h\x1b[1;31m\x1b(0\x1b[5;5Hlqk")
    viewer.feed(emulator.repaint(80, 24))
    viewer.feed(status.overlay("bob@10.0.0.8 attached", 80, 24) + emulator.resume(80, 24))
    assert viewer.text()[23] == "[solmux: bob@10.0.0.8 attached]"
    assert viewer.text()[:23] == emulator.text()[:23]
    before, after = state_of(emulator), state_of(viewer)
    assert (after.cursor, after.margins, after.style) == (before.cursor, before.margins, before.style)
    narrow = Emulator(20, 3)
    narrow.feed(status.overlay("x" * 100, 20, 3))
    assert narrow.text() == ["", "", "[solmux: xxxxxxxxxx"]


def test_the_help_is_text() -> None:
    shown = Emulator(80, 40)
    shown.feed(status.help_text(DEFAULT_PREFIX))
    assert "^Ec.     disconnect" in shown.text()
    assert status.help_text(b"") == b"\r\n[no escapes are set]\r\n"


@given(ANY_OUTPUT)
def test_leaving_undoes_every_mode_a_console_can_set(data: bytes) -> None:
    viewer, fresh = Emulator(20, 5), Emulator(20, 5)
    viewer.feed(SafetyFilter("auto").feed(data, 0.0))
    viewer.feed(status.LEAVE)
    left, wanted = state_of(viewer), state_of(fresh)
    assert (left.main, left.margins, left.modes, left.tabs) == (
        None,
        wanted.margins,
        wanted.modes,
        wanted.tabs,
    )
    assert (left.style, left.line_drawing, left.charset) == (wanted.style, wanted.line_drawing, 0)
    assert left.cursor == (0, 4, True, False)
    assert viewer.replies() == b""
