"""Session packets: sealed, opened, and dropped with the right reason."""

import hmac
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.counters import DropCounters, DropReason
from solmux.ipmi.crypto import SUITE_3, SUITE_17, CipherSuite, PayloadCipher
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.packet import Opened, Packet, PayloadType, SecureChannel, wrap_session_less
from solmux.ipmi.rmcp import presence_pong, wrap_ipmi15
from solmux.ipmi.window import ReceiveWindow

K1, K2 = bytes(range(32)), bytes(range(100, 132))
CONSOLE, BMC = 0xA0A2A3A4, 0x02000105
each_suite = pytest.mark.parametrize("suite", [SUITE_3, SUITE_17], ids=str)


def channel(
    suite: CipherSuite = SUITE_17,
    *,
    console: bool = True,
    window: ReceiveWindow | None = None,
    accept_zero_session_id: bool = False,
    icts_padding: bool = False,
) -> SecureChannel:
    return SecureChannel(
        suite=suite,
        k1=K1[: suite.key_exchange_code_length],
        k2=K2,
        local_session_id=CONSOLE if console else BMC,
        peer_session_id=BMC if console else CONSOLE,
        entropy=random.Random(5).randbytes,
        counters=DropCounters(),
        window=window,
        accept_zero_session_id=accept_zero_session_id,
        icts_padding=icts_padding,
    )


def forged(
    suite: CipherSuite,
    ciphertext: bytes,
    *,
    kind: int = 0xC1,
    session_id: int = CONSOLE,
    sequence: int = 1,
    length: int | None = None,
    trailer: bytes = b"\xff\xff\x02\x07",
) -> bytes:
    """Return a packet for the console with an authentic code over whatever it is."""
    covered = b"\x06" + bytes((kind,)) + session_id.to_bytes(4, "little") + sequence.to_bytes(4, "little")
    covered += (len(ciphertext) if length is None else length).to_bytes(2, "little") + ciphertext + trailer
    code = hmac.digest(K1[: suite.key_exchange_code_length], covered, suite.hash_name)
    return b"\x06\x00\xff\x07" + covered + code[: suite.auth_code_length]


def encrypted(payload: bytes) -> bytes:
    return PayloadCipher(K2, os.urandom).encrypt(payload)


class DropWatch:
    """A console's channel that has opened some packets, to see what a drop changes: its counter alone."""

    def __init__(self, suite: CipherSuite) -> None:
        self.console = channel(suite)
        self.bmc = channel(suite, console=False)
        self.before = [self.bmc.seal(PayloadType.SOL, b"before") for _ in range(3)]
        self.held = self.bmc.seal(PayloadType.SOL, b"held")
        for datagram in self.before:
            assert self.console.open(datagram) is not None

    def drops(self, datagram: bytes) -> str:
        """Open *datagram*, which must be dropped; return the counter that counted it."""
        before = dict(self.console.counters.by_reason)
        assert self.console.open(datagram) is None
        after = dict(self.console.counters.by_reason)
        changed = {reason: count for reason, count in after.items() if before.get(reason) != count}
        assert list(changed.values()) == [before.get(next(iter(changed)), 0) + 1]
        self.check_nothing_else_changed()
        return next(iter(changed))

    def check_nothing_else_changed(self) -> None:
        console = self.console
        counters, console.counters = console.counters, DropCounters()
        window = console._window
        console._window = ReceiveWindow()
        console._window.highest, console._window._seen = window.highest, window._seen
        assert (window.highest, window._seen) == (3, 0b111)
        for datagram in self.before:
            assert console.open(datagram) is None
        assert console.counters.by_reason == {"duplicate": 3}
        assert console.open(self.held) == Opened(PayloadType.SOL, 4, b"held")
        assert console.sequence == 0
        console.counters, console._window = counters, window


@each_suite
@pytest.mark.parametrize("length", [0, 4, 11, 12, 15, 16, 259])
def test_what_one_end_seals_the_other_opens(suite: CipherSuite, length: int) -> None:
    console, bmc = channel(suite), channel(suite, console=False)
    payload = os.urandom(length)
    for sequence in (1, 2, 3):
        assert bmc.open(console.seal(PayloadType.SOL, payload)) == Opened(1, sequence, payload)
        assert console.open(bmc.seal(PayloadType.IPMI, payload)) == Opened(0, sequence, payload)
    assert console.counters.total == bmc.counters.total == 0


@each_suite
def test_a_sealed_packet_by_its_bytes(suite: CipherSuite) -> None:
    datagram = channel(suite).seal(PayloadType.SOL, b"\0\1\x10\0")
    code_length = {3: 12, 17: 16}[suite.identifier]
    assert datagram[:16] == bytes.fromhex("0600ff07 06c1 05010002 01000000 2000")
    assert datagram[48:52] == b"\xff\xff\x02\x07"
    assert len(datagram) == 52 + code_length
    code = hmac.digest(K1[: suite.key_exchange_code_length], datagram[4:52], suite.hash_name)
    assert datagram[52:] == code[:code_length]


