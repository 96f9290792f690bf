"""The life of a client: login, console, commands, end."""

import math

import pytest

from solmux.ipmi.client import ClientSettings, ClientState
from solmux.ipmi.commands import (
    ActivatePayload,
    ChassisAction,
    ChassisControl,
    CloseSession,
    DeactivatePayload,
    GetChassisStatus,
    GetDeviceId,
    GetPayloadInstanceInfo,
    SetSessionPrivilege,
)
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.events import (
    BreakDetected,
    Closed,
    CloseReason,
    CommandAnswered,
    CommandFailed,
    HostUnavailable,
    InputAccepted,
    InputUnknown,
    Output,
    OutputGap,
    Overrun,
    SessionEstablished,
    SolActivated,
    SolActivating,
)
from solmux.ipmi.handshake import Credentials, FailureReason
from solmux.ipmi.packet import PayloadType
from solmux.ipmi.rakp import Rakp3
from solmux.ipmi.sol import SolPacket, Status
from tests.ipmi.bmc import GUID, Bmc
from tests.ipmi.client_rig import ClientRig
from tests.ipmi.link import Link
from tests.ipmi.session_bmc import Echo, SessionBmc


@pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)
def test_a_console_from_login_to_close(suite: CipherSuite) -> None:
    echo = Echo()
    rig = ClientRig(SessionBmc(sol=echo), suites=(suite,)).activated()
    session_id = rig.bmc.session_id
    assert rig.events == [
        SessionEstablished(suite, GUID, session_id, 4),
        SolActivating(session_id),
        SolActivated(255, 255),
    ]
    rig.say(SolPacket(1, data=b"login: ").to_bytes())
    rig.run(0.1)
    assert rig.events[3:] == [Output(b"login: ")]
    assert echo.acknowledged == [SolPacket(0, 1, 7).to_bytes()]
    assert [rig.type(b"root"), rig.send_break(), rig.type(b"\r")] == [1, 2, 3]
    assert (rig.client.input_pending, rig.client.awaits_ack()) == (5, True)
    rig.run(0.1)
    assert rig.events[4:] == [InputAccepted(1), InputAccepted(2), InputAccepted(3)]
    assert (echo.host_input, echo.breaks) == (b"root\r", 1)
    assert (rig.client.input_pending, rig.client.awaits_ack()) == (0, False)
    assert rig.client.last_sol_sequence == 4
    rig.close()
    rig.run(0.1)
    assert rig.events[7:] == [Closed(CloseReason.REQUESTED, "closed", retryable=True)]
    assert rig.client.state is ClientState.CLOSED
    assert rig.client.deadline == math.inf
    assert rig.bmc.codes() == [
        SetSessionPrivilege.CODE,
        ActivatePayload.CODE,
        GetPayloadInstanceInfo.CODE,
        GetPayloadInstanceInfo.CODE,
        DeactivatePayload.CODE,
        CloseSession.CODE,
    ]
    assert rig.client.counters.total == 0


def test_characters_can_be_kept_before_they_are_acknowledged() -> None:
    rig = ClientRig().activated()
    rig.client.receive_datagram(rig.bmc.seal(SolPacket(1, data=b"panic").to_bytes()), rig.now)
    assert rig.client.events() == [Output(b"panic")]
    (datagram,) = rig.client.datagrams_to_send(rig.now)
    opened = rig.bmc.channel.open(datagram)
    assert opened is not None
    assert opened.payload == SolPacket(0, 1, 5).to_bytes()
    assert (rig.client.events(), rig.client.datagrams_to_send(rig.now)) == ([], [])


def test_an_activation_is_announced_before_its_datagram_can_leave() -> None:
    """A crash right after it leaves an orphan, which only a recorded id can tell."""
    rig = ClientRig()
    rig.start()
    rig.run(until=lambda: bool(rig.of(SolActivating)))
    assert rig.bmc.times(ActivatePayload.CODE) == []


