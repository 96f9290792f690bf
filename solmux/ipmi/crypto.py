"""Cipher suites 3 and 17, and the two primitives of every packet: a keyed hash and AES-CBC.

Both primitives keep their set-up for the life of the session, because the set-up costs more than the work:
the hash states with the key already absorbed are copied per packet, and one CBC context per direction is
never finalised (see `PayloadCipher`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes: the operating system's in service, recorded ones in tests."""

_HASH_BLOCK = 64  # bytes, SHA-1 and SHA-256 alike
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_AES_BLOCK = 16
_AES_KEY_LENGTH = 16
_SHORTEST_CIPHERTEXT = 2 * _AES_BLOCK  # the initialisation vector and one block
_PADS = tuple(bytes(range(1, count + 1)) + bytes((count,)) for count in range(_AES_BLOCK))


class Algorithms(NamedTuple):
    """Algorithm numbers of a proposal (IPMI 2.0 tables 13-17, 13-18 and 13-19)."""

    authentication: int
    integrity: int
    confidentiality: int


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One row of IPMI 2.0 table 22-20.

    Attributes:
      identifier: the suite's number, 3 or 17.
      authentication: algorithm number; 1 RAKP-HMAC-SHA1, 3 RAKP-HMAC-SHA256.
      integrity: algorithm number; 1 HMAC-SHA1-96, 4 HMAC-SHA256-128.
      confidentiality: algorithm number; 1 AES-CBC-128.
      hash_name: name of the hash behind both, for `hashlib`.
      key_exchange_code_length: bytes of the code in RAKP 2 and RAKP 3.
      integrity_check_value_length: bytes of the value in RAKP 4.
      auth_code_length: bytes of the code at the end of every packet of the session.
    """

    identifier: int
    authentication: int
    integrity: int
    confidentiality: int
    hash_name: str
    key_exchange_code_length: int
    integrity_check_value_length: int
    auth_code_length: int

    @property
    def algorithms(self) -> Algorithms:
        """The three numbers as they are proposed and compared."""
        return Algorithms(self.authentication, self.integrity, self.confidentiality)

    def __str__(self) -> str:
        return f"cipher suite {self.identifier}"


SUITE_3 = CipherSuite(3, 1, 1, 1, "sha1", 20, 12, 12)
SUITE_17 = CipherSuite(17, 3, 4, 1, "sha256", 32, 16, 16)
SUITES = {suite.identifier: suite for suite in (SUITE_17, SUITE_3)}
"""Suites that solmux speaks, by identifier, the better one first. Everything else is refused."""


def suite_for(algorithms: Algorithms) -> CipherSuite | None:
    """Return the suite with exactly these algorithms, or None if it is one that is refused."""
    return next((suite for suite in SUITES.values() if suite.algorithms == algorithms), None)


class KeyedHash:
    """HMAC with one key, for many short messages (RFC 2104).

    The states that have absorbed the key are made once and copied for each message: a third of the cost of
    `hmac.digest` on a packet.
    """

    __slots__ = ("_inner", "_outer", "length")

    def __init__(self, hash_name: str, key: bytes, length: int) -> None:
        if len(key) > _HASH_BLOCK:
            raise ValueError(f"a session key has at most {_HASH_BLOCK} bytes, got {len(key)}")
        block = key.ljust(_HASH_BLOCK, b"\0")
        self._inner = hashlib.new(hash_name, block.translate(_INNER))
        self._outer = hashlib.new(hash_name, block.translate(_OUTER))
        self.length = length

    def code(self, data: bytes) -> bytes:
        """Return the first *length* bytes of the HMAC of *data*."""
        inner = self._inner.copy()
        inner.update(data)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[: self.length]


class PayloadCipher:
    """AES-CBC-128 with the counting pad, both directions of one session (IPMI 2.0 section 13.29).

    One context per direction lives as long as the session. Encrypting, 16 random bytes go in before the
    payload: their cipher block, E(random xor last block), is as unpredictable as the bytes and serves as
    the initialisation vector. Decrypting, the vector goes in first and the block that comes out for it is
    thrown away; CBC is right again from the next block on. Only whole blocks may enter a context, or every
    later packet would be garbage; whatever goes wrong, the context is made anew.
    """

    __slots__ = ("_cipher", "_decryptor", "_encryptor", "_entropy")

    def __init__(self, k2: bytes, entropy: Entropy) -> None:
        self._cipher = Cipher(algorithms.AES(k2[:_AES_KEY_LENGTH]), modes.CBC(bytes(_AES_BLOCK)))
        self._entropy = entropy
        self._encryptor: CipherContext = self._cipher.encryptor()
        self._decryptor: CipherContext = self._cipher.decryptor()

    def encrypt(self, payload: bytes) -> bytes:
        """Return the initialisation vector and the ciphertext of *payload* with its padding."""
        blocks = self._entropy(_AES_BLOCK) + payload + _PADS[-(len(payload) + 1) % _AES_BLOCK]
        if len(blocks) % _AES_BLOCK:
            raise ValueError("the entropy source must return as many bytes as asked for")
        try:
            return self._encryptor.update(blocks)
        except BaseException:
            self._encryptor = self._cipher.encryptor()
            raise

    def decrypt(self, ciphertext: bytes) -> bytes | None:
        """Return the payload without its padding; None if length or padding are wrong.

        To be called with authenticated bytes only.
        """
        if len(ciphertext) % _AES_BLOCK or len(ciphertext) < _SHORTEST_CIPHERTEXT:
            return None
        try:
            blocks = self._decryptor.update(ciphertext)
        except BaseException:
            self._decryptor = self._cipher.decryptor()
            raise
        count = blocks[-1]
        if count >= _AES_BLOCK or not blocks.endswith(_PADS[count]):
            return None
        return blocks[_AES_BLOCK : -1 - count]
