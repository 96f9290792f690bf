"""`solmux probe` against ipmi_sim: what it shows, and how it says no."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.ipmi_simulator import KG, PASSWORD, USERNAME, IpmiSimulator, free_udp_port
from tests.interop.peers import require
from tests.interop.terminal import Terminal

pytestmark = pytest.mark.interop


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[IpmiSimulator]:
    with IpmiSimulator(tmp_path / "bmc") as running:
        yield running


def probe(
    directory: Path, address: str, *more: str, user: str = USERNAME, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    secret = directory / "password"
    secret.write_text(password + "\n")
    secret.chmod(0o600)
    command = [
        sys.executable,
        "-m",
        "solmux",
        "probe",
        address,
        "-U",
        user,
        "--password-file",
        str(secret),
        *more,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_shows_what_the_bmc_is_and_offers_and_logs_out(tmp_path: Path, bmc: IpmiSimulator) -> None:
    found = probe(tmp_path, bmc.address, "--json")
    assert (found.returncode, found.stderr) == (0, "")
    shown = json.loads(found.stdout)
    assert shown["session"] == "cipher suite 3, administrator"
    assert shown["device"] == "id 0x00, revision 3, manufacturer 4753, product 0x0f02"
    assert shown["firmware"] == "9.08, IPMI 2.0"
    assert shown["guid"] == "a1234567-89ab-cdef-a123-456789abcd01"
    assert "3" in shown["suites_offered"].split(", ")
    assert shown["sol"] == "not active"
    assert shown["sol_enabled"] == "yes"
    # ipmi_sim has few slots: sessions that were left open would use them up.
    assert {probe(tmp_path, bmc.address).returncode for _ in range(6)} == {0}


def test_it_names_whoever_holds_the_console(tmp_path: Path, bmc: IpmiSimulator) -> None:
    command = [require("ipmitool"), "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(bmc.port)]
    command += ["-U", USERNAME, "-P", PASSWORD, "sol", "activate"]
    with Terminal(command) as holder:
        holder.expect("SOL Session operational")
        # ipmi_sim does not tell the owner's address.
        assert "active, held by user 2 (administrator)\n" in probe(tmp_path, bmc.address).stdout


@pytest.mark.parametrize(
    ("more", "changes", "words"),
    [
        ((), {"password": "wrong"}, "wrong password for user 'admin'"),
        ((), {"user": "nobody"}, "no such user"),
        (("-C", "17"), {}, "cipher suite 17 refused"),
    ],
)
def test_a_refusal_says_what_to_do(
    tmp_path: Path, bmc: IpmiSimulator, more: tuple[str, ...], changes: dict[str, str], words: str
) -> None:
    found = probe(tmp_path, bmc.address, *more, **changes)
    assert (found.returncode, found.stdout) == (4, "")
    assert words in found.stderr


def test_a_wrong_kg_is_told_from_a_wrong_password(tmp_path: Path) -> None:
    key = tmp_path / "kg"
    with IpmiSimulator(tmp_path / "bmc", kg=KG) as bmc:
        for text, code in ((KG, 0), ("another", 4)):
            key.write_text(text + "\n")
            key.chmod(0o600)
            found = probe(tmp_path, bmc.address, "-k", str(key))
            assert found.returncode == code, found.stderr
        assert "Kg" in found.stderr


def test_nobody_there_is_exit_5_and_a_bad_call_is_2(tmp_path: Path) -> None:
    gone = probe(tmp_path, f"127.0.0.1:{free_udp_port()}")
    assert gone.returncode == 5
    assert "does not answer" in gone.stderr
    assert probe(tmp_path, "127.0.0.1:port").returncode == 2
    assert probe(tmp_path, "127.0.0.1:1", password="x" * 21).returncode == 2
