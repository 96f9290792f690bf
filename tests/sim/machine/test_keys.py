import pytest

from solmux.sim.machine.keys import read_key
from solmux.sim.machine.script import Player, Print, Script


def listen() -> Script[None]:
    while True:
        key = yield from read_key(5.0)
        yield Print(f"{key or 'nothing'} ".encode())


def keys_of(typed: bytes, until: float = 3.0) -> str:
    player = Player(rate=1e6)
    player.play(listen(), 0.0)
    player.feed(typed, 0.0)
    return player.read(until).decode().strip()


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (b"a\r\n", "a enter enter"),
        (b"\x1b[A\x1b[B\x1bOC\x1b[D", "up down right left"),
        (b"\x7f\x1b[3~\x1b-", "delete delete delete"),
        (b"\x1b2\x1bOQ\x1b[12~", "f2 f2 f2"),
        (b"\x1b!\x1b[23~\x1b0\x1b[21~", "f11 f11 f10 f10"),
        (b"\x1b", "escape"),
        (b"\x1b[99;5Zx", "unknown x"),
        (b"\x1b\x1bq", "unknown q"),
        (b"\x1b[", "unknown"),
        (b"\xe9", "\u00e9"),
    ],
)
def test_names_of_keys(typed: bytes, names: str) -> None:
    assert keys_of(typed) == names


def test_no_key_is_nothing() -> None:
    assert keys_of(b"", until=6.0) == "nothing"
