"""What the status codes of a login mean for the next step (IPMI 2.0 table 13-15)."""

from solmux.ipmi.crypto import CipherSuite
from solmux.ipmi.handshake.outcome import (
    CREDENTIAL_DELAY,
    NOT_READY_DELAY,
    TABLE_FULL_DELAY,
    Failed,
    FailureReason,
)
from solmux.ipmi.rakp import RmcpStatus, status_text

_REFUSED_SUITE = frozenset(
    {
        RmcpStatus.INVALID_AUTHENTICATION_ALGORITHM,
        RmcpStatus.INVALID_INTEGRITY_ALGORITHM,
        RmcpStatus.NO_MATCHING_AUTHENTICATION_PAYLOAD,
        RmcpStatus.NO_MATCHING_INTEGRITY_PAYLOAD,
        RmcpStatus.INVALID_CONFIDENTIALITY_ALGORITHM,
        RmcpStatus.NO_CIPHER_SUITE_MATCH,
        RmcpStatus.ILLEGAL_PARAMETER,
    }
)
ANOTHER_SUITE = _REFUSED_SUITE | {RmcpStatus.INSUFFICIENT_RESOURCES}
"""Another suite may do. "Insufficient resources" is what some BMCs say to a suite they do not allow."""
LOWER_PRIVILEGE = frozenset(
    {RmcpStatus.INVALID_ROLE, RmcpStatus.UNAUTHORIZED_ROLE, RmcpStatus.UNAUTHORIZED_NAME}
)
"""A lower privilege may do."""
START_OVER = frozenset({RmcpStatus.INVALID_SESSION_ID, RmcpStatus.INACTIVE_SESSION_ID})
"""The BMC has forgotten the login; a new one may do."""
MAYBE_DOUBLED = START_OVER | {RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE}
"""What a BMC says to the second copy of a message that it has obeyed already."""

# status -> reason, whether to try again without an admin, and the least delay in seconds
_FAILURES: dict[int, tuple[FailureReason, bool, float]] = {
    RmcpStatus.INSUFFICIENT_RESOURCES: (FailureReason.SESSION_TABLE_FULL, True, TABLE_FULL_DELAY),
    RmcpStatus.INSUFFICIENT_RESOURCES_AT_ROLE: (FailureReason.SESSION_TABLE_FULL, True, TABLE_FULL_DELAY),
    RmcpStatus.INVALID_SESSION_ID: (FailureReason.PROTOCOL, True, 0.0),
    RmcpStatus.INACTIVE_SESSION_ID: (FailureReason.PROTOCOL, True, 0.0),
    RmcpStatus.INVALID_ROLE: (FailureReason.PRIVILEGE_REFUSED, False, CREDENTIAL_DELAY),
    RmcpStatus.UNAUTHORIZED_ROLE: (FailureReason.PRIVILEGE_REFUSED, False, CREDENTIAL_DELAY),
    RmcpStatus.INVALID_NAME_LENGTH: (FailureReason.UNKNOWN_USER, False, CREDENTIAL_DELAY),
    RmcpStatus.UNAUTHORIZED_NAME: (FailureReason.UNKNOWN_USER, False, CREDENTIAL_DELAY),
    RmcpStatus.INVALID_INTEGRITY_CHECK_VALUE: (FailureReason.WRONG_PASSWORD, False, CREDENTIAL_DELAY),
    **dict.fromkeys(_REFUSED_SUITE, (FailureReason.SUITE_REFUSED, False, CREDENTIAL_DELAY)),
}
_FIRMWARE_FAULT = (FailureReason.PROTOCOL, True, NOT_READY_DELAY)


def failure(status: int, suite: CipherSuite) -> Failed:
    """Return the outcome when nothing else is left to try after *status*."""
    reason, retryable, delay = _FAILURES.get(status, _FIRMWARE_FAULT)
    text = status_text(status)
    if reason is FailureReason.SUITE_REFUSED:
        text = f"{suite} refused: {text}"
    return Failed(reason, text, retryable, delay, status)
