import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.ipmi.commands import (
    ActivatePayload,
    ChassisControl,
    ChassisStatus,
    CloseSession,
    DeactivatePayload,
    DeviceId,
    GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites,
    GetChannelPayloadSupport,
    GetChannelPayloadVersion,
    GetChassisStatus,
    GetDeviceGuid,
    GetDeviceId,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    GetSessionInfo,
    GetSolConfiguration,
    GetSystemGuid,
    GetUserPayloadAccess,
    PayloadActivation,
    SessionInfo,
    SetPayloadEncryption,
    SetSessionPrivilege,
    SetSolConfiguration,
    SetUserPayloadAccess,
    SolActivation,
    SolParameter,
)
from solmux.ipmi.message import Request, Response
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.rmcp import presence_ping, presence_pong, unwrap_ipmi15, wrap_ipmi15
from solmux.sim.bmc import Bmc
from solmux.sim.controller import BmcSettings
from solmux.sim.faults import Faults
from solmux.sim.host import PowerAction
from solmux.sim.sources import PlainSource, numbered_bytes
from tests.sim.remote import GUID, NO_SOL, OPERATOR, Lab, Remote

COLD_RESET = Request(0x06, 0x02)


def administrator(faults: Faults | None = None) -> Remote:
    return Lab(faults or Faults()).console().administrator()


def test_a_ping_is_answered_or_not() -> None:
    assert Lab().console().exchange(presence_ping(0x5A)) == [presence_pong(0x5A)]
    assert Lab(Faults(ping_silent=True)).console().exchange(presence_ping(1)) == []


def test_authentication_capabilities_byte_by_byte() -> None:
    question = GetChannelAuthenticationCapabilities().to_request().to_bytes(0)
    for kg, login_status in ((b"", 0x04), (b"kg", 0x24)):
        (answer,) = Lab(kg=kg).console().exchange(wrap_ipmi15(question))
        response = Response.from_bytes(unwrap_ipmi15(answer))
        assert response.data == bytes((1, 0x80, login_status, 0x02, 0, 0, 0, 0))
    old = GetChannelAuthenticationCapabilities(extended=False).to_request().to_bytes(0)
    (answer,) = Lab().console().exchange(wrap_ipmi15(old))
    assert Response.from_bytes(unwrap_ipmi15(answer)).data == bytes((1, 0, 0x04, 0, 0, 0, 0, 0))


def test_the_list_of_cipher_suites_byte_by_byte() -> None:
    console = Lab().console()
    for index, records in ((0, "c003014181c011034481"), (1, "")):
        question = GetChannelCipherSuites(index).to_request().to_bytes(index)
        (answer,) = console.exchange(wrap_session_less(PayloadType.IPMI, question))
        response = Response.from_bytes(Packet.from_bytes(answer).payload)
        assert response.data == bytes.fromhex("01" + records)


def test_outside_of_a_session_hardly_anything_is_answered() -> None:
    console = Lab().console()
    for request, code in ((GetSystemGuid(), 0), (GetDeviceId(), 0xD4), (GetSessionInfo(), 0xD4)):
        datagram = wrap_session_less(PayloadType.IPMI, request.to_request().to_bytes(1))
        (answer,) = console.exchange(datagram)
        assert Response.from_bytes(Packet.from_bytes(answer).payload).completion_code == code


def test_who_it_is() -> None:
    console = administrator()
    assert DeviceId.from_data(console.data(GetDeviceId().to_request())).ipmi_version == "2.0"
    assert console.data(GetDeviceGuid().to_request()) == GUID
    assert console.data(GetSystemGuid().to_request()) == GUID


