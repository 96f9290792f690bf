"""Getting SOL from BMCs that differ, and from people who have it."""

from typing import Any

import pytest

from solmux.ipmi.client import ClientState
from solmux.ipmi.commands import (
    ActivatePayload,
    CloseSession,
    DeactivatePayload,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    GetSessionInfo,
    PayloadActivationStatus,
    PayloadInstanceInfo,
    SetSessionPrivilege,
)
from solmux.ipmi.events import (
    Closed,
    CloseReason,
    SessionEstablished,
    SolActivated,
    SolHeld,
    SolTaken,
)
from solmux.ipmi.handshake import FailureReason
from solmux.ipmi.message import Request
from tests.ipmi.client_rig import ClientRig
from tests.ipmi.session_bmc import SOMEBODY, SessionBmc


def options(bmc: SessionBmc) -> list[int]:
    return [
        ActivatePayload.from_data(request.data).options
        for _, request in bmc.commands
        if request.command == ActivatePayload.CODE[1]
    ]


def closed(rig: ClientRig) -> Closed:
    (event,) = rig.of(Closed)
    assert rig.events[-1] is event
    return event


def started(bmc: SessionBmc, **settings: Any) -> ClientRig:
    rig = ClientRig(bmc, **settings)
    rig.start()
    rig.run(60.0, until=lambda: rig.client.state in (ClientState.ACTIVE, ClientState.CLOSED))
    return rig


# Privilege


@pytest.mark.parametrize("code", [0x80, 0x81])
def test_an_account_that_allows_no_administrator_works_as_operator(code: int) -> None:
    bmc = SessionBmc()

    def limited(request: Request) -> tuple[int, bytes]:
        return (code, b"") if request.data == b"\x04" else (0, request.data)

    bmc.rules[SetSessionPrivilege.CODE] = limited
    rig = started(bmc)
    assert rig.of(SessionEstablished)[0].privilege == 3
    assert rig.of(SolActivated)


def test_an_account_that_allows_not_even_operator_is_refused_with_what_to_do() -> None:
    rig = started(SessionBmc(rules={SetSessionPrivilege.CODE: (0x81, b"")}))
    end = closed(rig)
    assert (end.reason, end.retryable) == (FailureReason.PRIVILEGE_REFUSED, False)
    assert "raise it on the BMC" in end.text
    assert rig.bmc.codes()[-1] == CloseSession.CODE


def test_a_bmc_that_is_starting_is_tried_again_soon() -> None:
    rig = started(SessionBmc(rules={SetSessionPrivilege.CODE: (0xD2, b"")}))
    end = closed(rig)
    assert (end.reason, end.retryable) == (FailureReason.NOT_READY, True)


@pytest.mark.parametrize("answer", [(0xC1, b""), (0, b"")], ids=["unknown command", "no data"])
def test_a_bmc_without_the_privilege_command_keeps_the_level_of_the_login(answer: tuple[int, bytes]) -> None:
    rig = started(SessionBmc(rules={SetSessionPrivilege.CODE: answer}))
    assert rig.of(SessionEstablished)[0].privilege == 4
    assert rig.of(SolActivated)


def test_operator_is_asked_for_when_that_is_configured() -> None:
    rig = started(SessionBmc(), privilege="operator")
    assert rig.of(SessionEstablished)[0].privilege == 3


# Options and refusals


def test_the_first_options_suit_most_boards() -> None:
    assert options(started(SessionBmc()).bmc) == [0xC4]


def test_a_board_that_refuses_the_options_gets_the_others_but_never_plain_text() -> None:
    bmc = SessionBmc()
    bmc.rules[ActivatePayload.CODE] = lambda request: (
        (0xCC, b"") if request.data[2] != 0xC0 else bmc.obey(request, bmc.session_id)
    )
    rig = started(bmc)
    assert options(bmc) == [0xC4, 0xC6, 0xC2, 0xC0]
    assert rig.of(SolActivated)


def test_a_board_that_refuses_all_options_is_given_up() -> None:
    rig = started(SessionBmc(rules={ActivatePayload.CODE: (0xCC, b"")}))
    assert options(rig.bmc) == [0xC4, 0xC6, 0xC2, 0xC0]
    assert (closed(rig).reason, closed(rig).retryable) == (CloseReason.SOL_REFUSED, True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x81, "enable it"),
        (0x83, "cannot encrypt"),
        (0xC1, "does not know"),
        (0xD4, "rights"),
        (0xD6, "enable"),
    ],
)
def test_a_refusal_that_needs_an_admin_says_what_to_do(code: int, words: str) -> None:
    rig = started(SessionBmc(rules={ActivatePayload.CODE: (code, b"")}))
    end = closed(rig)
    assert (end.reason, end.retryable) == (CloseReason.SOL_REFUSED, False)
    assert words in end.text
    assert rig.bmc.codes()[-1] == CloseSession.CODE
    assert DeactivatePayload.CODE not in rig.bmc.codes()


@pytest.mark.parametrize("code", [0xC0, 0xC3, 0xD1, 0xD2])
def test_a_bmc_that_cannot_now_is_tried_again_later(code: int) -> None:
    end = closed(started(SessionBmc(rules={ActivatePayload.CODE: (code, b"")})))
    assert (end.reason, end.retryable) == (CloseReason.SOL_BUSY, True)
    assert end.minimum_delay > 0


