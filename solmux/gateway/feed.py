"""One console as the gateway sees it: its output from one subscription, its screen, and who looks at it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol

from solmux.gateway.drawing import Drawing
from solmux.wire.frames import Checkpoint, Data, Frame, Lagged, Notice, Subscribe, Subscribed, Unsubscribe

P = ParamSpec("P")
TAIL_LIMIT = 64 << 10  # bytes kept for the last lines
LINES_BEFORE = 20  # lines that somebody who follows sees first
SAVE_LIMIT = 10.0  # seconds to draw what is left before a screen is saved

log = logging.getLogger(__name__)


class Viewer(Protocol):
    """Somebody who looks at a console."""

    def paint(self, drawing: Drawing) -> None:
        """Show the screen anew; what follows in `output` continues it."""

    def moment(self, drawing: Drawing) -> None:
        """What was shown so far is exactly what is drawn: the moment asked for has come."""

    def output(self, data: bytes) -> None:
        """Show what the console printed. Not filtered."""

    def missed(self, count: int) -> None:
        """Bytes that never came here are left out; whoever has a picture gets a new one."""

    def notice(self, notice: Notice) -> None:
        """Something happened to the console."""

    def core_gone(self) -> None:
        """Nothing more comes until `core_back`."""

    def core_back(self) -> None:
        """The core is there again."""

    def removed(self, reason: str) -> None:
        """The console is gone, and so is this feed."""

    def failed(self) -> None:
        """One of the calls above raised; called from the `except`. Nothing more comes."""


class FeedOwner(Protocol):
    """What a feed needs of the hub."""

    def send(self, frame: Frame) -> bool:
        """Send a frame to the core, if it is there."""

    def new_drawing(self, feed: "Feed") -> Drawing:
        """Return a drawing for *feed*."""

    def subscribe(self, feed: "Feed") -> None:
        """Ask the core for *feed*'s output, again if need be."""

    def release(self, feed: "Feed") -> None:
        """Nobody looks at *feed* any more."""


@dataclass(slots=True)
class _Place:
    """A viewer's place.

    Attributes:
      pictures: whether it wants the screen, or lines only.
      lines: how many it sees first.
      flowing: whether output goes to it: it has seen what came before.
      target: offset that its picture, or its first lines, must reach.
      shown: offset up to which it has seen everything while it waits for a moment; None when it waits for a
        picture.
    """

    pictures: bool
    lines: int
    flowing: bool = False
    target: int = 0
    shown: int | None = None


