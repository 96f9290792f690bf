"""Getting SOL: the privilege for it, Activate Payload, and what to do when somebody has it already."""

from collections.abc import Callable
from dataclasses import dataclass

from solmux.ipmi.commands import (
    SOL_INSTANCE,
    ActivatePayload,
    DeactivatePayload,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    GetSessionInfo,
    PayloadActivation,
    PayloadActivationStatus,
    PayloadInstanceInfo,
    Privilege,
    SessionInfo,
    SessionPrivilege,
    SetSessionPrivilege,
    SolActivation,
)
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.events import CloseReason, SolHeld
from solmux.ipmi.handshake import FailureReason
from solmux.ipmi.message import CompletionCode, NetFunction, Request, Response, completion_text
from solmux.ipmi.procedure import OPTIONAL, PERSISTENT, Ask, Pause, Procedure, good_data

_PROTECTED = SolActivation.ENCRYPTED | SolActivation.AUTHENTICATED
OPTIONS = (
    _PROTECTED | SolActivation.ALERTS_DEFERRED,  # cures boards that want deferred alerts, and one more
    _PROTECTED | SolActivation.ALERTS_DEFERRED | SolActivation.LINES_DEASSERTED,
    _PROTECTED | SolActivation.LINES_DEASSERTED,
    _PROTECTED,
)
"""Options of Activate Payload in the order they are tried; never without encryption."""

ALREADY_ACTIVE, DISABLED, LIMIT_REACHED, NO_ENCRYPTION = 0x80, 0x81, 0x82, 0x83
_TAKEOVERS = 2  # some BMCs say that SOL is deactivated, and keep it: give up then
_RELEASE_PAUSE = 0.5  # seconds between a theft and our activation
_BUSY_DELAY = 10.0
_STUCK_DELAY = 60.0  # the owner's inactivity timeout
_GET_USER_NAME = 0x46
_UNKNOWN_SIZES = PayloadActivation(0, 0)  # what every BMC takes

_REFUSALS = {
    DISABLED,
    NO_ENCRYPTION,
    CompletionCode.INVALID_COMMAND,
    CompletionCode.INSUFFICIENT_PRIVILEGE,
    CompletionCode.SUB_FUNCTION_DISABLED,
}
TEMPORARY = {
    CompletionCode.NODE_BUSY,
    CompletionCode.TIMEOUT,
    CompletionCode.OUT_OF_SPACE,
    CompletionCode.NO_RESPONSE,
    CompletionCode.SDR_IN_UPDATE,
    CompletionCode.FIRMWARE_UPDATE,
    CompletionCode.INITIALISING,
}
"""Codes that say "not now" of any command."""


@dataclass(frozen=True, slots=True)
class Activated:
    """SOL is ours; sizes as in `SolActivated`."""

    inbound_size: int
    outbound_size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """There will be no SOL in this session; fields as in `Closed`."""

    reason: CloseReason | FailureReason
    text: str
    retryable: bool
    minimum_delay: float


NO_ANSWER = Refused(CloseReason.NO_ANSWER, "BMC does not answer", retryable=True, minimum_delay=0.0)


def raise_privilege(privilege: int, *, fall_back: bool) -> Procedure[int | Refused]:
    """Raise the session from user to *privilege*, or to operator if the account allows no more.

    Returns:
      The level in force.
    """
    while True:
        response = yield Ask(SetSessionPrivilege(privilege).to_request(), PERSISTENT)
        if response is None:
            return NO_ANSWER
        code = response.completion_code
        if code == CompletionCode.OK:
            try:
                return SessionPrivilege.from_data(response.data).privilege
            except DecodeError:
                return privilege
        if code == CompletionCode.INVALID_COMMAND:
            return privilege  # then the level is that of the login
        text = completion_text(*SetSessionPrivilege.CODE, code)
        if code in TEMPORARY:
            return Refused(FailureReason.NOT_READY, text, retryable=True, minimum_delay=_BUSY_DELAY)
        if not fall_back or privilege <= Privilege.OPERATOR:
            return Refused(FailureReason.PRIVILEGE_REFUSED, text, retryable=False, minimum_delay=_STUCK_DELAY)
        privilege = Privilege.OPERATOR


