"""Logins, good and bad, against a BMC over a link that is good or bad."""

import random
from dataclasses import replace

import pytest

from solmux.ipmi.commands import CipherSuiteRecord, Privilege
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import SUITE_3, SUITE_17, Algorithms, CipherSuite
from solmux.ipmi.handshake import Credentials, Established, Failed, FailureReason, Handshake
from solmux.ipmi.message import CompletionCode
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.rakp import OpenSessionRequest, Rakp1, Rakp2, Rakp3, RmcpStatus
from tests.ipmi.bmc import GUID, Bmc, Link, Run, run

ADMIN = Credentials(b"admin", b"secret")
BMC_KEY = b"twenty bytes of  key"


def handshake(
    credentials: Credentials = ADMIN,
    *,
    suites: tuple[CipherSuite, ...] = (SUITE_17, SUITE_3),
    privilege: int = Privilege.ADMINISTRATOR,
    privilege_fallback: bool = True,
    quirks: frozenset[Quirk] = frozenset(),
    ask_cipher_suites: bool = False,
    seed: int = 7,
) -> Handshake:
    return Handshake(
        credentials,
        entropy=random.Random(seed).randbytes,
        counters=DropCounters(),
        suites=suites,
        privilege=privilege,
        privilege_fallback=privilege_fallback,
        quirks=quirks,
        ask_cipher_suites=ask_cipher_suites,
    )


def established(result: Run, bmc: Bmc) -> Established:
    """Return the session after a packet went through it in both directions."""
    session = result.outcome
    assert isinstance(session, Established), session
    peer = bmc.channels[session.managed_system_session_id]
    opened = peer.open(session.channel.seal(PayloadType.IPMI, b"there"))
    assert opened is not None
    assert opened.payload == b"there"
    opened = session.channel.open(peer.seal(PayloadType.SOL, b"and back"))
    assert opened is not None
    assert opened.payload == b"and back"
    return session


def failed(result: Run) -> Failed:
    assert isinstance(result.outcome, Failed), result.outcome
    return result.outcome


def payload_types(result: Run) -> list[int]:
    """Return the RMCP+ payload types that the console sent, in order."""
    return [Packet.from_bytes(datagram).payload_type for _, datagram in result.sent if datagram[4] == 6]


class TestSuccess:
    @pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)
    @pytest.mark.parametrize(
        ("credentials", "kg"),
        [
            (ADMIN, b""),
            (Credentials(b"admin", b"secret", bytes(20)), b""),
            (Credentials(b"admin", b"secret", BMC_KEY), BMC_KEY),
            (Credentials(b"admin", b"secret", b"\0key"), b"\0key"),
            (Credentials(b"", b""), b""),
            (Credentials(b"sixteen-byte-usr", b"twenty-byte-password"), b""),
        ],
        ids=["plain", "zero-kg", "kg", "kg-from-zero", "anonymous", "longest"],
    )
    def test_login(self, suite: CipherSuite, credentials: Credentials, kg: bytes) -> None:
        bmc = Bmc(users={credentials.username: credentials.password}, kg=kg)
        session = established(run(handshake(credentials, suites=(suite,)), bmc), bmc)
        assert session.suite is suite
        assert session.guid == GUID
        assert session.privilege == Privilege.ADMINISTRATOR
        assert session.remote_console_session_id == session.channel.local_session_id
        assert session.managed_system_session_id == session.channel.peer_session_id
        assert session.capabilities is not None
        assert session.cipher_suites is None

    def test_a_good_path_needs_four_exchanges_and_no_time_but_theirs(self) -> None:
        bmc = Bmc()
        result = run(handshake(), bmc, Link(delay=(0.01, 0.01)))
        established(result, bmc)
        assert result.ended == pytest.approx(0.08)
        assert [kind for kind, _ in bmc.received] == [
            PayloadType.IPMI,
            PayloadType.OPEN_SESSION_REQUEST,
            PayloadType.RAKP_1,
            PayloadType.RAKP_3,
        ]

    def test_open_session_and_rakp_1_name_the_same_concrete_privilege(self) -> None:
        bmc = Bmc()
        established(run(handshake(privilege=Privilege.OPERATOR), bmc), bmc)
        (request,), (rakp_1,) = (
            bmc.messages(PayloadType.OPEN_SESSION_REQUEST),
            bmc.messages(PayloadType.RAKP_1),
        )
        assert isinstance(request, OpenSessionRequest)
        assert isinstance(rakp_1, Rakp1)
        assert request.privilege == 3
        assert rakp_1.role == 0x13

    def test_every_transmission_has_a_tag_of_its_own_and_never_0(self) -> None:
        bmc = Bmc()
        tags = []
        for seed in range(300):
            result = run(handshake(seed=seed), bmc)
            tags.append([datagram[16] for _, datagram in result.sent if datagram[4] == 6])
        assert all(0 not in used and len(set(used)) == 3 for used in tags)
        assert len({used[0] for used in tags}) > 100

    def test_the_suite_list_is_read_in_blocks_when_asked_for(self) -> None:
        bmc = Bmc()
        assert len(bmc.records) == 20
        session = established(run(handshake(ask_cipher_suites=True), bmc), bmc)
        assert session.cipher_suites == (
            CipherSuiteRecord(1, 0, b"\x01\x40\x80"),
            CipherSuiteRecord(2, 0, b"\x01\x41\x80"),
            CipherSuiteRecord(3, 0, b"\x01\x41\x81"),
            CipherSuiteRecord(17, 0, b"\x03\x44\x81"),
        )

    def test_a_suite_list_of_nonsense_is_no_reason_to_stay_away(self) -> None:
        bmc = Bmc(records=b"\x55\x55")
        login = handshake(ask_cipher_suites=True)
        assert established(run(login, bmc), bmc).cipher_suites is None

    def test_the_login_goes_on_when_the_suite_list_is_not_answered(self) -> None:
        bmc = Bmc(answers_cipher_suites=False)
        result = run(handshake(ask_cipher_suites=True), bmc)
        assert established(result, bmc).cipher_suites is None
        assert result.ended == pytest.approx(7.5, abs=0.1)

    def test_the_login_goes_on_when_the_capability_query_is_an_unknown_command(self) -> None:
        bmc = Bmc(capabilities_code=CompletionCode.INVALID_COMMAND)
        assert established(run(handshake(), bmc), bmc).capabilities is None


