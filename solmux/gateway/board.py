"""What an attached person is told, written so that the console's screen stays right.

Where lines follow lines, a message is a line of its own, and the line the cursor was in is written again
after it. Where a program draws the screen, a message is a bar over its last row that goes away by itself, and
a text of several lines takes the whole screen until a key is pressed.
"""

from dataclasses import dataclass, field

from solmux.gateway.channel import Terminal
from solmux.gateway.drawing import Drawing
from solmux.viewer import status

BAR_TIME = 4.0  # seconds that a bar covers a row
_CLEAR = b"\x1b[r\x1b[0m\x1b[H\x1b[2J"
_ANY_KEY = "press any key to go back to the console"


@dataclass(slots=True)
class Board:
    """The messages that wait for a moment to be shown.

    Attributes:
      covers: whether something is shown that a repaint has to take away.
    """

    covers: bool = False
    _messages: list[bytes] = field(default_factory=list)
    _bars: list[str] = field(default_factory=list)
    _page: bytes = b""

    @property
    def waits(self) -> bool:
        """Whether there is something to show."""
        return bool(self._messages or self._page)

    def notice(self, text: str) -> None:
        """Take a message of ours."""
        self._messages.append(status.notice(text))
        self._bars.append(text)

    def answer(self, text: str) -> None:
        """Take a short answer to an escape."""
        self._messages.append(status.answer(text))
        self._bars.append(text)

    def page(self, text: bytes) -> None:
        """Take a text of several lines, ready for a terminal."""
        self._page += text

    def take(self, drawing: Drawing, terminal: Terminal) -> tuple[bytes, bool]:
        """Return what shows everything that waits, over a terminal that shows what is drawn.

        The second value says whether a key has to be pressed before the console goes on.
        """
        messages, bars, page = b"".join(self._messages), self._bars, self._page
        self._messages, self._bars, self._page = [], [], b""
        if not drawing.by_program:
            return messages + page + _current_line(drawing), False
        self.covers = True
        if page:
            return _CLEAR + page + status.notice(_ANY_KEY), True
        bar = status.overlay(" -- ".join(bars), terminal.columns, terminal.rows)
        return bar + drawing.emulator.resume(terminal.columns, terminal.rows), False


def _current_line(drawing: Drawing) -> bytes:
    """Return the text in front of the cursor, to be written again in the line after a message."""
    cursor = drawing.emulator.cursor
    line = drawing.emulator.text()[cursor.row]
    return line.ljust(cursor.column)[: cursor.column].encode("utf-8", "replace")
