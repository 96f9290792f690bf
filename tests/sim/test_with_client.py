"""The service's own client and the simulated BMC, both whole, over two bad links on one clock."""

import math
import random
from dataclasses import dataclass, field

import pytest

from solmux.ipmi.client import Client, ClientSettings, ClientState
from solmux.ipmi.events import InputAccepted, Output, SolActivated
from solmux.ipmi.handshake import Credentials
from solmux.sim.bmc import Bmc
from solmux.sim.controller import BmcSettings
from solmux.sim.faults import GOOD, IPMI_SIM, Faults
from solmux.sim.host import PowerAction
from solmux.sim.link import Link, LinkFaults
from solmux.sim.session import Address, User
from solmux.sim.sources import PlainSource
from solmux.sim.transcript import Transcript

CONSOLE: Address = ("10.0.0.7", 40000)
CLEAN = LinkFaults()
TOKENS = [b"k%03d " % number for number in range(40)]


@dataclass
class Result:
    """What came of a conversation."""

    state: ClientState
    truth: Transcript
    received: bytes = b""
    accepted: list[int] = field(default_factory=list)


def converse(faults: Faults, weather: LinkFaults, *, seconds: float, seed: int) -> Result:
    """Let client and BMC talk; the links turn bad once SOL is up, and the tokens are typed from then on."""
    host = PlainSource("host", bytes_per_second=400.0)
    host.control(PowerAction.ON, 0.0)
    settings = BmcSettings(
        guid=bytes(16), users=(User(b"admin", b"secret"),), faults=faults, seed=seed, keep_transcript=True
    )
    bmc = Bmc(settings, host, random.Random(seed).randbytes)
    client = Client(ClientSettings(Credentials(b"admin", b"secret")), random.Random(seed + 1).randbytes)
    transcript = bmc.controller.port.transcript
    assert transcript is not None
    result = Result(client.state, transcript)
    links: list[Link[bytes]] = [Link(CLEAN, 0), Link(CLEAN, 0)]
    now, typed, type_at = 0.0, 0, math.inf
    client.start(now)
    while now < seconds:
        for event in client.events():
            match event:
                case Output(data):
                    result.received += data
                case InputAccepted(number):
                    result.accepted.append(number)
                case SolActivated():
                    links = [Link(weather, seed), Link(weather, seed + 1)]
                    type_at = now
        for datagram in client.datagrams_to_send(now):
            links[0].send(datagram, now)
        for datagram in links[0].arrivals(now):
            bmc.receive_datagram(datagram, CONSOLE, now)
        bmc.handle_timer(now)
        for datagram, _ in bmc.datagrams_to_send(now):
            links[1].send(datagram, now)
        for datagram in links[1].arrivals(now):
            client.receive_datagram(datagram, now)
        client.handle_timer(now)
        if now >= type_at:
            client.send_input(TOKENS[typed], typed, now)
            typed += 1
            type_at = now + 0.3 if typed < len(TOKENS) else math.inf
        earliest = min(bmc.deadline, client.deadline, links[0].deadline, links[1].deadline, type_at)
        now = max(earliest, now + 0.001)
    result.state = client.state
    return result


@pytest.mark.parametrize(
    "weather",
    [
        CLEAN,
        LinkFaults(loss=0.1),
        LinkFaults(duplication=0.1, delay=0.01, jitter=0.03),
        LinkFaults(delay=0.6),
    ],
    ids=["clean", "loss", "duplication", "delay"],
)
@pytest.mark.parametrize(
    "faults",
    [
        GOOD,
        IPMI_SIM,
        Faults(growing_retransmissions=True),
        Faults(partial_accept=0.3),
        Faults(first_number=9, session_number_step=2, unswapped_addresses=True, byte_swapped_sizes=True),
    ],
    ids=["good", "ipmi_sim", "growing", "partial", "odd"],
)
def test_every_character_once_in_both_directions(faults: Faults, weather: LinkFaults) -> None:
    result = converse(faults, weather, seconds=45.0, seed=5)
    assert result.state is ClientState.ACTIVE
    assert len(result.received) > 5000
    assert result.truth.fault_of(result.received) == ""
    assert result.truth.delivered == b"".join(TOKENS)
    assert result.accepted == list(range(len(TOKENS)))
