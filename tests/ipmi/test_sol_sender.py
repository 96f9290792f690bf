"""What people type: packets, copies, refusals and silence, on a hand-turned clock."""

import math

import pytest

from solmux.ipmi.events import Event, InputAccepted, InputUnknown
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import Operation, SolPacket, Status
from solmux.ipmi.sol_sender import FIRST_LIMIT, RETRY_INTERVALS, ROUNDS, SolSender


class Bench:
    """A sender, its clock, and a BMC that says what the test wants."""

    def __init__(
        self,
        *,
        inbound_size: int = 255,
        first: int = 1,
        opened: bool = True,
        strict_next: bool = False,
        ack0_means_all: bool = False,
    ) -> None:
        self.events: list[Event] = []
        self.sender = SolSender(
            self.events, RoundTrip(), strict_next=strict_next, ack0_means_all=ack0_means_all
        )
        self.now = 100.0
        self.heard = 1
        self.ids = 0
        self.sender.start(inbound_size, first)
        if opened:
            opening = self.sent()
            assert opening is not None
            self.answer(opening.number, 0)

    def type(self, data: bytes) -> int:
        self.ids += 1
        self.sender.add(data, self.ids)
        return self.ids

    def sent(self) -> SolPacket | None:
        payload = self.sender.payload_to_send(self.heard, self.now)
        return None if payload is None else SolPacket.from_bytes(payload)

    def packet(self) -> SolPacket:
        packet = self.sent()
        assert packet is not None, "nothing was sent"
        return packet

    def answer(self, number: int, count: int, flags: int = 0) -> None:
        self.heard += 1
        self.sender.acknowledged(SolPacket(0, number, count, flags), self.heard, self.now)

    def wait(self) -> float:
        """Go to the deadline; return how long that was."""
        waited = self.sender.deadline - self.now
        self.now = self.sender.deadline
        self.sender.handle_timer(self.now)
        return waited

    def copies(self) -> list[tuple[float, bytes]]:
        """Wait until the sender stalls; return the copies it sent, with the time before each."""
        found: list[tuple[float, bytes]] = []
        while not self.sender.stalled:
            waited = round(self.wait(), 3)
            packet = self.sent()
            if packet is not None:
                found.append((waited, packet.to_bytes()))
        return found


def test_what_was_typed_meanwhile_goes_into_the_next_packet() -> None:
    bench = Bench()
    bench.type(b"l")
    assert bench.packet() == SolPacket(2, data=b"l")
    bench.type(b"s")
    bench.type(b"\r")
    assert bench.sent() is None
    bench.answer(2, 1)
    assert bench.packet() == SolPacket(3, data=b"s\r")
    bench.answer(3, 2)
    assert bench.events == [InputAccepted(1), InputAccepted(2), InputAccepted(3)]


def test_copies_are_the_same_bytes_at_half_a_second_one_one_and_two() -> None:
    bench = Bench()
    bench.type(b"reboot\r")
    original = bench.packet().to_bytes()
    bench.type(b"more")  # must not grow into the copies: a BMC that has the first one would lose it
    assert bench.copies() == [(0.5, original), (1.0, original), (1.0, original), (2.0, original)]
    assert bench.sender.deadline == math.inf


def test_a_slow_network_is_given_time() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.packet()
    bench.now += 1.2
    bench.answer(2, 1)
    bench.type(b"b")
    bench.packet()
    assert bench.wait() == pytest.approx(1.8)


def test_after_a_copy_the_next_number_waits_for_late_ones() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.packet()
    bench.wait()
    bench.packet()
    bench.now += 0.001
    bench.answer(2, 1)
    bench.type(b"b")
    assert bench.sent() is None
    assert bench.wait() >= 0.2
    assert bench.packet() == SolPacket(3, data=b"b")


def test_without_copies_the_next_number_goes_at_once() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.packet()
    bench.type(b"b")
    bench.answer(2, 1)
    assert bench.packet() == SolPacket(3, data=b"b")


def test_on_a_network_that_doubles_packets_the_next_number_always_waits_for_a_while() -> None:
    """A BMC that does not look at session numbers takes a doubled packet behind the next one for new text."""
    bench = Bench()
    bench.sender.network_doubles(bench.now)
    for number in (2, 3):
        bench.type(b"a")
        bench.packet()
        bench.answer(number, 1)
        bench.type(b"b")
        assert bench.sent() is None
        assert bench.wait() == pytest.approx(0.2)
    bench.packet()
    bench.now += 60.0
    bench.answer(4, 2)
    bench.type(b"c")
    assert bench.packet().data == b"c"


