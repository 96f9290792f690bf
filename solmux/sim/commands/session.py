"""Commands about the BMC and its sessions (IPMI 2.0 sections 20 and 22)."""

from ipaddress import AddressValueError, IPv4Address

from solmux.ipmi.commands import (
    ActiveSession,
    ChannelAuthenticationCapabilities,
    CipherSuiteRecord,
    CipherSuitesBlock,
    CloseSession,
    DeviceId,
    GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites,
    GetDeviceGuid,
    GetDeviceId,
    GetSessionInfo,
    GetSystemGuid,
    Privilege,
    SessionInfo,
    SessionPrivilege,
    SetSessionPrivilege,
)
from solmux.ipmi.commands.session import LoginStatus
from solmux.ipmi.message import CompletionCode
from solmux.sim.commands.base import Call, Command, RefusedError
from solmux.sim.session import Address, Session
from solmux.sim.sol_parameters import CHANNEL

_COLD_RESET = (0x06, 0x02)
_EXCEEDS_LIMIT = 0x81
_NO_SUCH_SESSION = 0x87
_DEVICE = DeviceId(
    device_id=0x20,
    device_revision=1,
    provides_sdrs=False,
    updating=False,
    firmware_major=2,
    firmware_minor=14,
    ipmi_version="2.0",
    support=0x82,  # chassis and sensor device
    manufacturer_iana=0,
    product_id=0x2240,
    auxiliary_firmware=bytes(4),
)


def _device_id(_call: Call) -> bytes:
    return _DEVICE.to_data()


def _guid(call: Call) -> bytes:
    return call.bmc.settings.guid


def _cold_reset(call: Call) -> bytes:
    call.bmc.reset(call.now)
    return b""


def _authentication_capabilities(call: Call) -> bytes:
    request = GetChannelAuthenticationCapabilities.from_data(call.data)
    settings = call.bmc.settings
    status = LoginStatus(0)
    status |= LoginStatus.KG_SET if any(settings.kg) else 0
    status |= LoginStatus.NAMED_USERS if any(user.name for user in settings.users) else 0
    for user in settings.users:
        if not user.name:
            status |= LoginStatus.NULL_USERNAMES if user.password else LoginStatus.ANONYMOUS
    return ChannelAuthenticationCapabilities(
        CHANNEL, 0, request.extended, status, supports_ipmi15=False, supports_ipmi20=request.extended
    ).to_data()


def _cipher_suites(call: Call) -> bytes:
    request = GetChannelCipherSuites.from_data(call.data)
    records = b"".join(
        CipherSuiteRecord(
            suite.identifier,
            algorithms=bytes((suite.authentication, 0x40 | suite.integrity, 0x80 | suite.confidentiality)),
        ).to_bytes()
        for suite in call.bmc.settings.suites
    )
    start = request.index * CipherSuitesBlock.LENGTH
    return CipherSuitesBlock(CHANNEL, records[start : start + CipherSuitesBlock.LENGTH]).to_data()


def _set_privilege(call: Call) -> bytes:
    session = call.own_session
    wanted = SetSessionPrivilege.from_data(call.data).privilege
    if wanted > session.terms.limit:
        raise RefusedError(_EXCEEDS_LIMIT)
    if wanted == Privilege.CALLBACK:
        raise RefusedError(CompletionCode.INVALID_DATA)
    if wanted:
        session.privilege = wanted
    return SessionPrivilege(session.privilege).to_data()


def _close_session(call: Call) -> bytes:
    wanted = CloseSession.from_data(call.data).managed_system_session_id
    own = call.own_session
    session = call.bmc.sessions.get(wanted)
    if session is None:
        raise RefusedError(_NO_SUCH_SESSION)
    if session is not own and own.privilege < Privilege.ADMINISTRATOR:
        raise RefusedError(CompletionCode.INSUFFICIENT_PRIVILEGE)
    call.bmc.end_session(session, call.now, "the session was closed")
    return b""


def _session_info(call: Call) -> bytes:
    request = GetSessionInfo.from_data(call.data)
    sessions = call.bmc.sessions
    session: Session | None = None
    if request.managed_system_session_id is not None:
        session = sessions.get(request.managed_system_session_id)
    elif request.handle is not None:
        session = next((each for each in sessions.values() if each.terms.handle == request.handle), None)
    elif request.index == 0:
        session = call.own_session
    elif request.index <= len(sessions):
        session = list(sessions.values())[request.index - 1]
    slots = call.bmc.faults.session_slots
    if session is None:
        return SessionInfo(0, slots, len(sessions)).to_data()
    address, port = _console_address(session.address)
    active = ActiveSession(session.terms.user_id, session.privilege, CHANNEL, address=address, port=port)
    return SessionInfo(session.terms.handle, slots, len(sessions), active).to_data()


def _console_address(address: Address) -> tuple[IPv4Address, int]:
    """Return what fits into the answer: an IPv4 address, or 0 for any other."""
    try:
        return IPv4Address(address[0]), int(address[1])
    except AddressValueError:
        return IPv4Address(0), int(address[1])


COMMANDS = {
    GetDeviceId.CODE: Command(_device_id),
    GetDeviceGuid.CODE: Command(_guid),
    GetSystemGuid.CODE: Command(_guid, None),
    _COLD_RESET: Command(_cold_reset, Privilege.ADMINISTRATOR),
    GetChannelAuthenticationCapabilities.CODE: Command(_authentication_capabilities, None),
    GetChannelCipherSuites.CODE: Command(_cipher_suites, None),
    SetSessionPrivilege.CODE: Command(_set_privilege),
    CloseSession.CODE: Command(_close_session),
    GetSessionInfo.CODE: Command(_session_info),
}
