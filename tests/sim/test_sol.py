import math
from dataclasses import replace

import pytest

from solmux.sim.faults import GOIPMI, GOOD, IPMI_SIM, OPENBMC, Faults, GivingUp
from solmux.sim.link import LinkFaults
from solmux.sim.sol import SolPort
from solmux.sim.sol_input import HostInput, Signal
from solmux.sim.sol_output import SolTimings
from solmux.sim.sources import numbered_bytes
from solmux.sim.transcript import Transcript
from tests.sim.plain_console import PlainConsole, talk


def active_port(faults: Faults = GOOD, timings: SolTimings | None = None, *, seed: int = 0) -> SolPort:
    port = SolPort(faults, timings, transcript=Transcript(), seed=seed)
    port.activate(0.0)
    return port


def truth(port: SolPort) -> Transcript:
    assert port.transcript is not None
    return port.transcript


def acknowledge(number: int, count: int, *, nack: bool = False) -> bytes:
    return bytes((0, number, count, 0x40 if nack else 0))


def test_output_waits_for_more_and_leaves_when_the_interval_is_over() -> None:
    port = active_port()
    port.output(b"log", 1.0)
    assert port.deadline == pytest.approx(1.015)
    assert port.payloads_to_send(1.01) == []
    port.output(b"in: ", 1.01)
    assert port.payloads_to_send(1.016) == [bytes.fromhex("01000000") + b"login: "]


def test_output_leaves_at_once_when_the_threshold_is_reached() -> None:
    port = active_port()
    port.output(b"x" * 170, 1.0)
    assert port.deadline <= 1.0
    assert port.payloads_to_send(1.0) == [bytes.fromhex("01000000") + b"x" * 170]


def test_a_packet_holds_so_many_characters_at_most() -> None:
    port = active_port(Faults(packet_characters=100))
    port.output(b"x" * 250, 1.0)
    lengths = []
    for number in range(1, 4):
        (payload,) = port.payloads_to_send(1.0 + number)
        lengths.append(len(payload) - 4)
        port.receive(acknowledge(number, lengths[-1]), 1.0 + number)
    assert lengths == [100, 100, 50]


def test_one_packet_at_a_time_until_the_console_acknowledges() -> None:
    port = active_port()
    port.output(b"kernel ", 0.0)
    assert port.payloads_to_send(0.1) == [b"\x01\0\0\0kernel "]
    port.output(b"panic", 0.1)
    assert port.payloads_to_send(0.2) == []
    port.receive(acknowledge(1, 7), 0.2)
    assert port.payloads_to_send(0.2) == [b"\x02\0\0\0panic"]


def test_numbers_go_from_1_to_15_and_skip_0() -> None:
    port = active_port()
    numbers = []
    for step in range(17):
        port.output(b"x", step)
        (payload,) = port.payloads_to_send(step + 0.1)
        numbers.append(payload[0])
        port.receive(acknowledge(payload[0], 1), step + 0.1)
    assert numbers == [*range(1, 16), 1, 2]


def test_an_unacknowledged_packet_is_repeated_as_it_was() -> None:
    port = active_port(timings=SolTimings(retry_interval=0.5))
    port.output(b"first", 0.0)
    (sent,) = port.payloads_to_send(0.1)
    port.output(b"second", 0.2)
    assert port.deadline == pytest.approx(0.6)
    assert port.payloads_to_send(0.59) == []
    assert port.payloads_to_send(0.6) == [sent]


def test_output_is_given_up_after_the_last_retransmission_and_the_overrun_bit_says_so() -> None:
    port = active_port(Faults(retry_count=2, retry_interval=0.1))
    port.output(b"lost", 0.0)
    copies = [payload for step in range(1, 40) for payload in port.payloads_to_send(step * 0.05)]
    assert copies == [b"\x01\0\0\0lost"] * 3
    port.output(b"next", 3.0)
    assert port.payloads_to_send(3.1) == [b"\x02\0\0\x08next"]
    (discard,) = truth(port).discards
    assert (discard.offset, discard.length, discard.sent) == (0, 4, 4)


def test_silent_discard_of_the_whole_buffer() -> None:
    port = active_port(Faults(retry_count=0, giving_up=GivingUp.DISCARD_BUFFER, overrun_flag=False))
    port.output(b"sent", 0.0)
    port.payloads_to_send(0.1)
    port.output(b"waiting", 0.2)
    assert port.payloads_to_send(1.0) == []
    port.output(b"later", 1.0)
    assert port.payloads_to_send(1.1) == [b"\x02\0\0\0later"]
    (discard,) = truth(port).discards
    assert (discard.length, discard.sent) == (11, 4)