def test_unknown_and_unsupported_commands_are_answered_and_silent_ones_are_not() -> None:
    console = administrator(
        Faults(unsupported_commands=frozenset({(0x06, 0x4A)}), silent_commands=frozenset({(0x06, 0x4E)}))
    )
    assert console.code(Request(0x2C, 0x3E, b"\x00\x02")) == 0xC1
    assert console.code(GetPayloadActivationStatus().to_request()) == 0xC1
    assert console.ask(GetChannelPayloadSupport().to_request()) is None
    assert console.code(GetDeviceId().to_request()) == 0


def test_a_request_of_the_wrong_length_is_refused() -> None:
    console = administrator()
    for request in (Request(0x06, 0x48, b"\x01"), Request(0x06, 0x3B), Request(0x0C, 0x22), Request(0, 2)):
        assert console.code(request) == 0xC7


def test_privileges() -> None:
    lab = Lab()
    user = lab.console().log_in()
    assert user.code(ChassisControl(1).to_request()) == 0xD4
    assert user.code(SetSessionPrivilege(1).to_request()) == 0xCC
    assert user.data(SetSessionPrivilege(4).to_request()) == b"\x04"
    assert user.code(ChassisControl(1).to_request()) == 0
    operator = lab.console(OPERATOR).log_in(3)
    operator.data(SetSessionPrivilege(3).to_request())
    assert operator.code(SetSolConfiguration(SolParameter.ENABLE, b"\x00").to_request()) == 0xD4
    assert operator.code(COLD_RESET) == 0xD4


def test_sessions_are_told_about() -> None:
    lab = Lab()
    first, second = lab.console().administrator(), lab.console(OPERATOR).log_in(3)
    own = SessionInfo.from_data(second.data(GetSessionInfo().to_request()))
    assert (own.handle, own.slots, own.active) == (2, 4, 2)
    assert own.session is not None
    assert (own.session.user_id, own.session.privilege, own.session.port) == (2, 2, 40001)
    by_id = second.data(GetSessionInfo(managed_system_session_id=first.session_id).to_request())
    assert by_id == second.data(GetSessionInfo(1).to_request())
    assert by_id == second.data(GetSessionInfo(handle=1).to_request())
    assert str(SessionInfo.from_data(by_id).session).count("10.0.0.7") == 1
    assert second.data(GetSessionInfo(9).to_request()) == bytes((0, 4, 2))


def test_a_closed_session_is_gone_with_its_sol() -> None:
    lab = Lab()
    console = lab.console().administrator().activate()
    assert console.close() == 0
    assert lab.bmc.controller.sessions == {}
    assert not lab.bmc.controller.port.active
    assert console.ask(GetDeviceId().to_request()) is None
    assert lab.bmc.counters.by_reason == {"wrong_session": 1}


def test_only_an_administrator_closes_the_session_of_another() -> None:
    lab = Lab()
    victim, operator = lab.console().administrator(), lab.console(OPERATOR).log_in(3)
    close = CloseSession(victim.session_id).to_request()
    assert operator.code(close) == 0xD4
    thief = lab.console().administrator()
    assert thief.code(close) == 0
    assert thief.code(close) == 0x87


def test_a_session_times_out_silently_and_any_packet_keeps_it() -> None:
    lab = Lab(Faults(session_timeout=60.0))
    console = lab.console().administrator().activate()
    for number in range(1, 4):
        lab.wait(50.0)
        console.send_sol(bytes((number, 0, 0, 0)))
    assert len(lab.bmc.controller.sessions) == 1
    lab.wait(60.0)
    assert lab.bmc.controller.sessions == {}
    assert not lab.bmc.controller.port.active
    assert lab.bmc.deadline == math.inf


def test_sol_packets_do_not_keep_a_session_of_ipmi_sim() -> None:
    lab = Lab(Faults(session_timeout=30.0, sol_is_no_activity=True))
    console = lab.console().administrator().activate()
    for number in range(1, 4):
        lab.wait(9.0)
        assert console.send_sol(bytes((number, 0, 0, 0))) != []
    lab.wait(3.0)
    assert lab.bmc.controller.sessions == {}