def activate(
    managed_system_session_id: int,
    *,
    orphan_session_ids: frozenset[int],
    steal: bool,
    taking: Callable[[SolHeld], None],
) -> Procedure[Activated | SolHeld | Refused]:
    """Activate SOL in our session.

    Args:
      managed_system_session_id: ours.
      orphan_session_ids: sessions known to be ours and dead; what they hold is taken back at once.
      steal: take SOL from whoever has it.
      taking: called with the holder before SOL is taken from somebody.
    """
    options = list(OPTIONS)
    takeovers = 0
    while True:
        response = yield Ask(ActivatePayload(options[0]).to_request(), PERSISTENT)
        if response is None:
            return NO_ANSWER
        code = response.completion_code
        text = completion_text(*ActivatePayload.CODE, code)
        if code == CompletionCode.OK:
            return _activated(response)
        if code in (ALREADY_ACTIVE, LIMIT_REACHED):
            if takeovers == _TAKEOVERS:
                text = "the BMC keeps SOL active though nobody should have it: wait, or reset the BMC"
                return Refused(CloseReason.SOL_BUSY, text, retryable=True, minimum_delay=_STUCK_DELAY)
            takeovers += 1
            instance = SOL_INSTANCE if code == ALREADY_ACTIVE else (yield from _busy_instance())
            owner = yield from _owner(instance)
            if owner == managed_system_session_id:
                # The answer to our Activate was lost, and its repetition came to this: the sizes are unknown.
                return Activated(_UNKNOWN_SIZES.inbound_size, _UNKNOWN_SIZES.outbound_size)
            if owner in orphan_session_ids:
                obstacle: SolHeld | Refused | None = yield from _deactivate(instance)
            else:
                obstacle = yield from _make_room(owner, instance, steal, taking)
            if obstacle is not None:
                return obstacle
        elif code in _REFUSALS:
            return Refused(CloseReason.SOL_REFUSED, text, retryable=False, minimum_delay=_STUCK_DELAY)
        elif code in TEMPORARY:
            return Refused(CloseReason.SOL_BUSY, text, retryable=True, minimum_delay=_BUSY_DELAY)
        elif len(options) > 1:
            del options[0]
        else:
            return Refused(CloseReason.SOL_REFUSED, text, retryable=True, minimum_delay=_STUCK_DELAY)


def describe_holder(managed_system_session_id: int | None) -> Procedure[SolHeld]:
    """Find out who is behind a session, as far as the BMC tells."""
    if not managed_system_session_id:
        return SolHeld()
    response = yield Ask(
        GetSessionInfo(managed_system_session_id=managed_system_session_id).to_request(), OPTIONAL
    )
    try:
        session = SessionInfo.from_data(good_data(response)).session
    except DecodeError:
        session = None
    if session is None:
        return SolHeld()
    address = str(session.address) if int(session.address) else ""
    request = Request(NetFunction.APPLICATION, _GET_USER_NAME, bytes((session.user_id,)))
    response = yield Ask(request, OPTIONAL)
    name = good_data(response)[:16].partition(b"\0")[0].decode("utf-8", "replace")
    # It ends on people's terminals, and comes from a machine.
    name = "".join(character if character.isprintable() else "?" for character in name)
    return SolHeld(name, address, session.privilege or None)


def _make_room(
    owner: int | None, instance: int, steal: bool, taking: Callable[[SolHeld], None]
) -> Procedure[SolHeld | Refused | None]:
    """SOL is active elsewhere: None if it may be tried again, else how it ends.

    Args:
      owner: session that has it; 0 if the BMC says that nobody has, None if it does not say.
    """
    if owner == 0:
        yield Pause(_RELEASE_PAUSE)
        return None
    holder = yield from describe_holder(owner)
    if not steal:
        return holder
    taking(holder)
    refused = yield from _deactivate(instance)
    if refused is None:
        yield Pause(_RELEASE_PAUSE)
    return refused


def _deactivate(instance: int) -> Procedure[Refused | None]:
    """Deactivate SOL in another session; the activation that follows shows whether it worked."""
    response = yield Ask(DeactivatePayload(instance=instance).to_request())
    if response is None or response.completion_code != CompletionCode.INSUFFICIENT_PRIVILEGE:
        return None
    text = completion_text(*DeactivatePayload.CODE, response.completion_code)
    return Refused(CloseReason.SOL_REFUSED, text, retryable=True, minimum_delay=_STUCK_DELAY)


def _busy_instance() -> Procedure[int]:
    """Return the instance that stands in the way of ours when the BMC's limit is reached."""
    response = yield Ask(GetPayloadActivationStatus().to_request(), OPTIONAL)
    try:
        status = PayloadActivationStatus.from_data(good_data(response))
    except DecodeError:
        return SOL_INSTANCE
    if SOL_INSTANCE in status.instances:
        return SOL_INSTANCE
    return min(status.instances, default=SOL_INSTANCE)


def _owner(instance: int) -> Procedure[int | None]:
    """Return the session that has an instance, 0 for none, None if the BMC does not tell."""
    response = yield Ask(GetPayloadInstanceInfo(instance=instance).to_request(), OPTIONAL)
    try:
        return PayloadInstanceInfo.from_data(good_data(response)).managed_system_session_id
    except DecodeError:
        return None


def _activated(response: Response) -> Activated:
    try:
        sizes = PayloadActivation.from_data(response.data)
    except DecodeError:
        sizes = _UNKNOWN_SIZES
    return Activated(sizes.inbound_size, sizes.outbound_size)