def test_a_number_that_is_used_again_after_a_discard() -> None:
    port = active_port(Faults(retry_count=0, reuses_number=True))
    port.output(b"one", 0.0)
    port.payloads_to_send(0.1)
    port.payloads_to_send(1.0)
    port.output(b"two", 1.0)
    assert port.payloads_to_send(1.1) == [b"\x01\0\0\x08two"]


def test_text_sent_again_under_a_new_number_after_giving_up() -> None:
    port = active_port(Faults(retry_count=0, giving_up=GivingUp.RENUMBER))
    port.output(b"panic", 0.0)
    assert port.payloads_to_send(0.1) == [b"\x01\0\0\0panic"]
    assert port.payloads_to_send(1.0) == [b"\x02\0\0\0panic"]
    port.receive(acknowledge(2, 5), 1.0)
    for received in (b"panic", b"panicpanic"):
        assert truth(port).fault_of(received) == ""
    assert truth(port).fault_of(b"panicpanicpanic") != ""


def test_a_bmc_that_never_gives_up() -> None:
    port = active_port(Faults(retry_count=0, retry_interval=0.1, giving_up=GivingUp.KEEP))
    port.output(b"x", 0.0)
    assert [port.payloads_to_send(step) for step in range(1, 30)] == [[b"\x01\0\0\0x"]] * 29


def test_retransmissions_grow() -> None:
    port = active_port(Faults(growing_retransmissions=True))
    port.output(b"kernel ", 0.0)
    port.payloads_to_send(0.1)
    port.output(b"panic", 0.2)
    assert port.payloads_to_send(1.0) == [b"\x01\0\0\0kernel panic"]
    port.receive(acknowledge(1, 7), 1.1)  # the console accepted the short copy
    assert port.payloads_to_send(1.1) == [b"\x02\0\0\0panic"]


@pytest.mark.parametrize("nack", [True, False])
def test_the_tail_of_a_packet_taken_in_part_comes_under_the_next_number(nack: bool) -> None:
    port = active_port()
    port.output(b"0123456789", 0.0)
    port.payloads_to_send(0.1)
    port.receive(acknowledge(1, 4, nack=nack), 0.1)
    assert port.payloads_to_send(0.1) == [b"\x02\0\0\x00456789"]


def test_the_whole_packet_comes_again_after_a_partial_ack() -> None:
    port = active_port(Faults(whole_packet_after_partial_ack=True))
    port.output(b"0123456789", 0.0)
    port.payloads_to_send(0.1)
    port.receive(acknowledge(1, 4), 0.1)
    assert port.payloads_to_send(0.1) == [b"\x01\0\0\x000123456789"]


def test_a_nack_of_nothing_suspends_and_an_ack_of_nothing_resumes() -> None:
    port = active_port()
    port.output(b"text", 0.0)
    port.payloads_to_send(0.1)
    port.receive(acknowledge(1, 0, nack=True), 0.1)
    assert port.deadline == math.inf
    assert port.payloads_to_send(60.0) == []
    port.receive(acknowledge(1, 0), 60.0)
    assert port.payloads_to_send(60.0) == [b"\x01\0\0\0text"]


def test_a_nack_silences_ipmi_sim_for_ever() -> None:
    port = active_port(Faults(nack_silences=True))
    port.output(b"text", 0.0)
    port.payloads_to_send(0.1)
    port.receive(acknowledge(1, 0, nack=True), 0.1)
    port.receive(acknowledge(1, 4), 0.2)
    port.output(b"more", 0.3)
    assert port.payloads_to_send(10.0) == []


def test_losses_of_a_busy_stretch_add_up() -> None:
    faults = Faults(retry_count=2, retry_interval=0.1, retries_add_up=True, overrun_flag=False)
    port = active_port(faults)
    now = 0.0
    for number in range(1, 4):  # one loss each, and always more text waiting
        port.output(b"a" * 300, now)
        assert [payload[0] for payload in port.payloads_to_send(now)] == [number]
        now += 0.11
        repeated = [payload[0] for payload in port.payloads_to_send(now)]
        if number < 3:
            assert repeated == [number]
            port.receive(acknowledge(number, 251), now)
    assert repeated == [4]  # the third is given up at once: its first copy was the last chance
    assert truth(port).discards[0].length == 251


def test_the_first_number_is_late_and_the_numbering_continues() -> None:
    port = active_port(Faults(first_number=7, numbering_continues=True))
    port.output(b"a", 0.0)
    assert port.payloads_to_send(0.1) == [b"\x07\0\0\0a"]
    port.receive(acknowledge(7, 1), 0.1)
    port.deactivate()
    port.activate(1.0)
    port.output(b"b", 1.0)
    assert port.payloads_to_send(1.1) == [b"\x08\0\0\0b"]


