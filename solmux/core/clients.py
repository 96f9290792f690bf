"""One client of the core's unix socket, speaking the frames of docs/attach-protocol.md."""

import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import trio

from solmux.console.console import Console
from solmux.core.identity import PeerIdentity
from solmux.core.seats import SLICE, ClientViewer, Subscription
from solmux.wire import frames
from solmux.wire.codec import FrameDecoder, WireError, encode

CONTROL_LIMIT = 4 << 20  # bytes of answers and notices a client may leave unread before it is cut off
PATIENCE = 0.01  # seconds; see `Client.send`
READ_SIZE = 64 << 10
HELLO_LIMIT = 10.0  # seconds a client may take to say hello

log = logging.getLogger(__name__)


class Verbs(Protocol):
    """The verbs that the core itself answers."""

    async def run(self, verb: frames.Verb, person: str, answer: Callable[[str, str], Awaitable[None]]) -> int:
        """Run *verb* for *person*; `answer(text, error)` sends a piece; return the exit code."""


class Directory(Protocol):
    """What a client may see of the core."""

    consoles: dict[str, Console]

    @property
    def epoch(self) -> int: ...

    def aliases(self) -> dict[str, str]: ...


@dataclass(slots=True, eq=False)
class Client:
    """A connected client: what it reads, who is attached through it, and what waits to be sent to it."""

    stream: trio.abc.Stream
    identity: PeerIdentity
    directory: Directory
    verbs: Verbs
    _wake: trio.Event = field(default_factory=trio.Event)
    _ready: deque[Subscription] = field(default_factory=deque)
    _control: deque[bytes] = field(default_factory=deque)
    _unhurried: list[bytes] = field(default_factory=list)  # control frames that wait for company
    _patience: trio.CancelScope = field(default_factory=trio.CancelScope)  # ends the writer's wait for those
    _control_bytes: int = 0
    _subscriptions: dict[int, Subscription] = field(default_factory=dict)
    _viewers: dict[int, ClientViewer] = field(default_factory=dict)
    _running: dict[int, trio.CancelScope] = field(default_factory=dict)
    _nursery: trio.Nursery | None = None
    _greeted: bool = False
    closing: bool = False  # cut off: nothing more is queued

    async def run(self) -> None:
        """Serve until the client leaves, misbehaves, or this task is cancelled."""
        try:
            async with trio.open_nursery() as self._nursery:
                self.send(self._hello())
                self._nursery.start_soon(self._write)
                try:
                    await self._read()
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass
                except WireError as error:
                    log.warning("client %s sent malformed frames: %s", self.identity.person, error)
                self._nursery.cancel_scope.cancel()
        finally:
            self._leave()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await trio.aclose_forcefully(self.stream)

    def send(self, frame: frames.Frame, *, unhurried: bool = False) -> None:
        """Queue a control frame; a client that does not read is cut off at `CONTROL_LIMIT`.

        An *unhurried* one goes with the next write, behind its output, or after `PATIENCE` seconds: to wake
        the client for the acknowledgement of a key would delay the echo, which comes right behind.
        """
        if self.closing:
            return
        data = encode(frame)
        self._control_bytes += len(data)
        if unhurried:
            self._unhurried.append(data)
            if self._patience.deadline == math.inf:
                self._patience.deadline = trio.current_time() + PATIENCE
        else:
            self._control += self._unhurried  # a control frame never overtakes another
            self._unhurried.clear()
            self._control.append(data)
            self._wake.set()
        if self._control_bytes > CONTROL_LIMIT:
            log.warning("client %s does not read its answers; it is cut off", self.identity.person)
            self.closing = True
            if self._nursery is not None:
                self._nursery.cancel_scope.cancel()

    def output_ready(self, subscription: Subscription) -> None:
        """Let *subscription* have its turn; a `seats.Seatholder`."""
        self._ready.append(subscription)
        self._wake.set()

    def notice(self, notice: frames.Notice) -> None:
        """Pass a notice on, once the client has said hello."""
        if self._greeted:
            self.send(notice)

    def forget(self, console: Console) -> None:
        """The console is no longer configured: end what this client has with it."""
        for channel, subscription in list(self._subscriptions.items()):
            if subscription.console is console:
                self._unsubscribe(channel)
        for number, viewer in list(self._viewers.items()):
            if viewer.console is console:
                self.send(frames.Attached(number, console.name, "watch", error="console was removed"))
                self._detach(number)

    def _hello(self) -> frames.Hello:
        directory = self.directory
        return frames.Hello(
            frames.VERSION,
            "core",
            epoch=directory.epoch,
            consoles=tuple(directory.consoles),
            aliases=directory.aliases(),
        )

    async def _read(self) -> None:
        decoder = FrameDecoder()
        with trio.CancelScope(deadline=trio.current_time() + HELLO_LIMIT) as limit:
            while data := await self.stream.receive_some(READ_SIZE):
                for frame in decoder.feed(bytes(data)):
                    if not self._greet(frame):
                        self._handle(frame)
                if self._greeted:
                    limit.deadline = float("inf")
                if self.closing:
                    return

    def _greet(self, frame: frames.Frame) -> bool:
        """Return whether *frame* was the client's hello; any other first frame raises `WireError`."""
        if self._greeted:
            return False
        if not isinstance(frame, frames.Hello):
            raise WireError(f"first frame is {type(frame).__name__}, not Hello")
        if frame.version != frames.VERSION:
            raise WireError(f"client speaks version {frame.version}, this core {frames.VERSION}")
        self._greeted = True
        return True

    def _handle(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Subscribe():
                self._subscribe(frame)
            case frames.Unsubscribe(channel):
                self._unsubscribe(channel)
            case frames.Attach():
                self._attach(frame)
            case frames.Detach(number):
                self._detach(number)
            case frames.Input() | frames.Break():
                self._type(frame)
            case frames.Verb():
                assert self._nursery is not None
                self._nursery.start_soon(self._run_verb, frame)
            case frames.Cancel(request):
                self._cancel(request)
            case frames.Checkpoint(name, offset):
                self._screen_saved(name, offset)
            case _:
                raise WireError(f"{type(frame).__name__} is not for the core")

    def _type(self, frame: frames.Input | frames.Break) -> None:
        viewer = self._viewers.get(frame.attachment)
        data = frame.data if isinstance(frame, frames.Input) else None
        if viewer is None or viewer.attachment is None:
            self.send(frames.Unknown(frame.attachment, frame.input_id, len(data or b""), "not attached"))
        elif data is None:
            viewer.console.send_break(viewer.attachment, frame.input_id)
        else:
            viewer.console.type(viewer.attachment, frame.input_id, data)

    def _cancel(self, request: int) -> None:
        if scope := self._running.get(request):
            scope.cancel()

    def _screen_saved(self, name: str, offset: int) -> None:
        console = self.directory.consoles.get(name)
        if console is not None and self.identity.speaks_for_others:
            console.screen_saved(offset)

    def _subscribe(self, frame: frames.Subscribe) -> None:
        console = self.directory.consoles.get(frame.console)
        epoch = self.directory.epoch
        if console is None or frame.channel in self._subscriptions:
            error = "no such console" if console is None else "channel is taken"
            self.send(frames.Subscribed(frame.channel, frame.console, epoch, 0, 0, error=error))
            return
        end = console.log.received
        wanted = end if frame.offset is None else frame.offset
        offset = max(console.log.first, min(wanted, end))
        subscription = Subscription(frame.channel, console, offset, self)
        self._subscriptions[frame.channel] = subscription
        first = console.log.first
        state = console.brief()
        self.send(frames.Subscribed(frame.channel, console.name, epoch, first, offset, state))
        console.subscribers.append(subscription)
        subscription.output_waits()

    def _unsubscribe(self, channel: int) -> None:
        subscription = self._subscriptions.pop(channel, None)
        if subscription is not None:
            subscription.console.subscribers.remove(subscription)

    def _attach(self, frame: frames.Attach) -> None:
        viewer = self._viewers.get(frame.attachment)
        if viewer is not None and viewer.console.name == frame.console and viewer.attachment is not None:
            viewer.told = None
            viewer.console.ask_mode(viewer.attachment, frame.mode)
            viewer.mode_changed()
            return
        console = self.directory.consoles.get(frame.console)
        if console is None or viewer is not None:
            error = "no such console" if console is None else "number is taken"
            self.send(frames.Attached(frame.attachment, frame.console, "watch", error=error))
            return
        person = self._person(frame.person)
        address = frame.address if self.identity.speaks_for_others else ""
        viewer = ClientViewer(frame.attachment, self, console)
        self._viewers[frame.attachment] = viewer
        viewer.attachment = console.attach(viewer, person, address, frame.mode)
        viewer.mode_changed()

    def _detach(self, number: int) -> None:
        viewer = self._viewers.pop(number, None)
        if viewer is not None and viewer.attachment is not None:
            viewer.console.detach(viewer.attachment)

    def _person(self, claimed: str) -> str:
        """Only a trusted client says for whom it acts; everybody else is who the kernel says."""
        return (claimed or self.identity.person) if self.identity.speaks_for_others else self.identity.person

    async def _run_verb(self, verb: frames.Verb) -> None:
        async def answer(text: str, error: str) -> None:
            for start in range(0, max(len(text), 1), SLICE):  # a frame is limited; listings are not
                self.send(
                    frames.Answer(verb.request, text[start : start + SLICE], error if not start else "")
                )
            await trio.lowlevel.checkpoint()

        code = 1
        with trio.CancelScope() as scope:
            self._running[verb.request] = scope
            try:
                code = await self.verbs.run(verb, self._person(verb.person), answer)
            finally:
                self._running.pop(verb.request, None)
        self.send(frames.Done(verb.request, code))

    async def _write(self) -> None:
        try:
            while True:
                with trio.CancelScope() as self._patience:
                    await self._wake.wait()
                self._wake = trio.Event()
                while self._control or self._ready or self._unhurried:
                    await self.stream.send_all(self._next_batch())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            if self._nursery is not None:
                self._nursery.cancel_scope.cancel()

    def _next_batch(self) -> bytes:
        """Return control frames, one slice of each console that has output waiting, and what had no hurry."""
        parts = list(self._control)
        self._control.clear()
        self._control_bytes = 0
        for _ in range(min(len(self._ready), 8)):
            subscription = self._ready.popleft()
            if self._subscriptions.get(subscription.channel) is subscription:
                parts += subscription.next_slice(self.directory.epoch)
        parts += self._unhurried
        self._unhurried.clear()
        return b"".join(parts)

    def _leave(self) -> None:
        for channel in list(self._subscriptions):
            self._unsubscribe(channel)
        for number in list(self._viewers):
            self._detach(number)
