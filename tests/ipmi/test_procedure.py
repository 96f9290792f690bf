"""Procedures: what they yield is done, and they get what came of it."""

import math

from solmux.ipmi.counters import DropCounters
from solmux.ipmi.exchange import Answer, CommandChannel
from solmux.ipmi.message import Request, Response
from solmux.ipmi.procedure import Ask, Pause, Procedure, Runner, good_data
from solmux.ipmi.round_trip import RoundTrip

REQUEST = Request(6, 1)
OTHER = Request(6, 2)


class Bench:
    def __init__(self) -> None:
        self.commands = CommandChannel(DropCounters())
        self.round_trip = RoundTrip()
        self.runner = Runner(self.commands, self.round_trip)
        self.got: list[object] = []

    def sent(self) -> list[Request]:
        return [Request.from_bytes(message)[0] for message in self.commands.messages_to_send()]

    def answer(self, now: float) -> Response:
        """Answer the message in flight."""
        request, sequence = Request.from_bytes(self.commands.messages_to_send()[-1])
        response = Response(request.net_fn + 1, request.command, sequence, 0)
        received = self.commands.receive(response.to_bytes(), now)
        assert isinstance(received, Answer)
        assert self.runner.answered(received.ticket, received.response, now)
        return response

    def procedure(self) -> Procedure[None]:
        self.got.append((yield Ask(REQUEST, (1.0,))))
        self.got.append((yield Pause(5.0)))
        self.got.append((yield Ask(OTHER, (1.0,), hurried=True)))


def test_answers_pauses_and_silence_resume_a_procedure() -> None:
    bench = Bench()
    bench.runner.run(bench.procedure(), 0.0)
    response = bench.answer(2.0)
    assert bench.runner.deadline == 7.0
    bench.runner.handle_timer(6.9)
    early = bench.sent()
    bench.runner.handle_timer(7.0)
    assert (early, bench.sent()) == ([], [OTHER])
    lost = bench.commands.handle_timer(8.0)
    assert lost is not None
    assert bench.runner.answered(lost.ticket, None, 8.0)
    assert bench.got == [response, None, None]
    assert not bench.runner.busy
    assert bench.runner.deadline == math.inf


def test_answers_to_others_are_left_to_others() -> None:
    bench = Bench()
    assert not bench.runner.answered(1, None, 0.0)
    bench.runner.run(bench.procedure(), 0.0)
    assert not bench.runner.answered(7, None, 0.0)
    assert bench.got == []


def test_waits_are_longer_on_a_slow_network_unless_there_is_hurry() -> None:
    bench = Bench()
    bench.round_trip.observe(2.0, 2.0)
    bench.runner.run(bench.procedure(), 0.0)
    assert bench.commands.deadline == 3.0
    bench.runner.stop()
    bench.commands.abandon()

    def hurried() -> Procedure[None]:
        yield Ask(OTHER, (1.0,), hurried=True)

    bench.runner.run(hurried(), 0.0)
    assert bench.commands.deadline == 1.0


def test_a_procedure_can_set_another_one_going_and_is_forgotten() -> None:
    bench = Bench()

    def first() -> Procedure[None]:
        yield Pause(1.0)
        bench.runner.run(bench.procedure(), 1.0)
        yield Pause(1.0)
        bench.got.append("never")

    bench.runner.run(first(), 0.0)
    bench.runner.handle_timer(1.0)
    bench.runner.handle_timer(100.0)
    assert bench.got == []
    bench.answer(100.0)
    assert bench.runner.deadline == 105.0


def test_a_procedure_that_stops_itself_ends_there() -> None:
    bench = Bench()

    def ending() -> Procedure[None]:
        yield Pause(1.0)
        bench.runner.stop()
        yield Ask(REQUEST)

    bench.runner.run(ending(), 0.0)
    bench.runner.handle_timer(1.0)
    assert bench.sent() == []
    assert not bench.runner.busy


def test_an_error_has_no_good_data() -> None:
    assert good_data(None) == b""
    assert good_data(Response(7, 1, 0, 0xC1, b"junk")) == b""
    assert good_data(Response(7, 1, 0, 0, b"data")) == b"data"