def test_the_numbering_of_a_good_bmc_restarts() -> None:
    port = active_port()
    port.output(b"a", 0.0)
    port.payloads_to_send(0.1)
    port.deactivate()
    port.activate(1.0)
    port.output(b"b", 1.0)
    assert port.payloads_to_send(1.1) == [b"\x01\0\0\0b"]


def test_a_full_output_buffer_loses_what_comes_then() -> None:
    port = active_port(Faults(output_buffer=10))
    port.output(b"0123456789abc", 0.0)
    assert port.payloads_to_send(0.1) == [b"\x01\0\0\x080123456789"]
    assert truth(port).overruns == [(10, 3)]
    assert truth(port).taken == b"0123456789"


def test_output_without_an_activation_is_lost_unless_there_is_a_history() -> None:
    for faults, expected in ((GOOD, []), (Faults(console_history=6), [b"\x01\0\0\0banner"])):
        port = SolPort(faults)
        port.output(b"old banner", 0.0)
        assert port.deadline == math.inf
        port.activate(1.0)
        assert port.payloads_to_send(1.1) == expected


def test_input_is_delivered_and_acknowledged() -> None:
    port = active_port()
    port.receive(bytes.fromhex("01000000") + b"root\r", 0.0)
    assert port.input_for_host(0.0) == [b"root\r"]
    assert port.payloads_to_send(0.0) == [bytes.fromhex("00010500")]


def test_a_repeated_packet_is_delivered_once_and_acknowledged_again() -> None:
    port = active_port()
    for data in (b"reboot\r", b"reboot\r", b"reboot\rmore"):
        port.receive(b"\x01\0\0\0" + data, 0.0)
        assert port.payloads_to_send(0.0) == [b"\0\x01\x07\0"]
    assert truth(port).delivered == b"reboot\r"


