import pytest

from solmux.ipmi.commands import SetSessionPrivilege
from solmux.ipmi.crypto import SUITE_3, SUITE_17, Algorithms, CipherSuite
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.rakp import OpenSessionRequest, OpenSessionResponse, Rakp3, RmcpStatus
from solmux.sim.faults import Faults
from solmux.sim.session import User
from tests.sim.remote import GUID, OPERATOR, Lab, StatusError

KG = b"kg-of-the-lab-bmc-20"


@pytest.mark.parametrize("suite", [SUITE_3, SUITE_17])
@pytest.mark.parametrize("kg", [b"", KG, bytes(20)])
def test_a_session_begins(suite: CipherSuite, kg: bytes) -> None:
    console = Lab(kg=kg).console(suite=suite, kg=kg).log_in()
    assert console.guid == GUID
    assert console.data(SetSessionPrivilege(0).to_request()) == b"\x02"  # a session starts as user


def test_a_wrong_password_is_noticed_by_the_console_first() -> None:
    with pytest.raises(AssertionError, match="RAKP 2"):
        Lab().console().log_in(password=b"wrong")


def test_a_wrong_proof_in_rakp_3_is_refused() -> None:
    console = Lab().console()
    session_id = console.open_session().managed_system_session_id
    proof = Rakp3(3, 0, session_id, bytes(32))
    (answer,) = console.exchange(wrap_session_less(PayloadType.RAKP_3, proof.to_bytes()))
    assert Packet.from_bytes(answer).payload[:2] == bytes((3, RmcpStatus.INVALID_SESSION_ID))


def test_a_missing_kg_shows_in_rakp_4() -> None:
    with pytest.raises(AssertionError, match="RAKP 4"):
        Lab(kg=KG).console().log_in()


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        Lab().console(User(b"nobody", b"x")).log_in()
    assert (caught.value.status, caught.value.tag) == (RmcpStatus.UNAUTHORIZED_NAME, 2)


def test_an_error_comes_without_its_tag() -> None:
    with pytest.raises(StatusError) as caught:
        Lab(Faults(error_without_tag=True)).console(User(b"nobody", b"x")).log_in()
    assert (caught.value.status, caught.value.tag) == (RmcpStatus.UNAUTHORIZED_NAME, 0)


def test_a_privilege_beyond_the_account_is_refused_and_a_lower_one_granted() -> None:
    lab = Lab()
    with pytest.raises(StatusError) as caught:
        lab.console(OPERATOR).log_in(4)
    assert caught.value.status == RmcpStatus.UNAUTHORIZED_ROLE
    console = lab.console(OPERATOR).log_in(3)
    assert console.code(SetSessionPrivilege(4).to_request()) == 0x81
    assert console.data(SetSessionPrivilege(3).to_request()) == b"\x03"


def test_without_name_only_lookup_the_privilege_must_be_exactly_the_accounts() -> None:
    lab = Lab()
    with pytest.raises(StatusError) as caught:
        lab.console().log_in(3, role=0x03)
    assert caught.value.status == RmcpStatus.UNAUTHORIZED_NAME
    lab.console().log_in(4, role=0x04)


def test_the_privilege_of_open_session_is_hashed() -> None:
    lab = Lab(Faults(hashes_open_session_privilege=True))
    lab.console().log_in(4)
    with pytest.raises(AssertionError, match="RAKP 2"):
        lab.console().log_in(4, role=0x13)


def test_privilege_0_in_open_session_is_answered_with_the_highest_or_echoed() -> None:
    assert Lab().console().open_session(0).privilege == 4
    assert Lab(Faults(echoes_privilege=True)).console().open_session(0).privilege == 0


@pytest.mark.parametrize(
    ("suites", "algorithms", "status"),
    [
        ((SUITE_3,), SUITE_17.algorithms, RmcpStatus.INVALID_AUTHENTICATION_ALGORITHM),
        ((SUITE_3, SUITE_17), Algorithms(0, 0, 0), RmcpStatus.INVALID_AUTHENTICATION_ALGORITHM),
        ((SUITE_3, SUITE_17), Algorithms(1, 2, 1), RmcpStatus.INVALID_INTEGRITY_ALGORITHM),
        ((SUITE_3, SUITE_17), Algorithms(1, 1, 0), RmcpStatus.INVALID_CONFIDENTIALITY_ALGORITHM),
        ((SUITE_3, SUITE_17), Algorithms(1, 4, 1), RmcpStatus.NO_CIPHER_SUITE_MATCH),
    ],
)
def test_other_suites_are_refused(
    suites: tuple[CipherSuite, ...], algorithms: Algorithms, status: RmcpStatus
) -> None:
    request = OpenSessionRequest(9, 4, 77, algorithms)
    datagram = wrap_session_less(PayloadType.OPEN_SESSION_REQUEST, request.to_bytes())
    (answer,) = Lab(suites=suites).console().exchange(datagram)
    response = OpenSessionResponse.from_bytes(Packet.from_bytes(answer).payload)
    assert (response.tag, response.status, response.remote_console_session_id) == (9, status, 77)


def test_a_full_session_table_refuses() -> None:
    lab = Lab(Faults(session_slots=1))
    first = lab.console().log_in()
    with pytest.raises(StatusError) as caught:
        lab.console().log_in()
    assert caught.value.status == RmcpStatus.INSUFFICIENT_RESOURCES
    first.close()
    lab.console().log_in()


def test_an_abandoned_log_in_holds_its_slot_until_it_is_forgotten() -> None:
    lab = Lab(Faults(session_slots=1, half_open_timeout=3.0))
    lab.console().open_session()
    with pytest.raises(StatusError):
        lab.console().open_session()
    lab.wait(3.0)
    lab.console().open_session()


def test_a_repeated_open_session_takes_no_second_slot() -> None:
    lab = Lab(Faults(session_slots=1))
    console = lab.console()
    console.open_session()
    console.log_in()


def test_rakp_1_for_a_log_in_that_is_gone() -> None:
    lab = Lab()
    console = lab.console()
    session_id = console.open_session().managed_system_session_id
    lab.wait(10.0)
    message = (
        bytes((2, 0, 0, 0))
        + session_id.to_bytes(4, "little")
        + bytes(16)
        + bytes.fromhex("14000005")
        + b"admin"
    )
    (answer,) = console.exchange(wrap_session_less(PayloadType.RAKP_1, message))
    assert Packet.from_bytes(answer).payload[:2] == bytes((2, RmcpStatus.INVALID_SESSION_ID))


def test_a_console_that_gives_up_frees_its_slot() -> None:
    lab = Lab(Faults(session_slots=1))
    console = lab.console()
    session_id = console.open_session().managed_system_session_id
    message = Rakp3(3, RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE, session_id)
    console.exchange(wrap_session_less(PayloadType.RAKP_3, message.to_bytes()))
    lab.console().log_in()
