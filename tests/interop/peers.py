"""Which foreign programs are installed, and what to do when one is missing."""

import os
import shutil

import pytest

PACKAGES = {
    "expect": "expect",
    "ipmi_sim": "openipmi",
    "ipmiconsole": "freeipmi-tools",
    "ipmitool": "ipmitool",
    "plink": "putty-tools",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
    "tmux": "tmux",
}
"""Debian's package for a program."""


def require(program: str) -> str:
    """Return the path of *program*; a test cannot go on without it.

    If it is missing the test is skipped, but where the environment variable CI is set it fails: there the
    program has to be installed.
    """
    path = shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if path is None:
        message = f"{program} is not installed (Debian: apt install {PACKAGES.get(program, program)})"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, and this is CI, where it must be", pytrace=False)
        pytest.skip(message)
    return path