def test_characters_that_overtake_the_answer_to_activate_are_kept_and_acknowledged() -> None:
    echo = Echo()
    rig = ClientRig(SessionBmc(sol=echo))
    rig.start()
    rig.run(until=lambda: bool(rig.bmc.times(ActivatePayload.CODE)))
    rig.client.receive_datagram(rig.bmc.seal(SolPacket(1, data=b"BIOS").to_bytes()), rig.now)
    rig.flush()
    assert rig.client.state is ClientState.ACTIVATING
    rig.run(1.0)
    rig.say(SolPacket(2, data=b" 2.1").to_bytes())
    rig.run(1.0)
    kinds = [type(event) for event in rig.events]
    assert kinds == [SessionEstablished, SolActivating, Output, SolActivated, Output]
    assert rig.output == b"BIOS 2.1"
    assert echo.acknowledged == [SolPacket(0, 1, 4).to_bytes(), SolPacket(0, 2, 4).to_bytes()]


def test_what_the_status_byte_says_is_told() -> None:
    rig = ClientRig().activated()
    rig.say(SolPacket(1, flags=Status.UNAVAILABLE | Status.OVERRUN, data=b"a").to_bytes())
    rig.say(SolPacket(3, flags=Status.BREAK, data=b"b").to_bytes())
    rig.run(0.1)
    assert rig.events[3:] == [
        HostUnavailable(True),
        Overrun(),
        Output(b"a"),
        OutputGap(1),
        HostUnavailable(False),
        BreakDetected(),
        Output(b"b"),
    ]


@pytest.mark.parametrize(
    ("announced", "inbound", "most"),
    [((0x00FF, 0x00FF), 255, 251), ((0x4000, 0x4000), 64, 60), ((0x0400, 1), 36, 32), ((32, 16384), 32, 28)],
)
def test_packets_fit_what_the_bmc_can_have_meant(announced: tuple[int, int], inbound: int, most: int) -> None:
    data = bytes(4) + b"".join(size.to_bytes(2, "little") for size in announced) + b"\x02\x6f\xff\xff"
    bmc = SessionBmc(sol=Echo(), rules={ActivatePayload.CODE: lambda _request: take(data)})

    def take(data: bytes) -> tuple[int, bytes]:
        bmc.owner = bmc.session_id
        return 0, data

    rig = ClientRig(bmc).activated()
    assert rig.of(SolActivated)[0].inbound_size == inbound
    rig.type(b"x" * 2000)
    rig.run(5.0)
    assert max(len(payload) - 4 for _, payload in bmc.payloads) == most
    assert rig.of(InputAccepted) == [InputAccepted(1)]


def test_an_arrow_key_in_three_pieces_reaches_the_host_in_one_packet() -> None:
    """Typed while a packet is in flight; a BIOS takes a lone ESC for "leave this page"."""
    rig = ClientRig(SessionBmc(sol=Echo(), inbound_size=68)).activated()
    rig.type(b"x" * 63)
    for piece in (b"y" * 63, b"\x1b", b"[", b"A"):
        rig.type(piece)
    rig.run(1.0)
    texts = [payload[4:] for _, payload in rig.bmc.payloads if len(payload) > 4]
    assert texts == [b"x" * 63, b"y" * 63, b"\x1b[A"]


# Commands


def test_commands_are_answered_one_after_the_other() -> None:
    rig = ClientRig().activated()
    tickets = [rig.client.request(kind().to_request(), rig.now) for kind in (GetDeviceId, GetChassisStatus)]
    rig.flush()
    rig.run(0.1)
    answers = rig.of(CommandAnswered)
    assert [answer.ticket for answer in answers] == tickets
    assert [answer.response.completion_code for answer in answers] == [0, 0xC1]


def test_a_command_that_is_never_answered_fails_alone() -> None:
    rig = ClientRig(SessionBmc(rules={GetChassisStatus.CODE: None})).activated()
    silent = rig.client.request(GetChassisStatus().to_request(), rig.now)
    good = rig.client.request(GetDeviceId().to_request(), rig.now)
    rig.flush()
    rig.run(10.0)
    assert [event.ticket for event in rig.of(CommandFailed)] == [silent]
    assert [event.ticket for event in rig.of(CommandAnswered)] == [good]
    assert len(rig.bmc.times(GetChassisStatus.CODE)) == 4
    assert rig.client.state is ClientState.ACTIVE


