"""ipmi_sim as the BMC: byte-exact output and input, long runs, restarts, kills."""

import hashlib
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solmux.wire import frames
from solmux.wire.blocking import CoreClient
from tests.interop.ipmi_simulator import KG, IpmiSimulator
from tests.interop.service import Service, eventually

pytestmark = pytest.mark.interop

NAME = "server42"
SIZES = [13, 512, 1 << 20]
BMC_BUFFER = 16 << 10  # of ipmi_sim, towards the console
CHUNK = 256  # characters of input given to the core at once


@pytest.fixture
def bmc(tmp_path: Path) -> Iterator[IpmiSimulator]:
    with IpmiSimulator(tmp_path / "bmc") as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, bmc: IpmiSimulator) -> Iterator[Service]:
    with Service(tmp_path / "mux", {NAME: [f'address = "{bmc.address}"']}) as running:
        running.await_state(NAME, "up")
        yield running


def send_all(serial: socket.socket, data: bytes) -> threading.Thread:
    """Let the host print *data* while the caller does something else."""
    thread = threading.Thread(target=serial.sendall, args=(data,), name="host")
    thread.start()
    return thread


def receive(serial: socket.socket, size: int, within: float = 120.0) -> bytes:
    """Return what the host got, *size* bytes of it or what came until the time was up."""
    got = bytearray()
    deadline = time.monotonic() + within
    serial.settimeout(1.0)
    while len(got) < size and time.monotonic() < deadline:
        try:
            data = serial.recv(65536)
        except TimeoutError:
            continue
        if not data:
            break
        got += data
    return bytes(got)


def type_at(service: Service, data: bytes, within: float = 240.0) -> None:
    """Type *data* as one writer that keeps to its credit; returns when the BMC has acknowledged all of it."""
    with CoreClient(service.directory / "run" / "core.sock") as client:
        client.send(frames.Attach(1, NAME, "write", "typist", ""))
        credit, at, unanswered = 0, 0, 0
        deadline = time.monotonic() + within
        while at < len(data) or unanswered:
            while credit >= CHUNK and at < len(data):
                piece = data[at : at + CHUNK]
                client.send(frames.Input(1, at, piece))
                at, credit, unanswered = at + len(piece), credit - len(piece), unanswered + 1
            frame = client.receive(max(0.0, deadline - time.monotonic()))
            assert frame is not None, f"no acknowledgement within {within} s; {unanswered} outstanding"
            match frame:
                case frames.Attached(mode=mode, credit=given):
                    assert mode == "write"
                    credit = given
                case frames.Credit(characters=given):
                    credit += given
                case frames.Acked():
                    unanswered -= 1
                case frames.Unknown():
                    pytest.fail(f"{frame.characters} characters may be lost: {frame.reason}")


def await_record(service: Service, size: int, within: float = 120.0) -> bytes:
    """Return the record once it has *size* bytes and holds still."""
    eventually(lambda: len(service.record(NAME)) >= size, f"{size} bytes are in the record", within)
    return service.record(NAME)


def same(found: bytes, expected: bytes) -> bool:
    """Compare without a megabyte in the message."""
    return (len(found), hashlib.sha256(found).hexdigest()) == (
        len(expected),
        hashlib.sha256(expected).hexdigest(),
    )


@pytest.mark.parametrize("size", SIZES)
def test_output_is_byte_exact_in_the_record(bmc: IpmiSimulator, service: Service, size: int) -> None:
    data = random.Random(size).randbytes(size)
    bmc.serial.sendall(data)
    assert same(await_record(service, size), data)
    assert "GAP" not in service.text(NAME)


@pytest.mark.parametrize("size", SIZES)
def test_input_is_byte_exact_at_the_host(bmc: IpmiSimulator, service: Service, size: int) -> None:
    data = random.Random(size + 1).randbytes(size)
    typist = threading.Thread(target=type_at, args=(service, data), name="typist")
    typist.start()
    got = receive(bmc.serial, size, 240)
    typist.join(60)
    assert same(got, data)


def test_both_directions_at_once_are_byte_exact(bmc: IpmiSimulator, service: Service) -> None:
    printed, typed = random.Random(5).randbytes(1 << 20), random.Random(6).randbytes(1 << 18)
    host = send_all(bmc.serial, printed)
    typist = threading.Thread(target=type_at, args=(service, typed), name="typist")
    typist.start()
    got = receive(bmc.serial, len(typed), 240)
    typist.join(60)
    host.join(60)
    assert same(got, typed)
    assert same(await_record(service, len(printed)), printed)
    assert "GAP" not in service.text(NAME)


