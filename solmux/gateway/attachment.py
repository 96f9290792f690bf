"""Somebody with a terminal at a console: what they see, what they type, and the escapes."""

import asyncio
from collections.abc import Callable

from solmux import __version__
from solmux.config.model import Config
from solmux.gateway.board import BAR_TIME, Board
from solmux.gateway.channel import Channel, Terminal
from solmux.gateway.drawing import Drawing
from solmux.gateway.feed import Feed
from solmux.gateway.hub import CoreAwayError, Hub
from solmux.gateway.seat import Seat
from solmux.verbs.exits import ExitCode
from solmux.verbs.grammar import Request
from solmux.viewer import status
from solmux.viewer.escapes import Action, ActionKind, EscapeParser, Input, visible
from solmux.viewer.safety import SafetyFilter
from solmux.wire.frames import Answer, Notice

ESCAPE_PATIENCE = 1.0  # seconds after which a lone first character of the escape was meant for the console
REMINDER_INTERVAL = 5.0  # seconds between two reminders that one only watches

_VERBS = {
    ActionKind.WHO: Request("who"),
    ActionKind.USERS: Request("who"),
    ActionKind.INFO: Request("status"),
}


class Attachment:
    """A `channel.Activity`, a `feed.Viewer` and a `seat.SeatOwner`."""

    def __init__(
        self, session: Channel, terminal: Terminal, hub: Hub, config: Config, console: str, *, read_only: bool
    ) -> None:
        settings = config.consoles.get(console)
        self._session = session
        self._terminal = terminal
        self._hub = hub
        self._console = console
        self._wanted = "watch" if read_only else "write"
        self._charset = settings.charset if settings else "auto"
        self._escapes = EscapeParser(config.ssh.escape)
        self._filter = SafetyFilter(self._charset)
        self._board = Board()
        self._feed: Feed
        self._seat: Seat
        self._started = False
        self._welcomed = False  # has been told how they are attached
        self._reading = False  # a page covers the screen until a key is pressed
        self._outdated = False  # a picture was due while the client took nothing
        self._wish = ""  # the mode the person asked for and has not been answered about
        self._reminded = float("-inf")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._asking: asyncio.Task[None] | None = None

    # channel.Activity

    def start(self) -> None:
        """Take a seat and ask for the screen."""
        connection = self._session.connection
        self._started = True
        self._seat = self._hub.seat(
            self._console, self._wanted, connection.person.name, connection.address, self
        )
        self._feed = self._hub.feed(self._console)
        self._feed.join(self, pictures=True)

    def typed(self, data: bytes) -> None:
        """Take keys."""
        self._session.outlet.typed()
        self._cancel("release")
        found = self._escapes.feed(data)
        if self._reading and found:  # the key that ends a page is not the console's
            found = [item for item in found if isinstance(item, Action)]
            self._reading = False
            self._feed.repaint(self)
        self._handle(found)
        if self._escapes.waiting:
            self._later("release", ESCAPE_PATIENCE, lambda: self._handle(self._escapes.release()))

    def break_pressed(self) -> bool:
        """ssh's own escape for a BREAK."""
        self._send_break()
        return True

    def resized(self) -> None:
        """The window has another size."""
        self._feed.repaint(self)

    def resumed(self, skipped: int) -> None:
        """The client reads again."""
        if skipped:
            self._board.notice(f"{skipped} bytes skipped: this terminal was too slow")
        if skipped or self._outdated:
            self._outdated = False
            self._feed.repaint(self)

    def stopped(self) -> None:
        """The gateway ends."""
        self._leave("the gateway stops", ExitCode.DOWN)

    def ended(self) -> None:
        """The channel is gone."""
        for timer in self._timers.values():
            timer.cancel()
        if self._asking is not None:
            self._asking.cancel()
        if self._started:
            self._feed.leave(self)
            self._hub.leave(self._seat)

    # feed.Viewer

    def paint(self, drawing: Drawing) -> None:
        """Show the screen anew."""
        if self._session.outlet.closed:
            self._outdated = True
            return
        self._cancel("bar")
        self._board.covers = self._reading = False
        self._filter = SafetyFilter(self._charset)
        self._filter.go_on_from(drawing.emulator.unfinished)
        picture = drawing.emulator.repaint(self._terminal.columns, self._terminal.rows)
        if not self._welcomed:
            self._welcome(drawing)
        self._session.outlet.write(picture + self._shown(drawing))

    def moment(self, drawing: Drawing) -> None:
        """Show what waits."""
        if self._session.outlet.closed:
            self._outdated = True
            return
        if not self._welcomed:
            self._welcome(drawing)
        self._session.outlet.write(self._shown(drawing))

    def output(self, data: bytes) -> None:
        """Show what the console printed, as far as it may reach a terminal."""
        if not self._reading:
            self._session.outlet.output(self._filter.feed(data, asyncio.get_running_loop().time()))

    def missed(self, count: int) -> None:
        """Bytes never came here; a picture follows."""
        self._board.notice(f"{count} bytes skipped: the gateway fell behind")

    def notice(self, notice: Notice) -> None:
        """Say what became of the console."""
        match notice.kind:
            case "state":
                state = notice.fields.get("state", "")
                self._say(f"{self._console} is {state}{f': {notice.text}' if notice.text else ''}")
            case "host":
                self._say(notice.text)
            case "break":
                self._say(f"break sent by {notice.fields.get('who', 'somebody')}")

    def core_gone(self) -> None:
        """The screen stays as it is."""
        self._say("the core is away: the screen stays as it was, and nothing typed is sent")

    def core_back(self) -> None:
        """It goes on."""
        self._say("the core is back")

    def removed(self, reason: str) -> None:
        """There is no console any more."""
        self._leave(reason, ExitCode.NO_SUCH_CONSOLE)

    def failed(self) -> None:
        """A fault of ours."""
        self._session.failed()

    # seat.SeatOwner

    def seat_changed(self, seat: Seat) -> None:
        """Say who types, once it is known how one is attached."""
        wish, self._wish = self._wish, ""
        if not self._welcomed:
            self._feed_moment()
        elif seat.writes:
            self._answer("attached")
        elif wish == "watch":
            self._answer("spy")
        elif wish:
            self._answer(f"no, {seat.writer or 'somebody'} is attached")
        else:
            self._answer(f"{seat.writer} types" if seat.writer else "nobody types")

    def seat_lost(self, _seat: Seat, reason: str) -> None:
        """The core does not want us here."""
        self.removed(reason)

    def input_uncertain(self, characters: int, reason: str) -> None:
        """Say how much of what was typed may be lost."""
        if characters:
            self._say(f"{characters} typed characters may not have arrived: {reason}")
        else:
            self._say(f"the BREAK may not have arrived: {reason}")

    def break_sent(self) -> None:
        """Say so in conserver's words."""
        self._answer("halt sent")

    def read_more(self, wanted: bool) -> None:
        """Keep the client from sending what cannot go on."""
        self._session.read_more(wanted)

    # keys

    def _handle(self, found: list[Input | Action]) -> None:
        for item in found:
            if self._session.over:
                return
            if isinstance(item, Input):
                if not self._seat.type(item.data):
                    self._remind()
            else:
                self._act(item)

    def _act(self, action: Action) -> None:
        match action.kind:
            case ActionKind.DETACH:
                self._leave("", ExitCode.OK)
            case ActionKind.HELP:
                self._show_page(status.help_text(self._escapes.prefix))
            case ActionKind.ATTACH | ActionKind.SPY:
                self._wish = "write" if action.kind is ActionKind.ATTACH else "watch"
                self._seat.ask(self._wish)
            case ActionKind.BREAK:
                self._send_break()
            case ActionKind.WHO | ActionKind.USERS | ActionKind.INFO:
                self._ask(action.kind)
            case ActionKind.REPLAY:
                self._replay(int(action.argument))
            case ActionKind.REDRAW:
                self._feed.repaint(self)
            case ActionKind.VERSION:
                self._answer(f"solmux {__version__}")
            case ActionKind.SAY:
                self._answer(action.argument)
            case ActionKind.FORCE | ActionKind.RECONNECT | ActionKind.DOWN:
                self._answer("no, this needs the role force")

    def _send_break(self) -> None:
        if not self._seat.send_break():
            self._remind()

    def _remind(self) -> None:
        """Say from time to time that nothing is typed, and why."""
        now = asyncio.get_running_loop().time()
        if now - self._reminded < REMINDER_INTERVAL:
            return
        self._reminded = now
        if not self._hub.up:
            self._answer("not sent: the core is away")
        elif self._seat.writes:
            self._answer("not sent: the BMC has not taken what was typed before")
        else:
            who = f"{self._seat.writer} types" if self._seat.writer else "nobody types"
            self._answer(f"read-only: {who} -- use `{visible(self._escapes.prefix)}?'")

    def _replay(self, lines: int) -> None:
        printed = SafetyFilter(self._charset).feed(self._feed.last_lines(lines), 0.0)
        self._show_page(b"\r\n[replay]\r\n" + printed + b"\x1b[0m\r\n")

    def _ask(self, kind: ActionKind) -> None:
        """Ask the core, and show its answer when it comes."""
        if self._asking is not None:
            self._asking.cancel()
        names = () if kind is ActionKind.USERS else (self._console,)
        request = Request(_VERBS[kind].verb, names)
        self._asking = asyncio.create_task(self._ask_core(request), name=f"{request.verb} {self._console}")

    async def _ask_core(self, request: Request) -> None:
        connection = self._session.connection
        text = ""
        try:
            async for piece in self._hub.ask(request.words(), connection.person.name, connection.address, {}):
                if isinstance(piece, Answer):
                    text += piece.text + piece.error
        except CoreAwayError:
            text = "[the core is away]\n"
        self._show_page(b"\r\n" + text.replace("\n", "\r\n").encode("utf-8", "replace"))

    # messages

    def _welcome(self, drawing: Drawing) -> None:
        """Say how one is attached, as soon as the core has said it."""
        if self._seat.mode == "" and self._hub.up:
            return
        self._welcomed = True
        state = self._feed.state
        trouble = "" if state.get("state") == "up" else str(state.get("reason") or state.get("state") or "")
        line = status.attached(
            self._console,
            writing=self._seat.writes,
            prefix=self._escapes.prefix,
            writer=self._seat.writer,
            trouble=trouble if self._hub.up else "the core is away",
            reconstructed=not drawing.exact,
        )
        self._board.notice(line)

    def _say(self, text: str) -> None:
        self._board.notice(text)
        self._feed_moment()

    def _answer(self, text: str) -> None:
        self._board.answer(text)
        self._feed_moment()

    def _show_page(self, text: bytes) -> None:
        self._board.page(text)
        self._feed_moment()

    def _feed_moment(self) -> None:
        """Have what waits shown as soon as the screen and the terminal agree."""
        self._feed.pause(self)

    def _shown(self, drawing: Drawing) -> bytes:
        if self._reading or not self._board.waits:
            return b""
        data, self._reading = self._board.take(drawing, self._terminal)
        if self._board.covers and not self._reading:
            self._later("bar", BAR_TIME, lambda: self._feed.repaint(self))
        return data

    def _leave(self, reason: str, code: ExitCode) -> None:
        """Leave the terminal as it was, and end."""
        line = status.answer(status.detached(self._console, reason))
        self._session.outlet.write(status.LEAVE + line)
        self._session.finish(code)

    def _later(self, name: str, delay: float, call: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = asyncio.get_running_loop().call_later(delay, self._session.guard, call)

    def _cancel(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