@pytest.mark.parametrize("repeat", [True, False])
def test_a_power_cycle_is_never_sent_twice(repeat: bool) -> None:
    rig = ClientRig(SessionBmc(rules={ChassisControl.CODE: None})).activated()
    rig.client.request(ChassisControl(ChassisAction.POWER_CYCLE).to_request(), rig.now, repeat=repeat)
    rig.flush()
    rig.run(10.0)
    assert len(rig.bmc.times(ChassisControl.CODE)) == 1
    assert len(rig.of(CommandFailed)) == 1


def test_a_command_that_must_not_happen_twice_is_sent_once() -> None:
    rig = ClientRig(SessionBmc(rules={GetChassisStatus.CODE: None})).activated()
    rig.client.request(GetChassisStatus().to_request(), rig.now, repeat=False)
    rig.flush()
    rig.run(10.0)
    assert len(rig.bmc.times(GetChassisStatus.CODE)) == 1


def test_a_session_for_commands_alone_activates_nothing_and_stays_alive() -> None:
    rig = ClientRig(activate_sol=False)
    rig.start()
    rig.run(60.0)
    assert [type(event) for event in rig.events] == [SessionEstablished]
    assert rig.client.state is ClientState.ACTIVE
    assert set(rig.bmc.codes()) == {SetSessionPrivilege.CODE, GetDeviceId.CODE}
    rig.type(b"x")
    rig.send_break()
    assert rig.events[1:] == [InputUnknown(1, 1), InputUnknown(2, 0)]
    rig.close()
    rig.run(1.0)
    assert rig.bmc.codes()[-1] == CloseSession.CODE
    assert DeactivatePayload.CODE not in rig.bmc.codes()


def test_without_a_session_input_and_commands_are_refused_at_once() -> None:
    rig = ClientRig()
    rig.type(b"early")
    ticket = rig.client.request(GetDeviceId().to_request(), rig.now)
    rig.flush()
    rig.start()
    rig.type(b"too early")
    assert rig.events == [
        InputUnknown(1, 5),
        CommandFailed(ticket, "no session with the BMC"),
        InputUnknown(2, 9),
    ]


# The end


def test_input_before_the_activation_is_through_is_sent_after_it() -> None:
    echo = Echo()
    rig = ClientRig(SessionBmc(sol=echo))
    rig.start()
    rig.run(until=lambda: bool(rig.of(SolActivating)))
    rig.type(b"impatient")
    rig.run(1.0)
    assert echo.host_input == b"impatient"
    assert rig.of(InputAccepted) == [InputAccepted(1)]


def test_an_orderly_end_reports_what_is_not_acknowledged_and_what_is_not_answered() -> None:
    rig = ClientRig(SessionBmc(sol=lambda _payload, _now: [], rules={GetDeviceId.CODE: None})).activated()
    rig.type(b"lost")
    rig.type(b"behind it")
    ticket = rig.client.request(GetDeviceId().to_request(), rig.now)
    rig.flush()
    rig.close()
    rig.run(2.0)
    ends = rig.events[3:]
    assert [type(event) for event in ends] == [CommandFailed, InputUnknown, InputUnknown, Closed]
    assert [event.ticket for event in rig.of(CommandFailed)] == [ticket]
    assert rig.of(InputUnknown) == [InputUnknown(1, 4), InputUnknown(2, 9)]


def test_output_that_comes_while_closing_is_still_delivered() -> None:
    rig = ClientRig(link=Link(delay=(0.05, 0.05))).activated()
    rig.say(SolPacket(1, data=b"last words").to_bytes())
    rig.close()
    rig.run(2.0)
    assert rig.output == b"last words"
    assert isinstance(rig.events[-1], Closed)