def test_a_two_key_login_works_and_a_wrong_kg_is_named(tmp_path: Path) -> None:
    (tmp_path / "mux").mkdir()
    for name, key in (("kg", KG), ("wrong", "not-the-key")):
        (tmp_path / "mux" / name).write_text(key + "\n")
        (tmp_path / "mux" / name).chmod(0o600)
    with IpmiSimulator(tmp_path / "bmc", kg=KG) as bmc:
        lines = [f'address = "{bmc.address}"', 'kg_file = "kg"']
        with Service(tmp_path / "mux", {NAME: lines}) as service:
            service.await_state(NAME, "up")
            bmc.serial.sendall(b"two keys\r\n")
            assert await_record(service, 10) == b"two keys\r\n"
            service.consoles[NAME][1] = 'kg_file = "wrong"'
            service.configure()
            service.hang_up()
            service.await_state(NAME, "refused")
            assert "Kg" in service.solmux("status", NAME).stdout.decode()


def test_120_seconds_of_steady_output_outlive_the_session_timeout(
    bmc: IpmiSimulator, service: Service
) -> None:
    # ipmi_sim drops a session after 30 s without an IPMI message; SOL packets do not count.
    pace = threading.Event()  # never set: the host prints 20 lines a second
    sent = bytearray()
    end = time.monotonic() + 120
    number = 0
    while time.monotonic() < end:
        line = b"line %06d of steady output, a little over eighty characters so that it wraps\r\n" % number
        bmc.serial.sendall(line)
        sent += line
        number += 1
        pace.wait(0.05)
    assert same(await_record(service, len(sent)), bytes(sent))
    text = service.text(NAME)
    assert text.count("[-- Console up") == 1
    assert "GAP" not in text
    assert "Console down" not in text


def test_a_restarted_bmc_is_taken_back_with_the_gap_marked_and_nothing_repeated(
    bmc: IpmiSimulator, service: Service
) -> None:
    bmc.serial.sendall(b"before the restart\r\n")
    await_record(service, 20)
    bmc.kill()
    service.await_state(NAME, "down", 60)
    bmc.start()
    service.await_state(NAME, "up", 90)
    bmc.serial.sendall(b"after the restart\r\n")
    assert await_record(service, 39) == b"before the restart\r\nafter the restart\r\n"
    text = service.text(NAME)
    assert len(re.findall(r"\[-- GAP \S+Z\.\.\S+Z: ", text)) == 1
    lines = [line for line in text.splitlines() if "restart" in line or "[--" in line]
    places = [index for index, line in enumerate(lines) if "GAP" in line or "the restart" in line]
    assert ["before" in lines[places[0]], "GAP" in lines[places[1]], "after" in lines[places[2]]] == [
        True
    ] * 3


def test_a_killed_core_loses_and_repeats_nothing_that_it_acknowledged(
    bmc: IpmiSimulator, service: Service
) -> None:
    data = random.Random(9).randbytes(1 << 20)
    host = send_all(bmc.serial, data)
    eventually(lambda: len(service.record(NAME)) > 200_000, "the stream is under way")
    service.kill_part("core")
    host.join(120)
    eventually(lambda: service.record(NAME).endswith(data[-64:]), "the rest has come", 120)
    record = service.record(NAME)  # the packet whose ACK was under way may stand in it twice
    at_kill = _common_prefix(record, data)
    assert at_kill > 200_000
    rest = record[at_kill:]
    resumed = data.find(rest[:32], max(0, at_kill - 256))
    assert resumed >= 0, "what follows the kill is not part of the stream"
    assert resumed >= at_kill - 255, "more than the packet under way was repeated"
    assert rest == data[resumed:]
    # Nothing acknowledged is missing: what is, ipmi_sim still had in its own buffer and threw away when the
    # dead session's SOL was taken back. The log says so.
    assert resumed - at_kill <= BMC_BUFFER
    assert len(re.findall(r"\[-- GAP \S+Z\.\.\S+Z: solmux was not running", service.text(NAME))) == 1


def _common_prefix(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