def test_a_session_that_never_times_out() -> None:
    lab = Lab(Faults(session_timeout=math.inf))
    lab.console().log_in()
    lab.wait(1e6)
    assert len(lab.bmc.controller.sessions) == 1


def test_a_repeated_request_is_executed_again_or_called_a_duplicate() -> None:
    for faults, code in ((Faults(), 0), (Faults(repeats_are_duplicates=True), 0xCF)):
        console = Lab(faults).console().log_in()
        message = GetDeviceId().to_request().to_bytes(5)
        codes = []
        for _ in range(2):
            (answer,) = console.exchange(console.channel.seal(PayloadType.IPMI, message))
            opened = console.channel.open(answer)
            assert opened is not None
            codes.append(Response.from_bytes(opened.payload).completion_code)
        assert codes == [0, code]


@pytest.mark.parametrize("step", [0, 1])
def test_the_same_datagram_again_is_dropped_or_obeyed(step: int) -> None:
    console = Lab(Faults(takes_duplicates=bool(step))).console().log_in()
    datagram = console.channel.seal(PayloadType.IPMI, GetDeviceId().to_request().to_bytes(1))
    assert [len(console.exchange(datagram)) for _ in range(3)] == [1, step, step]


@pytest.mark.parametrize(
    ("faults", "ahead", "behind"),
    [
        (Faults(), 15, 16),
        (Faults(window_ahead=8, window_behind=8), 8, 8),
        (Faults(window_ahead=1 << 31), 1000, 16),
    ],
)
def test_the_window_of_session_numbers(faults: Faults, ahead: int, behind: int) -> None:
    console = Lab(faults).console().log_in()

    def answered(sequence: int) -> bool:
        console.channel.sequence = sequence - 1
        datagram = console.channel.seal(PayloadType.IPMI, GetDeviceId().to_request().to_bytes(1))
        return bool(console.exchange(datagram))

    if ahead < 1000:
        assert not answered(ahead + 1)
    assert answered(ahead)
    highest = 2 * ahead - 1
    assert answered(highest)
    assert answered(highest - behind)
    assert not answered(highest - behind - 1)


def test_faults_of_answers() -> None:
    for faults in (
        Faults(zero_session_id=True),
        Faults(bad_checksums=True),
        Faults(session_number_step=2),
        Faults(unswapped_addresses=True),
    ):
        console = Lab(faults).console().log_in()
        datagrams = [
            console.exchange(
                console.channel.seal(PayloadType.IPMI, GetDeviceId().to_request().to_bytes(number))
            )[0]
            for number in (1, 2)
        ]
        packets = [Packet.from_bytes(datagram) for datagram in datagrams]
        opened = [console.channel.open(datagram) for datagram in datagrams]
        assert opened[1] is not None
        assert {packet.session_id == 0 for packet in packets} == {faults.zero_session_id}
        assert packets[1].sequence - packets[0].sequence == faults.session_number_step
        message = opened[1].payload
        assert (sum(message[3:]) % 256 != 0) == faults.bad_checksums
        assert sum(message[:3]) % 256 == 0
        assert message[0] == (0x20 if faults.unswapped_addresses else 0x81)
        assert message[3] == (0x81 if faults.unswapped_addresses else 0x20)


def test_sol_from_activation_to_deactivation() -> None:
    lab = Lab()
    console = lab.console().administrator()
    assert console.data(GetPayloadActivationStatus().to_request()) == b"\x01\x00\x00"
    answer = console.data(ActivatePayload().to_request())
    assert answer == bytes.fromhex("00000000 ff00 ff00 6f02 ffff")
    assert console.data(GetPayloadActivationStatus().to_request()) == b"\x01\x01\x00"
    info = console.data(GetPayloadInstanceInfo().to_request())
    assert info == console.session_id.to_bytes(4, "little") + b"\x01" + bytes(7)
    assert console.send_sol(b"\x01\0\0\0ls\r") == [b"\0\x01\x03\0"]
    lab.wait(0.1)
    assert console.sol[1:] == [b"\x01\0\0\0ls\r"]  # the host echoes
    assert console.deactivate() == 0
    assert console.deactivate() == 0x80
    assert len(console.sol) == 2  # its own doing is not announced
    assert console.data(GetPayloadInstanceInfo().to_request())[:4] == bytes(4)


