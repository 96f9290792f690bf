"""How many connections may be on their way in: a key exchange costs milliseconds before anybody is known."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

UNAUTHENTICATED_LIMIT = 100
UNAUTHENTICATED_PER_SOURCE = 30
LOGIN_GRACE_TIME = 30.0  # seconds to authenticate
KEYS_PER_LOGIN = 6  # keys that are nobody's, before the connection is closed
CHANNELS_PER_CONNECTION = 20


@dataclass(slots=True)
class Admission:
    """Counts connections between their first byte and their login."""

    _waiting: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str) -> bool:
        """Count a new connection from *address*; False when there are too many already."""
        source = source_of(address)
        if (
            self._waiting.total() >= UNAUTHENTICATED_LIMIT
            or self._waiting[source] >= UNAUTHENTICATED_PER_SOURCE
        ):
            return False
        self._waiting[source] += 1
        return True

    def settled(self, address: str) -> None:
        """The connection admitted from *address* has logged in or is gone."""
        source = source_of(address)
        self._waiting[source] -= 1
        if self._waiting[source] <= 0:
            del self._waiting[source]


def source_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
