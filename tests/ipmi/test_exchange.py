"""One command in flight: repeated, matched, given up, and the next one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.counters import DropCounters
from solmux.ipmi.exchange import COMMAND_SCHEDULE, SEND_ONCE, Answer, CommandChannel, NoAnswer
from solmux.ipmi.message import CompletionCode, Request, Response

DEVICE_ID = Request(0x06, 0x01)
STATUS = Request(0x00, 0x01)
POWER_CYCLE = Request(0x00, 0x02, b"\x02")


def answer_to(message: bytes, code: int = 0, data: bytes = b"") -> bytes:
    request, sequence = Request.from_bytes(message)
    return Response(request.net_fn + 1, request.command, sequence, code, data).to_bytes()


def sequence_of(message: bytes) -> int:
    return Request.from_bytes(message)[1]


class Clock:
    """Runs a channel's timers and keeps what it sends, with the time."""

    def __init__(self, *, verify_checksums: bool = True) -> None:
        self.counters = DropCounters()
        self.channel = CommandChannel(self.counters, verify_checksums=verify_checksums)
        self.now = 100.0
        self.sent: list[tuple[float, bytes]] = []

    def collect(self) -> list[bytes]:
        messages = self.channel.messages_to_send()
        self.sent += [(self.now - 100.0, message) for message in messages]
        return messages

    def run_timer(self) -> NoAnswer | None:
        self.now = self.channel.deadline
        return self.channel.handle_timer(self.now)

    def until_given_up(self) -> NoAnswer:
        while True:
            self.collect()
            lost = self.run_timer()
            if lost is not None:
                return lost


def test_an_unanswered_request_goes_out_four_times_by_the_schedule_with_the_same_bytes() -> None:
    clock = Clock()
    ticket = clock.channel.submit(DEVICE_ID, clock.now)
    assert clock.until_given_up() == NoAnswer(ticket, DEVICE_ID)
    assert [time for time, _ in clock.sent] == [0.0, 0.5, 1.5, 3.5]
    assert len({message for _, message in clock.sent}) == 1
    assert clock.now == 107.5
    assert clock.channel.deadline == math.inf
    assert clock.channel.idle


def test_what_must_not_happen_twice_is_sent_once() -> None:
    clock = Clock()
    ticket = clock.channel.submit(POWER_CYCLE, clock.now, SEND_ONCE)
    assert clock.until_given_up() == NoAnswer(ticket, POWER_CYCLE)
    assert len(clock.sent) == 1
    assert clock.now == 105.0


@pytest.mark.parametrize("copies", [1, 2, 3, 4])
def test_an_answer_to_any_copy_ends_it(copies: int) -> None:
    clock = Clock()
    ticket = clock.channel.submit(DEVICE_ID, clock.now)
    for _ in range(copies - 1):
        clock.collect()
        assert clock.run_timer() is None
    (message,) = clock.collect()
    response = answer_to(message, data=b"data")
    assert clock.channel.receive(response, clock.now) == Answer(
        ticket, DEVICE_ID, Response.from_bytes(response)
    )
    assert clock.channel.idle
    assert clock.channel.receive(response, clock.now) is None  # the answer to another copy
    assert clock.counters.by_reason == {"unmatched_response": 1}


def test_an_error_is_an_answer() -> None:
    clock = Clock()
    clock.channel.submit(DEVICE_ID, clock.now)
    (message,) = clock.collect()
    answer = clock.channel.receive(answer_to(message, CompletionCode.INVALID_COMMAND), clock.now)
    assert isinstance(answer, Answer)
    assert answer.response.completion_code == 0xC1


def test_timers_do_nothing_before_they_are_due() -> None:
    clock = Clock()
    assert clock.channel.handle_timer(clock.now) is None
    clock.channel.submit(DEVICE_ID, clock.now)
    clock.collect()
    assert clock.channel.handle_timer(clock.channel.deadline - 0.001) is None
    assert clock.collect() == []


def test_one_request_is_in_flight_and_the_others_follow_in_order() -> None:
    clock = Clock()
    tickets = [clock.channel.submit(request, clock.now) for request in (DEVICE_ID, STATUS, DEVICE_ID)]
    for ticket in tickets:
        (message,) = clock.collect()
        clock.now += 0.1
        answer = clock.channel.receive(answer_to(message), clock.now)
        assert isinstance(answer, Answer)
        assert answer.ticket == ticket
    assert len({sequence_of(message) for _, message in clock.sent}) == 3


def test_a_request_given_up_makes_way_for_the_next_with_its_full_time() -> None:
    clock = Clock()
    clock.channel.submit(DEVICE_ID, clock.now)
    second = clock.channel.submit(STATUS, clock.now)
    clock.until_given_up()
    (message,) = clock.collect()
    assert clock.channel.deadline == clock.now + COMMAND_SCHEDULE[0]
    answer = clock.channel.receive(answer_to(message), clock.now)
    assert isinstance(answer, Answer)
    assert answer.ticket == second