def test_the_tail_of_a_partial_acceptance_goes_under_the_next_number() -> None:
    bench = Bench()
    bench.type(b"0123456789")
    bench.packet()
    bench.type(b"ab")
    bench.answer(2, 4)
    assert bench.packet() == SolPacket(3, data=b"456789ab")
    assert bench.events == []


def test_a_nack_pauses_until_the_bmc_is_ready_again() -> None:
    bench = Bench()
    bench.type(b"0123456789")
    bench.packet()
    bench.answer(2, 4, Status.NACK)
    assert bench.sent() is None
    bench.answer(2, 4)
    assert bench.packet() == SolPacket(3, data=b"456789")


@pytest.mark.parametrize(("flags", "pause"), [(0x40, 1.0), (0x60, 5.0)], ids=["busy", "host off"])
def test_a_nack_that_is_never_lifted_ends_by_itself(flags: int, pause: float) -> None:
    bench = Bench()
    bench.type(b"x")
    bench.packet()
    bench.answer(2, 0, flags)
    assert bench.wait() == pytest.approx(pause)
    assert bench.packet() == SolPacket(3, data=b"x")


def test_a_bmc_that_takes_nothing_and_says_so_without_nack_is_not_hammered() -> None:
    bench = Bench()
    bench.type(b"x")
    bench.packet()
    bench.answer(2, 0)
    assert bench.sent() is None
    assert bench.wait() == pytest.approx(0.5)
    assert bench.packet() == SolPacket(3, data=b"x")


def test_count_zero_means_all_on_a_bmc_with_that_quirk() -> None:
    bench = Bench(ack0_means_all=True)
    bench.type(b"x")
    bench.packet()
    bench.answer(2, 0)
    assert bench.events == [InputAccepted(1)]


def test_a_count_beyond_the_packet_is_the_whole_packet() -> None:
    bench = Bench()
    bench.type(b"abc")
    bench.packet()
    bench.answer(2, 200)
    assert bench.events == [InputAccepted(1)]


def test_old_acknowledgements_repeated_in_later_packets_are_harmless() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.packet()
    bench.answer(2, 1)
    bench.type(b"b")
    bench.packet()
    for _ in range(3):
        bench.answer(2, 1)
    assert bench.events == [InputAccepted(1)]
    bench.answer(3, 1)
    assert bench.events == [InputAccepted(1), InputAccepted(2)]


def test_an_acknowledgement_from_an_earlier_round_of_numbers_is_too_old() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.packet()
    bench.sender.acknowledged(SolPacket(0, 2, 1), bench.heard, bench.now)
    assert bench.events == []
    bench.answer(2, 1)
    assert bench.events == [InputAccepted(1)]


def test_a_break_is_a_packet_of_its_own_behind_what_was_typed() -> None:
    bench = Bench()
    bench.type(b"a")
    bench.sender.add_break(7)
    bench.type(b"b")
    assert bench.packet() == SolPacket(2, data=b"a")
    bench.answer(2, 1)
    assert bench.packet() == SolPacket(3, flags=Operation.BREAK)
    bench.wait()
    assert bench.packet() == SolPacket(3, flags=Operation.BREAK)
    bench.answer(3, 0)
    bench.wait()
    assert bench.packet() == SolPacket(4, data=b"b")
    assert bench.events == [InputAccepted(1), InputAccepted(7)]


@pytest.mark.parametrize(
    ("flags", "event"),
    [(Status.NACK, InputUnknown(7, 0)), (Status.NACK | Status.BREAK, InputAccepted(7))],
    ids=["refused", "both bits: no refusal"],
)
def test_a_break_that_is_answered_with_nack(flags: int, event: Event) -> None:
    bench = Bench()
    bench.sender.add_break(7)
    bench.packet()
    bench.answer(2, 0, flags)
    assert bench.events == [event]


def test_packets_start_small_and_grow_while_a_paste_goes_well() -> None:
    bench = Bench(inbound_size=259)
    bench.type(b"x" * 2000)
    sizes = []
    while (packet := bench.sent()) is not None:
        sizes.append(len(packet.data))
        bench.answer(packet.number, len(packet.data))
    assert sizes[:4] == [FIRST_LIMIT, 128, 255, 255]
    assert sum(sizes) == 2000


def test_packets_shrink_to_what_the_bmc_takes() -> None:
    bench = Bench()
    bench.type(b"x" * 200)
    bench.packet()
    bench.answer(2, 28)
    assert len(bench.packet().data) == 28