class TestCredentials:
    @pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)
    def test_wrong_password(self, suite: CipherSuite) -> None:
        bmc = Bmc(users={b"admin": b"another"})
        result = run(handshake(suites=(suite,)), bmc)
        failure = failed(result)
        assert failure.reason is FailureReason.WRONG_PASSWORD
        assert "password" in failure.text
        assert "'admin'" in failure.text
        assert not failure.retryable
        assert failure.minimum_delay >= 900
        assert result.ended < 1  # at once, no second try

    def test_after_a_wrong_password_the_bmc_is_told_so_that_it_frees_the_session_and_gets_no_proof(
        self,
    ) -> None:
        bmc = Bmc(users={b"admin": b"another"})
        run(handshake(), bmc)
        (rakp_3,) = bmc.messages(PayloadType.RAKP_3)
        assert isinstance(rakp_3, Rakp3)
        assert rakp_3.status == RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE
        assert rakp_3.key_exchange_code == b""
        assert bmc.half_open == {}

    @pytest.mark.parametrize(
        ("ours", "theirs", "told"),
        [
            (b"mine", b"theirs", "not the BMC's"),
            (b"", b"theirs", "says that it has one"),
            (b"mine", b"", "has none set"),
        ],
        ids=["wrong", "missing", "needless"],
    )
    def test_a_kg_that_does_not_match_is_told_from_a_wrong_password(
        self, ours: bytes, theirs: bytes, told: str
    ) -> None:
        bmc = Bmc(kg=theirs)
        failure = failed(run(handshake(Credentials(b"admin", b"secret", ours)), bmc))
        assert failure.reason is FailureReason.WRONG_KG
        assert told in failure.text
        assert "Kg" in failure.text
        assert not failure.retryable
        assert failure.minimum_delay >= 900

    def test_unknown_user_is_reported_after_one_try_as_operator(self) -> None:
        bmc = Bmc(users={})
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.UNKNOWN_USER
        assert failure.status == RmcpStatus.UNAUTHORIZED_NAME
        assert not failure.retryable
        assert failure.minimum_delay >= 900
        roles = [message.role for message in bmc.messages(PayloadType.RAKP_1) if isinstance(message, Rakp1)]
        assert roles == [0x14, 0x13]

    def test_unknown_user_is_tried_once_without_privilege_fallback(self) -> None:
        bmc = Bmc(users={})
        failure = failed(run(handshake(privilege_fallback=False), bmc))
        assert failure.reason is FailureReason.UNKNOWN_USER
        assert len(bmc.messages(PayloadType.RAKP_1)) == 1

    def test_a_refused_proof_is_tried_once_more_since_the_network_may_have_doubled_a_message(self) -> None:
        bmc = Bmc(status={PayloadType.RAKP_3: [RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE]})
        established(run(handshake(), bmc), bmc)

    def test_a_proof_refused_twice_is_a_matter_of_the_password_or_a_quirk(self) -> None:
        bmc = Bmc(hashes_role_without_lookup=True)
        failure = failed(run(handshake(), bmc))
        assert failure.reason is FailureReason.WRONG_PASSWORD
        assert "quirks" in failure.text
        assert len(bmc.messages(PayloadType.RAKP_3)) == 2
        assert not failure.retryable

    @pytest.mark.parametrize(
        ("username", "password", "kg"),
        [(b"u" * 17, b"", b""), (b"", b"p" * 21, b""), (b"", b"", b"k" * 21)],
        ids=["username", "password", "kg"],
    )
    def test_too_long_is_refused_not_cut(self, username: bytes, password: bytes, kg: bytes) -> None:
        with pytest.raises(ValueError, match="at most") as caught:
            Credentials(username, password, kg)
        assert "ppp" not in str(caught.value)
        assert "kkk" not in str(caught.value)

    def test_no_secret_shows_in_what_is_printed(self) -> None:
        credentials = Credentials(b"admin", b"secret", b"bmc-key")
        assert "secret" not in repr(credentials)
        assert "bmc-key" not in repr(credentials)
        assert credentials != replace(credentials, password=b"other")
        for bmc in (Bmc(users={b"admin": b"x"}), Bmc(kg=b"x"), Bmc(users={})):
            outcome = run(handshake(credentials), bmc).outcome
            assert "secret" not in repr(outcome)
            assert "bmc-key" not in repr(outcome)

    @pytest.mark.parametrize(
        "bmc", [Bmc(), Bmc(users={b"admin": b"x"}), Bmc(kg=b"x")], ids=["good", "password", "kg"]
    )
    def test_nothing_secret_outlives_the_login(self, bmc: Bmc) -> None:
        login = handshake()
        run(login, bmc)
        assert not hasattr(login, "_credentials")
        assert login._login is None


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

    def test_an_error_of_openbmc_about_the_suite_leads_to_the_next(self) -> None:
        bmc = Bmc(suites=(SUITE_3,), errors_without_tag=True)
        assert established(run(handshake(), bmc), bmc).suite is SUITE_3

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


