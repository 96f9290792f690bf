"""What the host prints, packet by packet: named for what went wrong elsewhere."""

import pytest

from solmux.ipmi.events import (
    BreakDetected,
    Event,
    HostUnavailable,
    LateOutput,
    Output,
    OutputGap,
    Overrun,
)
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import SolPacket, Status
from solmux.ipmi.sol_receiver import SolReceiver


class Bench:
    """A receiver, fed with packets under rising session numbers."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.round_trip = RoundTrip()
        self.receiver = SolReceiver(self.events, self.round_trip)
        self.sequence = 0
        self.now = 0.0

    def feed(
        self, number: int, data: bytes = b"", flags: int = 0, *, sequence: int | None = None
    ) -> tuple[int, int] | None:
        """Receive a packet; return number and count of the acknowledgement."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        answer = self.receiver.receive(sequence, SolPacket(number, 0, 0, flags, data), self.now)
        if answer is None:
            return None
        assert (answer[0], answer[3]) == (0, 0)
        return answer[1], answer[2]

    @property
    def output(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, Output))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_each_packet_is_delivered_and_acknowledged_whole(bench: Bench) -> None:
    assert bench.feed(1, b"hello ") == (1, 6)
    assert bench.feed(2, b"world") == (2, 5)
    assert bench.events == [Output(b"hello "), Output(b"world")]


def test_a_lost_acknowledgement_is_repeated_with_the_same_count(bench: Bench) -> None:
    assert bench.feed(1, b"kernel") == (1, 6)
    assert bench.feed(1, b"kernel") == (1, 6)
    assert bench.output == b"kernel"


def test_tail_of_a_grown_retry_is_logged_once_when_the_ack_crossed_it(bench: Bench) -> None:
    assert bench.feed(1, b"kernel ") == (1, 7)
    bench.now = 1.0
    assert bench.feed(1, b"kernel panic") == (1, 7)
    assert bench.feed(2, b"panic") == (2, 5)  # the BMC heard the first acknowledgement only
    assert bench.output == b"kernel panic"


def test_tail_of_a_grown_retry_is_not_lost_when_the_bmc_gives_the_packet_up(bench: Bench) -> None:
    bench.feed(1, b"kernel ")
    bench.feed(1, b"kernel panic: ")
    assert bench.feed(2, b"rebooting") == (2, 9)  # it heard no acknowledgement and went on
    assert bench.output == b"kernel panic: rebooting"


def test_tail_of_a_grown_retry_that_comes_in_pieces_is_not_lost_when_the_second_is_given_up(
    bench: Bench,
) -> None:
    bench.feed(1, b"kernel ")
    bench.feed(1, b"kernel panic: not syncing; ")
    bench.feed(2, b"panic: ")
    bench.feed(4, b"rebooting")
    assert bench.output == b"kernel panic: not syncing; rebooting"


def test_tail_of_a_grown_retry_is_not_lost_when_the_session_ends(bench: Bench) -> None:
    bench.feed(1, b"kernel ")
    bench.now = 1.0
    bench.feed(1, b"kernel panic")
    bench.receiver.finish(bench.sequence)
    bench.receiver.finish(bench.sequence)
    assert bench.output == b"kernel panic"


def test_tail_of_a_grown_retry_fills_the_gap_and_is_not_repeated_by_a_late_packet(bench: Bench) -> None:
    bench.feed(1, b"kernel ", sequence=1)
    bench.feed(1, b"kernel panic", sequence=2)
    bench.feed(3, b"rebooting", sequence=4)
    bench.feed(2, b"panic", sequence=3)
    assert bench.events == [Output(b"kernel "), OutputGap(1), Output(b"panicrebooting")]


def test_a_packet_repeated_whole_for_ever_is_taken_when_no_acknowledgement_can_be_on_its_way(
    bench: Bench,
) -> None:
    counts = []
    bench.feed(1, b"kernel ")
    for tenth in range(1, 70):
        bench.now = tenth / 10
        answer = bench.feed(1, b"kernel panic")
        if answer is not None:
            counts.append((tenth / 10, answer[1]))
    whole = [time for time, count in counts if count == 12]
    assert bench.output == b"kernel panic"
    assert counts[0] == (0.1, 7)
    assert 2.0 <= whole[0] <= 5.0
    assert max(time for time, count in counts if count == 7) <= whole[0] - 2.0
    assert whole == [time for time, _ in counts if time >= whole[0]]


def test_it_takes_longer_to_give_in_on_a_slow_network(bench: Bench) -> None:
    bench.round_trip.observe(3.0, 3.0)
    bench.feed(1, b"kernel ")
    for second in range(1, 7):
        bench.now = float(second)
        bench.feed(1, b"kernel panic")
    assert bench.output == b"kernel "


def test_a_bmc_that_answers_an_acknowledgement_with_the_packet_gets_no_storm_of_them(bench: Bench) -> None:
    bench.feed(1, b"kernel ")
    bench.now = 0.5
    assert bench.feed(1, b"kernel panic") == (1, 7)
    bench.now = 0.501
    assert bench.feed(1, b"kernel panic") is None
    bench.now = 1.0
    assert bench.feed(1, b"kernel panic") == (1, 7)


def test_copies_that_have_not_grown_are_always_answered(bench: Bench) -> None:
    bench.feed(1, b"kernel")
    for thousandth in range(50):
        bench.now = thousandth / 1000
        assert bench.feed(1, b"kernel") == (1, 6)


