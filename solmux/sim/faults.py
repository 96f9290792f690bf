"""What a simulated BMC does wrong: one frozen record of knobs, and the known models built from it.

A knob is named for its symptom and says who has been seen with it. The default of every knob is a
BMC that does all things right, so a test names only the fault it is about.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

Command = tuple[int, int]  # (net function, command)


class GivingUp(StrEnum):
    """What happens to console output when its last retransmission went unanswered."""

    DISCARD_PACKET = "discard_packet"
    """The unacknowledged packet is thrown away, what waits behind it is sent next (goipmi)."""
    DISCARD_BUFFER = "discard_buffer"
    """The packet and everything waiting behind it are thrown away (ipmi_sim)."""
    RENUMBER = "renumber"
    """The same characters are sent again under the next number (OpenBMC): a late client prints them twice."""
    KEEP = "keep"
    """It never gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How a simulated BMC differs from a good one; times in seconds, sizes in characters.

    Attributes:
      retry_count: retransmissions of an unacknowledged SOL packet (0-7; SOL parameter 4 changes it).
      retry_interval: time between two copies, in steps of 10 ms (SOL parameter 4 changes it).
      retries_add_up: an ACK does not reset the count of retransmissions while output is busy, so the losses
        of a long stretch add up (ipmi_sim).
      growing_retransmissions: a retransmission carries the characters that have come since (ipmi_sim).
      giving_up: what happens when the retransmissions are used up.
      overrun_flag: the packet after discarded characters says so in its status byte.
      reuses_number: discarded characters do not use up a number: the next packet has the same one.
      packet_characters: the most characters it puts into one packet (at most 255).
      output_buffer: characters from the host it holds; more are lost, as in an overrun UART.
      console_history: characters printed while SOL was off that it keeps and sends at activation (OpenBMC).

      first_number: the SOL number of its first packet of the first activation.
      numbering_continues: a new activation goes on from the last number of the one before (ipmi_sim).
      strict_next: it takes exactly the next number, from 1 at activation, and silently drops every other
        packet (OpenBMC).
      drops_unmatched_acks: a packet whose ACK field names no packet in flight is dropped whole (OpenBMC).
      whole_packet_after_partial_ack: a packet acknowledged in part is repeated under the old number; else
        only its tail is sent, under the next number (OpenBMC).
      swallows_repeated_first: the first packet of an activation is acknowledged and lost when its number
        equals the last one of the activation before (ipmi_sim).
      nack_silences: a NACK from the console ends output for the rest of the activation (ipmi_sim).
      piggybacks_acks: an ACK rides on the next data packet when there is one (goipmi).
      repeats_acks: data packets keep naming the last number acknowledged (goipmi).
      ack_delay: time it takes to acknowledge.
      ack_count_zero: a packet taken whole is acknowledged with count 0 (Intel).
      acknowledges_empty: a numbered packet without characters is acknowledged.
      reacknowledges_duplicates: a repeated packet is acknowledged again; if not, a lost ACK is lost for ever
        (OpenBMC).
      input_buffer: characters towards the host it can hold; a packet that does not fit is taken in part.
      input_rate: characters per second at which the host takes them.
      partial_accept: share of packets (0-1) of which it takes only the first part, at random.
      nack_partial: a packet taken in part is answered with NACK, and later with an ACK that says "ready
        again"; if not, with an ACK and the smaller count.
      resume_delay: time from such a NACK to the ACK that lifts it, at least.
      inactive_after: time without a character in either direction after which SOL ends silently (OEM timers).

      announces_deactivation: the owner of SOL is told when another session deactivates it.
      sol_activating_request: it is told by a "SOL Activating" request as well (OpenBMC).
      inbound_size: largest SOL payload it says it takes, as in the Activate Payload response.
      outbound_size: largest SOL payload it says it sends.
      byte_swapped_sizes: both are in the wrong byte order.
      announced_port: UDP port in that response; none = its own.
      byte_swapped_port: it is in the wrong byte order.
      instance_capacity: number of SOL instances it claims to have (0: Dell M605).
      always_active: Activate Payload is answered "already active" for ever (Xyratex).
      deactivation_ignored: Deactivate Payload is answered with success and does nothing (Supermicro H8QME).
      activation_status_lies: Get Payload Activation Status shows no instance in use (Quanta S99Q).
      wants_deferred_alerts: Activate Payload without "alerts deferred" is answered CCh (Intel Windmill).
      unsupported_commands: commands answered C1h, as (net function, command).
      silent_commands: commands never answered at all (ipmi_sim: 4Eh, 3Dh).
      repeats_are_duplicates: a repeated request is answered CFh instead of its answer.

      session_slots: sessions it can have at a time.
      session_timeout: a session without activity ends silently after that long; infinity = never.
      sol_is_no_activity: only IPMI messages count as activity, SOL packets do not (ipmi_sim).
      half_open_timeout: a handshake that takes longer is forgotten.
      window_ahead: session numbers up to that far ahead of the highest are taken, others dropped.
      window_behind: the same behind it, at most 63.
      takes_duplicates: a datagram with a session number seen before is obeyed again (ipmi_sim, goipmi).
      session_number_step: its own session numbers advance by that much (2: ASRock MT-C224, shared NIC).
      zero_session_id: its packets carry session id 0 in place of the console's (Tyan S2882).
      unswapped_addresses: its IPMI responses keep the addresses of the request (goipmi).
      bad_checksums: its responses inside a session have a wrong second checksum (Supermicro X9).
      error_without_tag: an error in place of RAKP 2 carries tag 0 and session id 0 (OpenBMC).
      hashes_open_session_privilege: it computes with the privilege of Open Session, not RAKP 1's (many).
      echoes_privilege: Open Session is answered with the privilege that was asked, 0 for 0 (ipmi_sim).
      ping_silent: presence pings are not answered.
      reset_seconds: how long it answers nothing after a cold reset.
    """

    retry_count: int = 7
    retry_interval: float = 0.5
    retries_add_up: bool = False
    growing_retransmissions: bool = False
    giving_up: GivingUp = GivingUp.DISCARD_PACKET
    overrun_flag: bool = True
    reuses_number: bool = False
    packet_characters: int = 251
    output_buffer: int = 65536
    console_history: int = 0

    first_number: int = 1
    numbering_continues: bool = False
    strict_next: bool = False
    drops_unmatched_acks: bool = False
    whole_packet_after_partial_ack: bool = False
    swallows_repeated_first: bool = False
    nack_silences: bool = False
    piggybacks_acks: bool = False
    repeats_acks: bool = False
    ack_delay: float = 0.0
    ack_count_zero: bool = False
    acknowledges_empty: bool = True
    reacknowledges_duplicates: bool = True
    input_buffer: int = 4096
    input_rate: float = math.inf
    partial_accept: float = 0.0
    nack_partial: bool = True
    resume_delay: float = 0.0
    inactive_after: float = math.inf

    announces_deactivation: bool = True
    sol_activating_request: bool = False
    inbound_size: int = 255
    outbound_size: int = 255
    byte_swapped_sizes: bool = False
    announced_port: int | None = None
    byte_swapped_port: bool = False
    instance_capacity: int = 1
    always_active: bool = False
    deactivation_ignored: bool = False
    activation_status_lies: bool = False
    wants_deferred_alerts: bool = False
    unsupported_commands: frozenset[Command] = frozenset()
    silent_commands: frozenset[Command] = frozenset()
    repeats_are_duplicates: bool = False

    session_slots: int = 4
    session_timeout: float = 60.0
    sol_is_no_activity: bool = False
    half_open_timeout: float = 5.0
    window_ahead: int = 15
    window_behind: int = 16
    takes_duplicates: bool = False
    session_number_step: int = 1
    zero_session_id: bool = False
    unswapped_addresses: bool = False
    bad_checksums: bool = False
    error_without_tag: bool = False
    hashes_open_session_privilege: bool = False
    echoes_privilege: bool = False
    ping_silent: bool = False
    reset_seconds: float = 30.0


GOOD = Faults()

IPMI_SIM = Faults(
    retry_count=5,
    retry_interval=1.0,
    retries_add_up=True,
    growing_retransmissions=True,
    giving_up=GivingUp.DISCARD_BUFFER,
    overrun_flag=False,
    packet_characters=255,
    output_buffer=16384,
    numbering_continues=True,
    swallows_repeated_first=True,
    nack_silences=True,
    input_buffer=32,
    announces_deactivation=False,
    inbound_size=0x0020,
    outbound_size=0x4000,
    silent_commands=frozenset({(0x06, 0x4E), (0x06, 0x3D)}),
    session_timeout=30.0,
    sol_is_no_activity=True,
    takes_duplicates=True,
    echoes_privilege=True,
)
"""OpenIPMI's ipmi_sim 2.0.33."""

