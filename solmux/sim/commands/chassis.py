"""Commands about the power of the host (IPMI 2.0 section 28)."""

from solmux.ipmi.commands import (
    ChassisControl,
    ChassisStatus,
    GetChassisStatus,
    LastPowerEvent,
    PowerState,
    Privilege,
    RestorePolicy,
)
from solmux.ipmi.message import CompletionCode
from solmux.sim.commands.base import Call, Command, RefusedError
from solmux.sim.host import PowerAction

_NEED_POWER = (
    PowerAction.CYCLE,
    PowerAction.RESET,
    PowerAction.DIAGNOSTIC_INTERRUPT,
    PowerAction.SOFT_OFF,
)


def _status(call: Call) -> bytes:
    bmc = call.bmc
    return ChassisStatus(
        PowerState.ON if bmc.host.powered else PowerState(0),
        RestorePolicy.PREVIOUS,
        LastPowerEvent.ON_BY_COMMAND if bmc.powered_by_command else LastPowerEvent(0),
    ).to_data()


def _control(call: Call) -> bytes:
    request = ChassisControl.from_data(call.data)
    bmc = call.bmc
    try:
        action = PowerAction(request.action)
    except ValueError:
        raise RefusedError(CompletionCode.INVALID_DATA) from None
    if action in _NEED_POWER and not bmc.host.powered:
        raise RefusedError(CompletionCode.NOT_SUPPORTED_NOW)
    bmc.powered_by_command |= action in (PowerAction.ON, PowerAction.CYCLE)
    bmc.host.control(action, call.now)
    return b""


COMMANDS = {
    GetChassisStatus.CODE: Command(_status),
    ChassisControl.CODE: Command(_control, Privilege.OPERATOR),
}