def test_output_before_the_activation_is_not_for_the_console() -> None:
    lab = Lab()
    lab.print(b"POST\r\n")
    console = lab.console().administrator().activate()
    lab.print(b"login: ")
    assert console.sol == [b"\x01\0\0\0login: "]


def test_a_break_reaches_the_host() -> None:
    lab = Lab()
    console = lab.console().administrator().activate()
    assert console.send_sol(b"\x01\0\0\x10") == [b"\0\x01\0\0"]
    assert lab.host.breaks == 1


def test_sol_of_another_session_is_ignored() -> None:
    lab = Lab()
    lab.console().administrator().activate()
    other = lab.console().administrator()
    assert other.send_sol(b"\x01\0\0\0rm -rf /\r") == []
    assert lab.truth.delivered == b""


def test_why_sol_is_refused() -> None:
    lab = Lab()
    owner, other = lab.console().administrator().activate(), lab.console().administrator()
    activate = ActivatePayload().to_request()
    assert owner.code(activate) == other.code(activate) == 0x80
    owner.deactivate()
    assert other.code(ActivatePayload(SolActivation.ALERTS_DEFERRED).to_request()) == 0x84
    assert other.code(ActivatePayload(payload_type=2).to_request()) == 0xCC
    assert other.code(ActivatePayload(instance=2).to_request()) == 0xCC
    assert lab.console(NO_SOL).log_in().code(activate) == 0x81
    other.data(SetSolConfiguration(SolParameter.AUTHENTICATION, b"\xc4").to_request())
    assert lab.console(OPERATOR).log_in(3).code(activate) == 0xD4
    other.data(SetSolConfiguration(SolParameter.ENABLE, b"\x00").to_request())
    assert other.code(activate) == 0x81


def test_alerts_must_be_deferred() -> None:
    console = administrator(Faults(wants_deferred_alerts=True))
    protected = SolActivation.ENCRYPTED | SolActivation.AUTHENTICATED
    assert console.code(ActivatePayload(protected).to_request()) == 0xCC
    assert console.code(ActivatePayload(protected | SolActivation.ALERTS_DEFERRED).to_request()) == 0


def test_a_theft_is_announced() -> None:
    lab = Lab(Faults(sol_activating_request=True))
    victim, thief = lab.console().administrator().activate(), lab.console().administrator()
    assert thief.code(DeactivatePayload().to_request()) == 0
    assert victim.sol == [b"\0\0\0\x10"]
    assert victim.requests == [Request(0x0C, 0x20, bytes((0, 1, 1, 0)))]
    assert thief.sol == []
    thief.activate()
    lab.print(b"for the thief")
    assert thief.sol == [b"\x01\0\0\0for the thief"]
    assert len(victim.sol) == 1


def test_a_theft_is_not_announced() -> None:
    lab = Lab(Faults(announces_deactivation=False))
    victim, thief = lab.console().administrator().activate(), lab.console().administrator()
    thief.deactivate()
    lab.wait(30.0)
    assert (victim.sol, victim.requests) == ([], [])


def test_only_the_same_user_or_an_administrator_deactivates() -> None:
    lab = Lab()
    lab.console().administrator().activate()
    operator = lab.console(OPERATOR).log_in(3)
    assert operator.deactivate() == 0xD4


