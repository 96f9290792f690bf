"""Every character once, in order, both ways: each kind of BMC, each kind of network, twenty seeds each.

The models decide: their transcripts say what the host printed, what they gave up, what the host got to read.

What no console can see, and what is promised instead:

* After fourteen lost packets the last number comes again; only the text tells. With the same text (or one
  that begins with it) it looks like a retransmission, and is printed once. After fifteen the next number
  comes, as if nothing had happened: no more is lost than those, and no gap is reported.
* A BMC that gives up a packet we had, and sends its text again under the next number, prints it twice.
* Input in flight when the BMC stops answering may have arrived or not: the sender stalls, and its owner
  reports that input as unknown.
* A network that doubles a datagram and delivers the second behind later packets doubles input on a BMC that
  does not look at session numbers; both ends are required to, and the network here relies on it.
"""

import dataclasses
import random

import pytest

from solmux.ipmi.events import InputUnknown, OutputGap
from tests.ipmi.sol_console import Action, Rig
from tests.ipmi.sol_models import Behaviour, ModelBmc, Network, Weather

SEEDS = range(20)
MODELS = {
    "plain": Behaviour(),
    "growing": Behaviour(grows=True),
    "partial-nack": Behaviour(partial=0.3),
    "partial-ack": Behaviour(partial=0.3, nack=False),
    "strict": Behaviour(strict=True, whole_again=True),
    "growing-whole-again": Behaviour(grows=True, whole_again=True),
    "begins-at-nine": Behaviour(first=9),
    "silent-to-empty": Behaviour(answers_empty=False),
}
WEATHERS = {
    "clean": Weather(),
    "loss-5": Weather(0.05, 0.05, 0.001, 0.04),
    "loss-30": Weather(0.3, 0.2, 0.001, 0.04),
    "beyond-the-retry-interval": Weather(0.0, 0.0, 0.15, 0.15),
    "beyond-it-with-jitter": Weather(0.02, 0.05, 0.05, 0.25),
    "beyond-it-with-loss": Weather(0.3, 0.05, 0.05, 0.4),
}
BECOMING = {
    "slow": Weather(0.0, 0.0, 0.6, 0.6),
    "jittery": Weather(0.05, 0.05, 0.3, 0.7),
    "wild": Weather(0.02, 0.1, 0.001, 0.5),
}


def script(seed: int, pace: float) -> list[Action]:
    """Lines of output and tokens of input, none like another."""
    choose = random.Random(seed)
    actions: list[Action] = []
    time = 0.0
    for line in range(60):
        time += choose.uniform(0, pace)
        text = choose.randbytes(choose.randrange(15)).hex().encode()
        actions.append((time, "host", b"out%04d%s\r\n" % (line, text)))
    time = 0.0
    for token in range(40):
        time += choose.uniform(0, 2 * pace)
        actions.append((time, "person", b"<in%04d>" % token))
    return actions


def typed(actions: list[Action]) -> bytes:
    return b"".join(data for _, who, data in sorted(actions) if who == "person")


def rig(behaviour: Behaviour, weather: Weather, seed: int) -> Rig:
    bmc = ModelBmc(behaviour, random.Random(seed + 1000))
    return Rig(bmc, Network(seed, weather), strict_next=behaviour.strict, first=1 if behaviour.strict else 5)


def check(run: Rig, actions: list[Action]) -> None:
    """Compare with the transcript; a sender that stalled has sent the beginning of what was typed."""
    assert run.output == bytes(run.bmc.printed[: len(run.output)])
    if run.console.sender.stalled:
        assert typed(actions).startswith(bytes(run.bmc.host_input))
        return
    assert run.output == bytes(run.bmc.printed)
    assert bytes(run.bmc.host_input) == typed(actions)
    assert run.accepted == list(range(1, 41))


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS.keys())
@pytest.mark.parametrize("behaviour", MODELS.values(), ids=MODELS.keys())
def test_every_character_once_in_every_model(behaviour: Behaviour, weather: Weather) -> None:
    stalled = 0
    for seed in SEEDS:
        run = rig(behaviour, weather, seed)
        actions = script(seed, 0.15)
        run.run(actions, until=3000.0)
        check(run, actions)
        stalled += run.console.sender.stalled
    assert stalled == 0


@pytest.mark.parametrize("retry", [0.1, 1.0])
@pytest.mark.parametrize("weather", BECOMING.values(), ids=BECOMING.keys())
@pytest.mark.parametrize("behaviour", MODELS.values(), ids=MODELS.keys())
def test_every_character_once_when_a_quick_network_becomes_bad(
    behaviour: Behaviour, weather: Weather, retry: float
) -> None:
    """All that was measured at first is wrong then: round trips beyond the BMC's retry interval, and ours."""
    for seed in SEEDS:
        run = rig(dataclasses.replace(behaviour, retry=retry), Weather(), seed)
        actions = script(seed, 0.3)
        run.run(actions, until=3000.0, changes=[(1.5, weather)])
        check(run, actions)


