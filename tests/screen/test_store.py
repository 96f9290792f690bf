"""Saved screens on disk: whole or absent."""

from pathlib import Path

import pytest

from solmux.screen.emulator import Emulator
from solmux.screen.store import SavedScreen, ScreenStore


def saved(offset: int = 12_345_678_901, text: bytes = b"screen") -> SavedScreen:
    emulator = Emulator()
    emulator.feed(text)
    return SavedScreen(offset, 80, 24, 1_795_000_000.25, emulator.checkpoint())


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    store = ScreenStore(tmp_path)
    assert store.load("server42") is None
    store.save("server42", saved())
    assert store.load("server42") == saved()
    found = ScreenStore(tmp_path).load("server42")
    assert found is not None
    assert Emulator.restore(found.checkpoint).text()[0] == "screen"


def test_the_newest_replaces_what_was_and_leaves_no_other_file(tmp_path: Path) -> None:
    store = ScreenStore(tmp_path)
    for offset in (1, 2, 3):
        store.save("server42", saved(offset))
    found = store.load("server42")
    assert found is not None
    assert found.offset == 3
    assert [path.name for path in tmp_path.iterdir()] == ["server42.screen"]


def test_names_and_removal(tmp_path: Path) -> None:
    store = ScreenStore(tmp_path)
    for name in ("b.example", "a-1"):
        store.save(name, saved())
    (tmp_path / ".hidden.screen").write_bytes(b"")
    (tmp_path / "other.txt").write_bytes(b"")
    assert store.names() == ["a-1", "b.example"]
    store.remove("a-1")
    store.remove("a-1")
    assert store.names() == ["b.example"]


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "x" * 65, "a\n"])
def test_a_name_that_is_none_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    store = ScreenStore(tmp_path)
    for act in (store.load, store.remove, lambda name: store.save(name, saved())):
        with pytest.raises(ValueError, match="no name of a console"):
            act(name)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_absent_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = ScreenStore(tmp_path)
    store.save("server42", saved())
    path = tmp_path / "server42.screen"
    whole = path.read_bytes()
    damaged = [
        b"",
        b"garbage",
        whole[:40],
        whole[:-1],
        whole[:-1] + b"\x00",
        whole.replace(b'"rows": 24', b'"rows": "x"'),
    ]
    damaged.append(whole.replace(b'"offset"', b'"offsets"'))
    for content in damaged:
        assert content != whole
        path.write_bytes(content)
        caplog.clear()
        assert store.load("server42") is None
        assert "server42: the saved screen is damaged" in caplog.text


def test_a_file_that_cannot_be_read_is_absent_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "server42.screen").mkdir()
    assert ScreenStore(tmp_path).load("server42") is None
    assert "server42: the saved screen cannot be read" in caplog.text


def test_a_save_that_fails_leaves_what_was(tmp_path: Path) -> None:
    (tmp_path / "server42.screen").mkdir()
    with pytest.raises(OSError, match=r"server42\.screen"):
        ScreenStore(tmp_path).save("server42", saved())
    assert [path.name for path in tmp_path.iterdir()] == ["server42.screen"]
    with pytest.raises(FileNotFoundError):
        ScreenStore(tmp_path / "missing").save("server42", saved())
