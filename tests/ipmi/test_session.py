"""Input that is not acknowledged, while all else is well: stalls, re-activation, and what people are told."""

import random

import pytest

from solmux.ipmi.client import ClientState
from solmux.ipmi.commands import ActivatePayload, DeactivatePayload, GetDeviceId, GetPayloadInstanceInfo
from solmux.ipmi.events import (
    Closed,
    InputAccepted,
    InputUnknown,
    Output,
    SolActivated,
    SolActivating,
    SolLost,
)
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.sol import SolPacket, Status
from tests.ipmi.client_rig import ClientRig
from tests.ipmi.link import Link
from tests.ipmi.session_bmc import Echo, SessionBmc
from tests.ipmi.sol_models import Behaviour, ModelBmc


class Deaf(Echo):
    """Acknowledges until it is deaf."""

    deaf = False

    def __call__(self, payload: bytes, now: float) -> list[bytes]:
        return [] if self.deaf and payload[0] else super().__call__(payload, now)


def deaf_rig() -> tuple[ClientRig, Deaf]:
    ears = Deaf()
    rig = ClientRig(SessionBmc(sol=ears)).activated()
    ears.deaf = True
    return rig, ears


def test_a_bmc_that_will_not_acknowledge_is_asked_and_then_activated_anew() -> None:
    rig, ears = deaf_rig()
    rig.type(b"reboot\r")
    rig.type(b"behind")
    rig.run(60.0, until=lambda: len(rig.of(SolActivating)) == 2)
    ears.deaf = False
    rig.run(10.0)
    assert rig.of(InputUnknown) == [InputUnknown(1, 7), InputUnknown(2, 6)]
    assert len(rig.of(SolActivated)) == 2
    assert rig.client.state is ClientState.ACTIVE
    assert not rig.of(SolLost)
    copies = [payload for _, payload in rig.bmc.payloads if payload[4:] == b"reboot\r"]
    assert len(copies) == 15
    assert len(set(copies)) == 1
    rig.type(b"again")
    rig.run(1.0)
    assert rig.of(InputAccepted) == [InputAccepted(3)]
    assert ears.host_input == b"again"


def test_the_bmc_is_asked_who_has_sol_before_anything_is_given_up() -> None:
    rig, _ = deaf_rig()
    rig.type(b"x")
    rig.run(60.0, until=lambda: len(rig.of(SolActivating)) == 2)
    codes = rig.bmc.codes()
    assert codes.index(DeactivatePayload.CODE) > 3
    assert codes[codes.index(DeactivatePayload.CODE) - 1] == GetPayloadInstanceInfo.CODE
    assert codes[-1] == DeactivatePayload.CODE


def test_an_answer_that_comes_while_the_bmc_is_asked_is_taken() -> None:
    rig, ears = deaf_rig()
    rig.type(b"slow")
    rig.run(5.4)
    ears.deaf = False
    number = next(payload[0] for _, payload in rig.bmc.payloads if payload[4:] == b"slow")
    rig.run(0.15)
    rig.say(SolPacket(0, number, 4).to_bytes())
    rig.run(30.0)
    assert rig.of(InputAccepted) == [InputAccepted(1)]
    assert not rig.of(InputUnknown)
    assert len(rig.bmc.times(ActivatePayload.CODE)) == 1


def test_the_end_of_our_own_old_activation_is_not_taken_for_a_theft() -> None:
    rig, ears = deaf_rig()
    good = rig.bmc.obey

    def deactivate_loudly(request: object) -> tuple[int, bytes]:
        rig.say(SolPacket(0, flags=Status.DEACTIVATING).to_bytes())
        assert request
        return good(DeactivatePayload().to_request(), rig.bmc.session_id)

    rig.bmc.rules[DeactivatePayload.CODE] = deactivate_loudly
    rig.type(b"x")
    rig.run(60.0, until=lambda: len(rig.of(SolActivating)) == 2)
    ears.deaf = False
    rig.run(30.0)
    assert rig.client.state is ClientState.ACTIVE
    assert not rig.of(SolLost)


def test_output_goes_on_over_a_new_activation_without_repetition() -> None:
    rig, ears = deaf_rig()
    rig.say(SolPacket(5, data=b"before ").to_bytes())
    old_copy = rig.bmc.seal(SolPacket(5, data=b"before ").to_bytes())
    rig.type(b"x")
    rig.run(60.0, until=lambda: len(rig.of(SolActivated)) == 2)
    ears.deaf = False
    rig.client.receive_datagram(old_copy, rig.now)  # late: it belongs to the old activation
    rig.flush()
    rig.say(SolPacket(5, data=b"after").to_bytes())
    rig.run(1.0)
    assert rig.of(Output) == [Output(b"before "), Output(b"after")]