def test_an_old_copy_behind_the_next_packet_is_not_printed_again(bench: Bench) -> None:
    bench.feed(1, b"one", sequence=10)
    bench.feed(2, b"two", sequence=12)
    assert bench.feed(1, b"one", sequence=11) is None
    assert bench.output == b"onetwo"


def test_a_short_copy_that_a_longer_one_overtook_is_old_news(bench: Bench) -> None:
    assert bench.feed(1, b"kernel panic", sequence=11) == (1, 12)
    assert bench.feed(1, b"kernel ", sequence=10) is None
    assert bench.output == b"kernel panic"


def test_a_command_answer_between_packets_makes_nothing_late(bench: Bench) -> None:
    bench.feed(1, b"one", sequence=10)
    bench.feed(0, sequence=30)
    assert bench.feed(2, b"two", sequence=20) == (2, 3)
    assert bench.output == b"onetwo"


def test_any_number_may_come_first_and_zero_is_skipped(bench: Bench) -> None:
    bench.feed(14, b"a")
    bench.feed(15, b"b")
    bench.feed(1, b"c")
    assert bench.events == [Output(b"a"), Output(b"b"), Output(b"c")]


def test_numbers_left_out_are_reported_before_the_text_that_follows(bench: Bench) -> None:
    bench.feed(14, b"a")
    bench.feed(3, b"b")
    assert bench.events == [Output(b"a"), OutputGap(3), Output(b"b")]


def test_a_packet_that_was_left_out_and_comes_late_is_delivered_as_late_and_not_acknowledged(
    bench: Bench,
) -> None:
    bench.feed(1, b"a", sequence=1)
    bench.feed(3, b"c", sequence=3)
    assert bench.feed(2, b"b", sequence=2) is None
    assert bench.events == [Output(b"a"), OutputGap(1), Output(b"c"), LateOutput(b"b")]
    assert bench.feed(2, b"b", sequence=2) is None
    assert bench.output == b"ac"
    assert len(bench.events) == 4


def test_a_packet_that_comes_much_too_late_is_not_mixed_in(bench: Bench) -> None:
    bench.feed(1, b"a", sequence=1)
    bench.feed(3, b"c", sequence=3)
    bench.now = 6.0
    assert bench.feed(2, b"b", sequence=2) is None
    assert bench.output == b"ac"


def test_fourteen_packets_lost_in_a_row_are_noticed_by_the_text(bench: Bench) -> None:
    bench.feed(1, b"before", sequence=1)
    assert bench.feed(1, b"after all", sequence=17) == (1, 9)
    assert bench.events == [Output(b"before"), OutputGap(14), Output(b"after all")]


def test_a_number_used_again_for_other_text_is_new_text_and_no_gap(bench: Bench) -> None:
    bench.feed(1, b"given up")
    assert bench.feed(1, b"instead") == (1, 7)
    assert bench.events == [Output(b"given up"), Output(b"instead")]


def test_fourteen_lost_packets_and_the_same_text_look_like_a_repetition(bench: Bench) -> None:
    """No receiver can tell: promised is that nothing is printed twice, not that this is seen."""
    bench.feed(1, b"\r\n", sequence=1)
    assert bench.feed(1, b"\r\n", sequence=40) == (1, 2)
    assert bench.output == b"\r\n"


def test_characters_beyond_what_can_be_acknowledged_are_left_for_the_next_packet(bench: Bench) -> None:
    text = bytes(range(256)) + b"tail"
    assert bench.feed(1, text) == (1, 255)
    bench.feed(2, text[255:])
    assert bench.output == text


def test_status_bits_come_before_the_characters_of_their_packet_and_once_per_packet(bench: Bench) -> None:
    flags = Status.OVERRUN | Status.BREAK
    bench.feed(1, b"after a hole", flags)
    bench.feed(1, b"after a hole", flags)
    assert bench.events == [Overrun(), BreakDetected(), Output(b"after a hole")]


def test_a_bit_that_only_the_retransmission_carries_is_reported(bench: Bench) -> None:
    bench.feed(1, b"text")
    bench.feed(1, b"text", Status.OVERRUN)
    bench.feed(1, b"text", Status.OVERRUN)
    assert bench.events == [Output(b"text"), Overrun()]


def test_the_host_goes_and_comes_back(bench: Bench) -> None:
    bench.feed(0, flags=Status.UNAVAILABLE)
    bench.feed(1, b"x", Status.UNAVAILABLE)
    bench.feed(2, b"y")
    bench.feed(0)
    assert bench.events == [HostUnavailable(True), Output(b"x"), HostUnavailable(False), Output(b"y")]


def test_a_new_activation_begins_anywhere_and_forgets_nothing_of_the_old_one(bench: Bench) -> None:
    bench.feed(5, b"old", sequence=10)
    bench.receiver.finish(12)
    assert bench.feed(5, b"old", sequence=11) is None  # a copy of the old activation, late
    assert bench.feed(5, b"new", sequence=13) == (5, 3)
    assert bench.output == b"oldnew"
    assert OutputGap not in map(type, bench.events)


def test_session_numbers_that_start_anew_do_not_silence_the_console(bench: Bench) -> None:
    bench.feed(1, b"a", sequence=0xFFFFFFFF)
    assert bench.feed(2, b"b", sequence=1) == (2, 1)
    assert bench.output == b"ab"
