"""Following a console without a terminal: the last lines, then what comes, while the client stays."""

import asyncio

from solmux.gateway.channel import Channel
from solmux.gateway.drawing import Drawing
from solmux.gateway.feed import LINES_BEFORE, Feed
from solmux.gateway.hub import Hub
from solmux.gateway.seat import Seat
from solmux.verbs.exits import ExitCode
from solmux.viewer import status
from solmux.viewer.safety import SafetyFilter
from solmux.wire.frames import Notice

_CONTROL_C = b"\x03"


class Follower:
    """A `channel.Activity` and a `feed.Viewer`. Nothing that comes from the client goes anywhere.

    What is said about the console goes to standard error, so that standard output is the console's alone.
    """

    def __init__(
        self, session: Channel, hub: Hub, console: str, *, hint: str = "", lines: int | None = None
    ) -> None:
        self._session = session
        self._console = console
        self._hub = hub
        self._hint = hint
        self._lines = LINES_BEFORE if lines is None else lines
        self._filter = SafetyFilter()
        self._feed: Feed | None = None
        self._seat: Seat | None = None
        self._begun = False
        self._told_state = "up"

    def start(self) -> None:
        """Begin to follow."""
        if self._hint:
            self._session.error(f"solmux: {self._hint}")
        person = self._session.connection
        self._seat = self._hub.seat(self._console, "watch", person.person.name, person.address, self)
        self._feed = self._hub.feed(self._console)
        self._feed.join(self, pictures=False, lines=self._lines)

    def typed(self, data: bytes) -> None:
        """On a terminal, Control-C ends it; whatever else comes is dropped."""
        if self._session.terminal is not None and _CONTROL_C in data:
            self._session.outlet.write(status.LEAVE)
            self._session.finish(ExitCode.OK)

    def break_pressed(self) -> bool:
        """Whoever watches sends no BREAK."""
        return False

    def resized(self) -> None:
        """Lines have no size."""

    def resumed(self, skipped: int) -> None:
        """The client was too slow."""
        if skipped:
            self._session.error(f"\nsolmux: {skipped} bytes were left out: this client was too slow\n")

    def stopped(self) -> None:
        """The gateway ends."""
        self._session.error("\nsolmux: the gateway stops\n")
        self._session.finish(ExitCode.DOWN)

    def ended(self) -> None:
        """The channel is gone."""
        if self._feed is not None and self._seat is not None:
            self._feed.leave(self)
            self._hub.leave(self._seat)

    # feed.Viewer

    def paint(self, drawing: Drawing) -> None:
        """Nobody asked for a picture."""

    def moment(self, drawing: Drawing) -> None:
        """Nobody asked for a moment."""

    def output(self, data: bytes) -> None:
        """Pass on what the console printed."""
        if not self._begun and self._feed is not None:
            self._begun = True
            self._say_state(self._feed.state.get("state"), self._feed.state.get("reason"))
        self._session.outlet.output(self._filter.feed(data, asyncio.get_running_loop().time()))

    def missed(self, count: int) -> None:
        """Bytes never came here."""
        self._session.error(f"\nsolmux: {count} bytes were left out: the gateway fell behind\n")

    def notice(self, notice: Notice) -> None:
        """Say what became of the console."""
        if notice.kind == "state":
            self._say_state(notice.fields.get("state"), notice.text)

    def core_gone(self) -> None:
        """Nothing comes for now."""
        self._session.error("solmux: the core is away; waiting for it\n")

    def core_back(self) -> None:
        """It goes on."""
        self._session.error("solmux: the core is back\n")

    def removed(self, reason: str) -> None:
        """There is nothing to follow any more."""
        self._session.error(f"solmux: {self._console}: {reason}\n")
        self._session.finish(ExitCode.NO_SUCH_CONSOLE)

    def failed(self) -> None:
        """A fault of ours."""
        self._session.failed()

    # seat.SeatOwner

    def seat_changed(self, seat: Seat) -> None:
        """Who types is nothing to somebody who follows."""

    def seat_lost(self, _seat: Seat, reason: str) -> None:
        """The core does not want us here."""
        self.removed(reason)

    def input_uncertain(self, characters: int, reason: str) -> None:
        """Nothing is typed from here."""

    def break_sent(self) -> None:
        """No BREAK is sent from here."""

    def read_more(self, wanted: bool) -> None:
        """Nothing is held back."""

    def _say_state(self, state: object, reason: object) -> None:
        """Say what state the console is in, unless all is well from the beginning."""
        if state != "up" or self._told_state != "up":
            because = f": {reason}" if reason else ""
            self._session.error(f"solmux: {self._console} is {state}{because}\n")
            self._told_state = str(state)
