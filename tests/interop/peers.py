"""The programs that nobody here wrote: found, or the test says plainly that it was skipped."""

import os
import shutil

import pytest

PACKAGES = {
    "ipmi_sim": "openipmi",
    "ipmitool": "ipmitool",
    "ipmiconsole": "freeipmi-tools",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "plink": "putty-tools",
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "tmux": "tmux",
    "rg": "ripgrep",
}


def require(program: str) -> str:
    """Return the path of *program*; without it the test is skipped, or fails under CI."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        message = f"{program} is not installed (Debian package {PACKAGES.get(program, program)})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
