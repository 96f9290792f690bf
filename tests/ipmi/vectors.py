"""Recorded logins and captures, and the entropy that makes the shipped code produce the same bytes again.

``logins.json`` holds logins computed with other software: inputs, every code and key, every datagram.
``captures.json`` holds conversations of ipmitool and FreeIPMI with ipmi_sim and another BMC.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from solmux.ipmi.crypto import SUITES, CipherSuite
from solmux.ipmi.handshake import Credentials
from solmux.ipmi.message import Request
from solmux.ipmi.packet import PayloadType
from solmux.ipmi.rakp import (
    KeyExchange,
    OpenSessionRequest,
    OpenSessionResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
)

DATA = Path(__file__).parent.parent / "data" / "ipmi"


class Message(Protocol):
    """A payload with its codec."""

    @classmethod
    def from_bytes(cls, raw: bytes, /) -> Self: ...

    def to_bytes(self) -> bytes: ...


class Data(Protocol):
    """What stands behind a completion code, with its codec."""

    @classmethod
    def from_data(cls, data: bytes, /) -> Self: ...

    def to_data(self) -> bytes: ...


class Command(Protocol):
    """The data of a request, with its codec."""

    @classmethod
    def from_data(cls, data: bytes, /) -> Self: ...

    def to_request(self) -> Request: ...


LOGIN_MESSAGES: dict[int, type[Message]] = {
    PayloadType.OPEN_SESSION_REQUEST: OpenSessionRequest,
    PayloadType.OPEN_SESSION_RESPONSE: OpenSessionResponse,
    PayloadType.RAKP_1: Rakp1,
    PayloadType.RAKP_2: Rakp2,
    PayloadType.RAKP_3: Rakp3,
    PayloadType.RAKP_4: Rakp4,
}


@dataclass(frozen=True)
class SessionPacket:
    """One sealed datagram and what is in it."""

    name: str
    payload_type: int
    session_id: int
    sequence: int
    payload: bytes
    datagram: bytes


@dataclass(frozen=True)
class RecordedLogin:
    """A login with everything that happened in it."""

    name: str
    suite: CipherSuite
    credentials: Credentials
    exchange: KeyExchange
    derived: dict[str, bytes]
    payloads: dict[str, bytes]
    datagrams: dict[str, bytes]
    packets: tuple[SessionPacket, ...]


def unhex(values: dict[str, str]) -> dict[str, bytes]:
    return {name: bytes.fromhex(value) for name, value in values.items()}


def recorded_logins() -> list[RecordedLogin]:
    return [_login(entry) for entry in json.loads((DATA / "logins.json").read_text())["vectors"]]


def pre_session_datagrams() -> dict[str, bytes]:
    return unhex(json.loads((DATA / "logins.json").read_text())["pre_session"])


def _login(entry: dict[str, Any]) -> RecordedLogin:
    inputs = entry["inputs"]
    raw = unhex({name: value for name, value in inputs.items() if name != "role"})
    packets = tuple(
        SessionPacket(
            name,
            packet["payload_type"],
            int(packet["session_id"], 16),
            packet["session_seq"],
            bytes.fromhex(packet["plaintext"]),
            bytes.fromhex(packet["datagram"]),
        )
        for name, packet in entry["session_packets"].items()
    )
    return RecordedLogin(
        entry["name"],
        SUITES[entry["cipher_suite"]],
        Credentials(raw["username"], raw["password"], raw["kg"]),
        KeyExchange(
            int.from_bytes(raw["remote_console_session_id"], "little"),
            int.from_bytes(raw["managed_system_session_id"], "little"),
            raw["remote_console_random"],
            raw["managed_system_random"],
            raw["guid"],
            int(inputs["role"], 16),
            raw["username"],
        ),
        unhex(entry["derived"]),
        unhex(entry["handshake"]),
        unhex(entry["datagrams"]),
        packets,
    )


@dataclass(frozen=True)
class CapturedPacket:
    """One datagram of a capture; *plain* is what other software decrypted from it."""

    to_bmc: bool
    datagram: bytes
    plain: bytes | None


@dataclass(frozen=True)
class Capture:
    """One conversation."""

    name: str
    suite: CipherSuite | None
    users: dict[bytes, bytes]
    kg: bytes
    packets: tuple[CapturedPacket, ...]


def captures() -> list[Capture]:
    return [
        Capture(
            entry["name"],
            SUITES[entry["cipher_suite"]] if entry["cipher_suite"] else None,
            {name.encode(): password.encode() for name, password in entry["users"].items()},
            entry["kg"].encode(),
            tuple(_captured(*packet) for packet in entry["packets"]),
        )
        for entry in json.loads((DATA / "captures.json").read_text())
    ]


def _captured(direction: str, datagram: str, plain: str | None = None) -> CapturedPacket:
    return CapturedPacket(
        direction == ">", bytes.fromhex(datagram), None if plain is None else bytes.fromhex(plain)
    )


class RecordedEntropy:
    """Returns what was recorded, in order; raises when asked for something else than is there."""

    def __init__(self, recorded: Sequence[bytes] = ()) -> None:
        self.recorded = list(recorded)

    def __call__(self, length: int) -> bytes:
        value = self.recorded.pop(0)
        assert len(value) == length, f"{length} bytes asked for, {len(value)} recorded"
        return value


class VectorEntropy(RecordedEntropy):
    """Also finds the random block that makes a channel seal with a recorded initialisation vector.

    The channel encrypts a random block r in front of the payload; what comes out for it, the vector, is
    E(r xor last ciphertext block). So r = D(vector) xor last ciphertext block.
    """

    def __init__(self, recorded: Sequence[bytes] = ()) -> None:
        super().__init__(recorded)
        self._last_block = bytes(16)

    def wish(self, k2: bytes, datagram: bytes) -> None:
        """Record the random block for *datagram*, the next to be sealed under *k2*."""
        length = int.from_bytes(datagram[14:16], "little")
        ciphertext = datagram[16 : 16 + length]
        decryptor = Cipher(algorithms.AES(k2[:16]), modes.CBC(self._last_block)).decryptor()
        self.recorded.append(decryptor.update(ciphertext[:16]))
        self._last_block = ciphertext[-16:]