def test_cfh_is_no_answer_the_first_copys_is_yet_to_come() -> None:
    clock = Clock()
    ticket = clock.channel.submit(DEVICE_ID, clock.now)
    (message,) = clock.collect()
    clock.run_timer()
    clock.collect()
    deadline = clock.channel.deadline
    assert clock.channel.receive(answer_to(message, CompletionCode.DUPLICATE_REQUEST), clock.now) is None
    assert clock.counters.by_reason == {"duplicate_request": 1}
    assert clock.channel.deadline == deadline
    answer = clock.channel.receive(answer_to(message, data=b"real"), clock.now)
    assert isinstance(answer, Answer)
    assert (answer.ticket, answer.response.data) == (ticket, b"real")


def test_a_busy_bmc_is_asked_again_soon_as_if_for_the_first_time() -> None:
    clock = Clock()
    ticket = clock.channel.submit(POWER_CYCLE, clock.now, SEND_ONCE)
    busy = 0
    while True:
        (message,) = clock.collect()
        result = clock.channel.receive(answer_to(message, CompletionCode.NODE_BUSY), clock.now)
        if result is not None:
            break
        busy += 1
        assert clock.channel.messages_to_send() == []
        assert 0.04 < clock.channel.deadline - clock.now < 0.6
        assert clock.run_timer() is None
    assert busy == 4
    assert isinstance(result, Answer)
    assert (result.ticket, result.response.completion_code) == (ticket, CompletionCode.NODE_BUSY)
    assert len({sequence_of(message) for _, message in clock.sent}) == 5


def test_sequence_numbers_given_up_are_not_used_again_soon() -> None:
    clock = Clock()
    clock.channel.submit(DEVICE_ID, clock.now)
    clock.until_given_up()
    lost = sequence_of(clock.sent[0][1])
    used = []
    for _ in range(200):
        clock.channel.submit(STATUS, clock.now)
        (message,) = clock.collect()
        used.append(sequence_of(message))
        assert clock.channel.receive(answer_to(message), clock.now) is not None
    assert lost not in used
    assert set(used) == set(range(64)) - {lost}


def test_a_bmc_that_never_answers_does_not_run_us_out_of_sequence_numbers() -> None:
    clock = Clock()
    for _ in range(200):
        clock.channel.submit(STATUS, clock.now, SEND_ONCE)
        clock.until_given_up()
    recent = [sequence_of(message) for _, message in clock.sent]
    assert all(len(set(recent[at : at + 32])) == 32 for at in range(len(recent) - 32))


def test_a_request_of_the_bmc_is_handed_on() -> None:
    """OpenBMC tells a session that its SOL is gone by a request of its own."""
    clock = Clock()
    activating = Request(0x0C, 0x20, b"\0\1\1\0")
    assert clock.channel.receive(activating.to_bytes(5), clock.now) == activating
    clock.channel.submit(DEVICE_ID, clock.now)
    assert clock.channel.receive(activating.to_bytes(5), clock.now) == activating
    assert not clock.channel.idle


def test_abandoned_requests_are_named_and_forgotten() -> None:
    clock = Clock()
    first = clock.channel.submit(DEVICE_ID, clock.now)
    second = clock.channel.submit(STATUS, clock.now)
    assert clock.channel.abandon() == [NoAnswer(first, DEVICE_ID), NoAnswer(second, STATUS)]
    assert clock.collect() == []
    assert clock.channel.deadline == math.inf
    assert clock.channel.abandon() == []


def test_wrong_checksums_are_dropped_unless_the_bmc_is_known_for_them() -> None:
    for verify, expected in ((True, {"bad_checksum": 1}), (False, {})):
        clock = Clock(verify_checksums=verify)
        clock.channel.submit(DEVICE_ID, clock.now)
        (message,) = clock.collect()
        damaged = answer_to(message)[:-1] + b"\x55"
        assert (clock.channel.receive(damaged, clock.now) is None) is verify
        assert clock.counters.by_reason == expected


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_are_dropped_and_counted_or_a_request_and_the_right_answer_is_still_taken(
    message: bytes, verify: bool
) -> None:
    clock = Clock(verify_checksums=verify)
    ticket = clock.channel.submit(DEVICE_ID, clock.now)
    (sent,) = clock.collect()
    deadline = clock.channel.deadline
    result = clock.channel.receive(message, clock.now)
    assert isinstance(result, Request) == (clock.counters.total == 0)
    assert clock.channel.deadline == deadline
    answer = clock.channel.receive(answer_to(sent), clock.now)
    assert isinstance(answer, Answer)
    assert answer.ticket == ticket
