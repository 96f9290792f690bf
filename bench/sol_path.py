"""CPU per SOL packet by stage, and per MB, on the code that ships.

Usage: python -m bench.sol_path [PACKETS] [CHARACTERS]

Stages are timed one at a time over the same sealed packets: receive (socket), verify, decrypt, account (SOL
numbers), log (ring), ack (seal and send). Then the whole path runs as in service: 64 simulated BMCs in this
process send one packet each, and only the hub's pass over the 64 sockets is timed. The writer thread's CPU is
taken from its own clock. Everything is CPU time (process or thread), so a busy machine disturbs it little.
"""

import hmac
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import trio
import trio.lowlevel

from solmux.console.console import Console
from solmux.ipmi.client import Client, ClientSettings, ClientState
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite, KeyedHash, PayloadCipher
from solmux.ipmi.handshake import Credentials
from solmux.ipmi.packet import PayloadType, SecureChannel
from solmux.ipmi.round_trip import RoundTrip
from solmux.ipmi.sol import SolPacket
from solmux.ipmi.sol_receiver import SolReceiver
from solmux.logs.journal import Journal, LogSettings
from solmux.session.connection import Connection
from solmux.sim.bmc import Bmc
from solmux.sim.controller import BmcSettings
from solmux.sim.host import PowerAction
from solmux.sim.session import User
from solmux.sim.sources import PlainSource
from solmux.transport.hub import Hub
from solmux.transport.socket import UdpSocket

CONSOLES = 64
USER, PASSWORD = b"admin", b"secret12"
K1, K2 = bytes(range(20)), bytes(range(20, 40))


def cpu_us(work: Callable[[], object], packets: int) -> float:
    """Return CPU microseconds per packet of *work*."""
    start = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - start) / 1000 / packets


def udp_pair() -> tuple[socket.socket, UdpSocket]:
    """Return a BMC's socket and ours, connected to each other."""
    bmc = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bmc.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    bmc.bind(("127.0.0.1", 0))
    ours = UdpSocket(socket.AF_INET, bmc.getsockname())
    with socket.fromfd(ours.fileno(), socket.AF_INET, socket.SOCK_DGRAM) as view:
        bmc.connect(view.getsockname())
    bmc.setblocking(False)
    return bmc, ours


def drain(bmc: socket.socket) -> list[bytes]:
    """Return what waits at the BMC's socket."""
    found = []
    while True:
        try:
            found.append(bmc.recv(2048))
        except BlockingIOError:
            return found


def stages(suite: CipherSuite, packets: int, characters: int, directory: Path) -> dict[str, float]:
    """Time each stage over the same packets."""
    counters = DropCounters()
    bmc_side = SecureChannel(
        suite=suite,
        k1=K1,
        k2=K2,
        local_session_id=1,
        peer_session_id=2,
        entropy=os.urandom,
        counters=counters,
    )
    our_side = SecureChannel(
        suite=suite,
        k1=K1,
        k2=K2,
        local_session_id=2,
        peer_session_id=1,
        entropy=os.urandom,
        counters=counters,
    )
    text = random.Random(1).randbytes(characters)
    payloads = [bytes((number % 15 + 1, 0, 0, 0)) + text for number in range(packets)]
    datagrams = [bmc_side.seal(PayloadType.SOL, payload) for payload in payloads]
    bmc, ours = udp_pair()
    result: dict[str, float] = {}

    spent = 0.0
    for start in range(0, packets, 64):
        for datagram in datagrams[start : start + 64]:
            bmc.send(datagram)
        spent += cpu_us(lambda: [ours.receive() for _ in range(64)], 1)
    result["receive"] = spent / packets

    keyed = KeyedHash(suite.hash_name, K1, suite.auth_code_length)
    length = suite.auth_code_length

    def verify() -> None:
        for datagram in datagrams:
            assert hmac.compare_digest(keyed.code(datagram[4:-length]), datagram[-length:])

    result["verify"] = cpu_us(verify, packets)
    cipher = PayloadCipher(K2, os.urandom)
    sealed = [datagram[16 : 16 + int.from_bytes(datagram[14:16], "little")] for datagram in datagrams]
    result["decrypt"] = cpu_us(lambda: [cipher.decrypt(ciphertext) for ciphertext in sealed], packets)
    result["(open)"] = cpu_us(lambda: [our_side.open(datagram) for datagram in datagrams], packets)

    receiver = SolReceiver([], RoundTrip())

    def account() -> None:
        for sequence, payload in enumerate(payloads, 1):
            receiver.receive(sequence, SolPacket.from_bytes(payload), float(sequence))

    result["account"] = cpu_us(account, packets)
    journal = Journal(
        LogSettings(directory / f"stages-{suite.identifier}"), directory / f"ring-{suite.identifier}"
    )
    console = journal.open_console("bench", log=False)

    def keep() -> None:
        for _ in range(packets):
            console.append(text)

    result["log"] = cpu_us(keep, packets)

    answer = bytes((0, 1, characters & 0xFF, 0))

    def acknowledge() -> None:
        for _ in range(64):
            ours.send(our_side.seal(PayloadType.SOL, answer))

    spent = 0.0
    for _ in range(0, packets, 64):
        spent += cpu_us(acknowledge, 1)
        drain(bmc)
    result["ack"] = spent / packets
    bmc.close()
    ours.close()
    return result


