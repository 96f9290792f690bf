"""Whatever the network brings: parsers raise one error, and a login drops, counts and goes on."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi import commands
from solmux.ipmi.counters import DropCounters
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.handshake import Credentials, Established, Failed, Handshake
from solmux.ipmi.message import Request, Response
from solmux.ipmi.packet import Packet, PayloadType, wrap_session_less
from solmux.ipmi.rakp import OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4
from solmux.ipmi.rmcp import PresencePing, PresencePong, message_class, unwrap_ipmi15, wrap_ipmi15
from tests.ipmi.bmc import Bmc
from tests.ipmi.link import Link, run

RECORDS = [
    record
    for name in commands.__all__
    if isinstance(record := getattr(commands, name), type) and hasattr(record, "from_data")
]
PARSERS: dict[str, Callable[[bytes], object]] = {
    "message_class": message_class,
    "unwrap_ipmi15": unwrap_ipmi15,
    "read_guid": commands.read_guid,
    "read_cipher_suite_records": commands.read_cipher_suite_records,
    **{
        parser.__name__: parser.from_bytes
        for parser in (
            PresencePing,
            PresencePong,
            Packet,
            Request,
            Response,
            OpenSessionRequest,
            OpenSessionResponse,
            Rakp1,
            Rakp2,
            Rakp3,
            Rakp4,
        )
    },
    **{record.__name__: record.from_data for record in RECORDS},
}
HEADS = st.sampled_from(
    [
        b"",
        b"\x06\x00\xff\x06\x00\x00\x11\xbe",
        b"\x06\x00\xff\x07",
        b"\x06\x00\xff\x07\x00" + bytes(8),
        b"\x06\x00\xff\x07\x06",
        b"\x06\x00\xff\x07\x06\xc1" + bytes(8),
    ]
)


def test_every_parser_is_here() -> None:
    assert len(RECORDS) >= 35


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_raises_decode_error_or_nothing(name: str) -> None:
    @given(HEADS, st.binary(max_size=80))
    def check(head: bytes, body: bytes) -> None:
        with suppress(DecodeError):
            PARSERS[name](head + body)

    check()


def login() -> Handshake:
    return Handshake(
        Credentials(b"admin", b"secret"), entropy=random.Random(1).randbytes, counters=DropCounters()
    )


STEPS = [PayloadType.IPMI, PayloadType.OPEN_SESSION_REQUEST, PayloadType.RAKP_1, PayloadType.RAKP_3]


def at_step(step: int, act: Callable[[], object]) -> Link:
    """Return a link on which *act* happens once, when the console has sent its message of *step*."""
    done: list[object] = []

    def lose(to_bmc: bool, datagram: bytes) -> bool:
        kind = datagram[5] if datagram[4] == 6 else PayloadType.IPMI
        if to_bmc and kind == step and not done:
            done.append(True)
            act()
        return False

    return Link(lose=lose)


@given(st.sampled_from(STEPS), HEADS, st.binary(max_size=80))
def test_any_bytes_during_a_login_are_dropped_and_counted_and_the_login_succeeds(
    step: PayloadType, head: bytes, body: bytes
) -> None:
    handshake = login()
    bmc = Bmc()

    def inject() -> None:
        deadline = handshake.deadline
        handshake.receive_datagram(head + body, 0.0)
        assert handshake._counters.total == 1
        assert handshake.deadline == deadline
        assert handshake.datagrams_to_send(0.0) == []

    result = run(handshake, bmc, at_step(step, inject))
    assert isinstance(result.outcome, Established)
    assert handshake._counters.total == 1


ANSWER_TYPES = [
    PayloadType.IPMI,
    PayloadType.OPEN_SESSION_RESPONSE,
    PayloadType.RAKP_2,
    PayloadType.RAKP_4,
    PayloadType.SOL,
]


@given(st.sampled_from(STEPS), st.sampled_from(ANSWER_TYPES), st.binary(max_size=80))
def test_well_wrapped_nonsense_during_a_login_never_ends_it(
    step: PayloadType, payload_type: PayloadType, payload: bytes
) -> None:
    handshake = login()
    bmc = Bmc()

    def inject() -> None:
        handshake.receive_datagram(wrap_session_less(payload_type, payload), 0.0)
        handshake.receive_datagram(wrap_ipmi15(payload), 0.0)

    assert isinstance(run(handshake, bmc, at_step(step, inject)).outcome, Established)


@given(st.sampled_from([0, *STEPS]), st.integers(0, 120), st.integers(0, 255), st.integers(0, 120))
def test_a_damaged_answer_leads_to_an_outcome_and_no_exception(
    answer: int, at: int, change: int, cut: int
) -> None:
    class Damaging(Bmc):
        def receive(self, datagram: bytes) -> list[bytes]:
            packets = super().receive(datagram)
            kind = datagram[5] if datagram[4] == 6 else 0
            if kind != answer:
                return packets
            damaged = bytearray(packets[0][: max(cut, 1)])
            damaged[at % len(damaged)] ^= change
            return [bytes(damaged)]

    assert isinstance(run(login(), Damaging()).outcome, Established | Failed)
