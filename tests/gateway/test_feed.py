"""What a feed passes on, as a property: every byte once, in order, or counted as missed."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.gateway.drawing import Drawing
from solmux.gateway.feed import Feed
from solmux.wire.frames import Data, Frame, Lagged, Notice, Subscribe, Subscribed, Unsubscribe

RING = 40  # bytes: small, so that a restart of the core often loses some


@dataclass(slots=True, eq=False)
class Reader:
    """Follows lines; writes down what it saw, with what it missed marked by its offset."""

    seen: bytearray = field(default_factory=bytearray)
    holes: list[tuple[int, int]] = field(
        default_factory=list
    )  # (length of what was seen before, bytes missed)

    def output(self, data: bytes) -> None:
        self.seen += data

    def missed(self, count: int) -> None:
        self.holes.append((len(self.seen), count))

    def paint(self, drawing: Drawing) -> None:
        raise AssertionError(drawing)

    def moment(self, drawing: Drawing) -> None:
        raise AssertionError(drawing)

    def notice(self, notice: Notice) -> None:
        raise AssertionError(notice)

    def core_gone(self) -> None: ...

    def core_back(self) -> None: ...

    def removed(self, reason: str) -> None:
        raise AssertionError(reason)

    def failed(self) -> None:
        raise AssertionError("a call failed")


@dataclass(slots=True)
class Model:
    """A core and a hub in one, with one console and one reader of it."""

    output: bytearray = field(default_factory=bytearray)
    sent: int = 0
    channel: int = 0
    reader: Reader = field(default_factory=Reader)
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed("server42", self, away=False)
        self.subscribe(self.feed)
        self.feed.join(self.reader, pictures=False, lines=1000)

    @property
    def first(self) -> int:
        return max(0, len(self.output) - RING)

    def send(self, frame: Frame) -> bool:
        assert isinstance(frame, Unsubscribe)
        return True

    def new_drawing(self, feed: Feed) -> Drawing:
        raise AssertionError(feed)

    def release(self, feed: Feed) -> None:
        raise AssertionError(feed)

    def subscribe(self, feed: Feed) -> None:
        self.channel += 1
        asked = feed.begin(self.channel)
        assert isinstance(asked, Subscribe)
        assert asked.offset is not None
        self.sent = max(self.first, min(asked.offset, len(self.output)))
        state = {"state": "up", "offset": len(self.output)}
        self.feed.core_says(Subscribed(self.channel, "server42", 7, self.first, self.sent, state))
        self.flow()

    def flow(self) -> None:
        """Send what is there, from where this client is."""
        if self.sent < self.first:
            self.feed.core_says(Lagged(self.channel, self.first, self.first - self.sent))
            self.sent = self.first
        data = bytes(self.output[self.sent :])
        if data:
            self.feed.core_says(Data(self.channel, 7, self.sent, data))
        self.sent = len(self.output)

    def restart(self) -> None:
        self.feed.core_gone()
        self.subscribe(self.feed)

    def repeat(self, back: int) -> None:
        """Send bytes again that were sent already."""
        start = max(0, self.sent - back)
        self.feed.core_says(Data(self.channel, 7, start, bytes(self.output[start : self.sent])))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("print"), st.integers(1, 60)),
        st.tuples(st.just("flow"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("repeat"), st.integers(1, 50)),
        st.tuples(st.just("stray"), st.integers(1, 5)),
    ),
    max_size=30,
)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_every_byte_is_shown_once_in_order_or_counted_as_missed(steps: list[tuple[str, int]]) -> None:
    model = Model()
    for step, size in steps:
        match step:
            case "print":
                start = len(model.output)
                model.output += bytes((start + at) % 251 for at in range(size))
            case "flow":
                model.flow()
            case "restart":
                model.restart()
            case "repeat":
                model.repeat(size)
            case "stray":
                model.feed.core_says(Data(model.channel + size, 7, 0, b"another subscription's"))
    model.flow()
    rebuilt = bytearray()
    shown = 0
    for before, missed in model.reader.holes:
        rebuilt += model.reader.seen[shown:before] + model.output[len(rebuilt) + before - shown :][:missed]
        shown = before
    rebuilt += model.reader.seen[shown:]
    assert rebuilt == model.output


def test_the_last_lines_end_with_what_was_printed_last() -> None:
    model = Model()
    model.output += b"one\ntwo\nthree\n"
    model.flow()
    assert model.feed.last_lines(2) == b"two\nthree\n"
    model.output += b"four"
    model.flow()
    assert model.feed.last_lines(1) == b"three\nfour"
    assert model.feed.last_lines(0) == b"four"
    assert model.feed.last_lines(100) == bytes(model.output)
