"""Session and SOL are watched on a fixed schedule, whatever goes on."""

import itertools

import pytest

from solmux.ipmi.client import ClientState
from solmux.ipmi.commands import (
    CloseSession,
    DeactivatePayload,
    GetChassisStatus,
    GetDeviceId,
    GetPayloadInstanceInfo,
    PayloadInstanceInfo,
)
from solmux.ipmi.events import Closed, CloseReason, InputUnknown, Output, SolActivated, SolLost
from solmux.ipmi.message import Request
from solmux.ipmi.packet import PayloadType
from solmux.ipmi.sol import SolPacket, Status
from tests.ipmi.client_rig import ClientRig
from tests.ipmi.link import Link
from tests.ipmi.session_bmc import SOMEBODY, Echo, SessionBmc

ASK_OWNER = GetPayloadInstanceInfo.CODE


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def chatter(rig: ClientRig, seconds: float) -> None:
    """Let the host print five times a second and a person type once a second."""
    number = 0
    for fifth in range(int(5 * seconds)):
        number = number % 15 + 1
        rig.say(SolPacket(number, data=b"busy %d\r\n" % fifth).to_bytes())
        if fifth % 5 == 0:
            rig.type(b"x")
        rig.run(0.2)


def test_a_busy_console_is_checked_as_often_as_an_idle_one() -> None:
    """Several BMCs do not count SOL packets as activity and end the session of a busy console."""
    rig = ClientRig(SessionBmc(sol=Echo())).activated()
    chatter(rig, 120.0)
    times = rig.bmc.times(ASK_OWNER)
    assert len(times) >= 7
    assert all(15.0 <= gap <= 18.1 for gap in gaps(times))
    assert rig.client.state is ClientState.ACTIVE


def test_the_interval_counts_from_the_last_command_of_any_kind() -> None:
    rig = ClientRig().activated()
    rig.run(10.0)
    rig.client.request(GetChassisStatus().to_request(), rig.now)
    rig.flush()
    asked = rig.now
    rig.run(20.0)
    assert 15.0 <= rig.bmc.times(ASK_OWNER)[-1] - asked <= 18.1


def test_checks_of_many_consoles_do_not_stay_in_step() -> None:
    seconds = set()
    for seed in range(12):
        rig = ClientRig(seed=seed).activated()
        rig.run(60.0)
        seconds.add(round(rig.bmc.times(ASK_OWNER)[-1], 1))
    assert len(seconds) > 6


@pytest.mark.parametrize(
    "answer",
    [(0xC1, b""), (0xCC, b""), (0, b""), (0, bytes(12)), None],
    ids=["unknown", "refused", "short", "nobody, from the start", "silence"],
)
def test_a_bmc_that_does_not_tell_the_owner_is_asked_for_its_id(answer: tuple[int, bytes] | None) -> None:
    rig = ClientRig(SessionBmc(sol=Echo(), rules={ASK_OWNER: answer})).activated()
    rig.run(120.0)
    assert rig.client.state is ClientState.ACTIVE
    times = rig.bmc.times(GetDeviceId.CODE)
    assert len(times) >= 7
    assert all(15.0 <= gap <= 18.1 for gap in gaps(times)[1:])
    assert rig.bmc.times(ASK_OWNER)[-1] < 40.0  # given up
    rig.close()
    rig.run(1.0)
    assert DeactivatePayload.CODE not in rig.bmc.codes()  # nobody knows whose it is


@pytest.mark.parametrize("form", ["ours", "swapped"])
def test_a_bmc_that_names_the_owner_in_its_own_way_is_understood(form: str) -> None:
    bmc = SessionBmc()

    def owner(_request: Request) -> tuple[int, bytes]:
        channel = bmc.channel
        wire = channel.local_session_id.to_bytes(4, "big")
        if form == "ours":
            wire = channel.peer_session_id.to_bytes(4, "little")
        return 0, wire + bytes(8)

    bmc.rules[ASK_OWNER] = owner
    rig = ClientRig(bmc).activated()
    rig.run(60.0)
    assert rig.client.state is ClientState.ACTIVE
    assert GetDeviceId.CODE not in bmc.codes()


def test_an_answer_that_says_not_now_is_a_sign_of_life() -> None:
    rig = ClientRig().activated()
    rig.bmc.rules[ASK_OWNER] = (0xD2, b"")
    rig.run(60.0)
    assert rig.client.state is ClientState.ACTIVE
    assert GetDeviceId.CODE not in rig.bmc.codes()


def test_three_misses_are_the_end_of_a_session() -> None:
    rig = ClientRig().activated()
    rig.run(20.0)
    rig.bmc.silent = True
    rig.type(b"x")
    silent_since = rig.now
    rig.run(60.0)
    assert rig.events[-2:] == [
        InputUnknown(1, 1),
        Closed(CloseReason.NO_ANSWER, "BMC does not answer", retryable=True),
    ]
    assert rig.log[-1][0] - silent_since < 30.0
    assert rig.client.state is ClientState.CLOSED


def test_a_silent_bmc_is_given_up_seven_seconds_after_the_first_question() -> None:
    rig = ClientRig().activated()
    rig.run(20.0)
    rig.bmc.silent = True
    sent = len(rig.sent)
    rig.run(60.0)
    first = rig.sent[sent][0]
    assert rig.log[-1][0] - first == pytest.approx(7.0)
    assert len(rig.sent) - sent == 6


