"""Every HMAC of the key exchange (IPMI 2.0 sections 13.28-13.32).

Pure functions of the suite, the secrets and what both ends have said. The specification pads a password or
a BMC key to 20 bytes with zeros; HMAC does the same to its keys, so here they go in as they are.
"""

import hmac
from dataclasses import dataclass, field

from solmux.ipmi.crypto import CipherSuite

MAXIMUM_PASSWORD_LENGTH = 20
MAXIMUM_KG_LENGTH = 20

_KEY_CONSTANT_LENGTH = 20  # for every hash


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """What both ends have said in Open Session, RAKP 1 and RAKP 2: the input of every HMAC.

    Attributes:
      remote_console_session_id: the console's, SIDm.
      managed_system_session_id: the BMC's, SIDc.
      remote_console_random: 16 bytes, Rm.
      managed_system_random: 16 bytes, Rc.
      guid: 16 bytes.
      role: the whole role byte of RAKP 1.
      username: as sent in RAKP 1.
    """

    remote_console_session_id: int
    managed_system_session_id: int
    remote_console_random: bytes = field(repr=False)
    managed_system_random: bytes = field(repr=False)
    guid: bytes
    role: int
    username: bytes

    @property
    def identity(self) -> bytes:
        """Role, name length and name: the end of three of the inputs."""
        return bytes((self.role, len(self.username))) + self.username


def key_exchange_code_2(suite: CipherSuite, password: bytes, exchange: KeyExchange) -> bytes:
    """Return the code of RAKP 2: the BMC knows the password."""
    return hmac.digest(
        password,
        exchange.remote_console_session_id.to_bytes(4, "little")
        + exchange.managed_system_session_id.to_bytes(4, "little")
        + exchange.remote_console_random
        + exchange.managed_system_random
        + exchange.guid
        + exchange.identity,
        suite.hash_name,
    )


def key_exchange_code_3(suite: CipherSuite, password: bytes, exchange: KeyExchange) -> bytes:
    """Return the code of RAKP 3: the console knows the password."""
    return hmac.digest(
        password,
        exchange.managed_system_random
        + exchange.remote_console_session_id.to_bytes(4, "little")
        + exchange.identity,
        suite.hash_name,
    )


def session_integrity_key(suite: CipherSuite, password: bytes, kg: bytes, exchange: KeyExchange) -> bytes:
    """Return SIK, keyed by the BMC key *kg*; an empty or all-zero *kg* means a one-key login."""
    return hmac.digest(
        kg if any(kg) else password,
        exchange.remote_console_random + exchange.managed_system_random + exchange.identity,
        suite.hash_name,
    )


def integrity_check_value(suite: CipherSuite, sik: bytes, exchange: KeyExchange) -> bytes:
    """Return the value of RAKP 4: both ends have the same session integrity key."""
    code = hmac.digest(
        sik,
        exchange.remote_console_random
        + exchange.managed_system_session_id.to_bytes(4, "little")
        + exchange.guid,
        suite.hash_name,
    )
    return code[: suite.integrity_check_value_length]


def derive_keys(suite: CipherSuite, sik: bytes) -> tuple[bytes, bytes]:
    """Return K1 (integrity) and K2 (confidentiality); *sik* is of no more use afterwards."""
    k1 = hmac.digest(sik, b"\x01" * _KEY_CONSTANT_LENGTH, suite.hash_name)
    k2 = hmac.digest(sik, b"\x02" * _KEY_CONSTANT_LENGTH, suite.hash_name)
    return k1, k2
