"""Saved screens and the raw record, on the disk."""

import dataclasses
import struct
from pathlib import Path

import pytest

from solmux.config.model import Config
from solmux.gateway.history import ConsoleHistory
from solmux.screen.emulator import Emulator
from solmux.screen.store import ScreenStore
from tests.gateway.configuration import configuration


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configuration(tmp_path)


def history(config: Config, **settings: object) -> ConsoleHistory:
    """Return the history of server42, which has these *settings*."""
    directory = config.server.state_directory / "screens"
    directory.mkdir(parents=True, exist_ok=True)
    console = dataclasses.replace(config.consoles["server42"], **settings)  # type: ignore[arg-type]  # the caller's
    config = dataclasses.replace(config, consoles={**config.consoles, "server42": console})
    return ConsoleHistory(config, "server42", ScreenStore(directory))


def record(config: Config, pieces: list[bytes]) -> None:
    """Write a raw record whose first byte is the console's first."""
    path = config.log.directory / "server42" / "console.ttyrec"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(struct.pack("<III", 1795194340, 0, len(piece)) + piece for piece in pieces))


def test_a_screen_has_the_size_and_charset_of_the_configuration(config: Config) -> None:
    blank = history(config, size=(100, 31), charset="cp437").blank()
    assert (blank.columns, blank.rows, blank.charset) == (100, 31, "cp437")


def test_a_saved_screen_is_found_again(config: Config) -> None:
    past = history(config)
    assert past.load() is None
    emulator = past.blank()
    emulator.feed(b"login: ")
    assert past.save(7, emulator)
    found = past.load()
    assert found is not None
    assert found[0] == 7
    assert found[1].text() == emulator.text()


def test_a_saved_screen_takes_the_size_of_today(config: Config) -> None:
    emulator = Emulator()
    emulator.feed(b"login: ")
    history(config).save(7, emulator)
    found = history(config, size=(100, 31)).load()
    assert found is not None
    assert (found[1].columns, found[1].rows) == (100, 31)
    assert found[1].text()[0] == "login:"


def test_a_screen_that_was_read_in_another_charset_is_not_used(config: Config) -> None:
    history(config).save(7, Emulator())
    assert history(config, charset="cp437").load() is None


def test_a_damaged_screen_is_none(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    past = history(config)
    past.save(7, Emulator())
    path = config.server.state_directory / "screens" / "server42.screen"
    path.write_bytes(path.read_bytes()[:-10])
    assert past.load() is None
    assert "server42" in caplog.text


def test_a_disk_that_takes_nothing_costs_a_picture_only(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    past = history(config)
    (config.server.state_directory / "screens").rmdir()
    assert not past.save(7, Emulator())
    assert "cannot be saved" in caplog.text


def test_the_raw_record_gives_any_stretch(config: Config) -> None:
    record(config, [b"0123", b"456789", b"abcdef"])
    past = history(config)
    assert past.raw(0, 16) == (0, b"0123456789abcdef")
    assert past.raw(3, 11) == (3, b"3456789a")
    assert past.raw(10, 100) == (10, b"abcdef")


def test_no_record_gives_nothing(config: Config) -> None:
    assert history(config).raw(5, 11) == (11, b"")