def test_a_silent_bmc_does_not_delay_the_end() -> None:
    rig = ClientRig().activated()
    rig.bmc.silent = True
    sent = len(rig.sent)
    asked = rig.now
    rig.close()
    rig.run(5.0)
    closed_at, closed = rig.log[-1]
    assert isinstance(closed, Closed)
    assert closed_at - asked <= 1.0
    assert len(rig.sent) - sent == 3  # who has SOL; Close Session, and once more


def test_sol_of_somebody_else_is_not_deactivated_at_the_end() -> None:
    rig = ClientRig().activated()
    rig.bmc.owner = 0x0777_0001
    rig.close()
    rig.run(1.0)
    assert rig.bmc.codes()[-2:] == [GetPayloadInstanceInfo.CODE, CloseSession.CODE]
    assert DeactivatePayload.CODE not in rig.bmc.codes()


def test_an_activation_under_way_is_undone_at_the_end() -> None:
    rig = ClientRig()
    rig.start()
    rig.run(until=lambda: bool(rig.bmc.owner))
    assert rig.client.state is ClientState.ACTIVATING
    rig.close()
    rig.run(1.0)
    assert rig.bmc.codes()[-3:] == [GetPayloadInstanceInfo.CODE, DeactivatePayload.CODE, CloseSession.CODE]


def test_closing_twice_is_closing_once() -> None:
    rig = ClientRig().activated()
    rig.close()
    rig.close()
    rig.run(1.0)
    rig.close()
    rig.run(1.0)
    assert len(rig.of(Closed)) == 1
    assert rig.bmc.codes().count(CloseSession.CODE) == 1


@pytest.mark.parametrize("started", [False, True], ids=["before the start", "during the login"])
def test_a_client_without_a_session_closes_at_once(started: bool) -> None:
    rig = ClientRig()
    if started:
        rig.start()
    rig.close()
    assert rig.events == [Closed(CloseReason.REQUESTED, "closed", retryable=True)]
    assert rig.client.state is ClientState.CLOSED
    rig.run(60.0)
    assert len(rig.events) == 1


def test_after_the_end_nothing_is_sent() -> None:
    rig = ClientRig().activated()
    rig.close()
    rig.run(1.0)
    sent = len(rig.sent)
    rig.say(SolPacket(1, data=b"x").to_bytes())
    rig.type(b"x")
    rig.run(60.0)
    assert len(rig.sent) == sent
    assert rig.events[-1] == InputUnknown(1, 1)


# A login that fails


def test_a_failed_login_is_the_end_with_its_reason_and_its_last_datagram() -> None:
    rig = ClientRig(credentials=Credentials(b"admin", b"wrong"))
    rig.start()
    rig.run(10.0)
    (closed,) = rig.of(Closed)
    assert (closed.reason, closed.retryable, closed.minimum_delay) == (
        FailureReason.WRONG_PASSWORD,
        False,
        900.0,
    )
    assert rig.client.state is ClientState.CLOSED
    proof = rig.bmc.login.messages(PayloadType.RAKP_3)[-1]
    assert isinstance(proof, Rakp3)
    assert proof.status != 0  # so that the BMC frees the slot


def test_no_bmc_is_no_answer() -> None:
    rig = ClientRig(SessionBmc(silent=True))
    rig.start()
    rig.run(120.0)
    (closed,) = rig.of(Closed)
    assert (closed.reason, closed.retryable) == (FailureReason.NO_ANSWER, True)


def test_a_bmc_that_only_knows_suite_3_gets_it() -> None:
    rig = ClientRig(SessionBmc(login=Bmc(suites=(SUITE_3,)))).activated()
    assert rig.of(SessionEstablished)[0].suite is SUITE_3


@pytest.mark.parametrize(
    ("field", "value"), [("privilege", "root"), ("first_sol_sequence", 0), ("first_sol_sequence", 16)]
)
def test_settings_that_make_no_sense_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=str(value)):
        ClientSettings(Credentials(b"a", b"b"), **{field: value})  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    settings = ClientSettings(Credentials(b"admin", b"hush-hush", b"kg-secret"))
    assert "hush" not in repr(settings)
    assert "kg-secret" not in repr(settings)