def test_a_repeated_packet_is_not_acknowledged_again() -> None:
    port = active_port(Faults(reacknowledges_duplicates=False))
    port.receive(b"\x01\0\0\0x", 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x01\x01\0"]
    port.receive(b"\x01\0\0\0x", 0.5)
    assert port.payloads_to_send(0.5) == []


def test_characters_without_a_number_are_ignored() -> None:
    port = active_port()
    port.receive(b"\0\0\0\0text", 0.0)
    assert port.input_for_host(0.0) == []
    assert port.payloads_to_send(0.0) == []


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\0\0"])
def test_a_payload_without_a_whole_header_is_ignored(payload: bytes) -> None:
    port = active_port()
    port.receive(payload, 0.0)
    assert port.payloads_to_send(0.0) == []


def test_a_break_reaches_the_host_in_its_place_and_once() -> None:
    port = active_port()
    items: list[HostInput] = []
    for payload in (b"\x01\0\0\0a", b"\x02\0\0\x10", b"\x02\0\0\x10", b"\x03\0\0\0b"):
        port.receive(payload, 0.0)
        items += port.input_for_host(0.0)
    assert items == [b"a", Signal.BREAK, b"b"]
    assert port.payloads_to_send(0.0)[1:3] == [b"\0\x02\0\0"] * 2
    assert truth(port).breaks == [1]


def test_an_empty_packet_is_acknowledged_with_count_0_unless_the_bmc_does_not() -> None:
    for faults, expected in ((GOOD, [b"\0\x0f\0\0"]), (Faults(acknowledges_empty=False), [])):
        port = active_port(faults)
        port.receive(b"\x0f\0\0\0", 0.0)
        assert port.payloads_to_send(0.0) == expected


def test_any_first_number_and_any_skip_is_taken() -> None:
    port = active_port()
    for number in (5, 7, 6):
        port.receive(bytes((number, 0, 0, 0)) + b"x", 0.0)
    assert truth(port).delivered == b"xxx"


def test_strict_numbering_takes_the_next_number_only() -> None:
    port = active_port(Faults(strict_next=True))
    for number, delivered in ((2, b""), (1, b"x"), (1, b"x"), (3, b"x"), (2, b"xx")):
        port.receive(bytes((number, 0, 0, 0)) + b"x", 0.0)
        assert truth(port).delivered == delivered
    assert port.payloads_to_send(0.0) == [b"\0\x01\x01\0", b"\0\x02\x01\0"]


def test_a_packet_with_a_foreign_ack_number_is_dropped_whole() -> None:
    port = active_port(Faults(drops_unmatched_acks=True))
    port.receive(b"\x01\x09\x05\0text", 0.0)
    assert port.payloads_to_send(0.0) == []
    assert truth(port).delivered == b""


def test_the_first_packet_is_swallowed_when_its_number_is_the_last_of_the_activation_before() -> None:
    port = active_port(Faults(swallows_repeated_first=True))
    port.receive(b"\x01\0\0\0first", 0.0)
    port.payloads_to_send(0.0)
    port.deactivate()
    port.activate(1.0)
    port.receive(b"\x01\0\0\0hello", 1.0)
    assert port.payloads_to_send(1.0) == [b"\0\x01\x05\0"]
    port.receive(b"\x02\0\0\0world", 1.0)
    assert truth(port).delivered == b"firstworld"


def test_a_small_input_buffer_takes_a_part_with_nack_and_is_ready_again_at_once() -> None:
    port = active_port(IPMI_SIM)
    port.receive(b"\x08\0\0\0" + b"x" * 100, 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x08\x20\x40", b"\0\x08\x20\x00"]
    assert truth(port).delivered == b"x" * 32


def test_a_slow_host_makes_the_bmc_refuse_and_resume() -> None:
    port = active_port(Faults(input_buffer=10, input_rate=10.0))
    port.receive(b"\x01\0\0\0" + b"x" * 15, 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x01\x0a\x40"]
    port.receive(b"\x02\0\0\0" + b"y" * 5, 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x02\0\x40"]
    assert port.deadline == pytest.approx(0.1)
    assert port.payloads_to_send(0.2) == [b"\0\x02\0\0"]
    assert truth(port).delivered == b"xx"
    port.receive(b"\x02\0\0\0" + b"y" * 2, 0.2)  # the same number is new text: nothing of it was taken
    assert port.payloads_to_send(0.2) == [b"\0\x02\x02\0"]
    port.input_for_host(2.0)
    assert truth(port).delivered == b"x" * 10 + b"yy"


def test_a_packet_is_taken_in_part_without_nack() -> None:
    port = active_port(Faults(input_buffer=4, nack_partial=False))
    port.receive(b"\x01\0\0\x00123456", 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x01\x04\0"]


def test_some_packets_are_taken_in_part_at_random() -> None:
    port = active_port(Faults(partial_accept=0.5), seed=3)
    counts = []
    for number in range(1, 16):
        port.receive(bytes((number, 0, 0, 0)) + b"0123456789", number)
        counts.append(port.payloads_to_send(number)[0][2])
    assert min(counts) < 10 == max(counts)


def test_a_resume_comes_late() -> None:
    port = active_port(Faults(input_buffer=4, resume_delay=1.0))
    port.receive(b"\x01\0\0\x00123456", 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x01\x04\x40"]
    assert port.deadline == 1.0
    assert port.payloads_to_send(1.0) == [b"\0\x01\x04\0"]


def test_an_ack_with_count_0_means_all() -> None:
    port = active_port(Faults(ack_count_zero=True))
    port.receive(b"\x01\0\0\0text", 0.0)
    assert port.payloads_to_send(0.0) == [b"\0\x01\0\0"]
    assert truth(port).delivered == b"text"


def test_an_ack_is_delayed() -> None:
    port = active_port(Faults(ack_delay=0.7))
    port.receive(b"\x01\0\0\0text", 0.0)
    assert port.deadline == 0.7
    assert port.payloads_to_send(0.6) == []
    assert port.payloads_to_send(0.7) == [b"\0\x01\x04\0"]


def test_an_ack_rides_on_a_data_packet_and_is_repeated_in_the_next() -> None:
    port = active_port(GOIPMI)
    port.receive(b"\x04\0\0\0ls\r", 0.0)
    port.output(b"ls\r\n", 0.0)
    assert port.payloads_to_send(0.1) == [b"\x01\x04\x03\0ls\r\n"]
    port.receive(acknowledge(1, 4), 0.1)
    port.output(b"burn-in.log", 0.1)
    assert port.payloads_to_send(0.2) == [b"\x02\x04\x03\0burn-in.log"]


def test_a_host_that_is_off_is_announced_and_takes_no_input() -> None:
    port = active_port()
    port.set_host_available(False)
    assert port.payloads_to_send(0.0) == [b"\0\0\0\x20"]
    port.receive(b"\x01\0\0\0text", 1.0)
    assert port.payloads_to_send(1.0) == [b"\0\x01\0\x60"]
    port.set_host_available(True)
    assert port.payloads_to_send(2.0) == [b"\0\x01\0\0"]
    assert truth(port).delivered == b""


def test_the_console_pauses_output_and_lets_it_go_on() -> None:
    port = active_port()
    port.receive(b"\x01\0\0\x08", 0.0)
    port.payloads_to_send(0.0)
    port.output(b"text", 0.0)
    assert port.payloads_to_send(10.0) == []
    port.receive(b"\x02\0\0\0", 10.0)
    assert port.payloads_to_send(10.0)[-1] == b"\x01\0\0\0text"


def test_the_console_flushes_output() -> None:
    port = active_port()
    port.output(b"sent", 0.0)
    port.payloads_to_send(0.1)
    port.output(b"unsent", 0.2)
    port.receive(b"\x01\0\0\x01", 0.2)
    port.output(b"new", 0.3)
    assert port.payloads_to_send(1.0)[-1] == b"\x02\0\0\0new"
    port.receive(acknowledge(2, 3), 1.0)
    assert truth(port).fault_of(b"sentnew") == ""
    assert truth(port).fault_of(b"new") == ""
    assert "b'unsentnew'" in truth(port).fault_of(b"sentunsentnew")


def test_a_break_of_the_host_is_told_at_once_and_once() -> None:
    port = active_port()
    port.host_break()
    assert port.payloads_to_send(0.0) == [b"\x01\0\0\x04"]
    port.receive(acknowledge(1, 0), 0.1)
    port.output(b"x", 0.2)
    assert port.payloads_to_send(0.3) == [b"\x02\0\0\0x"]


@pytest.mark.parametrize(
    ("faults", "expected"), [(GOOD, [b"\0\0\0\x10"]), (Faults(announces_deactivation=False), [])]
)
def test_the_console_is_told_of_a_deactivation_or_not(faults: Faults, expected: list[bytes]) -> None:
    port = active_port(faults)
    port.deactivate(announce=True)
    assert not port.active
    assert port.payloads_to_send(0.0) == expected
    assert port.deadline == math.inf


def test_sol_ends_silently_when_nobody_types_or_prints() -> None:
    port = active_port(Faults(inactive_after=300.0))
    port.output(b"x", 100.0)
    port.payloads_to_send(100.1)
    port.receive(acknowledge(1, 1), 100.1)
    port.receive(b"\x01\0\0\0", 200.0)  # an empty packet is no character
    port.payloads_to_send(200.0)
    assert port.deadline == 400.0
    assert port.payloads_to_send(400.0) == []
    assert not port.active


def test_the_number_of_an_old_activation_is_new_for_a_good_bmc() -> None:
    port = active_port()
    port.receive(b"\x01\0\0\0a", 0.0)
    port.deactivate()
    port.activate(1.0)
    port.receive(b"\x01\0\0\0b", 1.0)
    assert truth(port).delivered == b"ab"


BAD = LinkFaults(loss=0.1, duplication=0.1, delay=0.01, jitter=0.03)
TEXT = numbered_bytes("server42", 0, 4000)
INPUT = b"".join(b"k%03d " % number for number in range(60))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "faults",
    [
        GOOD,
        Faults(growing_retransmissions=True, retry_interval=0.2),
        Faults(partial_accept=0.3),
        Faults(piggybacks_acks=True, repeats_acks=True),
        Faults(input_buffer=32, input_rate=400.0, resume_delay=0.02),
    ],
)
def test_a_plain_console_gets_and_gives_every_character_once_over_a_bad_link(
    faults: Faults, seed: int
) -> None:
    port = active_port(faults, seed=seed)
    console = PlainConsole()
    console.type(INPUT)
    talk(port, console, seconds=60.0, output=TEXT, uplink=BAD, downlink=BAD, seed=10 * seed)
    assert console.received == TEXT
    assert truth(port).fault_of(console.received) == ""
    assert console.idle
    assert truth(port).delivered == INPUT


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("faults", [IPMI_SIM, OPENBMC, GOIPMI, Faults(retry_count=1, retry_interval=0.1)])
def test_the_transcript_explains_what_a_plain_console_got_when_the_bmc_gives_up(
    faults: Faults, seed: int
) -> None:
    worse = replace(BAD, loss=0.4, blackouts=((5.0, 8.0), (12.0, 20.0)))
    port = active_port(replace(faults, retry_interval=min(faults.retry_interval, 0.2)), seed=seed)
    console = PlainConsole()
    talk(port, console, seconds=60.0, output=TEXT, uplink=worse, downlink=worse, seed=10 * seed)
    assert truth(port).discards or truth(port).renumbered
    assert truth(port).fault_of(console.received) == ""
