"""The gateway's side of the core: one link, one feed per watched console, seats and requests by number."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from solmux.gateway.core_link import CoreLink
from solmux.gateway.drawing import Drawing, History
from solmux.gateway.feed import Feed
from solmux.gateway.seat import Seat, SeatOwner
from solmux.wire.frames import (
    Acked,
    Answer,
    Attached,
    Cancel,
    Credit,
    Data,
    Done,
    Frame,
    Hello,
    Lagged,
    Notice,
    Subscribed,
    Unknown,
    Verb,
)

SAVE_REST = 4  # times as long as saving a screen took: at most a fifth of the processor goes there
SAVE_REST_LIMIT = 2.0  # seconds
CORE_PATIENCE = 3.0  # seconds a request waits for a core that is being restarted

log = logging.getLogger(__name__)


class CoreAwayError(Exception):
    """The core is not there, or went away before it had answered."""


class Hub:
    """Passes frames between the core and those who look at consoles.

    Attributes:
      consoles: names of all consoles, in the core's order.
      aliases: alias -> name.
    """

    def __init__(
        self, socket: Path, history: Callable[[str], History], *, saves_screens: bool = True
    ) -> None:
        """Prepare; `run` connects to the core at *socket*.

        Args:
          saves_screens: save what the core asks for; it asks everybody, and one is to do it.
        """
        self.consoles: tuple[str, ...] = ()
        self.aliases: Mapping[str, str] = {}
        self._link = CoreLink(socket, self)
        self._history = history
        self._saves_screens = saves_screens
        self._feeds: dict[str, Feed] = {}
        self._channels: dict[int, Feed] = {}
        self._seats: dict[int, Seat] = {}
        self._requests: dict[int, asyncio.Queue[Answer | Done | None]] = {}
        self._numbers = itertools.count(1)
        self._up = asyncio.Event()
        self._due: dict[str, None] = {}  # consoles whose screen is to be saved, in order
        self._due_more = asyncio.Event()

    async def run(self) -> None:
        """Keep the link up and save screens; ends by cancellation."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._link.run())
            tasks.create_task(self._save_screens())

    async def _save_screens(self) -> None:
        """Save the screens the core asks for, one console at a time and with rests: nobody waits for them."""
        loop = asyncio.get_running_loop()
        while True:
            self._due_more.clear()
            while self._due:
                name = next(iter(self._due))
                del self._due[name]
                if self.up and name in self.consoles:
                    begun = loop.time()
                    await self.feed(name).save_screen()
                    await asyncio.sleep(min(SAVE_REST * (loop.time() - begun), SAVE_REST_LIMIT))
            await self._due_more.wait()

    # for those who look at consoles

    @property
    def up(self) -> bool:
        """Whether the core is there."""
        return self._up.is_set()

    async def wait_up(self) -> bool:
        """Wait a moment for the core; return whether it is there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CORE_PATIENCE):
                await self._up.wait()
        return self.up

    def feed(self, name: str) -> Feed:
        """Return the feed of a console, begun if nobody has one; it ends with the last who leaves it."""
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = Feed(name, self, away=not self.up)
            self.subscribe(feed)
        return feed

    def seat(self, console: str, wanted: str, person: str, address: str, owner: SeatOwner) -> Seat:
        """Ask for a seat at a console; its owner hears what comes of it."""
        seat = Seat(next(self._numbers), console, wanted, person, address, self._link.send, owner)
        self._seats[seat.number] = seat
        seat.ask()
        return seat

    def leave(self, seat: Seat) -> None:
        """Give *seat* up."""
        if self._seats.pop(seat.number, None) is not None:
            seat.leave()

    async def ask(
        self, words: tuple[str, ...], person: str, address: str, options: Mapping[str, object]
    ) -> AsyncIterator[Answer | Done]:
        """Ask the core for a verb; yields its answer in pieces and, last, its `Done`.

        Raises:
          CoreAwayError: there is no core, or it went away meanwhile.
        """
        if not await self.wait_up():
            raise CoreAwayError
        request = next(self._numbers)
        pieces: asyncio.Queue[Answer | Done | None] = asyncio.Queue()
        self._requests[request] = pieces
        done = False
        try:
            if not self._link.send(Verb(request, words, person, address, options)):
                raise CoreAwayError
            while not done:
                piece = await pieces.get()
                if piece is None:
                    raise CoreAwayError
                done = isinstance(piece, Done)
                yield piece
        finally:
            del self._requests[request]
            if not done:
                self._link.send(Cancel(request))

    # feed.FeedOwner

    def send(self, frame: Frame) -> bool:
        """Send *frame* to the core, if it is there."""
        return self._link.send(frame)

    def new_drawing(self, feed: Feed) -> Drawing:
        """Return a drawing for *feed*; a terminal's answers go to whoever of ours types at its console."""

        def answer(replies: bytes) -> None:
            for seat in self._seats.values():
                if seat.console == feed.name and seat.writes:
                    seat.type(replies)

        return Drawing(self._history(feed.name), answer)

    def release(self, feed: Feed) -> None:
        """Nobody looks at *feed* any more."""
        feed.close()
        if self._feeds.get(feed.name) is feed:
            del self._feeds[feed.name]
        self._channels = {number: other for number, other in self._channels.items() if other is not feed}

    def subscribe(self, feed: Feed) -> None:
        """Ask the core for the output of *feed*'s console, if it is there."""
        channel = next(self._numbers)
        if self._link.send(feed.begin(channel)):
            self._channels[channel] = feed

    # core_link.CoreListener

    def core_up(self, hello: Hello) -> None:
        """The core is there, again perhaps: ask again for everything."""
        self._names(hello.consoles, hello.aliases)
        self._up.set()
        for feed in list(self._feeds.values()):
            self.subscribe(feed)
        for seat in list(self._seats.values()):
            seat.ask()

    def core_down(self) -> None:
        """The core is gone."""
        self._up.clear()
        self._channels.clear()
        for feed in list(self._feeds.values()):
            feed.core_gone()
        for seat in list(self._seats.values()):
            self._tell_seat(seat, seat.core_gone)
        for pieces in self._requests.values():
            pieces.put_nowait(None)

    def core_says(self, frame: Frame) -> None:
        """Pass a frame on to the one it is for; frames for those who have left are dropped."""
        match frame:
            case Data() | Subscribed() | Lagged():
                if (feed := self._channels.get(frame.channel)) is not None:
                    self._tell_feed(feed, lambda: feed.core_says(frame))
            case Attached() | Acked() | Unknown() | Credit():
                if (seat := self._seats.get(frame.attachment)) is not None:
                    self._tell_seat(seat, lambda: seat.core_says(frame))
            case Answer() | Done():
                if (pieces := self._requests.get(frame.request)) is not None:
                    pieces.put_nowait(frame)
            case Notice():
                self._notice(frame)
            case _:
                log.debug("core sent %s, which is not for clients", type(frame).__name__)

    @staticmethod
    def _tell_seat(seat: Seat, call: Callable[[], None]) -> None:
        """Keep the fault of one who sits at a console from everybody else."""
        try:
            call()
        except Exception:  # noqa: BLE001 - a supervisor: the owner logs it and ends
            seat.owner.failed()

    @staticmethod
    def _tell_feed(feed: Feed, call: Callable[[], None]) -> None:
        """Keep the fault of one console from everybody else's."""
        try:
            call()
        except Exception:  # a supervisor: one console's fault must not end the link
            log.exception("%s: passing its output on failed", feed.name)
            feed.removed("internal error, see the gateway's log")

    def _notice(self, notice: Notice) -> None:
        if notice.kind == "consoles":
            names = notice.fields.get("consoles")
            aliases = notice.fields.get("aliases")
            if isinstance(names, list) and isinstance(aliases, dict):
                self._names(tuple(map(str, names)), {str(key): str(name) for key, name in aliases.items()})
        elif notice.kind == "screen-due" and self._saves_screens:
            self._due[notice.console] = None
            self._due_more.set()
        elif (feed := self._feeds.get(notice.console)) is not None:
            self._tell_feed(feed, lambda: feed.notice(notice))

    def _names(self, consoles: tuple[str, ...], aliases: Mapping[str, str]) -> None:
        self.consoles, self.aliases = consoles, aliases
        for name, feed in list(self._feeds.items()):
            if name not in consoles:
                feed.removed("the console was removed from the configuration")
