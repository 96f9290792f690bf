"""What a simulated BMC answers to IPMI requests."""

from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import CompletionCode, Request
from solmux.sim.commands import chassis, payload, session
from solmux.sim.commands.base import Call, Command, RefusedError
from solmux.sim.controller import Controller
from solmux.sim.session import Session

COMMANDS: dict[tuple[int, int], Command] = {**session.COMMANDS, **payload.COMMANDS, **chassis.COMMANDS}


def execute(
    bmc: Controller, caller: Session | None, request: Request, now: float
) -> tuple[int, bytes] | None:
    """Do what a request asks; returns completion code and data, or none where this BMC says nothing.

    Args:
      caller: the session it came in; none for one outside of sessions, where few commands are allowed.
    """
    code = (request.net_fn, request.command)
    if code in bmc.faults.silent_commands:
        return None
    command = COMMANDS.get(code)
    if command is None or code in bmc.faults.unsupported_commands:
        return CompletionCode.INVALID_COMMAND, b""
    if command.privilege is not None and (caller is None or caller.privilege < command.privilege):
        return CompletionCode.INSUFFICIENT_PRIVILEGE, b""
    try:
        return CompletionCode.OK, command.answer(Call(bmc, caller, request.data, now))
    except RefusedError as refused:
        return refused.code, b""
    except DecodeError:
        return CompletionCode.DATA_LENGTH_INVALID, b""