def test_a_bmc_that_never_answers_activate_is_no_answer() -> None:
    rig = started(SessionBmc(rules={ActivatePayload.CODE: None}))
    assert closed(rig).reason is CloseReason.NO_ANSWER
    assert len(rig.bmc.times(ActivatePayload.CODE)) == 6


# Already active


def test_somebody_elses_console_is_left_alone_and_its_holder_named() -> None:
    rig = started(SessionBmc(owner=SOMEBODY))
    assert rig.of(SolHeld) == [SolHeld("bob", "10.0.0.7", 4)]
    assert rig.of(SolHeld)[0].holder == "bob@10.0.0.7"
    end = closed(rig)
    assert (end.reason, end.retryable, end.text) == (
        CloseReason.SOL_HELD,
        True,
        "SOL is held by bob@10.0.0.7",
    )
    assert rig.bmc.owner == SOMEBODY
    assert rig.bmc.codes()[-1] == CloseSession.CODE


@pytest.mark.parametrize("answer", [None, (0xC1, b""), (0, b""), (0, b"\x00\x04\x01")])
@pytest.mark.parametrize("code", [GetSessionInfo.CODE, (0x06, 0x46), GetPayloadInstanceInfo.CODE])
def test_a_holder_is_a_holder_though_the_bmc_tells_less_of_him(
    code: tuple[int, int], answer: tuple[int, bytes] | None
) -> None:
    rig = started(SessionBmc(owner=SOMEBODY, rules={code: answer}))
    (held,) = rig.of(SolHeld)
    assert held.holder in ("another session", "10.0.0.7")
    assert rig.now < 5.0


def test_a_name_from_a_bmc_cannot_write_on_a_terminal() -> None:
    rig = started(SessionBmc(owner=SOMEBODY, rules={(0x06, 0x46): (0, b"\x1b]0;x\x07\xff".ljust(16, b"\0"))}))
    assert rig.of(SolHeld)[0].user == "?]0;x?\ufffd"


def test_stealing_waits_a_moment_between_taking_and_having() -> None:
    rig = started(SessionBmc(owner=SOMEBODY), steal=True)
    assert rig.of(SolTaken) == [SolTaken("bob@10.0.0.7")]
    assert rig.of(SolActivated)
    (deactivated,) = rig.bmc.times(DeactivatePayload.CODE)
    assert rig.bmc.times(ActivatePayload.CODE)[-1] - deactivated >= 0.5


def test_an_orphan_of_ours_is_taken_back_at_once_without_stealing() -> None:
    rig = started(SessionBmc(owner=SOMEBODY), orphan_session_ids=frozenset({SOMEBODY}))
    assert rig.of(SolActivated)
    assert not rig.of(SolTaken)
    assert GetSessionInfo.CODE not in rig.bmc.codes()
    assert rig.now < 0.1


def test_somebody_elses_console_is_no_orphan_of_ours() -> None:
    rig = started(SessionBmc(owner=SOMEBODY), orphan_session_ids=frozenset({SOMEBODY + 1}))
    assert closed(rig).reason is CloseReason.SOL_HELD


def test_our_own_activation_whose_answer_was_lost_is_ours() -> None:
    bmc = SessionBmc()
    lost = [True]

    def activate(request: Request) -> tuple[int, bytes] | None:
        answer = bmc.obey(request, bmc.session_id)
        return None if lost.pop() else answer

    bmc.rules[ActivatePayload.CODE] = lambda request: (
        activate(request) if lost else bmc.obey(request, bmc.session_id)
    )
    rig = started(bmc)
    assert rig.of(SolActivated) == [SolActivated(36, 36)]
    assert DeactivatePayload.CODE not in bmc.codes()


@pytest.mark.parametrize("owner", [SOMEBODY, 0], ids=["a session", "nobody"])
def test_a_bmc_that_keeps_sol_for_ever_is_given_up_after_two_rounds(owner: int) -> None:
    rules = {
        ActivatePayload.CODE: (0x80, b""),
        GetPayloadInstanceInfo.CODE: (0, PayloadInstanceInfo(owner).to_data()),
    }
    rig = started(SessionBmc(owner=SOMEBODY, rules=dict(rules)), steal=True)
    end = closed(rig)
    assert (end.reason, end.retryable) == (CloseReason.SOL_BUSY, True)
    assert len(rig.bmc.times(ActivatePayload.CODE)) == 3


def test_a_bmc_that_lets_only_administrators_take_over_says_so() -> None:
    rig = started(SessionBmc(owner=SOMEBODY, rules={DeactivatePayload.CODE: (0xD4, b"")}), steal=True)
    assert closed(rig).reason is CloseReason.SOL_REFUSED
    assert "privilege is too low" in closed(rig).text


@pytest.mark.parametrize(
    ("status", "instance"),
    [
        (PayloadActivationStatus(0, frozenset({1})).to_data(), 1),
        (PayloadActivationStatus(1, frozenset({2})).to_data(), 2),
        (PayloadActivationStatus(1, frozenset()).to_data(), 1),
        (b"", 1),
    ],
)
def test_the_instance_that_fills_the_limit_is_the_one_to_ask_about(status: bytes, instance: int) -> None:
    bmc = SessionBmc(owner=SOMEBODY)
    bmc.rules[ActivatePayload.CODE] = (0x82, b"")
    bmc.rules[GetPayloadActivationStatus.CODE] = (0, status)
    rig = started(bmc)
    asked = [request.data for _, request in bmc.commands if request.command == 0x4B]
    assert asked == [bytes((1, instance))]
    assert closed(rig).reason is CloseReason.SOL_HELD