@pytest.mark.parametrize(("inbound_size", "most"), [(5, 1), (32, 28), (36, 32)])
def test_packets_never_exceed_what_the_bmc_says_it_takes(inbound_size: int, most: int) -> None:
    bench = Bench(inbound_size=inbound_size)
    bench.type(b"x" * 100)
    assert len(bench.packet().data) == most


def test_an_arrow_key_at_the_end_of_a_full_packet_waits_for_the_next() -> None:
    bench = Bench()
    bench.type(b"x" * (FIRST_LIMIT - 1))
    bench.type(b"\x1b[A")
    assert bench.packet().data == b"x" * (FIRST_LIMIT - 1)
    bench.answer(2, FIRST_LIMIT - 1)
    assert bench.packet().data == b"\x1b[A"


def test_an_activation_begins_with_an_empty_packet_before_any_character_is_at_stake() -> None:
    bench = Bench(first=9, opened=False)
    bench.type(b"x")
    assert bench.packet() == SolPacket(9)
    assert bench.sent() is None
    bench.answer(9, 0)
    assert bench.packet() == SolPacket(10, data=b"x")


def test_a_bmc_that_only_takes_number_one_first_is_found_out_without_losing_input() -> None:
    bench = Bench(first=9, opened=False)
    bench.type(b"x")
    numbers = []
    while (packet := bench.sent()) is None or packet.number != 1:
        if packet is not None:
            numbers.append(packet.number)
        bench.wait()
    assert numbers == [9, 9]
    bench.answer(1, 0)
    assert bench.packet() == SolPacket(2, data=b"x")


@pytest.mark.parametrize(("first", "then"), [(9, 10), (1, 2), (15, 2)])
def test_a_bmc_that_does_not_answer_empty_packets_gets_the_input_all_the_same(first: int, then: int) -> None:
    bench = Bench(first=first, opened=False)
    bench.type(b"x")
    while (packet := bench.sent()) is None or not packet.data:
        bench.wait()
    assert packet == SolPacket(then, data=b"x")
    assert bench.now < 103.0


def test_a_bmc_that_answers_all_else_gets_more_rounds_of_copies_and_then_the_sender_gives_in() -> None:
    bench = Bench()
    bench.type(b"x")
    bench.packet()
    rounds = 1
    copies = 1 + len(bench.copies())
    while bench.sender.persist():
        rounds += 1
        copies += len(bench.copies())
    assert rounds == ROUNDS
    assert copies == ROUNDS * len(RETRY_INTERVALS)


def test_an_answer_that_comes_after_all_ends_the_stall() -> None:
    bench = Bench()
    bench.type(b"x")
    bench.packet()
    bench.copies()
    bench.answer(2, 1)
    assert not bench.sender.stalled
    assert bench.events == [InputAccepted(1)]


def test_a_strict_bmc_is_walked_when_an_acknowledgement_was_lost() -> None:
    bench = Bench(strict_next=True, first=9)
    bench.type(b"x")
    assert bench.packet() == SolPacket(2, data=b"x")
    bench.copies()
    assert bench.sender.persist()
    walk = []
    for _ in range(5):
        bench.wait()
        walk.append(bench.packet())
    original = SolPacket(2, data=b"x")
    assert walk == [original, SolPacket(3), original, SolPacket(3), SolPacket(4)]
    bench.answer(4, 0)
    assert bench.events == [InputAccepted(1)]
    bench.type(b"y")
    bench.wait()
    assert bench.packet() == SolPacket(5, data=b"y")


def test_a_walk_in_vain_ends_in_a_stall_with_nothing_left_to_try() -> None:
    bench = Bench(strict_next=True)
    bench.type(b"x")
    bench.packet()
    bench.copies()
    assert bench.sender.persist()
    numbers = {SolPacket.from_bytes(payload).number for _, payload in bench.copies()}
    assert numbers == {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
    assert not bench.sender.persist()
    bench.sender.stop()
    assert bench.events == [InputUnknown(1, 1)]


def test_the_end_of_an_activation_reports_everything_that_is_not_acknowledged() -> None:
    bench = Bench()
    bench.type(b"in flight")
    bench.packet()
    bench.type(b"waiting")
    bench.sender.stop()
    assert bench.events == [InputUnknown(1, 9), InputUnknown(2, 7)]
    assert bench.sent() is None
    assert bench.sender.deadline == math.inf
