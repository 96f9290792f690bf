"""Both halves of SOL behind one door."""

import pytest

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.events import Event, InputAccepted, Output
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import SolPacket, Status
from solmux.ipmi.sol_endpoint import SolEndpoint


class Bench:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.counters = DropCounters()
        self.endpoint = SolEndpoint(self.events, self.counters, RoundTrip())
        self.sequence = 0

    def feed(self, payload: bytes) -> None:
        self.sequence += 1
        self.endpoint.newest = self.sequence
        self.endpoint.receive(self.sequence, payload, 0.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_packet_with_characters_and_an_acknowledgement_does_both(bench: Bench) -> None:
    bench.endpoint.start(255, 1)
    assert bench.endpoint.payload_to_send(0.0) == SolPacket(1).to_bytes()
    bench.feed(SolPacket(0, 1).to_bytes())
    bench.endpoint.sender.add(b"ls\r", 1)
    assert bench.endpoint.payload_to_send(0.0) == SolPacket(2, data=b"ls\r").to_bytes()
    bench.feed(SolPacket(4, 2, 3, 0, b"ls\r\n").to_bytes())
    assert bench.events == [Output(b"ls\r\n"), InputAccepted(1)]
    assert bench.endpoint.answers_to_send() == [SolPacket(0, 4, 4).to_bytes()]
    assert bench.endpoint.answers_to_send() == []


def test_characters_that_overtake_the_activation_are_taken_and_acknowledged(bench: Bench) -> None:
    bench.feed(SolPacket(1, data=b"early").to_bytes())
    assert bench.events == [Output(b"early")]
    assert bench.endpoint.answers_to_send() == [SolPacket(0, 1, 5).to_bytes()]
    assert bench.endpoint.payload_to_send(0.0) is None


def test_characters_without_a_number_are_dropped_and_the_rest_of_the_packet_is_used(bench: Bench) -> None:
    bench.endpoint.start(255, 1)
    bench.endpoint.payload_to_send(0.0)
    bench.feed(SolPacket(0, 1, 0, 0, b"illegal").to_bytes())
    assert bench.counters.by_reason == {DropReason.MALFORMED: 1}
    assert bench.events == []
    assert not bench.endpoint.sender.awaits_ack
    assert bench.endpoint.answers_to_send() == []


@pytest.mark.parametrize("length", range(4))
def test_a_packet_shorter_than_its_header_is_counted_and_changes_nothing(bench: Bench, length: int) -> None:
    bench.feed(b"\x11\x10\xff"[:length])
    assert bench.counters.by_reason == {DropReason.MALFORMED: 1}
    assert bench.events == []
    assert bench.endpoint.answers_to_send() == []


def test_the_last_characters_come_with_the_news_that_sol_ends(bench: Bench) -> None:
    bench.feed(SolPacket(1, 0, 0, Status.DEACTIVATING, b"bye").to_bytes())
    assert bench.events == [Output(b"bye")]
    assert bench.endpoint.deactivated
    assert bench.endpoint.answers_to_send() == [SolPacket(0, 1, 3).to_bytes()]


def test_the_end_of_an_old_activation_does_not_end_the_new_one(bench: Bench) -> None:
    bench.sequence = 10
    bench.feed(SolPacket(1, data=b"x").to_bytes())
    bench.endpoint.stop()
    bench.endpoint.start(255, 1)
    bench.endpoint.receive(9, SolPacket(0, flags=Status.DEACTIVATING).to_bytes(), 0.0)
    assert not bench.endpoint.deactivated
    bench.feed(SolPacket(0, flags=Status.DEACTIVATING).to_bytes())
    assert bench.endpoint.deactivated