def test_no_more_than_seven_datagrams_go_into_the_dark() -> None:
    """After eight lost ones, a BMC with a narrow window would take no number of ours any more."""
    rig = ClientRig().activated()
    rig.bmc.silent = True
    rig.client.request(GetChassisStatus().to_request(), rig.now)
    sent = len(rig.sent)
    rig.type(b"x")
    rig.run(60.0)
    assert rig.client.state is ClientState.CLOSED
    assert len(rig.sent) - sent == 7


def test_a_bmc_that_comes_back_in_time_is_talked_to_again() -> None:
    echo = Echo()
    rig = ClientRig(SessionBmc(sol=echo)).activated()
    rig.bmc.silent = True
    rig.type(b"x")
    rig.run(6.0)
    rig.bmc.silent = False
    rig.run(60.0)
    assert rig.client.state is ClientState.ACTIVE
    assert echo.host_input == b"x"


def test_output_is_a_sign_of_life_when_the_answers_are_lost() -> None:
    rig = ClientRig(SessionBmc(sol=Echo())).activated()
    rig.bmc.rules[ASK_OWNER] = None
    rig.bmc.rules[GetDeviceId.CODE] = None
    chatter(rig, 60.0)
    assert rig.client.state is ClientState.ACTIVE
    rig.run(60.0)
    assert rig.of(Closed)[0].reason is CloseReason.NO_ANSWER


def test_a_theft_that_nobody_announces_is_found_and_the_thief_left_alone() -> None:
    rig = ClientRig(SessionBmc(sol=Echo())).activated()
    rig.run(1.0)
    rig.bmc.sol = lambda _payload, _now: []
    rig.bmc.owner = SOMEBODY
    rig.type(b"into the void")
    rig.run(30.0)
    text = "SOL was taken by bob@10.0.0.7"
    assert rig.events[-3:] == [
        InputUnknown(1, 13),
        SolLost(text),
        Closed(CloseReason.SOL_LOST, text, retryable=True),
    ]
    assert rig.bmc.codes()[-1] == CloseSession.CODE
    assert DeactivatePayload.CODE not in rig.bmc.codes()
    assert rig.bmc.owner == SOMEBODY


def test_sol_that_was_deactivated_without_a_word_is_found() -> None:
    rig = ClientRig().activated()
    rig.bmc.owner = 0
    rig.run(30.0)
    assert rig.of(SolLost) == [SolLost("SOL was deactivated")]


def test_the_last_characters_are_delivered_and_acknowledged_when_sol_ends() -> None:
    echo = Echo()
    rig = ClientRig(SessionBmc(sol=echo)).activated()
    rig.say(SolPacket(1, flags=Status.DEACTIVATING, data=b"goodbye").to_bytes())
    rig.run(1.0)
    assert [type(event) for event in rig.events[3:]] == [Output, SolLost, Closed]
    assert rig.output == b"goodbye"
    assert echo.acknowledged == [SolPacket(0, 1, 7).to_bytes()]
    assert rig.bmc.codes()[-1] == CloseSession.CODE
    assert DeactivatePayload.CODE not in rig.bmc.codes()


def test_the_grown_part_of_a_packet_is_delivered_before_sol_is_given_up() -> None:
    rig = ClientRig(SessionBmc(sol=Echo())).activated()
    rig.say(SolPacket(1, data=b"kernel ").to_bytes())
    rig.run(1.0)
    rig.say(SolPacket(1, flags=Status.DEACTIVATING, data=b"kernel panic").to_bytes())
    rig.run(1.0)
    assert rig.output == b"kernel panic"
    assert [type(event) for event in rig.events[3:]] == [Output, Output, SolLost, Closed]


SOL_ACTIVATING = Request(0x0C, 0x20, b"\x00\x01\x01\x00")


@pytest.mark.parametrize("taken", [True, False])
def test_an_unsolicited_sol_activating_request_is_checked_at_once(taken: bool) -> None:
    rig = ClientRig().activated()
    rig.run(5.0)
    asked = len(rig.bmc.times(ASK_OWNER))
    if taken:
        rig.bmc.owner = SOMEBODY
    rig.put(False, rig.bmc.seal(SOL_ACTIVATING.to_bytes(0), PayloadType.IPMI))
    rig.run(1.0)
    assert len(rig.bmc.times(ASK_OWNER)) == asked + 1
    assert bool(rig.of(SolLost)) is taken
    assert (rig.client.state is ClientState.ACTIVE) is not taken


@pytest.mark.parametrize("seed", range(5))
def test_a_bad_network_alone_does_not_end_a_session(seed: int) -> None:
    lossy = Link(seed=seed, loss=0.1, doubling=0.1, delay=(0.001, 0.05))
    rig = ClientRig(SessionBmc(sol=Echo()), lossy, seed=seed)
    rig.start()
    rig.run(30.0, until=lambda: bool(rig.of(SolActivated)))
    chatter(rig, 120.0)
    assert rig.client.state is ClientState.ACTIVE


def test_the_owner_of_the_right_session_is_asked_about() -> None:
    rig = ClientRig().activated()
    request = next(request for _, request in rig.bmc.commands if request.command == ASK_OWNER[1])
    assert request == GetPayloadInstanceInfo().to_request()
    assert PayloadInstanceInfo(rig.bmc.session_id).managed_system_session_id == rig.bmc.owner
