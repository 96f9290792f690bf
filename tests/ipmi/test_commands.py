"""Commands by their bytes: what is asked, and what is answered."""

from ipaddress import IPv4Address

import pytest

from solmux.ipmi import commands as c
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import Request
from tests.ipmi.vectors import Command, Data

NO_FIELDS: tuple[tuple[Request, tuple[int, int]], ...] = (
    (c.GetDeviceId().to_request(), (0x06, 0x01)),
    (c.GetDeviceGuid().to_request(), (0x06, 0x08)),
    (c.GetSystemGuid().to_request(), (0x06, 0x37)),
    (c.GetChassisStatus().to_request(), (0x00, 0x01)),
)

REQUESTS: tuple[tuple[Command, int, int, str], ...] = (
    (c.GetChannelAuthenticationCapabilities(), 0x06, 0x38, "8e 04"),
    (c.GetChannelAuthenticationCapabilities(1, c.Privilege.USER, extended=False), 0x06, 0x38, "01 02"),
    (c.SetSessionPrivilege(c.Privilege.ADMINISTRATOR), 0x06, 0x3B, "04"),
    (c.CloseSession(0x02000105), 0x06, 0x3C, "05 01 00 02"),
    (c.GetSessionInfo(), 0x06, 0x3D, "00"),
    (c.GetSessionInfo(3), 0x06, 0x3D, "03"),
    (c.GetSessionInfo(managed_system_session_id=0x02000105), 0x06, 0x3D, "ff 05 01 00 02"),
    (c.GetSessionInfo(handle=9), 0x06, 0x3D, "fe 09"),
    (c.GetChannelCipherSuites(), 0x06, 0x54, "0e 00 80"),
    (c.GetChannelCipherSuites(0x3F, 1, 1), 0x06, 0x54, "01 01 bf"),
    (c.ActivatePayload(), 0x06, 0x48, "01 01 c4 00 00 00"),
    (c.ActivatePayload(0xC6, 1, 2), 0x06, 0x48, "01 02 c6 00 00 00"),
    (c.DeactivatePayload(), 0x06, 0x49, "01 01 00 00 00 00"),
    (c.SetPayloadEncryption(1), 0x06, 0x55, "01 01 01"),
    (c.GetPayloadActivationStatus(), 0x06, 0x4A, "01"),
    (c.GetPayloadInstanceInfo(), 0x06, 0x4B, "01 01"),
    (c.SetUserPayloadAccess(2), 0x06, 0x4C, "0e 02 02 00 00 00"),
    (c.SetUserPayloadAccess(63, enable=False, oem_payloads=1), 0x06, 0x4C, "0e 7f 02 00 01 00"),
    (c.GetUserPayloadAccess(2), 0x06, 0x4D, "0e 02"),
    (c.GetChannelPayloadSupport(), 0x06, 0x4E, "0e"),
    (c.GetChannelPayloadVersion(), 0x06, 0x4F, "0e 01"),
    (c.GetSolConfiguration(c.SolParameter.RETRY), 0x0C, 0x22, "0e 04 00 00"),
    (c.GetSolConfiguration(192, 1, True, 2, 3), 0x0C, 0x22, "81 c0 02 03"),
    (c.SetSolConfiguration(c.SolParameter.RETRY, b"\x07\x32"), 0x0C, 0x21, "0e 04 07 32"),
    (c.ChassisControl(c.ChassisAction.POWER_CYCLE), 0x00, 0x02, "02"),
)

