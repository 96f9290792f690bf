"""Which BMC is this? Device id and GUIDs (IPMI 2.0 sections 20.1, 20.8 and 22.14)."""

from dataclasses import dataclass
from typing import ClassVar, Self

from solmux.ipmi.commands.base import need
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import NetFunction, Request

GUID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class GetDeviceId:
    """Ask what BMC this is; any session may."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x01)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE)


@dataclass(frozen=True, slots=True)
class DeviceId:
    """The answer to `GetDeviceId`.

    Attributes:
      device_id: the vendor's number for the kind of controller.
      device_revision: 0-15.
      provides_sdrs: it has sensor records of its own.
      updating: firmware or records are being updated; most commands are refused.
      firmware_major: 0-127.
      firmware_minor: 0-99.
      ipmi_version: such as "2.0".
      support: bits of additional device support.
      manufacturer_iana: enterprise number.
      product_id: the manufacturer's.
      auxiliary_firmware: 0 or 4 bytes, the manufacturer's.
    """

    device_id: int
    device_revision: int
    provides_sdrs: bool
    updating: bool
    firmware_major: int
    firmware_minor: int
    ipmi_version: str
    support: int
    manufacturer_iana: int
    product_id: int
    auxiliary_firmware: bytes = b""

    @property
    def firmware(self) -> str:
        """Firmware revision as people write it, such as "3.08"."""
        return f"{self.firmware_major}.{self.firmware_minor:02d}"

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Parse the response's data, 11 or 15 bytes; raises `DecodeError` only."""
        need(data, 11, "the answer to Get Device ID")
        minor = data[3]
        return cls(
            data[0],
            data[1] & 0x0F,
            bool(data[1] & 0x80),
            bool(data[2] & 0x80),
            data[2] & 0x7F,
            (minor >> 4) * 10 + (minor & 0x0F),
            f"{data[4] & 0x0F}.{data[4] >> 4}",
            data[5],
            int.from_bytes(data[6:9], "little") & 0x0FFFFF,
            int.from_bytes(data[9:11], "little"),
            data[11:15] if len(data) >= 15 else b"",
        )

    def to_data(self) -> bytes:
        """Return the response's data."""
        major, _, minor = self.ipmi_version.partition(".")
        head = bytes(
            (
                self.device_id,
                self.device_revision | (0x80 if self.provides_sdrs else 0),
                self.firmware_major | (0x80 if self.updating else 0),
                self.firmware_minor // 10 << 4 | self.firmware_minor % 10,
                int(minor) << 4 | int(major),
                self.support,
            )
        )
        manufacturer = self.manufacturer_iana.to_bytes(3, "little")
        return head + manufacturer + self.product_id.to_bytes(2, "little") + self.auxiliary_firmware


@dataclass(frozen=True, slots=True)
class GetDeviceGuid:
    """Ask for the BMC's own GUID."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x08)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE)


@dataclass(frozen=True, slots=True)
class GetSystemGuid:
    """Ask for the GUID of the machine, the one that RAKP 2 carries."""

    CODE: ClassVar[tuple[int, int]] = (NetFunction.APPLICATION, 0x37)

    def to_request(self) -> Request:
        """Return the request."""
        return Request(*self.CODE)


def read_guid(data: bytes) -> bytes:
    """Return the 16 bytes of either GUID answer exactly as on the wire; raises `DecodeError` only."""
    if len(data) != GUID_LENGTH:
        raise DecodeError(f"a GUID has 16 bytes, got {len(data)}")
    return data
