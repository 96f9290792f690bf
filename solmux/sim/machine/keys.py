"""Keys of a terminal, as firmware and boot loaders read them from a serial line."""

import math

from solmux.sim.machine.script import ESCAPE, GetKey, Script

SEQUENCE_SECONDS = 0.25
"""How long after an ESC its next character may take before it counts as the key Esc."""

_PLAIN = {b"\r": "enter", b"\n": "enter", b"\t": "tab", b"\x08": "backspace", b"\x7f": "delete"}
_SEQUENCES = {
    b"[A": "up",
    b"[B": "down",
    b"[C": "right",
    b"[D": "left",
    b"OA": "up",
    b"OB": "down",
    b"OC": "right",
    b"OD": "left",
    b"[3~": "delete",
    b"-": "delete",
    b"OQ": "f2",
    b"[12~": "f2",
    b"2": "f2",
    b"[21~": "f10",
    b"0": "f10",
    b"[23~": "f11",
    b"!": "f11",
}


def read_key(timeout: float = math.inf) -> Script[str]:
    """Wait for a key; returns its name, a printable character, or nothing after *timeout* seconds.

    Besides the usual sequences it knows those that firmware documents for serial consoles, such as ESC 2
    for F2 and ESC - for Del.
    """
    first = yield GetKey(timeout)
    if first != ESCAPE:
        return _PLAIN.get(first, first.decode("latin-1"))
    sequence = yield GetKey(SEQUENCE_SECONDS)
    if not sequence:
        return "escape"
    if sequence in (b"[", b"O"):
        while True:
            character = yield GetKey(SEQUENCE_SECONDS)
            sequence += character
            if not character or 0x40 <= character[0] <= 0x7E:
                break
    return _SEQUENCES.get(sequence, "unknown")
