"""What the commands have in common: privilege levels, channels, payloads, and the length check."""

from enum import IntEnum

from solmux.ipmi.errors import DecodeError

CURRENT_CHANNEL = 0x0E
"""Channel number that means the one the request came over."""
SOL_PAYLOAD = 1
"""Payload type number of SOL."""
SOL_INSTANCE = 1
"""SOL payload instances are counted from 1; BMCs with more than one are as good as unknown."""


class Privilege(IntEnum):
    """Privilege levels (IPMI 2.0 table 22-17)."""

    CALLBACK = 1
    USER = 2
    OPERATOR = 3
    ADMINISTRATOR = 4
    OEM = 5


def need(data: bytes, length: int, name: str) -> None:
    """Raise `DecodeError` if *data* of *name* is shorter than *length*; more is fine, newer BMCs add."""
    if len(data) < length:
        raise DecodeError(f"{name} needs {length} data bytes, got {len(data)}")
