"""What is known of a console's past: saved screens, and the raw record. Everything here blocks."""

import logging
import time
from pathlib import Path

from solmux.config.model import Config
from solmux.logs.raw_reader import raw_pieces
from solmux.screen.checkpoint import CheckpointError
from solmux.screen.emulator import Emulator
from solmux.screen.store import SavedScreen, ScreenStore

log = logging.getLogger(__name__)


def screens_directory(config: Config) -> Path:
    """Return where screens are saved: in the part of the state directory that is the gateway's."""
    return config.server.state_directory / "gateway" / "screens"


class ConsoleHistory:
    """The past of one console; a `drawing.History`."""

    def __init__(self, config: Config, console: str, store: ScreenStore) -> None:
        settings = config.consoles.get(console)
        self._console = console
        self._store = store
        self._logs = config.log.directory
        self._columns, self._rows = settings.size if settings else (80, 24)
        self._charset = settings.charset if settings else "auto"

    def blank(self) -> Emulator:
        """Return an empty screen of the console's size."""
        return Emulator(self._columns, self._rows, self._charset)

    def load(self) -> tuple[int, Emulator] | None:
        """Return the offset of the last saved screen, and the screen in the console's present size."""
        saved = self._store.load(self._console)
        if saved is None:
            return None
        try:
            emulator = Emulator.restore(saved.checkpoint)
        except CheckpointError as error:
            log.warning("%s: the saved screen is of no use: %s", self._console, error)
            return None
        if emulator.charset != self._charset:
            return None  # what was drawn was read wrongly
        if (emulator.columns, emulator.rows) != (self._columns, self._rows):
            emulator.resize(self._columns, self._rows)
        return saved.offset, emulator

    def save(self, offset: int, emulator: Emulator) -> bool:
        """Save the screen as of *offset*; return whether that worked."""
        checkpoint = emulator.checkpoint()
        saved = SavedScreen(offset, emulator.columns, emulator.rows, time.time(), checkpoint)
        try:
            self._store.save(self._console, saved)
        except OSError as error:
            log.warning("%s: the screen cannot be saved: %s", self._console, error)
            return False
        return True

    def raw(self, start: int, end: int) -> tuple[int, bytes]:
        """Return the last recorded bytes before *end* that have no hole in them, from *start* at most."""
        begin, data = end, bytearray()
        try:
            for piece in raw_pieces(self._logs, self._console, start, end):
                if piece.offset != begin + len(data):
                    begin = piece.offset
                    data.clear()
                data += piece.data
        except OSError as error:
            log.warning("%s: the raw record cannot be read: %s", self._console, error)
            return end, b""
        return begin, bytes(data)