def test_sol_that_cannot_be_had() -> None:
    console = administrator(Faults(always_active=True))
    assert console.code(ActivatePayload().to_request()) == 0x80
    assert console.data(GetPayloadActivationStatus().to_request()) == b"\x01\x01\x00"
    lab = Lab(Faults(deactivation_ignored=True))
    lab.console().administrator().activate()
    thief = lab.console().administrator()
    assert thief.deactivate() == 0
    assert thief.code(ActivatePayload().to_request()) == 0x80


def test_lies_about_sol() -> None:
    console = administrator(Faults(activation_status_lies=True, instance_capacity=0)).activate()
    assert console.data(GetPayloadActivationStatus().to_request()) == b"\x00\x00\x00"


@pytest.mark.parametrize(
    ("faults", "sizes_and_port"),
    [
        (Faults(inbound_size=0x20, outbound_size=0x4000), "2000 0040 6f02"),
        (Faults(byte_swapped_sizes=True, byte_swapped_port=True), "00ff 00ff 026f"),
        (Faults(announced_port=9), "ff00 ff00 0900"),
    ],
)
def test_wrong_sizes_and_ports(faults: Faults, sizes_and_port: str) -> None:
    answer = administrator(faults).data(ActivatePayload().to_request())
    assert answer[4:10] == bytes.fromhex(sizes_and_port)
    assert PayloadActivation.from_data(answer).vlan == 0xFFFF


def test_payload_commands() -> None:
    console = administrator()
    assert console.data(GetChannelPayloadSupport().to_request()) == bytes.fromhex("03003f0000000000")
    assert console.data(GetChannelPayloadVersion().to_request()) == b"\x10"
    assert console.code(GetChannelPayloadVersion(payload_type=2).to_request()) == 0x80
    assert console.code(SetPayloadEncryption(0).to_request()) == 0x80
    assert console.data(GetUserPayloadAccess(3).to_request()) == bytes(4)
    assert console.code(SetUserPayloadAccess(3).to_request()) == 0
    assert console.data(GetUserPayloadAccess(3).to_request()) == b"\x02\0\0\0"
    assert console.code(SetUserPayloadAccess(3, enable=False).to_request()) == 0
    assert console.data(GetUserPayloadAccess(3).to_request()) == bytes(4)
    assert console.code(GetUserPayloadAccess(9).to_request()) == 0xC9


def test_sol_configuration_is_read_and_written() -> None:
    console = administrator(Faults(retry_count=3, retry_interval=0.2))

    def read(parameter: int) -> bytes:
        return console.data(GetSolConfiguration(parameter).to_request())

    expected = ["00", "01", "c2", "03aa", "0314", "0a", "0a", "01", "6f02"]
    assert [read(parameter).hex() for parameter in range(9)] == ["11" + data for data in expected]
    assert console.data(GetSolConfiguration(4, revision_only=True).to_request()) == b"\x11"
    for parameter, data, code in (
        (4, b"\x07\x64", 0),
        (3, b"\x0c\x60", 0),
        (3, b"\x00\x60", 0xCC),
        (3, b"\x0c", 0xC7),
        (7, b"\x01", 0x82),
        (99, b"\x01", 0x80),
        (0, b"\x01", 0),
        (0, b"\x01", 0x81),
        (0, b"\x02", 0),
        (0, b"\x03", 0xCC),
        (0, b"\x00", 0),
        (5, b"\x06", 0),
    ):
        assert console.code(SetSolConfiguration(parameter, data).to_request()) == code
    assert console.code(GetSolConfiguration(99).to_request()) == 0x80
    assert (read(3), read(4), read(5), read(6)) == (
        b"\x11\x0c\x60",
        b"\x11\x07\x64",
        b"\x11\x06",
        b"\x11\x0a",
    )
    console.activate()
    assert read(6) == b"\x11\x06"  # the volatile rate is loaded at activation