@pytest.mark.parametrize("grows", [False, True], ids=["plain", "growing"])
@pytest.mark.parametrize("sends", [1, 3])
def test_what_a_bmc_gives_up_is_the_only_thing_missing_and_is_reported(sends: int, grows: bool) -> None:
    given_up = missing = 0
    for seed in SEEDS:
        run = rig(Behaviour(sends=sends, grows=grows), Weather(0.3, 0.1, 0.001, 0.03), seed)
        run.run(script(seed, 0.15), until=3000.0)
        run.console.stop()
        assert run.bmc.explains(run.output)
        seen = bytearray(len(run.bmc.printed))  # what was in any copy of any packet that arrived
        for payload in (payload for to, payload in run.network.delivered if to == "console" and payload[0]):
            start = run.bmc.starts[payload]
            seen[start : start + len(payload) - 4] = b"x" * (len(payload) - 4)
        assert len(run.output) == len(seen) - seen.count(0)
        unseen = [start for start, _ in run.bmc.given_up if not seen[start]]
        gaps = sum(event.packets for event in run.events if isinstance(event, OutputGap))
        between = [start for start in unseen if seen.index(b"x") < start < seen.rindex(b"x")]
        assert gaps == len(between) or (grows and gaps > len(between))  # a grown copy may have filled a gap
        given_up += len(run.bmc.given_up)
        missing += len(unseen)
    assert given_up > 20
    assert missing > 5


def test_a_checker_that_sees_through_everything_would_prove_nothing() -> None:
    bmc = ModelBmc(Behaviour(), random.Random(0), printed=bytearray(b"abcdef"), given_up=[(2, 2)])
    assert [text for text in (b"abcdef", b"abcef", b"abef") if not bmc.explains(text)] == []
    assert [text for text in (b"abdef", b"abccdef", b"abcde", b"bcdef", b"") if bmc.explains(text)] == []


@pytest.mark.parametrize("behaviour", MODELS.values(), ids=MODELS.keys())
def test_an_outage_longer_than_all_numbers_loses_nothing_that_the_bmc_keeps(behaviour: Behaviour) -> None:
    """A hundred copies of one packet are lost; the BMC keeps repeating it."""
    run = rig(behaviour, Weather(), 1)
    actions: list[Action] = [(tenth / 10, "host", b"line %03d\r\n" % tenth) for tenth in range(120)]
    run.network.lose = lambda _to, _payload: 1.0 < run.now < 11.0
    run.run(actions)
    assert run.output == bytes(run.bmc.printed)


@pytest.mark.parametrize(("lost", "gaps"), [(1, [1]), (13, [13]), (14, [14]), (15, []), (16, [1])])
def test_packets_lost_in_a_row_lose_no_more_than_themselves(lost: int, gaps: list[int]) -> None:
    run = rig(Behaviour(sends=1, largest=9), Weather(), 1)
    left = lost

    def lose(to: str, payload: bytes) -> bool:
        nonlocal left
        if to == "console" and payload[0] and run.bmc.printed.count(b"\n") >= 20 and left:
            left -= 1
            return True
        return False

    run.network.lose = lose
    run.run([(line / 4, "host", b"line %03d\n" % line) for line in range(60)])
    lines = [b"line %03d" % line for line in range(60)]
    assert run.output.split(b"\n")[:-1] == lines[:19] + lines[19 + lost :]
    assert [event.packets for event in run.events if isinstance(event, OutputGap)] == gaps


ANSWERS_BREAK = {name: behaviour for name, behaviour in MODELS.items() if behaviour.answers_empty}


@pytest.mark.parametrize("behaviour", ANSWERS_BREAK.values(), ids=ANSWERS_BREAK.keys())
def test_a_break_keeps_its_place_and_comes_once(behaviour: Behaviour) -> None:
    unknown = 0
    for seed in SEEDS:
        run = rig(behaviour, WEATHERS["loss-30"], seed)
        run.run([(1.0, "person", b"echo b >"), (1.1, "break", b""), (1.2, "person", b"b")])
        assert bytes(run.bmc.host_input) == b"echo b >b"
        assert run.accepted in ([1, 2, 3], [1, 3])
        if 2 in run.accepted:
            assert run.bmc.breaks == [8]
        else:  # the answers to the first empty packets were lost, too: so nobody expects one to the BREAK
            assert InputUnknown(2, 0) in run.events
            assert run.bmc.breaks in ([], [8])
            unknown += 1
    assert unknown <= len(SEEDS) // 5


def test_a_break_is_sent_once_and_unknown_where_empty_packets_are_not_answered() -> None:
    run = rig(MODELS["silent-to-empty"], Weather(), 1)
    run.run([(5.0, "person", b"echo b >"), (5.1, "break", b""), (5.2, "person", b"b")])
    assert bytes(run.bmc.host_input) == b"echo b >b"
    assert run.bmc.breaks == [8]
    assert run.accepted == [1, 3]
    assert InputUnknown(2, 0) in run.events
