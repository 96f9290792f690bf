"""Status codes of the login, and what to do about them (IPMI 2.0 table 13-15)."""

from enum import IntEnum


class RmcpStatus(IntEnum):
    """Status codes of Open Session and RAKP messages."""

    NO_ERRORS = 0x00
    INSUFFICIENT_RESOURCES = 0x01
    INVALID_SESSION_ID = 0x02
    INVALID_PAYLOAD_TYPE = 0x03
    INVALID_AUTHENTICATION_ALGORITHM = 0x04
    INVALID_INTEGRITY_ALGORITHM = 0x05
    NO_MATCHING_AUTHENTICATION_PAYLOAD = 0x06
    NO_MATCHING_INTEGRITY_PAYLOAD = 0x07
    INACTIVE_SESSION_ID = 0x08
    INVALID_ROLE = 0x09
    UNAUTHORIZED_ROLE = 0x0A
    INSUFFICIENT_RESOURCES_AT_ROLE = 0x0B
    INVALID_NAME_LENGTH = 0x0C
    UNAUTHORIZED_NAME = 0x0D
    UNAUTHORIZED_GUID = 0x0E
    INVALID_INTEGRITY_CHECK_VALUE = 0x0F
    INVALID_CONFIDENTIALITY_ALGORITHM = 0x10
    NO_CIPHER_SUITE_MATCH = 0x11
    ILLEGAL_PARAMETER = 0x12


_STATUS_TEXTS: dict[int, str] = {
    RmcpStatus.NO_ERRORS: "no error",
    RmcpStatus.INSUFFICIENT_RESOURCES: (
        "the BMC's session table is full: close other sessions or wait for them to time out "
        "(some BMCs also answer this to a cipher suite they do not allow)"
    ),
    RmcpStatus.INVALID_SESSION_ID: "the BMC forgot this login (it rebooted or was too slow): try again",
    RmcpStatus.INVALID_PAYLOAD_TYPE: "the BMC refuses the payload type of the login: a fault of its firmware",
    RmcpStatus.INVALID_AUTHENTICATION_ALGORITHM: (
        "the BMC does not know the authentication algorithm: allow another cipher suite"
    ),
    RmcpStatus.INVALID_INTEGRITY_ALGORITHM: (
        "the BMC does not know the integrity algorithm: allow another cipher suite"
    ),
    RmcpStatus.NO_MATCHING_AUTHENTICATION_PAYLOAD: (
        "the BMC has no matching authentication algorithm: allow another cipher suite"
    ),
    RmcpStatus.NO_MATCHING_INTEGRITY_PAYLOAD: (
        "the BMC has no matching integrity algorithm: allow another cipher suite"
    ),
    RmcpStatus.INACTIVE_SESSION_ID: "the login expired inside the BMC: try again",
    RmcpStatus.INVALID_ROLE: (
        "the BMC refuses this privilege level, or the account or its access over LAN is disabled: "
        "check the user's channel access, or configure a lower privilege"
    ),
    RmcpStatus.UNAUTHORIZED_ROLE: (
        "the account lacks this privilege level: raise the user's limit on the BMC, or configure a lower "
        "privilege (some BMCs also answer this to a disabled cipher suite)"
    ),
    RmcpStatus.INSUFFICIENT_RESOURCES_AT_ROLE: (
        "too many sessions at this privilege level: close other sessions or wait for them to time out"
    ),
    RmcpStatus.INVALID_NAME_LENGTH: "the BMC refuses the length of the user name: check the configured name",
    RmcpStatus.UNAUTHORIZED_NAME: (
        "the BMC knows no such user, or the user is disabled or locked out: check the configured name "
        "and the BMC's user list"
    ),
    RmcpStatus.UNAUTHORIZED_GUID: "the GUID was refused",
    RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE: (
        "the BMC refused our proof of the password: check the password, then the BMC's quirks"
    ),
    RmcpStatus.INVALID_CONFIDENTIALITY_ALGORITHM: (
        "the BMC does not know the encryption algorithm: allow another cipher suite"
    ),
    RmcpStatus.NO_CIPHER_SUITE_MATCH: (
        "the cipher suite is disabled on this BMC's channel: allow another, or enable it on the BMC"
    ),
    RmcpStatus.ILLEGAL_PARAMETER: (
        "the BMC calls a parameter illegal: often a cipher suite that is disabled on its channel"
    ),
}


def status_text(code: int) -> str:
    """Say what a status code means and what to do about it, in one line."""
    text = _STATUS_TEXTS.get(
        code, "a status that the specification does not know: a fault of the BMC's firmware"
    )
    return f"{text} (status {code:02X}h)"
