"""What a BMC, or somebody in its place, can say against a login."""

import pytest

from solmux.ipmi.commands import Privilege
from solmux.ipmi.crypto import SUITE_3, SUITE_17, Algorithms
from solmux.ipmi.handshake import FailureReason
from solmux.ipmi.message import CompletionCode
from solmux.ipmi.packet import PayloadType, wrap_session_less
from solmux.ipmi.rakp import OpenSessionRequest, Rakp2, RmcpStatus
from tests.ipmi.bmc import Bmc
from tests.ipmi.link import Link, established, failed, handshake, payload_types, run


class TestRefusals:
    @pytest.mark.parametrize(
        "bmc",
        [Bmc(rmcp_plus=False), Bmc(capabilities_code=CompletionCode.INVALID_DATA)],
        ids=["says-so", "refuses-the-question"],
    )
    def test_ipmi_15_only(self, bmc: Bmc) -> None:
        result = run(handshake(), bmc)
        failure = failed(result)
        assert failure.reason is FailureReason.IPMI_15_ONLY
        assert failure.text == "IPMI 1.5 only: no SOL"
        assert not failure.retryable
        assert payload_types(result) == []

    @pytest.mark.parametrize("code", [CompletionCode.INITIALISING, CompletionCode.FIRMWARE_UPDATE])
    def test_a_bmc_that_is_starting_is_asked_again_later(self, code: int) -> None:
        failure = failed(run(handshake(), Bmc(capabilities_code=code)))
        assert failure.reason is FailureReason.NOT_READY
        assert failure.retryable
        assert failure.minimum_delay > 0

    @pytest.mark.parametrize("status", [0x01, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12])
    def test_suite_17_refused_means_suite_3(self, status: int) -> None:
        bmc = Bmc(suites=(SUITE_3,), suite_status=status)
        assert established(run(handshake(), bmc), bmc).suite is SUITE_3
        assert len(bmc.messages(PayloadType.OPEN_SESSION_REQUEST)) == 2

    @pytest.mark.parametrize("status", [0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12])
    def test_suite_17_refused_and_no_other_allowed(self, status: int) -> None:
        bmc = Bmc(suites=(SUITE_3,), suite_status=status)
        failure = failed(run(handshake(suites=(SUITE_17,)), bmc))
        assert failure.reason is FailureReason.SUITE_REFUSED
        assert "cipher suite 17" in failure.text
        assert not failure.retryable
        assert len(bmc.messages(PayloadType.OPEN_SESSION_REQUEST)) == 1

    def test_a_bmc_that_takes_suite_17_only_is_found_when_suite_3_is_preferred(self) -> None:
        bmc = Bmc(suites=(SUITE_17,), suite_status=RmcpStatus.INSUFFICIENT_RESOURCES)
        assert established(run(handshake(suites=(SUITE_3, SUITE_17)), bmc), bmc).suite is SUITE_17

    def test_a_full_session_table_is_reported_after_each_suite_was_tried_once(self) -> None:
        bmc = Bmc(status={PayloadType.OPEN_SESSION_REQUEST: [RmcpStatus.INSUFFICIENT_RESOURCES] * 9})
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.SESSION_TABLE_FULL
        assert "session table" in failure.text
        assert failure.retryable
        assert failure.minimum_delay >= 30
        assert len(bmc.messages(PayloadType.OPEN_SESSION_REQUEST)) == 2

    def test_too_many_administrators(self) -> None:
        bmc = Bmc(status={PayloadType.RAKP_1: [RmcpStatus.INSUFFICIENT_RESOURCES_AT_ROLE]})
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.SESSION_TABLE_FULL
        assert failure.retryable

    @pytest.mark.parametrize("status", [0x09, 0x0A, 0x0D])
    def test_administrator_refused_means_operator(self, status: int) -> None:
        bmc = Bmc(maximum_privilege=3, privilege_status=status)
        assert established(run(handshake(), bmc), bmc).privilege == Privilege.OPERATOR
        request = bmc.messages(PayloadType.OPEN_SESSION_REQUEST)[-1]
        assert isinstance(request, OpenSessionRequest)
        assert request.privilege == Privilege.OPERATOR

    @pytest.mark.parametrize("status", [0x09, 0x0A])
    def test_administrator_refused_where_nothing_less_will_do(self, status: int) -> None:
        bmc = Bmc(maximum_privilege=3, privilege_status=status)
        failure = failed(run(handshake(privilege_fallback=False), bmc))
        assert failure.reason is FailureReason.PRIVILEGE_REFUSED
        assert not failure.retryable

    def test_operator_refused_is_not_tried_lower(self) -> None:
        bmc = Bmc(maximum_privilege=2)
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.PRIVILEGE_REFUSED
        assert len(bmc.messages(PayloadType.RAKP_1)) == 2

    @pytest.mark.parametrize(
        ("status", "reason", "retryable"),
        [
            (0x03, FailureReason.PROTOCOL, True),
            (0x0C, FailureReason.UNKNOWN_USER, False),
            (0x0E, FailureReason.PROTOCOL, True),
            (0x0F, FailureReason.WRONG_PASSWORD, False),
            (0x77, FailureReason.PROTOCOL, True),
        ],
    )
    def test_other_errors_end_the_login_at_once(
        self, status: int, reason: FailureReason, retryable: bool
    ) -> None:
        bmc = Bmc(status={PayloadType.RAKP_1: [status]})
        result = run(handshake(), bmc)
        failure = failed(result)
        assert (failure.reason, failure.retryable, failure.status) == (reason, retryable, status)
        assert f"{status:02X}h" in failure.text
        assert result.ended < 1

    @pytest.mark.parametrize(
        "step", [PayloadType.OPEN_SESSION_REQUEST, PayloadType.RAKP_1, PayloadType.RAKP_3]
    )
    @pytest.mark.parametrize("status", [0x02, 0x08])
    def test_a_login_that_the_bmc_forgot_starts_over_at_once_under_a_new_id(
        self, step: PayloadType, status: int
    ) -> None:
        bmc = Bmc(status={step: [status]})
        result = run(handshake(), bmc)
        established(result, bmc)
        assert result.ended < 1
        requests = bmc.messages(PayloadType.OPEN_SESSION_REQUEST)
        ids = [
            request.remote_console_session_id
            for request in requests
            if isinstance(request, OpenSessionRequest)
        ]
        assert len(set(ids)) == len(ids) == 2

    def test_a_bmc_that_forgets_every_login_is_given_up_for_now(self) -> None:
        bmc = Bmc(status={PayloadType.RAKP_1: [RmcpStatus.INVALID_SESSION_ID] * 9})
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.PROTOCOL
        assert failure.retryable
        assert len(bmc.messages(PayloadType.RAKP_1)) == 4

    @pytest.mark.parametrize(
        "chosen",
        [
            SUITE_3.algorithms,
            Algorithms(0, 0, 0),
            Algorithms(3, 4, 0),
            Algorithms(3, 0, 1),
            Algorithms(2, 2, 1),
        ],
    )
    def test_other_algorithms_than_proposed_are_refused(self, chosen: Algorithms) -> None:
        bmc = Bmc(chooses=chosen)
        result = run(handshake(), bmc)
        failure = failed(result)
        assert failure.reason is FailureReason.DOWNGRADE
        assert not failure.retryable
        assert payload_types(result) == [PayloadType.OPEN_SESSION_REQUEST]

    def test_session_id_0_from_the_bmc_is_refused(self) -> None:
        bmc = Bmc(first_session_id=0)
        result = run(handshake(), bmc)
        assert failed(result).reason is FailureReason.PROTOCOL
        assert payload_types(result) == [PayloadType.OPEN_SESSION_REQUEST]

    def test_no_suite_allowed_is_a_mistake_of_the_caller(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            handshake(suites=())


class TestErrorsThatMayBeForged:
    def test_an_error_of_openbmc_without_tag_and_id_is_reported_when_nothing_better_comes(self) -> None:
        bmc = Bmc(users={}, errors_without_tag=True)
        result = run(handshake(privilege_fallback=False), bmc)
        failure = failed(result)
        assert failure.reason is FailureReason.UNKNOWN_USER
        assert failure.status == RmcpStatus.UNAUTHORIZED_NAME
        assert result.ended == pytest.approx(1.0, abs=0.1)  # the time that a RAKP 2 may take

    @pytest.mark.parametrize(
        "bmc",
        [
            Bmc(suites=(SUITE_3,), errors_without_tag=True),
            Bmc(suites=(SUITE_3,), errors_end_after_status=True),
        ],
        ids=["openbmc", "ipmi_sim"],
    )
    def test_an_error_with_our_tag_but_without_our_id_is_believed_after_a_moment(self, bmc: Bmc) -> None:
        result = run(handshake(), bmc)
        assert established(result, bmc).suite is SUITE_3
        assert 0.2 < result.ended < 0.5

    def test_a_forged_error_does_not_keep_us_from_the_real_answer(self) -> None:
        bmc = Bmc()
        login = handshake()
        forged = wrap_session_less(PayloadType.RAKP_2, Rakp2(0, RmcpStatus.UNAUTHORIZED_NAME).to_bytes())

        def forge(to_bmc: bool, datagram: bytes) -> bool:
            if to_bmc and datagram[5] == PayloadType.RAKP_1:
                login.receive_datagram(forged, 0.0)
            return False

        established(run(login, bmc, Link(lose=forge)), bmc)

    @pytest.mark.parametrize(
        ("tag_offset", "session_id"), [(1, None), (0, 0x1234), (1, 0)], ids=["tag", "session", "both"]
    )
    def test_an_error_for_somebody_else_is_dropped(self, tag_offset: int, session_id: int | None) -> None:
        bmc = Bmc()
        login = handshake()

        def forge(to_bmc: bool, datagram: bytes) -> bool:
            if to_bmc and datagram[5] == PayloadType.RAKP_1:
                request = bmc.messages(PayloadType.OPEN_SESSION_REQUEST)[-1]
                assert isinstance(request, OpenSessionRequest)
                ours = request.remote_console_session_id if session_id is None else session_id
                error = Rakp2((datagram[16] + tag_offset) & 0xFF, RmcpStatus.UNAUTHORIZED_NAME, ours)
                login.receive_datagram(wrap_session_less(PayloadType.RAKP_2, error.to_bytes()), 0.0)
                return True  # and the RAKP 1 is lost: the error would have its full time
            return False

        result = run(login, bmc, Link(lose=forge))
        assert failed(result).reason is FailureReason.NO_ANSWER
        dropped = login._counters.by_reason
        assert dropped == {"unexpected" if session_id is None else "wrong_session": 4}


@pytest.mark.parametrize(
    "answer",
    [PayloadType.OPEN_SESSION_RESPONSE, PayloadType.RAKP_2, PayloadType.RAKP_4],
    ids=lambda kind: kind.name,
)
@pytest.mark.parametrize(
    ("offset", "change", "reason"),
    [
        (5, 0x40, "unexpected"),  # authenticated, it says
        (5, 0x80, "unexpected"),  # encrypted, it says
        (16, -1, "unexpected"),  # the tag of the step before
        (16, 1, "unexpected"),
        (20, 1, "wrong_session"),
    ],
    ids=["authenticated", "encrypted", "earlier-tag", "later-tag", "session"],
)
def test_a_good_answer_that_is_not_ours_is_dropped_whatever_it_says(
    answer: PayloadType, offset: int, change: int, reason: str
) -> None:
    class Echoed(Bmc):
        """Somebody's answer, with values that would end the login, arrives before each of this kind."""

        def receive(self, datagram: bytes) -> list[bytes]:
            packets = super().receive(datagram)
            if packets[0][5] != answer:
                return packets
            strange = bytearray(packets[0])
            strange[offset] = (strange[offset] + change) & 0xFF
            strange[32 if answer == PayloadType.OPEN_SESSION_RESPONSE else -1] ^= 1
            return [bytes(strange), *packets]

    bmc = Echoed()
    login = handshake()
    established(run(login, bmc), bmc)
    assert login._counters.by_reason == {reason: 1}
