"""Logins that succeed, credentials that do not fit, and BMCs with quirks."""

from dataclasses import replace

import pytest

from solmux.ipmi.commands import CipherSuiteRecord, Privilege
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite
from solmux.ipmi.handshake import Credentials, FailureReason
from solmux.ipmi.message import CompletionCode
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.quirks import Quirk
from solmux.ipmi.rakp import OpenSessionRequest, Rakp1, Rakp3, RmcpStatus
from tests.ipmi.bmc import GUID, Bmc
from tests.ipmi.link import ADMIN, Link, established, failed, handshake, run

BMC_KEY = b"twenty bytes of  key"


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
        assert result.ended == pytest.approx(1.5, abs=0.1)

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