class Feed:
    """Output of one console, fanned out.

    Attributes:
      name: of the console.
      state: what is known of the console, in the words of the specification; `text` is the reason.
      position: offset of the next byte from the core; None before it first answered.
      away: whether the core is.
    """

    def __init__(self, name: str, owner: FeedOwner, *, away: bool) -> None:
        self.name = name
        self.state: dict[str, object] = {}
        self.position: int | None = None
        self.away = away
        self._owner = owner
        self._channel = 0
        self._places: dict[Viewer, _Place] = {}
        self._tail = bytearray()
        self._live = 0
        self._drawing: Drawing | None = None
        self._drawer: asyncio.Task[None] | None = None
        self._saver: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()

    # viewers

    def join(self, viewer: Viewer, *, pictures: bool, lines: int = LINES_BEFORE) -> None:
        """Let *viewer* look: the screen and what follows, or the last *lines* and what follows."""
        self._places[viewer] = _Place(pictures, lines)
        if pictures:
            self._draw().eager = True
        if self.away:
            self._tell(viewer, viewer.core_gone)
        self._show(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Let *viewer* go; with the last one that saw it, the screen is saved."""
        if self._places.pop(viewer, None) is None:
            return
        if self._drawing is not None and not self._watched():
            self._drawing.eager = False
            self._save_later()
        elif not self._places and self._saver is None:
            self._owner.release(self)

    def repaint(self, viewer: Viewer) -> None:
        """Show *viewer* the screen anew."""
        self._show(viewer)

    def pause(self, viewer: Viewer) -> None:
        """Hold *viewer*'s output back until the screen is drawn up to what it has seen: its `moment`."""
        place = self._places.get(viewer)
        if place is None or not place.flowing or self._drawing is None:
            return  # its picture is about to come
        place.flowing = False
        place.shown = place.target = self.position or 0
        self._drawing.when(place.target, lambda: self._show_screen(viewer))

    def last_lines(self, count: int) -> bytes:
        """Return the last *count* lines that were printed, as they came."""
        at = len(self._tail)
        for _ in range(count + 1):
            at = self._tail.rfind(b"\n", 0, at)
            if at < 0:
                return bytes(self._tail)
        return bytes(self._tail[at + 1 :])

    # the screen

    async def save_screen(self) -> None:
        """Draw what has come and save the screen, for whoever looks later."""
        self._draw()
        self._save_later()
        if self._saver is not None:
            await asyncio.wait((self._saver,))

    # the hub

    def begin(self, channel: int) -> Subscribe:
        """Return the frame that asks for this console's output, from where it broke off."""
        self._channel = channel
        return Subscribe(channel, self.name, self.position or 0)

    def core_says(self, frame: Subscribed | Data | Lagged) -> None:
        """Take a frame of this feed's channel."""
        if frame.channel != self._channel:
            return
        match frame:
            case Subscribed():
                self._subscribed(frame)
            case Data():
                self._output(frame.offset, frame.data)
            case Lagged():
                self._skip_to(frame.offset)

    def notice(self, notice: Notice) -> None:
        """Something happened to the console."""
        if notice.kind == "state":
            self.state.update(notice.fields, reason=notice.text)
        elif notice.kind == "writer":
            self.state.update(notice.fields)
        for viewer in list(self._places):
            self._tell(viewer, viewer.notice, notice)

    def core_gone(self) -> None:
        """The core is gone; the last screen stays."""
        self.away = True
        for viewer in list(self._places):
            self._tell(viewer, viewer.core_gone)

    def removed(self, reason: str) -> None:
        """The console is not there any more."""
        for viewer in list(self._places):
            self._tell(viewer, viewer.removed, reason)
        self._places.clear()
        self._owner.release(self)

    def close(self) -> None:
        """End the subscription and what runs for it."""
        self._owner.send(Unsubscribe(self._channel))
        self._channel = 0
        for task in (self._drawer, self._saver):
            if task is not None:
                task.cancel()
        self._drawing = self._drawer = self._saver = None

    def _subscribed(self, frame: Subscribed) -> None:
        if frame.error:
            self.removed(frame.error)
            return
        back, self.away = self.away, False
        self.state = dict(frame.state)
        end = frame.state.get("offset")
        self._live = end if isinstance(end, int) else frame.offset
        self._answered.set()
        if self.position is not None and frame.offset < self.position:
            self._begin_again()
            return
        if self._drawing is not None:
            self._drawing.begin_live(self._live)
        if self.position is None:
            self.position = frame.offset
            for viewer in list(self._places):
                self._show(viewer)
        elif frame.offset > self.position:
            self._skip_to(frame.offset)
        if back:
            for viewer in list(self._places):
                self._tell(viewer, viewer.core_back)

    def _begin_again(self) -> None:
        """The core has lost its memory and counts anew: so do we."""
        log.warning("%s: the core counts this console's output anew", self.name)
        self.position = None
        self._tail.clear()
        if self._drawing is not None:
            self._drawing.restart()
        self._owner.send(Unsubscribe(self._channel))
        self._owner.subscribe(self)

    def _skip_to(self, offset: int) -> None:
        """Go on at *offset*; what lies between never comes."""
        missed = offset - (self.position or 0)
        self.position = offset
        self._tail.clear()
        log.warning("%s: fell behind the core by %d bytes", self.name, missed)
        for viewer, place in list(self._places.items()):
            self._tell(viewer, viewer.missed, missed)
            if place.pictures:
                self._show(viewer)

    def _output(self, offset: int, data: bytes) -> None:
        if self.position is None or offset + len(data) <= self.position:
            return
        if offset > self.position:
            self._skip_to(offset)
        elif offset < self.position:
            data = data[self.position - offset :]
        start = self.position
        self.position += len(data)
        self._tail += data
        del self._tail[: max(0, len(self._tail) - TAIL_LIMIT)]
        if self._drawing is not None:
            self._drawing.add(start, data)
        for viewer, place in list(self._places.items()):
            if place.flowing:
                self._tell(viewer, viewer.output, data)
            elif not place.pictures:
                self._show_lines(viewer, place)

    # what a viewer sees first

    def _show(self, viewer: Viewer) -> None:
        """Hold *viewer*'s output back until it has seen what came before."""
        place = self._places.get(viewer)
        if place is None:
            return
        place.flowing = False
        place.shown = None
        if self.position is None and not self.away:
            return  # `_subscribed` shows it
        place.target = 0 if self.away else max(self.position or 0, self._live)
        if place.pictures:
            assert self._drawing is not None
            self._drawing.when(place.target, lambda: self._show_screen(viewer))
        else:
            self._show_lines(viewer, place)

    def _show_lines(self, viewer: Viewer, place: _Place) -> None:
        if self.position is not None and self.position >= place.target:
            place.flowing = True
            self._tell(viewer, viewer.output, self.last_lines(place.lines))

    def _show_screen(self, viewer: Viewer) -> None:
        place = self._places.get(viewer)
        drawing = self._drawing
        if place is None or drawing is None or drawing.drawn < place.target or place.flowing:
            return
        end = self.position or 0
        begin = min(end, drawing.drawn if place.shown is None else place.shown)
        following = bytes(self._tail[len(self._tail) - (end - begin) :])
        if end - begin > len(self._tail):  # what it has to see first is not at hand any more
            self._show(viewer)
            return
        place.flowing = True
        if place.shown is None:
            self._tell(viewer, viewer.paint, drawing)
        else:
            before = max(0, drawing.drawn - begin)
            if before:
                self._tell(viewer, viewer.output, following[:before])
            self._tell(viewer, viewer.moment, drawing)
            following = following[before:]
        if following:
            self._tell(viewer, viewer.output, following)

    def _tell(self, viewer: Viewer, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Keep a viewer's fault from the other viewers, and from the core's link."""
        try:
            call(*args, **kwargs)
        except Exception:  # noqa: BLE001 - a supervisor: the viewer logs it and ends
            self._places.pop(viewer, None)
            viewer.failed()

    # drawing and saving

    def _watched(self) -> bool:
        return any(place.pictures for place in self._places.values())

    def _draw(self) -> Drawing:
        """Return the drawing, begun if there is none."""
        if self._drawing is None:
            self._drawing = drawing = self._owner.new_drawing(self)
            drawing.begin_live(self._live)
            if self.position is not None and self._tail:
                drawing.add(self.position - len(self._tail), bytes(self._tail))
            self._drawer = asyncio.create_task(drawing.run(), name=f"drawing {self.name}")
            self._drawer.add_done_callback(self._task_done)
        return self._drawing

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Drawing and saving end by cancellation or in order; anything else is a fault of ours."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)
            self.removed("internal error, see the gateway's log")

    def _save_later(self) -> None:
        if self._saver is None:
            self._saver = asyncio.create_task(self._save(), name=f"saving {self.name}")
            self._saver.add_done_callback(self._task_done)

    async def _save(self) -> None:
        """Save the screen once all that came is drawn; end what nobody needs any more."""
        drawing = self._drawing
        assert drawing is not None
        drawn = asyncio.Event()
        try:
            async with asyncio.timeout(SAVE_LIMIT):
                await self._answered.wait()
                drawing.when(max(self.position or 0, 0 if self.away else self._live), drawn.set)
                await drawn.wait()
            if (offset := await drawing.save()) is not None:
                self._owner.send(Checkpoint(self.name, offset))
        except TimeoutError:
            log.warning("%s: the screen could not be drawn in time to be saved", self.name)
        self._saver = None
        if self._watched() or self._drawing is not drawing:
            return
        if self._drawer is not None:
            self._drawer.cancel()
        self._drawing = self._drawer = None
        if not self._places:
            self._owner.release(self)
