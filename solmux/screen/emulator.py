"""The terminal emulator of one console: bytes in; text, cursor, repaint and checkpoint out."""

from typing import NamedTuple, Self

from solmux.screen import checkpoint, repaint
from solmux.screen.cells import Palette
from solmux.screen.charset import Charset, decoder_of
from solmux.screen.checkpoint import Parts
from solmux.screen.parser import Parser, State
from solmux.screen.rows import Row, text_of
from solmux.screen.screen import Screen
from solmux.screen.terminal import Terminal


class Position(NamedTuple):
    """Where the cursor is, counted from 0 at the top left.

    Attributes:
      column: 0 to columns - 1.
      row: 0 to rows - 1.
      visible: whether it is shown.
      wrap_pending: a character was drawn into the last column; the next one goes to the next row.
    """

    column: int
    row: int
    visible: bool
    wrap_pending: bool


class Unfinished(NamedTuple):
    """Where in a sequence or character an emulator stands, for a parser that goes on in the same place.

    Attributes:
      state: of the parser.
      collected: of the sequence.
      left: characters of a string still to come at most.
      held: the beginning of a character.
      legacy: for how many bytes more what is ambiguous is code page 437.
      alone: the last byte, if it was no UTF-8, else 0.
    """

    state: State
    collected: str
    left: int
    held: bytes
    legacy: int
    alone: int


class Emulator:
    """A terminal that takes any bytes, cut anywhere, with the same result; bounded; never raises."""

    def __init__(
        self, columns: int = 80, rows: int = 24, charset: str = "auto", *, palette: Palette | None = None
    ) -> None:
        """Begin with an empty screen.

        Args:
          columns: 2 to 500.
          rows: 1 to 200.
          charset: what the bytes mean: "auto", "utf-8", "cp437" or "latin-1".
          palette: emulators of one process may share what they remember of styles.
        """
        meaning = Charset(charset)
        terminal = Terminal(Screen(columns, rows, palette or Palette()))
        self._take(Parts(meaning, decoder_of(meaning), Parser(terminal), terminal))

    def _take(self, parts: Parts) -> None:
        self._parts = parts
        self._decoder = parts.decoder
        self._parser = parts.parser
        self._terminal = parts.terminal
        self._screen = parts.terminal.screen

    @classmethod
    def restore(cls, blob: bytes, *, palette: Palette | None = None) -> Self:
        """Return the emulator that `checkpoint` made *blob* of; raise `CheckpointError` if none did."""
        parts = checkpoint.restore(blob, palette or Palette())
        screen = parts.terminal.screen
        emulator = cls(screen.columns, screen.lines, parts.charset, palette=screen.palette)
        emulator._take(parts)
        return emulator

    def checkpoint(self) -> bytes:
        """Return the complete state, mid-sequence too: some kilobytes."""
        return checkpoint.save(self._parts)

    @property
    def columns(self) -> int:
        """The width in cells."""
        return self._screen.columns

    @property
    def rows(self) -> int:
        """The height in cells."""
        return self._screen.lines

    @property
    def charset(self) -> str:
        """What the bytes mean."""
        return self._parts.charset.value

    @property
    def cursor(self) -> Position:
        """Where the cursor is."""
        cursor = self._screen.cursor
        last = self._screen.columns - 1
        return Position(min(cursor.x, last), cursor.y, not cursor.hidden, cursor.x > last)

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return self._screen.main is not None

    @property
    def autowrap(self) -> bool:
        """Whether text goes on in the next row (DECAWM)."""
        return self._screen.autowrap

    @property
    def margins(self) -> tuple[int, int]:
        """The first and the last row that scroll."""
        top, bottom = self._screen.region()
        return top, bottom

    @property
    def cells(self) -> list[Row]:
        """The rows of cells, to be read only."""
        return self._screen.buffer

    @property
    def in_ground(self) -> bool:
        """Whether no escape sequence and no character is half read."""
        return self._parser.state is State.GROUND and not self._decoder.held

    @property
    def unfinished(self) -> Unfinished:
        """What is half read."""
        parser, decoder = self._parser, self._decoder
        return Unfinished(
            parser.state, parser.collected, parser.left, decoder.held, decoder.legacy, decoder.alone
        )

    def feed(self, data: bytes) -> None:
        """Digest console output."""
        self._parser.feed(self._decoder.decode(data))

    def abandon(self) -> None:
        """Forget a sequence or character half read, because what comes next does not follow it."""
        self._parser.abandon()
        self._decoder.forget()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, keeping what fits."""
        self._screen.resize(rows, columns)

    def text(self) -> list[str]:
        """Return the rows as text, without blanks at their ends."""
        return [text_of(row).rstrip(" ") for row in self._screen.buffer]

    def repaint(self, columns: int | None = None, rows: int | None = None) -> bytes:
        """Return a string that redraws the screen, modes included, on a terminal of that size."""
        return repaint.repaint(self._screen, columns, rows)

    def resume(self, columns: int | None = None, rows: int | None = None) -> bytes:
        """Return a string that brings cursor and modes back after something was written over the screen."""
        return repaint.resume(self._screen, columns, rows)

    def replies(self) -> bytes:
        """Return what a terminal would have answered to the queries since the last call: at most 4 KiB."""
        replies = bytes(self._terminal.replies)
        self._terminal.replies.clear()
        return replies
