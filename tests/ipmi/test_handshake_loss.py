"""Logins over a network that loses, doubles and reorders."""

from dataclasses import replace

import pytest

from solmux.ipmi.handshake import Established, FailureReason
from solmux.ipmi.packet import Packet, PayloadType
from solmux.ipmi.rakp import OpenSessionRequest
from tests.ipmi.bmc import Bmc
from tests.ipmi.link import Link, established, failed, handshake, payload_types, run


class TestLoss:
    def test_a_silent_bmc_is_asked_four_times(self) -> None:
        result = run(handshake(), Bmc(idle=True))
        failure = failed(result)
        assert failure.reason is FailureReason.NO_ANSWER
        assert failure.text == "BMC does not answer"
        assert failure.retryable
        assert [time for time, _ in result.sent] == [0.0, 0.5, 1.5, 3.5]
        assert len({datagram for _, datagram in result.sent}) == 1  # the very same request
        assert result.ended == 7.5

    def test_a_lost_open_session_request_is_repeated_with_a_new_tag_and_the_same_id(self) -> None:
        bmc = Bmc()
        lost: list[bytes] = []

        def first_request(to_bmc: bool, datagram: bytes) -> bool:
            if to_bmc and datagram[5] == PayloadType.OPEN_SESSION_REQUEST and not lost:
                lost.append(datagram)
                return True
            return False

        result = run(handshake(), bmc, Link(lose=first_request))
        session = established(result, bmc)
        request = OpenSessionRequest.from_bytes(Packet.from_bytes(lost[0]).payload)
        (repeated,) = bmc.messages(PayloadType.OPEN_SESSION_REQUEST)
        assert isinstance(repeated, OpenSessionRequest)
        assert request.remote_console_session_id == session.remote_console_session_id
        assert repeated == replace(request, tag=repeated.tag)
        assert repeated.tag != request.tag
        assert result.ended == pytest.approx(1.0, abs=0.1)

    def test_the_answer_to_the_first_of_two_open_session_requests_will_do(self) -> None:
        bmc = Bmc()
        result = run(handshake(), bmc, Link(delay=(0.6, 0.6)))
        established(result, bmc)
        assert payload_types(result).count(PayloadType.OPEN_SESSION_REQUEST) >= 2

    @pytest.mark.parametrize("message", [PayloadType.RAKP_1, PayloadType.RAKP_3])
    @pytest.mark.parametrize("answered", [True, False], ids=["answer-lost", "request-lost"])
    def test_rakp_1_and_3_are_never_repeated_but_everything_starts_over(
        self, message: PayloadType, answered: bool
    ) -> None:
        bmc = Bmc()
        lost: list[bytes] = []

        def once(to_bmc: bool, datagram: bytes) -> bool:
            awaited = message + 1 if answered else message
            if to_bmc is not answered and datagram[5] == awaited and not lost:
                lost.append(datagram)
                return True
            return False

        result = run(handshake(), bmc, Link(lose=once))
        established(result, bmc)
        assert len(lost) == 1
        kinds = payload_types(result)
        start = [PayloadType.OPEN_SESSION_REQUEST, PayloadType.RAKP_1, PayloadType.RAKP_3]
        assert kinds == start[: start.index(message) + 1] + start
        sent = [datagram for _, datagram in result.sent if datagram[4] == 6]
        assert len(set(sent)) == len(sent)
        requests = [Packet.from_bytes(datagram) for datagram in sent]
        ids = {
            OpenSessionRequest.from_bytes(packet.payload).remote_console_session_id
            for packet in requests
            if packet.payload_type == PayloadType.OPEN_SESSION_REQUEST
        }
        assert len(ids) == 2

    @pytest.mark.parametrize(
        ("silent", "told"),
        [
            (PayloadType.OPEN_SESSION_REQUEST, "open a session"),
            (PayloadType.RAKP_1, "user name"),
            (PayloadType.RAKP_3, "proof"),
        ],
    )
    def test_a_bmc_that_falls_silent_on_the_way_is_given_up_in_bounded_time(
        self, silent: PayloadType, told: str
    ) -> None:
        result = run(handshake(), Bmc(), Link(lose=lambda to_bmc, datagram: to_bmc and datagram[5] == silent))
        failure = failed(result)
        assert failure.reason is FailureReason.NO_ANSWER
        assert told in failure.text
        assert failure.retryable
        assert result.ended < 21

    def test_a_late_answer_of_an_earlier_round_is_dropped(self) -> None:
        bmc = Bmc()
        login = handshake()
        held: list[bytes] = []

        def hold_first_rakp_2(to_bmc: bool, datagram: bytes) -> bool:
            if not to_bmc and datagram[5] == PayloadType.RAKP_2:
                held.append(datagram)
                if len(held) == 1:
                    return True
                login.receive_datagram(held[0], 1.0)
            return False

        established(run(login, bmc, Link(lose=hold_first_rakp_2)), bmc)
        assert login._counters.by_reason == {"wrong_session": 1}

    def test_a_second_answer_to_the_capability_query_is_dropped(self) -> None:
        bmc = Bmc()
        login = handshake()

        def answer_twice(to_bmc: bool, datagram: bytes) -> bool:
            if not to_bmc and datagram[4] == 0:
                login.receive_datagram(datagram, 0.0)
            return False

        established(run(login, bmc, Link(lose=answer_twice)), bmc)
        assert login._counters.by_reason == {"not_rmcp_plus": 1}

    def test_sessions_come_up_over_a_bad_network_or_say_that_nobody_answers(self) -> None:
        outcomes = []
        for seed in range(200):
            bmc = Bmc()
            link = Link(seed=seed, loss=0.2, doubling=0.1, delay=(0.001, 0.4))
            result = run(handshake(seed=seed), bmc, link)
            if isinstance(result.outcome, Established):
                established(result, bmc)
                outcomes.append("established")
            else:
                outcomes.append(result.outcome.reason)
                assert result.outcome.retryable, result.outcome
        assert set(outcomes) <= {"established", FailureReason.NO_ANSWER, FailureReason.PROTOCOL}
        assert outcomes.count("established") >= 150

    def test_a_doubled_rakp_1_that_is_obeyed_twice_costs_one_round(self) -> None:
        bmc = Bmc(takes_rakp_1_again=True)
        doubled: list[bytes] = []

        def double(to_bmc: bool, datagram: bytes) -> bool:
            if to_bmc and datagram[5] == PayloadType.RAKP_1 and not doubled:
                doubled.append(datagram)
                bmc.receive(datagram)  # its answer is lost, but the BMC now goes by its second random number
            elif to_bmc and datagram[5] == PayloadType.RAKP_3 and len(doubled) == 1:
                doubled.append(datagram)
                bmc.receive(doubled[0])
            return False

        result = run(handshake(), bmc, Link(lose=double))
        established(result, bmc)
        assert payload_types(result).count(PayloadType.RAKP_3) == 2

    def test_doubled_datagrams_and_reordering_alone_never_cost_the_login(self) -> None:
        for seed in range(100):
            bmc = Bmc()
            result = run(handshake(seed=seed), bmc, Link(seed=seed, doubling=0.5, delay=(0.001, 0.05)))
            established(result, bmc)