class TestQuirks:
    def test_intel20_pads_the_user_name(self) -> None:
        bmc = Bmc(pads_usernames=True, hashes_role_without_lookup=True)
        established(run(handshake(quirks=frozenset({Quirk.INTEL20})), bmc), bmc)
        assert failed(run(handshake(), bmc)).reason is FailureReason.UNKNOWN_USER

    def test_intelplus_hashes_the_bare_privilege_in_rakp_3(self) -> None:
        bmc = Bmc(hashes_role_without_lookup=True)
        established(run(handshake(quirks=frozenset({Quirk.INTELPLUS})), bmc), bmc)

    @pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)
    def test_codes_longer_than_they_should_be_are_compared_up_to_their_length(
        self, suite: CipherSuite
    ) -> None:
        bmc = Bmc(extra_code=b"\0")
        established(run(handshake(suites=(suite,)), bmc), bmc)

    @pytest.mark.parametrize("answer", [PayloadType.RAKP_2, PayloadType.RAKP_4])
    def test_codes_shorter_than_they_should_be_are_refused(self, answer: PayloadType) -> None:
        class ShortCodes(Bmc):
            def receive(self, datagram: bytes) -> list[bytes]:
                return [
                    wrap_session_less(answer, Packet.from_bytes(packet).payload[:-1])
                    if packet[5] == answer
                    else packet
                    for packet in super().receive(datagram)
                ]

        failure = failed(run(handshake(), ShortCodes()))
        assert failure.reason is FailureReason.PROTOCOL
        assert "bytes instead of" in failure.text

    @pytest.mark.parametrize("answer", [PayloadType.RAKP_2, PayloadType.RAKP_4])
    def test_empty_codes_prove_nothing(self, answer: PayloadType) -> None:
        head = {PayloadType.RAKP_2: 40, PayloadType.RAKP_4: 8}[answer]

        class NoCodes(Bmc):
            def receive(self, datagram: bytes) -> list[bytes]:
                return [
                    wrap_session_less(answer, Packet.from_bytes(packet).payload[:head])
                    if packet[5] == answer
                    else packet
                    for packet in super().receive(datagram)
                ]

        assert failed(run(handshake(), NoCodes())).reason is FailureReason.PROTOCOL
