"""The emulator against tmux on recorded consoles: text, attributes, cursor, margins, modes."""

import pytest

from solmux.screen.emulator import Emulator
from tests.screen.corpus import Shown, recording, recording_names, stream, stream_names

WIDTHS = "tmux joins an emoji sequence into two cells; programs on the line count every character of it"
BAD_UTF8 = "bytes that are no UTF-8: tmux drops them, we take them as code page 437"
HALF_WIDE = (
    "the right half of a wide character is overwritten: tmux keeps the left half, xterm and we blank it"
)
SWALLOWED = "systemd cut a sequence short, and tmux takes what follows for a device control string"
CUT = "systemd put an ellipsis after `ESC [`: tmux takes the `- D` behind it for the rest of the sequence"
WRAP_ERASE = (
    "a row scrolled in by a wrap: tmux erases it with the default background, xterm and we with the current"
)

# Every checkpoint where we differ from tmux, and why.
DIFFERENT = {
    ("dialog-vt220", 7766): WIDTHS,
    ("sgr-unicode-vt220", 5373): WIDTHS,
    ("sgr-unicode-vt220", 5541): f"{WIDTHS}; {HALF_WIDE}; {BAD_UTF8}",
    ("sgr-unicode-vt220", 5721): f"{WIDTHS}; {HALF_WIDE}; {BAD_UTF8}",
    ("sgr-unicode-xterm", 5541): f"{WIDTHS}; {HALF_WIDE}; {BAD_UTF8}",
    ("sgr-unicode-xterm", 5901): f"{WIDTHS}; {BAD_UTF8}",
    ("systemd-boot-login", 39473): SWALLOWED,
    ("systemd-boot-login", 94681): SWALLOWED,
    ("systemd-boot-login", 94742): SWALLOWED,
    ("systemd-boot-login.mended", 39473): CUT,
    ("systemd-boot-login.mended", 94681): CUT,
    ("systemd-boot-login.mended", 94742): CUT,
    ("tput-xterm", 1227): BAD_UTF8,
    ("ovmf-boot-shell", 1437963): WRAP_ERASE,
}


def differences(emulator: Emulator, shown: Shown) -> list[str]:
    found = []
    rows = shown.rows + [""] * (emulator.rows - len(shown.rows))
    found += [
        f"row {y}: {a!r}, tmux {b!r}"
        for y, (a, b) in enumerate(zip(emulator.text(), rows, strict=True))
        if a != b
    ]
    cursor = emulator.cursor
    column = cursor.column + cursor.wrap_pending
    for name, ours, theirs in (
        ("cursor", [column, cursor.row], shown.cursor),
        ("cursor visible", cursor.visible, shown.cursor_visible),
        ("alternate", emulator.alternate, shown.alternate),
        ("autowrap", emulator.autowrap, shown.autowrap),
        ("margins", list(emulator.margins), shown.scroll_region),
    ):
        if ours != theirs:
            found.append(f"{name}: {ours}, tmux {theirs}")
    return found or differences_of_attributes(emulator, shown)


def differences_of_attributes(emulator: Emulator, shown: Shown) -> list[str]:
    """Compare cells with those that drawing tmux's own capture gives; it lacks blanks at the ends of rows."""
    drawn = Emulator(emulator.columns, emulator.rows, "utf-8")
    drawn.feed(b"\x1b)0\x1b[?7l")
    for y, row in enumerate(shown.rows_sgr, start=1):
        drawn.feed(f"\x1b[{y}H{row}".encode())
    return [
        f"{x},{y}: {emulator.cells[y][x]}, tmux {drawn.cells[y][x]}"
        for y, text in enumerate(drawn.text())
        for x in range(len(text))
        if emulator.cells[y][x] != drawn.cells[y][x]
    ]


@pytest.mark.parametrize("name", recording_names())
def test_every_checkpoint_shows_what_tmux_shows(name: str) -> None:
    recorded = recording(name)
    emulator = Emulator(recorded.columns, recorded.rows)
    position = 0
    for shown in recorded.screens:
        emulator.feed(recorded.data[position : shown.offset])
        position = shown.offset
        found = differences(emulator, shown)
        if (name, shown.offset) in DIFFERENT:
            assert found, f"{name} at {shown.offset} no longer differs: {DIFFERENT[name, shown.offset]}"
        else:
            assert found == [], f"{name} at {shown.offset}"


def test_the_list_of_differences_stays_short() -> None:
    checkpoints = {(name, shown.offset) for name in recording_names() for shown in recording(name).screens}
    assert DIFFERENT.keys() <= checkpoints
    assert len(DIFFERENT) <= len(checkpoints) // 15


def test_a_boot_that_darkens_tmux_is_shown_to_its_end() -> None:
    swallowed, mended = recording("systemd-boot-login"), recording("systemd-boot-login.mended")
    emulator = Emulator()
    emulator.feed(swallowed.data[:39473])
    shown = next(shown for shown in mended.screens if shown.offset == 39473)
    expected = [row.replace("dbus.socket-Bus", "dbus.socket…- D-Bus") for row in shown.rows]
    assert emulator.text() == expected + [""] * (24 - len(expected))


@pytest.mark.parametrize("name", stream_names())
def test_the_size_of_the_pieces_makes_no_difference(name: str) -> None:
    data = stream(name)[:30_000]
    whole, halves, bytewise = Emulator(), Emulator(), Emulator()
    whole.feed(data)
    halves.feed(data[: len(data) // 2])
    halves.feed(data[len(data) // 2 :])
    for start in range(0, len(data), 7):
        bytewise.feed(data[start : start + 7])
    assert whole.cells == halves.cells == bytewise.cells
    assert whole.checkpoint() == halves.checkpoint() == bytewise.checkpoint()
