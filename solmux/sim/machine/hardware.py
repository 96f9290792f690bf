"""What a simulated server is made of, drawn from its name, so that no two are alike and each stays itself."""

import random
import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.UUID("6f1d7a52-54b5-4c0e-9b1a-3f6d0a9c5e11")

_MACHINES = (
    ("Halden Systems", "HX-2240", "Halden"),
    ("Halden Systems", "HX-1120 G2", "Halden"),
    ("Norrbrook", "NB4012 Storage Node", "Norrbrook"),
    ("Calder Computing", "C220-R5", "Calder"),
)
_PROCESSORS = (
    ("Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz", 16, 2400),
    ("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 32, 2000),
    ("AMD EPYC 7313P 16-Core Processor", 16, 3000),
    ("AMD EPYC 7543 32-Core Processor", 32, 2800),
)
_NETWORK_DRIVERS = ("ixgbe", "i40e", "bnxt_en", "mlx5_core", "tg3")
_DISKS = (
    ("SAMSUNG MZQL2960HCJR-00A07", 960),
    ("INTEL SSDPE2KX010T8", 1000),
    ("Micron_7450_MTFDKCC1T9TFR", 1920),
    ("KIOXIA KCD61LUL3T84", 3840),
)
_SYSTEMS = (
    ("Debian GNU/Linux 12", "bookworm", "6.1.0-28-amd64", "6.1.119-1 (2024-11-22)", "252.31-1~deb12u1"),
    ("Debian GNU/Linux 12", "bookworm", "6.1.0-40-amd64", "6.1.153-1 (2025-09-20)", "252.39-1~deb12u1"),
    ("Debian GNU/Linux 13", "trixie", "6.12.48+deb13-amd64", "6.12.48-1 (2025-09-20)", "257.8-1~deb13u2"),
)


@dataclass(frozen=True, slots=True)
class NetworkPort:
    """A network interface as the kernel names it."""

    name: str
    driver: str
    address: str
    pci: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A solid state drive; *size* in GB."""

    name: str
    model: str
    size: int


@dataclass(frozen=True, slots=True)
class Hardware:
    """One server.

    Attributes:
      hostname: the console's name.
      frames: how its firmware draws frames: `dec` (VT100 line drawing) or `cp437` (raw code page 437).
      uefi: its firmware hands over without the escape sequences of an old BIOS.
      processor_mhz: clock rate.
      memory_gib: main memory.
      ipv4: address in the operating system.
      guid: the BMC's GUID, 16 bytes as on the wire.
    """

    hostname: str
    vendor: str
    product: str
    serial: str
    bios: str
    bios_version: str
    bios_date: str
    frames: str
    uefi: bool
    processor: str
    cores: int
    processor_mhz: int
    memory_gib: int
    ports: tuple[NetworkPort, ...]
    disks: tuple[Disk, ...]
    distribution: str
    codename: str
    kernel_release: str
    kernel_version: str
    systemd: str
    ipv4: str
    guid: bytes

    @property
    def dmi(self) -> str:
        """The line by which the kernel names the machine."""
        return f"{self.vendor} {self.product}, BIOS {self.bios_version} {self.bios_date}"


def draw_hardware(name: str, seed: int = 0) -> Hardware:
    """Return the server that belongs to a name; the same for the same name and seed."""
    chance = random.Random(f"{seed}/{name}")
    vendor, product, bios = chance.choice(_MACHINES)
    processor, cores, mhz = chance.choice(_PROCESSORS)
    distribution, codename, release, version, systemd = chance.choice(_SYSTEMS)
    return Hardware(
        hostname=name,
        vendor=vendor,
        product=product,
        serial=f"{bios[0]}{chance.randrange(10**7):07d}",
        bios=f"{bios} Firmware",
        bios_version=f"{chance.randrange(1, 4)}.{chance.randrange(10)}{chance.choice('abc')}",
        bios_date=f"{chance.randrange(1, 13):02d}/{chance.randrange(1, 28):02d}/2025",
        frames=chance.choice(("dec", "cp437")),
        uefi=chance.random() < 0.5,
        processor=processor,
        cores=cores,
        processor_mhz=mhz,
        memory_gib=chance.choice((64, 128, 256, 512)),
        ports=_draw_ports(chance),
        disks=_draw_disks(chance),
        distribution=distribution,
        codename=codename,
        kernel_release=release,
        kernel_version=version,
        systemd=systemd,
        ipv4=f"192.0.2.{chance.randrange(2, 254)}",
        guid=uuid.uuid5(_NAMESPACE, f"{seed}/{name}").bytes_le,
    )


def _draw_ports(chance: random.Random) -> tuple[NetworkPort, ...]:
    driver = chance.choice(_NETWORK_DRIVERS)
    bus = chance.randrange(1, 0x60)
    head = f"3c:ec:ef:{chance.randrange(256):02x}:{chance.randrange(256):02x}"
    last = chance.randrange(0, 254)
    return tuple(
        NetworkPort(
            f"enp{bus}s0f{number}", driver, f"{head}:{last + number:02x}", f"0000:{bus:02x}:00.{number}"
        )
        for number in range(2)
    )


def _draw_disks(chance: random.Random) -> tuple[Disk, ...]:
    model, size = chance.choice(_DISKS)
    return tuple(Disk(f"nvme{number}n1", model, size) for number in range(chance.choice((1, 2, 4))))
