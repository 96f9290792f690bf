"""What an activity sees of the channel it was opened for: an SSH channel, or this machine's own terminal."""

from collections.abc import Callable
from typing import Protocol

from solmux.gateway.outlet import Outlet

MOST_COLUMNS = 500
MOST_ROWS = 300


class Terminal:
    """The terminal at the other end.

    Attributes:
      columns, rows: at least 1, and never more than a person could look at.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Take a size over; 0 stands for one the client does not know."""
        self.columns = min(columns, MOST_COLUMNS) or 80
        self.rows = min(rows, MOST_ROWS) or 24


class Activity(Protocol):
    """What a channel was opened for."""

    def start(self) -> None:
        """Begin; `Channel.finish` ends it."""

    def typed(self, data: bytes) -> None:
        """The person typed, or a program wrote."""

    def break_pressed(self) -> bool:
        """The client asks for a BREAK; return whether one may be sent from here."""

    def resized(self) -> None:
        """The terminal has another size now."""

    def resumed(self, skipped: int) -> None:
        """Output goes on after *skipped* bytes were left out."""

    def stopped(self) -> None:
        """The gateway ends: finish, with a word."""

    def ended(self) -> None:
        """The channel is gone; called once, however it went."""


class Named(Protocol):
    """Somebody with a name."""

    @property
    def name(self) -> str:
        """What the log calls them."""


class Origin(Protocol):
    """Who a channel belongs to, and where they are."""

    @property
    def person(self) -> Named:
        """Who."""

    @property
    def address(self) -> str:
        """From where; empty for this machine."""

    @property
    def who(self) -> str:
        """Both, for log lines."""


class Channel(Protocol):
    """The channel itself."""

    @property
    def connection(self) -> Origin:
        """Whose it is."""

    @property
    def terminal(self) -> Terminal | None:
        """None when the client has none."""

    @property
    def outlet(self) -> Outlet:
        """Where output goes."""

    @property
    def over(self) -> bool:
        """Whether the channel is being closed, or is."""

    def finish(self, code: int) -> None:
        """Write what is left, report *code* and close the channel."""

    def line_ends(self, data: bytes) -> bytes:
        """Return *data* with line ends for the client."""

    def error(self, text: str) -> None:
        """Write *text* to standard error."""

    def read_more(self, wanted: bool) -> None:
        """Go on or stop reading from the client."""

    def guard(self, call: Callable[[], None]) -> None:
        """Call *call*, which a timer would call otherwise; a fault ends this channel only."""

    def failed(self) -> None:
        """Something of ours went wrong: log it, end this channel and no other. Called from an `except`."""
