"""A real Linux guest, 15 MB in all: Debian's cloud kernel and a busybox initial RAM disk, made here."""

import gzip
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.interop.peers import require

HOME = (
    Path(__file__).parent.parent.parent / ".cache" / "guest"
)  # kept between runs: the kernel is downloaded once

INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
hostname guest
echo 1 > /proc/sys/kernel/sysrq
exec init
"""
INITTAB = """\
ttyS0::respawn:/bin/getty -L 115200 ttyS0 vt220
::ctrlaltdel:/bin/reboot
"""
FILES = {
    "init": (INIT, 0o755),
    "etc/inittab": (INITTAB, 0o644),
    "etc/passwd": ("root::0:0:root:/root:/bin/sh\n", 0o644),
    "etc/group": ("root:x:0:\n", 0o644),
    "etc/profile": ("export PATH=/bin PS1='guest# '\n", 0o644),
}
DIRECTORIES = ("bin", "dev", "etc", "proc", "root", "sys", "tmp")


def guest() -> tuple[Path, Path]:
    """Return kernel and initial RAM disk; skips (or fails, in CI) when the kernel cannot be had."""
    kernel, disk = HOME / "vmlinuz", HOME / "initrd.gz"
    if not kernel.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        _download_kernel(kernel)
    busybox = Path(require("busybox")).read_bytes()
    disk.write_bytes(gzip.compress(_archive(busybox), 6))
    return kernel, disk


def _download_kernel(kernel: Path) -> None:
    """Take vmlinuz out of Debian's kernel package; nothing is installed."""
    try:
        depends = _run("apt-cache", "depends", "linux-image-cloud-amd64")
        package = next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image" in line)
        _run("apt-get", "download", package)
        archive = next(HOME.glob(f"{package}_*.deb"))
        _run("dpkg-deb", "-x", archive.name, "package")
        archive.unlink()
        os.replace(next((HOME / "package" / "boot").glob("vmlinuz-*")), kernel)  # noqa: PTH105 - same file system
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        message = f"no Linux kernel for the guest: {error} (needs apt-get and Debian's package lists)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=True).stdout


def _archive(busybox: bytes) -> bytes:
    """Return a cpio archive ("newc") of the guest's root file system."""
    entries: list[tuple[str, bytes, int, tuple[int, int]]] = [
        *((name, b"", stat.S_IFDIR | 0o755, (0, 0)) for name in DIRECTORIES),
        ("bin/busybox", busybox, stat.S_IFREG | 0o755, (0, 0)),
        *((name, text.encode(), stat.S_IFREG | mode, (0, 0)) for name, (text, mode) in FILES.items()),
        ("dev/console", b"", stat.S_IFCHR | 0o600, (5, 1)),
        ("TRAILER!!!", b"", 0, (0, 0)),
    ]
    return b"".join(_entry(number, *entry) for number, entry in enumerate(entries, 1))


def _entry(inode: int, name: str, data: bytes, mode: int, device: tuple[int, int]) -> bytes:
    path = name.encode() + b"\0"
    numbers = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0]
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