OPENBMC = Faults(
    retry_count=7,
    retry_interval=0.1,
    giving_up=GivingUp.RENUMBER,
    console_history=16384,
    strict_next=True,
    drops_unmatched_acks=True,
    whole_packet_after_partial_ack=True,
    reacknowledges_duplicates=False,
    sol_activating_request=True,
    window_ahead=1 << 31,
    window_behind=63,
    takes_duplicates=True,
    error_without_tag=True,
    half_open_timeout=3.0,
)
"""OpenBMC's phosphor-net-ipmid."""

GOIPMI = Faults(
    retry_count=3,
    retry_interval=0.05,
    piggybacks_acks=True,
    repeats_acks=True,
    takes_duplicates=True,
    unswapped_addresses=True,
)
"""The server of the Go library go-ipmi."""

PROFILES: Mapping[str, Faults] = MappingProxyType(
    {"good": GOOD, "ipmi_sim": IPMI_SIM, "openbmc": OPENBMC, "goipmi": GOIPMI}
)


def parse_faults(words: Iterable[str]) -> Faults:
    """Build faults from the words of a command line, later ones winning.

    A word is the name of a profile, the name of a yes-or-no knob, or `knob=value`.
    `ValueError` says what is wrong with a word and what is allowed.
    """
    faults = GOOD
    for word in words:
        if word in PROFILES:
            faults = PROFILES[word]
        else:
            name, _, value = word.partition("=")
            change: dict[str, Any] = {name: _parse_value(name, value)}
            faults = dataclasses.replace(faults, **change)
    return faults


def _parse_value(name: str, value: str) -> object:
    knobs = {field.name: field.default for field in dataclasses.fields(Faults)}
    if name not in knobs:
        raise ValueError(
            f"no fault is called {name!r}; profiles: {', '.join(PROFILES)}; knobs: {', '.join(knobs)}"
        )
    default = knobs[name]
    try:
        if isinstance(default, bool):
            return {"": True, "yes": True, "true": True, "no": False, "false": False}[value.lower()]
        if isinstance(default, GivingUp):
            return GivingUp(value)
        if isinstance(default, frozenset):
            return frozenset(_parse_command(item) for item in value.split(","))
        if isinstance(default, float):
            return float(value)
        return int(value, 0)
    except (KeyError, ValueError):
        raise ValueError(f"fault {name}: {value!r} is not a value for it (as in {name}={default})") from None


def _parse_command(text: str) -> Command:
    """Read `06:4e` (net function and command in hexadecimal)."""
    net_function, _, command = text.partition(":")
    return int(net_function, 16), int(command, 16)
