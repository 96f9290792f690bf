"""Open Session, RAKP 1-4 and the key exchange: how a session begins."""

from solmux.ipmi.rakp.keys import (
    MAXIMUM_KG_LENGTH,
    MAXIMUM_PASSWORD_LENGTH,
    KeyExchange,
    derive_keys,
    integrity_check_value,
    key_exchange_code_2,
    key_exchange_code_3,
    session_integrity_key,
)
from solmux.ipmi.rakp.messages import (
    MAXIMUM_USERNAME_LENGTH,
    NAME_ONLY_LOOKUP,
    RANDOM_LENGTH,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
)
from solmux.ipmi.rakp.status import RmcpStatus, status_text

__all__ = [
    "MAXIMUM_KG_LENGTH",
    "MAXIMUM_PASSWORD_LENGTH",
    "MAXIMUM_USERNAME_LENGTH",
    "NAME_ONLY_LOOKUP",
    "RANDOM_LENGTH",
    "KeyExchange",
    "OpenSessionRequest",
    "OpenSessionResponse",
    "Rakp1",
    "Rakp2",
    "Rakp3",
    "Rakp4",
    "RmcpStatus",
    "derive_keys",
    "integrity_check_value",
    "key_exchange_code_2",
    "key_exchange_code_3",
    "session_integrity_key",
    "status_text",
]