CAPABILITIES = c.ChannelAuthenticationCapabilities(
    1, 0x17, True, c.LoginStatus.NAMED_USERS | c.LoginStatus.NULL_USERNAMES, True, True
)
ANSWERS: tuple[tuple[Data, str], ...] = (
    (CAPABILITIES, "01 97 06 03 000000 00"),
    (
        c.ChannelAuthenticationCapabilities(
            14, 0x04, False, c.LoginStatus.KG_SET, True, False, oem_iana=343, oem_data=7
        ),
        "0e 04 20 01 570100 07",
    ),
    (c.SessionPrivilege(4), "04"),
    (c.SessionInfo(0, 4, 1), "00 04 01"),
    (
        c.SessionInfo(1, 4, 1, c.ActiveSession(2, 4, 1, True, IPv4Address("127.0.0.1"), bytes(6), 0xD6BF)),
        "01 04 01 02 04 11 7f000001 000000000000 bfd6",
    ),
    (c.CipherSuitesBlock(1, bytes.fromhex("c003014181c011034481")), "01 c003014181c011034481"),
    (
        c.DeviceId(0, 3, False, False, 9, 8, "2.0", 0x9F, 0x1291, 0x0F02, bytes(4)),
        "00 03 09 08 02 9f 911200 020f 00000000",
    ),
    (c.DeviceId(0x20, 1, True, True, 3, 98, "1.5", 0xFF, 674, 0x100), "20 81 83 98 51 ff a20200 0001"),
    (c.PayloadActivation(0xFF, 0xFF), "00000000 ff00 ff00 6f02 ffff"),
    (c.PayloadActivation(32, 0x4000, 9732, 5, test_mode=True), "01000000 2000 0040 0426 0500"),
    (c.PayloadActivationStatus(1, frozenset({1})), "01 0100"),
    (c.PayloadActivationStatus(15, frozenset({1, 9, 16})), "0f 0181"),
    (c.PayloadInstanceInfo(0x02000105, 1), "05010002 01 00000000000000"),
    (c.UserPayloadAccess(2), "02 00 00 00"),
    (c.ChannelPayloadSupport(3), "0300 3f00 0000 0000"),
    (c.PayloadVersion(1, 0), "10"),
    (c.SolConfiguration(b"\x07\x32"), "11 0732"),
    (c.SolEnable(True), "01"),
    (c.SolEnable(False), "00"),
    (c.SolAuthentication(c.Privilege.OPERATOR, force_encryption=True), "83"),
    (c.SolAuthentication(c.Privilege.USER, force_authentication=True), "42"),
    (c.SolAccumulate(12, 96), "0c 60"),
    (c.SolRetry(7, 50), "07 32"),
    (c.SolBitRate(c.BitRate.B115200), "0a"),
    (c.SolChannel(1), "01"),
    (c.SolPort(623), "6f02"),
    (c.ChassisStatus(c.PowerState.ON, c.RestorePolicy.PREVIOUS), "21 00 00"),
    (
        c.ChassisStatus(
            c.PowerState(0),
            c.RestorePolicy.STAY_OFF,
            c.LastPowerEvent.AC_FAILED | c.LastPowerEvent.FAULT,
            c.ChassisState.FAN_FAULT,
            c.IdentifyState.TIMED,
        ),
        "00 09 58",
    ),
)


@pytest.mark.parametrize(("request_", "code"), NO_FIELDS)
def test_requests_without_fields(request_: Request, code: tuple[int, int]) -> None:
    assert request_ == Request(*code)


@pytest.mark.parametrize(("command", "net_fn", "number", "data"), REQUESTS)
def test_requests_are_written_and_read(command: Command, net_fn: int, number: int, data: str) -> None:
    assert command.to_request() == Request(net_fn, number, bytes.fromhex(data))
    assert type(command).from_data(bytes.fromhex(data)) == command


@pytest.mark.parametrize(("answer", "data"), ANSWERS)
def test_answers_are_written_and_read(answer: Data, data: str) -> None:
    assert answer.to_data() == bytes.fromhex(data)
    assert type(answer).from_data(bytes.fromhex(data)) == answer


@pytest.mark.parametrize(
    "record",
    [type(command) for command, *_ in REQUESTS] + [type(answer) for answer, _ in ANSWERS],
    ids=lambda record: str(record.__name__),
)
def test_no_data_at_all_is_refused_by_name(record: type[Command] | type[Data]) -> None:
    with pytest.raises(DecodeError, match=r"needs \d+ data bytes, got 0"):
        record.from_data(b"")


@pytest.mark.parametrize(("answer", "data"), ANSWERS)
def test_answers_may_grow(answer: Data, data: str) -> None:
    """Later versions of the specification and vendors append bytes."""
    if not isinstance(answer, c.SessionInfo | c.CipherSuitesBlock | c.DeviceId | c.SolConfiguration):
        assert type(answer).from_data(bytes.fromhex(data) + b"\xff") == answer