def test_nothing_repeats_when_a_payload_is_sealed_again() -> None:
    console = channel()
    first, second = console.seal(1, b"same"), console.seal(1, b"same")
    assert first[10:14] != second[10:14]
    assert first[16:32] != second[16:32]
    assert first[32:48] != second[32:48]


def test_numbers_go_from_the_last_to_1() -> None:
    console, bmc = channel(), channel(console=False)
    console.sequence = 0xFFFFFFFE
    assert [bmc.open(console.seal(1, b"x")) for _ in range(3)] == [
        Opened(1, 0xFFFFFFFF, b"x"),
        Opened(1, 1, b"x"),
        Opened(1, 2, b"x"),
    ]


def test_a_failed_seal_uses_no_number() -> None:
    console = channel()
    with pytest.raises(TypeError):
        console.seal(1, "text")  # type: ignore[arg-type]
    assert console.sequence == 0
    assert channel(console=False).open(console.seal(1, b"x")) == Opened(1, 1, b"x")


@each_suite
class TestDrops:
    def test_the_same_packet_again(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        assert watch.drops(watch.before[1]) == "duplicate"

    def test_a_packet_of_our_own(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        other = channel(suite)
        assert watch.drops(other.seal(PayloadType.SOL, b"echo")) == "wrong_session"

    @pytest.mark.parametrize(
        ("datagram", "reason"),
        [
            (b"", "short"),
            (b"\x06\x00\xff\x07\x06\xc1" + bytes(9), "short"),
            (presence_pong(1), "not_rmcp"),
            (b"\x05\x00\xff\x07\x06\xc1" + bytes(60), "not_rmcp"),
            (b"\x06\x00\xff\x87\x06\xc1" + bytes(60), "not_rmcp"),
            (wrap_ipmi15(bytes(40)), "not_rmcp_plus"),
            (b"\x06\x00\xff\x07\x06\xc2" + bytes(60), "oem_payload"),
            (wrap_session_less(PayloadType.RAKP_4, bytes(20)), "wrong_session"),
            (b"\x06\x00\xff\x07\x06\xc1" + bytes(60), "wrong_session"),
        ],
    )
    def test_what_is_no_packet_of_the_session(self, suite: CipherSuite, datagram: bytes, reason: str) -> None:
        assert DropWatch(suite).drops(datagram) == reason

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [(0x01, "not_authenticated"), (0x81, "not_authenticated"), (0x41, "not_encrypted")],
    )
    def test_packets_without_the_protection_of_the_suite(
        self, suite: CipherSuite, kind: int, reason: str
    ) -> None:
        """Authentic or not: whoever clears a bit must not get characters onto the console."""
        assert DropWatch(suite).drops(forged(suite, encrypted(b"evil"), kind=kind, sequence=9)) == reason
        assert DropWatch(suite).drops(forged(suite, b"\1\0\0\0plain text", kind=kind, sequence=9)) == reason

    def test_a_changed_byte_anywhere(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        reasons = set()
        for offset in range(4, len(watch.held)):
            changed = bytearray(watch.held)
            changed[offset] ^= 0x40
            reasons.add(watch.drops(bytes(changed)))
        assert reasons == {
            "not_rmcp_plus",
            "not_authenticated",
            "wrong_session",
            "bad_length",
            "bad_auth_code",
        }

    def test_a_packet_cut_anywhere(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        reasons = [watch.drops(watch.held[:length]) for length in range(len(watch.held))]
        assert set(reasons) == {"short", "bad_length", "bad_auth_code"}

    def test_a_packet_with_something_behind_it(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        assert watch.drops(watch.held + b"\0") == "bad_auth_code"

    def test_an_authentic_packet_numbered_0(self, suite: CipherSuite) -> None:
        assert DropWatch(suite).drops(forged(suite, encrypted(b"x"), sequence=0)) == "zero_sequence"

    def test_an_authentic_packet_from_long_ago(self, suite: CipherSuite) -> None:
        watch = DropWatch(suite)
        old = forged(suite, encrypted(b"x"), sequence=0xFFFFFF00)
        assert watch.drops(old) == "out_of_window"

    def test_an_authentic_packet_that_announces_more_than_it_has(self, suite: CipherSuite) -> None:
        datagram = forged(suite, encrypted(b"x"), sequence=9, length=48)
        assert DropWatch(suite).drops(datagram) == "bad_length"

    @pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 33, 47])
    def test_authentic_ciphertext_of_an_impossible_length(self, suite: CipherSuite, length: int) -> None:
        datagram = forged(suite, bytes(length), sequence=9)
        assert DropWatch(suite).drops(datagram) == "bad_ciphertext"

    def test_authentic_ciphertext_under_another_key(self, suite: CipherSuite) -> None:
        ciphertext = PayloadCipher(bytes(16), random.Random(1).randbytes).encrypt(b"another key")
        assert DropWatch(suite).drops(forged(suite, ciphertext, sequence=9)) == "bad_ciphertext"


@given(st.binary(max_size=200), st.sampled_from([SUITE_3, SUITE_17]))
def test_any_bytes_are_dropped_and_counted(datagram: bytes, suite: CipherSuite) -> None:
    DropWatch(suite).drops(datagram)


@given(st.binary(max_size=120), st.integers(0, 0xFF), st.sampled_from([SUITE_3, SUITE_17]))
def test_any_bytes_in_the_session_are_dropped_and_counted(body: bytes, kind: int, suite: CipherSuite) -> None:
    head = b"\x06\x00\xff\x07\x06" + bytes((kind,)) + CONSOLE.to_bytes(4, "little") + b"\x09\0\0\0"
    DropWatch(suite).drops(head + body)


@given(
    st.binary(max_size=100),
    st.integers(0, 0xFF),
    st.integers(0, 0xFFFF),
    st.binary(max_size=8),
    st.sampled_from([SUITE_3, SUITE_17]),
)
def test_whatever_is_authentic_is_opened_or_dropped_and_counted(
    ciphertext: bytes, kind: int, length: int, trailer: bytes, suite: CipherSuite
) -> None:
    watch = DropWatch(suite)
    datagram = forged(suite, ciphertext, kind=kind, sequence=9, length=length, trailer=trailer)
    opened = watch.console.open(datagram)
    assert (opened is None) == (watch.console.counters.total == 1)
    if opened is None:
        watch.check_nothing_else_changed()


class TestQuirks:
    def test_idzero_opens_authentic_packets_without_a_session_id(self) -> None:
        datagram = forged(SUITE_3, encrypted(b"x"), session_id=0)
        assert channel(SUITE_3).open(datagram) is None
        quirky = channel(SUITE_3, accept_zero_session_id=True)
        assert quirky.open(forged(SUITE_3, encrypted(b"x"), session_id=1)) is None
        assert quirky.open(datagram[:-1] + b"\0") is None
        assert quirky.open(datagram) == Opened(1, 1, b"x")
        assert quirky.counters.by_reason == {"wrong_session": 1, "bad_auth_code": 1}

    @each_suite
    def test_icts_leaves_the_trailer_out_of_the_padding(self, suite: CipherSuite) -> None:
        datagram = channel(suite, icts_padding=True).seal(1, b"x")
        assert datagram[48:50] == b"\x00\x07"
        assert len(datagram) == 50 + suite.auth_code_length
        assert channel(suite, console=False).open(datagram) == Opened(1, 1, b"x")

    def test_a_bmc_has_a_window_of_its_own(self) -> None:
        console = channel()
        bmc = channel(console=False, window=ReceiveWindow(behind=16, ahead=15))
        console.sequence = 15
        assert bmc.open(console.seal(1, b"x")) is None
        assert bmc.counters.by_reason == {DropReason.OUT_OF_WINDOW: 1}


class TestHeader:
    def test_session_less(self) -> None:
        datagram = wrap_session_less(PayloadType.RAKP_1, b"payload")
        assert datagram == bytes.fromhex("0600ff07 0612 00000000 00000000 0700") + b"payload"
        assert Packet.from_bytes(datagram) == Packet(PayloadType.RAKP_1, False, False, 0, 0, b"payload")

    def test_in_a_session(self) -> None:
        datagram = channel().seal(PayloadType.SOL, b"x")
        assert Packet.from_bytes(datagram) == Packet(PayloadType.SOL, True, True, BMC, 1, datagram[16:48])

    @pytest.mark.parametrize(
        ("datagram", "told"),
        [
            (presence_pong(1), "ASF"),
            (wrap_ipmi15(b"message"), "authentication type"),
            (b"\x06\x00\xff\x07\x06", "16 bytes, got 5"),
            (wrap_session_less(PayloadType.OEM, bytes(20)), "OEM"),
            (wrap_session_less(PayloadType.RAKP_2, bytes(20))[:-1], "20 bytes announced, 19 present"),
        ],
        ids=["asf", "ipmi15", "short", "oem", "cut"],
    )
    def test_what_is_no_rmcp_plus_packet_is_refused(self, datagram: bytes, told: str) -> None:
        with pytest.raises(DecodeError, match=told):
            Packet.from_bytes(datagram)