def test_a_bmc_that_refuses_the_new_activation_ends_the_session() -> None:
    rig, _ = deaf_rig()
    rig.type(b"x")
    rig.bmc.rules[ActivatePayload.CODE] = (0x81, b"")
    rig.run(120.0)
    assert rig.of(InputUnknown) == [InputUnknown(1, 1)]
    assert isinstance(rig.events[-1], Closed)
    assert "disabled" in rig.of(Closed)[0].text


@pytest.mark.parametrize("seed", range(8))
def test_a_strict_bmc_gets_every_character_once_over_a_lossy_network(seed: int) -> None:
    """OpenBMC never acknowledges a number again: a lost acknowledgement takes a walk along the numbers."""
    model = ModelBmc(Behaviour(strict=True, whole_again=True), random.Random(seed))
    rig = ClientRig(
        modelled(model), Link(seed=seed, loss=0.1), seed=seed, quirks=frozenset({Quirk.STRICT_NEXT})
    )
    rig.start()
    rig.run(60.0, until=lambda: bool(rig.of(SolActivated)))
    for token in range(30):
        rig.type(b"<%03d>" % token)
        rig.run(0.7)
    rig.run(300.0, until=lambda: not rig.client.input_pending or rig.client.state is not ClientState.ACTIVE)
    assert rig.client.state is ClientState.ACTIVE
    assert bytes(model.host_input) == b"".join(b"<%03d>" % token for token in range(30))
    assert rig.of(InputAccepted) == [InputAccepted(token + 1) for token in range(30)]
    assert len(rig.bmc.times(ActivatePayload.CODE)) < 6  # retransmissions of the one activation


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("grows", [False, True], ids=["plain", "growing"])
def test_both_directions_are_exact_through_login_keepalive_and_loss(seed: int, grows: bool) -> None:
    model = ModelBmc(Behaviour(grows=grows, retry=0.5), random.Random(seed))
    rig = ClientRig(modelled(model), Link(seed=seed, loss=0.1, doubling=0.1, delay=(0.001, 0.05)), seed=seed)
    rig.start()
    rig.run(60.0, until=lambda: bool(rig.of(SolActivated)))
    for line in range(120):
        model.print(b"line %03d\r\n" % line, rig.now)
        flush(rig, model)
        if line % 3 == 0:
            rig.type(b"<%03d>" % line)
        rig.run(0.25)
        model.handle_timer(rig.now)
        flush(rig, model)
    for _ in range(200):
        rig.run(0.1)
        model.handle_timer(rig.now)
        flush(rig, model)
    assert rig.client.state is ClientState.ACTIVE
    assert rig.output == bytes(model.printed)
    assert bytes(model.host_input) == b"".join(b"<%03d>" % line for line in range(0, 120, 3))


def modelled(model: ModelBmc) -> SessionBmc:
    def sol(payload: bytes, now: float) -> list[bytes]:
        model.receive(payload, now)
        answers, model.outbox = model.outbox, []
        return answers

    return SessionBmc(sol=sol)


def flush(rig: ClientRig, model: ModelBmc) -> None:
    for payload in model.outbox:
        rig.say(payload)
    model.outbox = []


def test_the_first_number_stays_away_from_the_last_one_used() -> None:
    """A BMC that remembers the last number of the session before would swallow the first packet."""
    rig = ClientRig(SessionBmc(sol=Echo()), first_sol_sequence=9).activated()
    rig.type(b"x")
    rig.run(1.0)
    assert [payload[0] for _, payload in rig.bmc.payloads] == [9, 10]
    assert rig.client.last_sol_sequence == 10


@pytest.mark.parametrize("doubling", [0.0, 1.0])
def test_a_doubled_datagram_makes_the_sender_careful(doubling: float) -> None:
    rig = ClientRig(SessionBmc(sol=Echo()), Link(doubling=doubling)).activated()
    rig.run(1.0)
    for key in (b"a", b"b", b"c"):
        rig.type(key)
        rig.run(0.01)
    sent = [payload[4:] for _, payload in rig.bmc.payloads if len(payload) > 4]
    assert sent == ([b"a"] if doubling else [b"a", b"b", b"c"])
    rig.run(2.0)
    assert rig.of(InputAccepted) == [InputAccepted(1), InputAccepted(2), InputAccepted(3)]


def test_commands_wait_while_sol_is_activated_anew_and_are_answered_after() -> None:
    rig, ears = deaf_rig()
    rig.type(b"x")
    rig.run(60.0, until=lambda: len(rig.of(SolActivating)) == 2)
    rig.client.request(GetDeviceId().to_request(), rig.now)
    rig.flush()
    ears.deaf = False
    rig.run(5.0)
    assert GetDeviceId.CODE in rig.bmc.codes()
    assert rig.client.state is ClientState.ACTIVE