def test_rmcp_plus_needs_both_bits() -> None:
    assert CAPABILITIES.rmcp_plus
    for data in ("0117060300000000", "0197060100000000"):
        assert not c.ChannelAuthenticationCapabilities.from_data(bytes.fromhex(data)).rmcp_plus


@pytest.mark.parametrize(
    ("announced", "used"),
    [
        (0x00FF, 255),  # OpenBMC
        (0x0020, 32),  # ipmi_sim inbound
        (0x4000, 64),  # ipmi_sim outbound: swapped
        (0x0400, 36),  # Intel S5500: 4 when swapped, too small
        (0x0000, 36),
        (0xFFFF, 36),
        (0x0103, 259),
        (0x0104, 36),
        (0x0301, 259),  # 259, swapped
        (0x0005, 5),
        (0x0004, 36),
    ],
)
def test_payload_sizes_of_lying_bmcs(announced: int, used: int) -> None:
    assert c.sane_payload_size(announced) == used
    activation = c.PayloadActivation(announced, announced)
    assert (activation.inbound_size, activation.outbound_size) == (used, used)


def test_a_capacity_of_0_means_1() -> None:
    assert c.PayloadActivationStatus.from_data(bytes(3)).capacity == 1


def test_session_info_without_an_address_is_read() -> None:
    info = c.SessionInfo.from_data(bytes.fromhex("01 04 01 02 04 11"))
    assert info.session == c.ActiveSession(2, 4, 1, True, IPv4Address(0), bytes(6), 0)
    with pytest.raises(DecodeError, match="needs 6"):
        c.SessionInfo.from_data(bytes.fromhex("01 04 01 02 04"))


def test_instance_info_of_four_bytes_is_read() -> None:
    assert c.PayloadInstanceInfo.from_data(b"\x05\x01\x00\x02") == c.PayloadInstanceInfo(0x02000105)


def test_what_the_parameters_mean_in_seconds() -> None:
    assert c.SolRetry(7, 50).interval == 0.5
    assert c.SolRetry(7, 50).patience == 4.0
    assert c.SolRetry(0, 50).patience == 0.5
    assert c.SolAccumulate(12, 96).interval == pytest.approx(0.06)


def test_firmware_is_shown_as_people_write_it() -> None:
    assert c.DeviceId(0, 0, False, False, 3, 8, "2.0", 0, 0, 0).firmware == "3.08"


def test_power_and_payload_access_at_a_glance() -> None:
    assert c.ChassisStatus.from_data(bytes.fromhex("61 10 00")).is_on
    assert not c.ChassisStatus.from_data(bytes.fromhex("60 10 00")).is_on
    assert c.ChassisStatus.from_data(bytes.fromhex("61 10 00")).identify is None
    assert c.UserPayloadAccess.from_data(bytes.fromhex("02000000")).sol
    assert not c.UserPayloadAccess.from_data(bytes.fromhex("01000000")).sol
    assert not c.ChannelPayloadSupport.from_data(bytes.fromhex("0100000000000000")).sol


def test_a_guid_is_16_bytes_as_on_the_wire() -> None:
    assert c.read_guid(bytes(range(16))) == bytes(range(16))
    for length in (0, 15, 17):
        with pytest.raises(DecodeError, match="16 bytes"):
            c.read_guid(bytes(length))


def test_suite_records_are_told_apart_by_their_tags() -> None:
    suites = (
        c.CipherSuiteRecord(3, 0, b"\x01\x41\x81"),
        c.CipherSuiteRecord(0x80, 343, b"\x01\x41\x81"),
        c.CipherSuiteRecord(17, 0, b"\x03\x44\x81\x82"),
        c.CipherSuiteRecord(0),
    )
    records = b"".join(suite.to_bytes() for suite in suites)
    assert c.read_cipher_suite_records(records) == suites
    assert c.read_cipher_suite_records(b"") == ()


@pytest.mark.parametrize(
    ("records", "told"),
    [(b"\x01\x02", "got 01h"), (b"\xc0", "inside a record"), (b"\xc1\x80\x57\x01", "inside a record")],
)
def test_suite_records_that_are_none_are_refused(records: bytes, told: str) -> None:
    with pytest.raises(DecodeError, match=told):
        c.read_cipher_suite_records(records)
