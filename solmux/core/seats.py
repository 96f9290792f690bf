"""What one client of the core has at a console: subscriptions that read, attachments that type."""

from dataclasses import dataclass
from typing import Protocol

from solmux.console.console import INPUT_CREDIT, Attachment, Console
from solmux.wire import frames
from solmux.wire.codec import encode

SLICE = 64 << 10  # bytes of one console per turn, so that a flood leaves room for the others


class Seatholder(Protocol):
    """The client, as its seats see it."""

    def send(self, frame: frames.Frame, *, unhurried: bool = False) -> None:
        """Queue a control frame; an *unhurried* one may wait some milliseconds for output to go with it."""

    def output_ready(self, subscription: "Subscription") -> None:
        """The subscription has output to send when its turn comes."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One console read by one client, at the client's own pace."""

    channel: int
    console: Console
    offset: int
    client: Seatholder
    waiting: bool = False

    def output_waits(self) -> None:
        """The ring has more; a `console.Subscriber`."""
        if not self.waiting:
            self.waiting = True
            self.client.output_ready(self)

    def next_slice(self, epoch: int) -> list[bytes]:
        """Return the next frames, a `Lagged` first when the ring has gone on without this client."""
        log = self.console.log
        offset, data = log.read(self.offset, SLICE)
        parts = []
        if offset > self.offset:
            parts.append(encode(frames.Lagged(self.channel, offset, offset - self.offset)))
        if data:
            parts.append(encode(frames.Data(self.channel, epoch, offset, data)))
        self.offset = offset + len(data)
        self.waiting = False
        if self.offset < log.received:
            self.output_waits()
        return parts


@dataclass(slots=True, eq=False)
class ClientViewer:
    """One attachment of a client; a `console.Viewer`."""

    number: int
    client: Seatholder
    console: Console
    attachment: Attachment | None = None
    told: tuple[str, str] | None = None

    def acked(self, input_id: int, characters: int) -> None:
        """The BMC has the input: say so, and give its credit back."""
        self.client.send(frames.Acked(self.number, input_id), unhurried=True)
        self._give_back(characters)

    def unknown(self, input_id: int, characters: int, reason: str) -> None:
        """The input may not have arrived, or was refused."""
        self.client.send(frames.Unknown(self.number, input_id, characters, reason))
        self._give_back(characters)

    def mode_changed(self) -> None:
        """Tell the client its mode and who types, when either changed."""
        if self.attachment is None:
            return  # still in Console.attach: the answer to Attach says it
        writer = self.console.writer.who if self.console.writer else ""
        now = (self.attachment.mode, writer)
        if now != self.told:
            self.told = now
            credit = INPUT_CREDIT - self.attachment.outstanding if now[0] == "write" else 0
            self.client.send(frames.Attached(self.number, self.console.name, now[0], writer, max(0, credit)))

    def _give_back(self, characters: int) -> None:
        if characters and self.attachment is not None and self.attachment.mode == "write":
            self.client.send(frames.Credit(self.number, characters), unhurried=True)
