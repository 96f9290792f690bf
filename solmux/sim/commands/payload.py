"""Commands about SOL and its configuration (IPMI 2.0 sections 24 and 26)."""

from solmux.ipmi.commands import (
    SOL_INSTANCE,
    SOL_PAYLOAD,
    ActivatePayload,
    ChannelPayloadSupport,
    DeactivatePayload,
    GetChannelPayloadSupport,
    GetChannelPayloadVersion,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    GetSolConfiguration,
    GetUserPayloadAccess,
    PayloadActivation,
    PayloadActivationStatus,
    PayloadInstanceInfo,
    PayloadVersion,
    Privilege,
    SetPayloadEncryption,
    SetSolConfiguration,
    SetUserPayloadAccess,
    SolActivation,
    SolConfiguration,
    UserPayloadAccess,
)
from solmux.ipmi.message import CompletionCode
from solmux.sim.commands.base import Call, Command, RefusedError
from solmux.sim.sol_parameters import ParameterError

_IPMI_MESSAGING = 0
_ALREADY_ACTIVE = 0x80
_NOT_ACTIVE = 0x80
_DISABLED = 0x81
_NEEDS_ENCRYPTION = 0x84
_NOT_AVAILABLE = 0x80
_SERIAL_PORT = 1


def _activate(call: Call) -> bytes:
    request = ActivatePayload.from_data(call.data)
    session, bmc = call.own_session, call.bmc
    faults = bmc.faults
    _need_sol(request.payload_type, request.instance)
    if not bmc.parameters.enabled or session.terms.user_id not in bmc.sol_users:
        raise RefusedError(_DISABLED)
    authentication = bmc.parameters.authentication
    if session.privilege < authentication.privilege:
        raise RefusedError(CompletionCode.INSUFFICIENT_PRIVILEGE)
    if faults.wants_deferred_alerts and not request.options & SolActivation.ALERTS_DEFERRED:
        raise RefusedError(CompletionCode.INVALID_DATA)
    protected = SolActivation.ENCRYPTED | SolActivation.AUTHENTICATED
    if request.options & protected != protected:  # sessions without both do not exist here
        raise RefusedError(_NEEDS_ENCRYPTION)
    if bmc.sol_owner is not None or faults.always_active:
        raise RefusedError(_ALREADY_ACTIVE)
    bmc.activate_sol(session, call.now)
    sizes = (faults.inbound_size, faults.outbound_size)
    if faults.byte_swapped_sizes:
        sizes = (_swapped(sizes[0]), _swapped(sizes[1]))
    port = faults.announced_port if faults.announced_port is not None else bmc.settings.port
    return PayloadActivation(*sizes, _swapped(port) if faults.byte_swapped_port else port).to_data()


def _deactivate(call: Call) -> bytes:
    request = DeactivatePayload.from_data(call.data)
    session, bmc = call.own_session, call.bmc
    _need_sol(request.payload_type, request.instance)
    owner = bmc.sol_owner
    if owner is None:
        raise RefusedError(_NOT_ACTIVE)
    same_user = owner.terms.user_id == session.terms.user_id
    if not same_user and session.privilege < Privilege.ADMINISTRATOR:
        raise RefusedError(CompletionCode.INSUFFICIENT_PRIVILEGE)
    if not bmc.faults.deactivation_ignored:
        bmc.deactivate_sol(call.now, by=session, reason="deactivated")
    return b""


def _activation_status(call: Call) -> bytes:
    request = GetPayloadActivationStatus.from_data(call.data)
    if request.payload_type != SOL_PAYLOAD:
        raise RefusedError(CompletionCode.INVALID_DATA)
    faults = call.bmc.faults
    active = call.bmc.sol_owner is not None or faults.always_active
    instances = frozenset({SOL_INSTANCE}) if active and not faults.activation_status_lies else frozenset()
    return PayloadActivationStatus(faults.instance_capacity, instances).to_data()


def _instance_info(call: Call) -> bytes:
    request = GetPayloadInstanceInfo.from_data(call.data)
    _need_sol(request.payload_type, request.instance)
    owner = call.bmc.sol_owner
    return PayloadInstanceInfo(owner.terms.managed_system_session_id if owner else 0, _SERIAL_PORT).to_data()


def _encryption(call: Call) -> bytes:
    SetPayloadEncryption.from_data(call.data)
    raise RefusedError(_NOT_AVAILABLE)


def _set_user_access(call: Call) -> bytes:
    request = SetUserPayloadAccess.from_data(call.data)
    _need_user(call, request.user_id)
    if request.standard_payloads >> SOL_PAYLOAD & 1:
        change = call.bmc.sol_users.add if request.enable else call.bmc.sol_users.discard
        change(request.user_id)
    return b""


def _user_access(call: Call) -> bytes:
    request = GetUserPayloadAccess.from_data(call.data)
    _need_user(call, request.user_id)
    return UserPayloadAccess((request.user_id in call.bmc.sol_users) << SOL_PAYLOAD).to_data()


def _payload_support(call: Call) -> bytes:
    GetChannelPayloadSupport.from_data(call.data)
    return ChannelPayloadSupport(1 << _IPMI_MESSAGING | 1 << SOL_PAYLOAD).to_data()


def _payload_version(call: Call) -> bytes:
    request = GetChannelPayloadVersion.from_data(call.data)
    if request.payload_type not in (_IPMI_MESSAGING, SOL_PAYLOAD):
        raise RefusedError(_NOT_AVAILABLE)
    return PayloadVersion(1, 0).to_data()


def _get_configuration(call: Call) -> bytes:
    request = GetSolConfiguration.from_data(call.data)
    try:
        data = call.bmc.parameters.read(request.parameter)
    except ParameterError as error:
        raise RefusedError(error.code) from None
    return SolConfiguration(b"" if request.revision_only else data).to_data()


def _set_configuration(call: Call) -> bytes:
    request = SetSolConfiguration.from_data(call.data)
    try:
        call.bmc.parameters.write(request.parameter, request.data)
    except ParameterError as error:
        raise RefusedError(error.code) from None
    return b""


def _need_sol(payload_type: int, instance: int) -> None:
    if payload_type != SOL_PAYLOAD or instance != SOL_INSTANCE:
        raise RefusedError(CompletionCode.INVALID_DATA)


def _need_user(call: Call, user_id: int) -> None:
    if not 1 <= user_id <= len(call.bmc.settings.users):
        raise RefusedError(CompletionCode.OUT_OF_RANGE)


def _swapped(value: int) -> int:
    return value >> 8 | (value & 0xFF) << 8


COMMANDS = {
    ActivatePayload.CODE: Command(_activate),
    DeactivatePayload.CODE: Command(_deactivate),
    GetPayloadActivationStatus.CODE: Command(_activation_status),
    GetPayloadInstanceInfo.CODE: Command(_instance_info),
    SetPayloadEncryption.CODE: Command(_encryption),
    SetUserPayloadAccess.CODE: Command(_set_user_access, Privilege.ADMINISTRATOR),
    GetUserPayloadAccess.CODE: Command(_user_access, Privilege.OPERATOR),
    GetChannelPayloadSupport.CODE: Command(_payload_support),
    GetChannelPayloadVersion.CODE: Command(_payload_version),
    GetSolConfiguration.CODE: Command(_get_configuration),
    SetSolConfiguration.CODE: Command(_set_configuration, Privilege.ADMINISTRATOR),
}
