"""Frames of the Unix socket between the core and its clients, version 1 (docs/attach-protocol.md).

Every frame is a value. The types of the fields carry their limits on the wire (`U32`, `U64`); the codec
checks them. A field with a default may be left out by the sender; one the receiver does not know is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

VERSION = 1
SOCKET_NAME = "core.sock"  # in the runtime directory
MAXIMUM_LENGTH = 1 << 20  # of what follows the length word: the type and the body

U32 = Annotated[int, 0xFFFF_FFFF]
U64 = Annotated[int, 0xFFFF_FFFF_FFFF_FFFF]
Texts = tuple[str, ...]
Fields = Mapping[str, object]  # a JSON object, kept as it came


@dataclass(frozen=True, slots=True)
class Hello:
    """First frame of either side.

    Attributes:
      version: of this protocol; two sides that differ say so in `text` and part.
      role: "core", or of a client "gateway" or "cli".
      epoch: random number of this run of the core; 0 from a client.
      person: who a client acts for when it is one person; the core believes the peer's user id first.
      consoles: every console the core serves, in its order.
      aliases: alias -> console.
      text: why the sender is about to close, else empty.
    """

    version: U32
    role: str
    epoch: U64 = 0
    person: str = ""
    consoles: Texts = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for a console's output.

    Attributes:
      channel: number of the client's choice, free on this connection.
      console: exact name.
      offset: first byte wanted, or None for what comes from now on.
    """

    channel: U32
    console: str
    offset: U64 | None = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Answer to `Subscribe`; `Data` follows.

    Attributes:
      first: oldest offset the core still holds.
      offset: where `Data` starts: the one asked for, or the nearest the core has.
      state: what is known of the console: `state`, `reason`, `since`, `writer` and more.
      error: why there is no subscription (the channel is free again), else empty.
    """

    channel: U32
    console: str
    epoch: U64
    first: U64
    offset: U64
    state: Fields = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Output of a console. Binary body.

    Attributes:
      offset: of the first byte of `data`, counted since the console's first byte ever.
    """

    channel: U32
    epoch: U64
    offset: U64
    data: bytes


@dataclass(frozen=True, slots=True)
class Lagged:
    """The subscriber fell behind the ring: `missed` bytes are skipped, `Data` goes on at `offset`."""

    channel: U32
    offset: U64
    missed: U64


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """End a subscription. `Data` already on its way may still arrive."""

    channel: U32


@dataclass(frozen=True, slots=True)
class Attach:
    """A person sits down at a console; repeated with the same number to ask for another mode.

    Attributes:
      attachment: number of the client's choice, free on this connection.
      mode: "write" or "watch".
      person: who, as the log is to name them.
      address: where they come from.
    """

    attachment: U32
    console: str
    mode: str
    person: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """Answer to `Attach`, and sent again whenever the mode changes.

    Attributes:
      mode: granted now, "write" or "watch".
      writer: who types at this console now, empty for nobody.
      credit: characters the client may send, as of `Credit`; a mode other than "write" voids all credit.
      error: why there is no attachment (the number is free again), else empty.
    """

    attachment: U32
    console: str
    mode: str
    writer: str = ""
    credit: U32 = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Detach:
    """The person has left."""

    attachment: U32


@dataclass(frozen=True, slots=True)
class Input:
    """Characters typed. Binary body. Answered by one `Acked` or `Unknown` with the same `input_id`."""

    attachment: U32
    input_id: U64
    data: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """A serial BREAK, in order with the input around it; answered like `Input`."""

    attachment: U32
    input_id: U64


@dataclass(frozen=True, slots=True)
class Acked:
    """The BMC has accepted the whole of this input."""

    attachment: U32
    input_id: U64


@dataclass(frozen=True, slots=True)
class Unknown:
    """Input that may not have arrived, or was refused: `characters` of it, for this reason in words."""

    attachment: U32
    input_id: U64
    characters: U32
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """The client may send `characters` more than before."""

    attachment: U32
    characters: U32


@dataclass(frozen=True, slots=True)
class Verb:
    """Ask for a verb; answered by any number of `Answer` and one `Done`.

    Attributes:
      request: number of the client's choice, free on this connection.
      words: the verb and its arguments.
      options: what the verb's table allows, for instance `json`, `columns`.
    """

    request: U32
    words: Texts
    person: str = ""
    address: str = ""
    options: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of a verb's answer: `text` for standard output, `error` for standard error."""

    request: U32
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A verb has ended with this exit code."""

    request: U32
    exit_code: U32


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody waits for this verb any more. It still ends with `Done`."""

    request: U32


@dataclass(frozen=True, slots=True)
class Notice:
    """Something happened; sent to every client that said hello.

    Attributes:
      console: which one, empty when it concerns all.
      kind: "state", "writer", "attached", "detached", "break", "consoles", "screen-due", "shutdown"; a client
        ignores those it does not know.
      text: one line for people.
      fields: by kind, see the specification.
    """

    console: str
    kind: str
    text: str = ""
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The gateway has saved this console's screen as of `offset`; older bytes are not needed for it."""

    console: str
    offset: U64


Frame = (
    Hello
    | Subscribe
    | Subscribed
    | Data
    | Lagged
    | Unsubscribe
    | Attach
    | Attached
    | Detach
    | Input
    | Break
    | Acked
    | Unknown
    | Credit
    | Verb
    | Answer
    | Done
    | Cancel
    | Notice
    | Checkpoint
)

FRAME_TYPES: Mapping[int, type[Frame]] = {
    0x01: Hello,
    0x10: Subscribe,
    0x11: Subscribed,
    0x12: Data,
    0x13: Lagged,
    0x14: Unsubscribe,
    0x20: Attach,
    0x21: Attached,
    0x22: Detach,
    0x23: Input,
    0x24: Break,
    0x25: Acked,
    0x26: Unknown,
    0x27: Credit,
    0x30: Verb,
    0x31: Answer,
    0x32: Done,
    0x33: Cancel,
    0x40: Notice,
    0x41: Checkpoint,
}
