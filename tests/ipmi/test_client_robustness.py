"""Whatever arrives, in whatever state: dropped, counted, and nothing else changes."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.client import ClientState
from solmux.ipmi.counters import DropReason
from solmux.ipmi.events import Event, SolActivating
from solmux.ipmi.message import Request, Response
from solmux.ipmi.packet import PayloadType
from solmux.ipmi.sol import SolPacket
from tests.ipmi.client_rig import ClientRig
from tests.ipmi.session_bmc import Echo, SessionBmc


def idle() -> ClientRig:
    return ClientRig()


def handshake(datagrams: int) -> Callable[[], ClientRig]:
    def make() -> ClientRig:
        rig = ClientRig()
        rig.start()
        rig.run(until=lambda: len(rig.sent) > datagrams)
        assert rig.client.state is ClientState.HANDSHAKE
        return rig

    return make


def activating() -> ClientRig:
    rig = ClientRig()
    rig.start()
    rig.run(until=lambda: bool(rig.of(SolActivating)))
    return rig


def active() -> ClientRig:
    return ClientRig(SessionBmc(sol=Echo())).activated()


def typing() -> ClientRig:
    rig = ClientRig(SessionBmc(sol=lambda _payload, _now: [])).activated()
    rig.type(b"in flight")
    rig.client.request(Request(0, 1), rig.now)
    rig.flush()
    return rig


def closing() -> ClientRig:
    rig = active()
    rig.close()
    return rig


def closed() -> ClientRig:
    rig = closing()
    rig.run(2.0)
    return rig


STATES = {
    "idle": idle,
    "capabilities": handshake(0),
    "open session": handshake(1),
    "RAKP 1": handshake(2),
    "RAKP 3": handshake(3),
    "activating": activating,
    "active": active,
    "typing": typing,
    "closing": closing,
    "closed": closed,
}
SESSIONS = {name: STATES[name] for name in ("activating", "active", "typing", "closing")}
HEADS = [b"", b"\x06\x00\xff\x07", b"\x06\x00\xff\x07\x06", b"\x06\x00\xff\x07\x06\xc1", b"\x06\x00\xff\x06"]


class Snapshot:
    """What must not change."""

    def __init__(self, rig: ClientRig) -> None:
        self._rig = rig
        client = rig.client
        self._before = (client.state, client.deadline, client.input_pending, client.last_sol_sequence)
        self.drops = client.counters.total
        self._reasons = dict(client.counters.by_reason)

    def is_unchanged(self) -> bool:
        client = self._rig.client
        now = (client.state, client.deadline, client.input_pending, client.last_sol_sequence)
        nothing: tuple[list[Event], list[bytes]] = ([], [])
        return now == self._before and (client.events(), client.datagrams_to_send(self._rig.now)) == nothing

    def new_drops(self) -> dict[str, int]:
        counted = self._rig.client.counters.by_reason
        return {
            str(reason): count - self._reasons.get(reason, 0)
            for reason, count in counted.items()
            if count != self._reasons.get(reason, 0)
        }


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_any_bytes_are_one_drop_and_change_nothing(state: Callable[[], ClientRig]) -> None:
    rig = state()

    @given(st.sampled_from(HEADS), st.binary(max_size=120))
    def check(head: bytes, body: bytes) -> None:
        before = Snapshot(rig)
        rig.client.receive_datagram(head + body, rig.now)
        assert rig.client.counters.total == before.drops + 1
        assert before.is_unchanged()

    check()


@pytest.mark.parametrize("state", SESSIONS.values(), ids=SESSIONS.keys())
def test_any_payload_under_the_sessions_own_keys_raises_nothing(state: Callable[[], ClientRig]) -> None:
    @given(st.lists(st.tuples(st.integers(0, 63), st.binary(max_size=40)), max_size=8))
    def check(payloads: list[tuple[int, bytes]]) -> None:
        rig = state()
        for payload_type, payload in payloads:
            rig.client.receive_datagram(rig.bmc.seal(payload, payload_type), rig.now)
            rig.flush()
            assert not math.isnan(rig.client.deadline)
        rig.run(60.0)

    check()


def damaged(payload: bytes) -> bytes:
    return payload[:-1] + bytes((payload[-1] ^ 0xFF,))


GOOD_RESPONSE = Response(7, 0x3F, 9, 0).to_bytes()
MALFORMED = {
    "no SOL header": (PayloadType.SOL, b"", DropReason.MALFORMED),
    "three bytes of SOL": (PayloadType.SOL, b"\x01\x00\x00", DropReason.MALFORMED),
    "characters without a number": (PayloadType.SOL, b"\x00\x00\x00\x00text", DropReason.MALFORMED),
    "no message": (PayloadType.IPMI, b"", DropReason.MALFORMED),
    "short response": (PayloadType.IPMI, b"\x81\x1c\x63\x20\x00\x01\x00", DropReason.MALFORMED),
    "short request": (PayloadType.IPMI, b"\x81\x18\x67\x20\x00\x01", DropReason.MALFORMED),
    "bad checksum": (PayloadType.IPMI, damaged(GOOD_RESPONSE), DropReason.BAD_CHECKSUM),
    "answer to nothing": (PayloadType.IPMI, GOOD_RESPONSE, DropReason.UNMATCHED_RESPONSE),
    "a request we serve not": (PayloadType.IPMI, Request(6, 1).to_bytes(3), DropReason.UNEXPECTED),
    "RAKP 4 in a session": (PayloadType.RAKP_4, bytes(24), DropReason.UNEXPECTED),
    "unknown payload": (0x3F, b"x" * 20, DropReason.UNEXPECTED),
    "OEM payload": (PayloadType.OEM, bytes(20), DropReason.OEM_PAYLOAD),
}


@pytest.mark.parametrize("case", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("state", SESSIONS.values(), ids=SESSIONS.keys())
def test_a_malformed_payload_is_one_drop_by_its_reason_and_changes_nothing(
    state: Callable[[], ClientRig], case: tuple[int, bytes, DropReason]
) -> None:
    payload_type, payload, reason = case
    rig = state()
    before = Snapshot(rig)
    rig.client.receive_datagram(rig.bmc.seal(payload, payload_type), rig.now)
    assert before.new_drops() == {str(reason): 1}
    assert before.is_unchanged()


def test_sol_after_the_end_of_sol_is_a_drop() -> None:
    rig = active()
    rig.say(SolPacket(1, flags=0x10, data=b"bye").to_bytes())
    rig.run(0.0015)
    assert rig.client.state is ClientState.CLOSING
    rig.client.receive_datagram(rig.bmc.seal(SolPacket(2, data=b"more").to_bytes()), rig.now)
    assert rig.client.counters.by_reason == {DropReason.UNEXPECTED: 1}
    assert rig.output == b"bye"


def test_a_datagram_that_the_network_doubled_is_a_drop() -> None:
    rig = active()
    datagram = rig.bmc.seal(SolPacket(1, data=b"once").to_bytes())
    rig.client.receive_datagram(datagram, rig.now)
    rig.flush()
    before = Snapshot(rig)
    rig.client.receive_datagram(datagram, rig.now)
    assert before.new_drops() == {"duplicate": 1}
    assert before.is_unchanged()
    assert rig.output == b"once"


def test_responses_that_are_good_but_for_their_checksum_leave_the_command_waiting() -> None:
    rig = typing()
    before = Snapshot(rig)
    for sequence in range(64):
        message = damaged(Response(1, 1, sequence, 0).to_bytes())
        rig.client.receive_datagram(rig.bmc.seal(message, PayloadType.IPMI), rig.now)
    assert before.new_drops() == {"bad_checksum": 64}
    assert before.is_unchanged()
