"""Input and its answers, without a core."""

from solmux.gateway.seat import HELD_LIMIT, INPUT_PIECE, Seat
from solmux.wire.frames import Acked, Attach, Attached, Break, Credit, Detach, Frame, Input, Unknown


class Chair:
    """Owner of a seat: keeps what it was told. The core takes frames until `away`."""

    def __init__(self, wanted: str = "write") -> None:
        self.sent: list[Frame] = []
        self.told: list[object] = []
        self.away = False
        self.seat = Seat(1, "server42", wanted, "alice", "10.0.0.7", self.send, self)

    def send(self, frame: Frame) -> bool:
        if not self.away:
            self.sent.append(frame)
        return not self.away

    def seat_changed(self, seat: Seat) -> None:
        self.told.append((seat.mode, seat.writer))

    def seat_lost(self, seat: Seat, reason: str) -> None:
        self.told.append(f"lost {seat.number}: {reason}")

    def input_uncertain(self, characters: int, reason: str) -> None:
        self.told.append((characters, reason))

    def break_sent(self) -> None:
        self.told.append("break")

    def read_more(self, wanted: bool) -> None:
        self.told.append(wanted)

    def failed(self) -> None:
        raise AssertionError("no call failed")

    def typed(self) -> bytes:
        return b"".join(frame.data for frame in self.sent if isinstance(frame, Input))


def writer(credit: int = 100) -> Chair:
    chair = Chair()
    chair.seat.ask()
    chair.seat.core_says(Attached(1, "server42", "write", "alice@10.0.0.7", credit))
    chair.told.clear()
    return chair


def test_what_is_typed_before_the_core_answers_is_sent_once_it_may() -> None:
    chair = Chair()
    chair.seat.ask()
    assert chair.sent == [Attach(1, "server42", "write", "alice", "10.0.0.7")]
    assert chair.seat.type(b"root")
    assert chair.typed() == b""
    chair.seat.core_says(Attached(1, "server42", "write", "alice@10.0.0.7", 100))
    assert chair.told == [("write", "alice@10.0.0.7")]
    assert chair.typed() == b"root"


def test_what_is_typed_before_the_core_answers_is_reported_when_somebody_else_types() -> None:
    chair = Chair()
    chair.seat.ask()
    chair.seat.type(b"root")
    chair.seat.core_says(Attached(1, "server42", "watch", "bob@10.0.0.8"))
    assert chair.typed() == b""
    assert chair.told == [(4, "not sent: bob@10.0.0.8 types"), ("watch", "bob@10.0.0.8")]
    assert not chair.seat.type(b"x")


def test_a_watcher_types_nothing() -> None:
    chair = Chair("watch")
    chair.seat.ask()
    assert not chair.seat.type(b"x")
    chair.seat.core_says(Attached(1, "server42", "watch"))
    assert not chair.seat.type(b"x")
    assert not chair.seat.send_break()
    assert len(chair.sent) == 1


def test_input_beyond_the_credit_waits_and_stops_reading() -> None:
    chair = writer(credit=10)
    text = bytes(range(32, 127)) * 60
    assert chair.seat.type(text[:3000])
    assert chair.typed() == text[:10]
    assert chair.told == []
    chair.seat.type(text[3000:])
    assert chair.told == [False]
    chair.seat.core_says(Credit(1, len(text) - 10 - HELD_LIMIT))
    assert chair.told == [False]
    chair.seat.core_says(Credit(1, HELD_LIMIT))
    assert chair.told == [False, True]
    assert chair.typed() == text
    assert chair.seat.credit == 0
    inputs = [frame for frame in chair.sent if isinstance(frame, Input)]
    assert [frame.input_id for frame in inputs] == list(range(1, len(inputs) + 1))
    assert max(len(frame.data) for frame in inputs) == INPUT_PIECE


def test_unknown_input_is_told_and_acknowledged_input_is_forgotten() -> None:
    chair = writer()
    chair.seat.type(b"abc")
    chair.seat.type(b"defgh")
    chair.seat.core_says(Acked(1, 1))
    chair.seat.core_says(Unknown(1, 2, 2, "the session broke"))
    assert chair.told == [(2, "the session broke")]
    chair.seat.core_gone()
    assert chair.told == [(2, "the session broke")]


def test_a_core_that_goes_away_makes_unanswered_input_uncertain_and_held_input_unsent() -> None:
    chair = writer(credit=5)
    chair.seat.type(b"abcdefg")
    chair.away = True
    chair.seat.core_gone()
    assert chair.told == [(5, "the core went away"), (2, "not sent: the core went away")]
    assert not chair.seat.type(b"typed at nobody")
    assert not chair.seat.writes
    chair.away = False
    chair.seat.ask()
    chair.seat.core_says(Attached(1, "server42", "write", "alice@10.0.0.7", 50))
    assert chair.typed() == b"abcde"
    assert chair.seat.credit == 50


def test_a_break_keeps_its_place_behind_the_characters_typed_before() -> None:
    chair = writer(credit=3)
    chair.seat.type(b"abc")
    assert chair.seat.send_break()
    assert chair.sent[-2:] == [Input(1, 1, b"abc"), Break(1, 2)]
    chair.seat.core_says(Acked(1, 1))
    assert chair.told == []
    chair.seat.core_says(Acked(1, 2))
    assert chair.told == ["break"]
    chair.seat.type(b"held")
    assert not chair.seat.send_break()


def test_losing_the_place_voids_the_credit() -> None:
    chair = writer(credit=10)
    chair.seat.core_says(Attached(1, "server42", "watch", "bob@10.0.0.8"))
    assert chair.told == [("watch", "bob@10.0.0.8")]
    assert chair.seat.credit == 0
    assert not chair.seat.type(b"x")
    chair.seat.ask("write")
    assert chair.sent[-1] == Attach(1, "server42", "write", "alice", "10.0.0.7")
    chair.seat.core_says(Attached(1, "server42", "write", "alice@10.0.0.7", 7))
    assert chair.seat.credit == 7


def test_the_same_answer_again_is_no_change() -> None:
    chair = writer()
    chair.seat.core_says(Attached(1, "server42", "write", "alice@10.0.0.7", 100))
    assert chair.told == []


def test_a_refused_seat_is_told_with_the_reason() -> None:
    chair = Chair()
    chair.seat.ask()
    chair.seat.core_says(Attached(1, "server42", "watch", error="console was removed"))
    assert chair.told == ["lost 1: console was removed"]


def test_whoever_leaves_hears_nothing_more() -> None:
    chair = writer()
    chair.seat.type(b"abc")
    chair.seat.leave()
    assert chair.sent[-1] == Detach(1)
    chair.seat.core_gone()
    assert chair.told == []
