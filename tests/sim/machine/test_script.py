import math

import pytest

from solmux.sim.machine.script import GetKey, Pause, Player, Print, Script


class StopError(Exception):
    pass


def talkative(times: list[float], player: Player) -> Script[None]:
    yield Print(b"x" * 100)
    times.append(player.clock)
    yield Pause(2.0)
    times.append(player.clock)
    key = yield GetKey()
    times.append(player.clock)
    yield Print(b"<" + key + b">")


def test_printing_takes_as_long_as_the_line_needs() -> None:
    player = Player(rate=100.0)
    times: list[float] = []
    player.play(talkative(times, player), 10.0)
    assert player.read(10.0) == b""
    assert player.read(10.25) == b"x" * 25
    assert player.read(11.0) == b"x" * 75
    assert times == [pytest.approx(11.0)]


def test_a_late_reader_gets_everything_and_the_clock_of_the_script_stays_right() -> None:
    player = Player(rate=100.0)
    times: list[float] = []
    player.play(talkative(times, player), 0.0)
    player.feed(b"k", 0.0)
    assert player.read(60.0) == b"x" * 100 + b"<k>"
    assert times == [pytest.approx(1.0), pytest.approx(3.0), pytest.approx(3.0)]
    assert player.deadline == math.inf


def test_a_script_that_waits_for_input_costs_nothing() -> None:
    player = Player(rate=100.0)
    player.play(talkative([], player), 0.0)
    player.read(5.0)
    assert player.deadline == math.inf
    player.feed(b"k", 100.0)
    assert player.deadline == 100.0
    assert player.read(100.02) == b"<k"
    assert player.read(100.03) == b">"


def waiting() -> Script[None]:
    while True:
        key = yield GetKey(1.0)
        yield Print(key or b".")


def test_a_key_that_does_not_come_is_empty() -> None:
    player = Player(rate=1e6)
    player.play(waiting(), 0.0)
    player.read(0.0)
    assert player.deadline == 1.0
    assert player.read(2.5) == b".."
    player.feed(b"ab", 2.6)
    assert player.read(2.7) == b"ab"


def test_keys_beyond_the_queue_are_lost() -> None:
    player = Player(rate=1e9)
    player.play(waiting(), 0.0)
    player.feed(b"k" * 5000, 0.0)
    assert player.read(0.5) == b"k" * 4096


def stubborn() -> Script[None]:
    try:
        while True:
            yield Print(b"busy ")
            yield Pause(1.0)
    except StopError:
        yield Print(b"stopped")


def test_an_error_thrown_into_a_script_is_its_to_handle() -> None:
    player = Player(rate=1e6)
    player.play(stubborn(), 0.0)
    assert player.read(1.5) == b"busy busy "
    player.throw(StopError(), 1.6)
    assert player.read(2.0) == b"stopped"
    assert player.read(60.0) == b""


def test_an_interjection_comes_between() -> None:
    player = Player(rate=1e6)
    player.play(stubborn(), 0.0)
    printed = player.read(0.5)
    player.catch_up(0.7)
    player.interject(b"[kernel] ")
    assert player.clock == 0.7
    printed += player.read(0.8) + player.read(1.5)
    assert printed == b"busy [kernel] busy "


def test_a_new_script_cuts_the_old_one_off() -> None:
    player = Player(rate=100.0)
    player.play(talkative([], player), 0.0)
    assert player.read(0.5) == b"x" * 50
    player.play(waiting(), 0.5)
    assert player.read(1.6) == b"."
    player.stop()
    player.feed(b"lost", 2.0)
    assert player.read(9.0) == b""
    assert player.deadline == math.inf