def connect(
    suite: CipherSuite, hub: Hub, journal: Journal, number: int, characters: int
) -> tuple[Bmc, PlainSource, socket.socket]:
    """Log a client in to a simulated BMC in memory, then give it a socket and a console."""
    source = PlainSource(f"bench{number}", bytes_per_second=1e6)
    settings = BmcSettings(
        guid=bytes(16),
        users=(User(USER, PASSWORD),),
        suites=(suite,),
        send_threshold=characters,
        accumulate_interval=0.0,
    )
    bmc = Bmc(settings, source, os.urandom)
    client = Client(ClientSettings(Credentials(USER, PASSWORD), suites=(suite,)), os.urandom)
    address = ("127.0.0.1", 1)
    client.start(0.0)
    for step in range(200):
        now = step * 0.01
        for datagram in client.datagrams_to_send(now):
            bmc.receive_datagram(datagram, address, now)
        for datagram, _ in bmc.datagrams_to_send(now):
            client.receive_datagram(datagram, now)
        client.events()
        if client.state is ClientState.ACTIVE:
            break
    assert client.state is ClientState.ACTIVE
    bmc_socket, ours = udp_pair()
    console = Console(f"bench{number}", journal.open_console(f"bench{number}"), lambda *_: None)
    connection = Connection(client, ours, console, lambda _: None)
    hub.add(ours, connection)
    return bmc, source, bmc_socket


def whole_path(
    suite: CipherSuite, packets: int, characters: int, directory: Path
) -> tuple[float, float, float]:
    """Return CPU us per packet of the hub's pass, of the writer thread, and characters per packet."""

    async def run() -> tuple[float, float, float]:
        hub = Hub()
        journal = Journal(
            LogSettings(directory / f"whole-{suite.identifier}"), directory / f"rings-{suite.identifier}"
        )
        journal.start()
        ends = [connect(suite, hub, journal, number, characters) for number in range(CONSOLES)]
        address = ("127.0.0.1", 1)
        for _, source, _ in ends:
            source.control(PowerAction.ON, 2.0)
        spent = sent = 0
        now = 2.0
        process_before = time.process_time_ns()
        other = 0
        while sent < packets:
            now += 0.002
            outside = time.thread_time_ns()
            for bmc, _, end in ends:
                for ack in drain(end):
                    bmc.receive_datagram(ack, address, now)
                for datagram, _ in bmc.datagrams_to_send(now):
                    end.send(datagram)
                    sent += 1
            start = time.thread_time_ns()
            other += start - outside
            hub.drain(now)
            spent += time.thread_time_ns() - start
            if sent % 1024 < CONSOLES:
                await trio.lowlevel.checkpoint()
        deadline = time.monotonic() + 10
        while journal.counters.bytes_logged < sum(source.printed for _, source, _ in ends) * 0.99:
            if time.monotonic() > deadline:
                break
            await trio.sleep(0.05)
        process = time.process_time_ns() - process_before
        printed = journal.counters.bytes_logged
        journal.stop(5)
        for _, _, end in ends:
            end.close()
        writer = process - spent - other
        return spent / 1000 / sent, writer / 1000 / sent, printed / sent

    return trio.run(run)


def main() -> None:
    """Print both tables."""
    packets = int(sys.argv[1]) if len(sys.argv) > 1 else 32_000
    characters = int(sys.argv[2]) if len(sys.argv) > 2 else 170
    packets -= packets % 64
    print(f"{packets} packets of {characters} characters; CPU microseconds per packet")
    with tempfile.TemporaryDirectory() as name:
        for suite in (SUITE_3, SUITE_17):
            found = stages(suite, packets, characters, Path(name))
            total = sum(us for stage, us in found.items() if not stage.startswith("("))
            print(f"\n{suite}, stage by stage")
            for stage, us in found.items():
                print(f"  {stage:<10} {us:6.2f}")
            print(f"  {'sum':<10} {total:6.2f}   = {total / characters:.3f} s per MB")
            path, writer, mean = whole_path(suite, packets, characters, Path(name))
            print(f"{suite}, whole path, {CONSOLES} consoles, {mean:.0f} characters a packet")
            print(f"  {'hub':<10} {path:6.2f}   = {path / mean:.3f} s per MB")
            print(f"  {'writer':<10} {writer:6.2f}   = {writer / mean:.3f} s per MB")


if __name__ == "__main__":
    main()