def test_the_retry_parameter_is_obeyed_at_once() -> None:
    lab = Lab(Faults(retry_interval=5.0))
    console = lab.console().administrator().activate()
    console.data(SetSolConfiguration(SolParameter.RETRY, b"\x02\x0a").to_request())
    lab.print(b"lost")
    lab.wait(10.0)
    assert console.sol == [b"\x01\0\0\0lost"] * 3


def test_chassis_status_and_control() -> None:
    lab = Lab()
    console = lab.console().administrator()

    def status() -> ChassisStatus:
        return ChassisStatus.from_data(console.data(GetChassisStatus().to_request()))

    assert status().is_on
    assert not status().last_event
    assert console.code(ChassisControl(0).to_request()) == 0
    assert not status().is_on
    for action in (2, 3, 4, 5):
        assert console.code(ChassisControl(action).to_request()) == 0xD5
    assert console.code(ChassisControl(9).to_request()) == 0xCC
    assert console.code(ChassisControl(1).to_request()) == 0
    assert status().is_on
    assert status().last_event


def test_sol_says_when_the_host_goes_off() -> None:
    lab = Lab()
    console = lab.console().administrator().activate()
    console.data(ChassisControl(0).to_request())
    assert console.sol == [b"\0\0\0\x20"]
    assert console.send_sol(b"\x01\0\0\0x") == [b"\0\x01\0\x60"]
    console.data(ChassisControl(1).to_request())
    assert console.sol[2:] == [b"\0\x01\0\0"]


def test_a_cold_reset_forgets_everything_and_is_silent_for_a_while() -> None:
    lab = Lab(Faults(reset_seconds=30.0))
    console = lab.console().administrator().activate()
    assert console.code(COLD_RESET) == 0
    assert console.exchange(presence_ping(1)) == []
    lab.wait(30.0)
    assert console.exchange(presence_ping(1)) == [presence_pong(1)]
    assert console.ask(GetDeviceId().to_request()) is None
    lab.console().administrator().activate()


def test_a_bmc_nobody_is_logged_in_to_has_nothing_to_do() -> None:
    assert Lab().bmc.deadline == math.inf


def test_a_host_that_prints_for_nobody_is_looked_at_once_a_second() -> None:
    host = PlainSource("busy", bytes_per_second=10_000.0)
    host.control(PowerAction.ON, 0.0)
    bmc = Bmc(BmcSettings(guid=GUID, users=()), host, bytes)
    looks = 0
    now = 0.0
    while now < 100.0:
        now = max(now, bmc.deadline)
        assert bmc.datagrams_to_send(now) == []
        looks += 1
    assert looks <= 102
    assert host.printed > 990_000


def test_the_transcript_of_a_steady_stream_is_what_the_console_got() -> None:
    lab = Lab()
    console = lab.console().administrator().activate()
    text = numbered_bytes("x", 0, 5000)
    received = b""
    for start in range(0, len(text), 100):
        lab.print(text[start : start + 100])
        for payload in console.sol[len(received) // 100 :]:
            console.send_sol(bytes((0, payload[0], len(payload) - 4, 0)))
            received += payload[4:]
    assert received == text
    assert lab.truth.fault_of(received) == ""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.tuples(st.integers(0, 120), st.integers(0, 255))), max_size=8
    )
)
def test_rubbish_is_dropped_and_hurts_nobody(rubbish: list[bytes | tuple[int, int]]) -> None:
    console = Lab().console().administrator().activate()
    for item in rubbish:
        datagram = bytearray(console.channel.seal(PayloadType.IPMI, GetDeviceId().to_request().to_bytes(1)))
        if isinstance(item, bytes):
            datagram = bytearray(b"\x06\x00\xff\x07" + item)
        else:
            place, value = item
            datagram[place % len(datagram)] ^= value or 1
        console.lab.send(bytes(datagram), console.address)
    console.inbox.clear()
    console.channel.sequence += 1
    assert console.code(GetDeviceId().to_request()) == 0
    assert console.send_sol(b"\x01\0\0\0alive") == [b"\0\x01\x05\0"]
