"""`solmux probe`: log in to one BMC, show what it is and offers, log out."""

import json
import os
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from solmux.cli import fail
from solmux.cli.credentials import credentials_or_fail
from solmux.config.model import Address
from solmux.config.values import parse_address
from solmux.ipmi import commands, events
from solmux.ipmi.client import Client, ClientSettings
from solmux.ipmi.crypto import SUITE_3, SUITE_17
from solmux.ipmi.errors import DecodeError
from solmux.ipmi.message import CompletionCode, Request, completion_text

LIMIT = 60.0  # seconds for the whole conversation; a BMC that answers needs one or two
SUITES = {"auto": (SUITE_17, SUITE_3), "17": (SUITE_17,), "3": (SUITE_3,)}
BIT_RATES = {0: "as the serial channel", 6: "9600", 7: "19200", 8: "38400", 9: "57600", 10: "115200"}
DOWN, NOT_PERMITTED = 5, 4


class ProbeError(Exception):
    """The conversation ended early; `code` is the exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Conversation:
    """One session with one BMC, blocking."""

    client: Client
    socket: socket.socket
    deadline: float
    established: events.SessionEstablished | None = None
    closed: events.Closed | None = None
    _answers: dict[int, events.CommandAnswered | events.CommandFailed] = field(default_factory=dict)

    def log_in(self) -> None:
        """Log in; raises `ProbeError` with the reason."""
        self.client.start(time.monotonic())
        while self.established is None and self.closed is None:
            self._step()
        if self.closed is not None:
            refused = not self.closed.retryable
            raise ProbeError(self.closed.text, NOT_PERMITTED if refused else DOWN)

    def ask(self, request: Request) -> tuple[int | None, bytes, str]:
        """Return completion code (None for no answer), data, and what a code other than 0 means."""
        ticket = self.client.request(request, time.monotonic())
        while ticket not in self._answers:
            if self.closed is not None:
                raise ProbeError(f"the session ended early: {self.closed.text}", DOWN)
            self._step()
        answer = self._answers.pop(ticket)
        if isinstance(answer, events.CommandFailed):
            return None, b"", answer.text
        code = answer.response.completion_code
        text = "" if code == CompletionCode.OK else completion_text(request.net_fn, request.command, code)
        return code, answer.response.data, text

    def log_out(self) -> None:
        """Close the session; a BMC that does not answer that has been told all the same."""
        self.client.close(time.monotonic())
        while self.closed is None:
            self._step()

    def _step(self) -> None:
        """Send what is due, wait for one datagram or one deadline."""
        client = self.client
        now = time.monotonic()
        if now > self.deadline:
            raise ProbeError("no end within the time limit", 124)
        client.handle_timer(now)
        self._take_events()
        for datagram in client.datagrams_to_send(now):
            try:
                self.socket.send(datagram)
            except OSError:
                continue  # an ICMP error of an earlier one; the client sends again
        if self.closed is not None:
            return
        patience = max(0.0, min(client.deadline, self.deadline) - now)
        ready, _, _ = select.select([self.socket], [], [], patience)
        if ready:
            try:
                client.receive_datagram(self.socket.recv(2048), time.monotonic())
            except OSError:
                return
        self._take_events()

    def _take_events(self) -> None:
        for event in self.client.events():
            match event:
                case events.SessionEstablished():
                    self.established = event
                case events.Closed():
                    self.closed = event
                case events.CommandAnswered(ticket) | events.CommandFailed(ticket):
                    self._answers[ticket] = event
                case _:
                    continue


@click.command()
@click.argument("address")
@click.option("-U", "--user", default="", help="User name, at most 16 bytes.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File that holds the password (mode 600).",
)
@click.option(
    "-C", "--cipher-suite", type=click.Choice(list(SUITES)), default="auto", help="auto: 17, then 3."
)
@click.option(
    "-k", "--kg-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the BMC key Kg."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def probe(
    address: str, user: str, password_file: Path, cipher_suite: str, kg_file: Path | None, as_json: bool
) -> None:
    """Log in to the BMC at ADDRESS (host, host:port or [v6]:port), show what it offers, log out.

    Shows device id, firmware, GUID, the cipher suites offered, who has the SOL session, and the SOL
    configuration. Nothing is changed. Exit code 4: the BMC refuses the login; 5: it does not answer.
    """
    try:
        where = parse_address(address)
    except ValueError as error:
        fail(2, f"{address}: {error}")
    credentials = credentials_or_fail(user, password_file, kg_file)
    settings = ClientSettings(credentials, suites=SUITES[cipher_suite], activate_sol=False)
    try:
        with connect(where) as udp:
            conversation = Conversation(Client(settings, os.urandom), udp, time.monotonic() + LIMIT)
            conversation.log_in()
            try:
                findings = dict(inquire(conversation))
            finally:
                conversation.log_out()
    except ProbeError as error:
        fail(error.code, f"{where}: {error}")
    show(findings, as_json)


def connect(where: Address) -> socket.socket:
    """Return a UDP socket connected to the BMC."""
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.connect(address)
    except OSError as error:
        raise ProbeError(f"cannot be reached: {error.strerror or error}", DOWN) from error
    return udp


def inquire(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Ask everything; yield label and finding, in the order to show them."""
    established = conversation.established
    assert established is not None
    yield "session", f"cipher suite {established.suite.identifier}, {privilege_name(established.privilege)}"
    yield from device(conversation)
    yield "GUID", guid_text(established.guid)
    yield "suites offered", suites_offered(conversation)
    yield "SOL", sol_state(conversation)
    yield from sol_configuration(conversation)


def device(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Yield what Get Device ID says."""
    code, data, text = conversation.ask(commands.GetDeviceId().to_request())
    if code != CompletionCode.OK:
        yield "device", f"unknown: {text}"
        return
    found = commands.DeviceId.from_data(data)
    product = f"manufacturer {found.manufacturer_iana}, product {found.product_id:#06x}"
    yield "device", f"id {found.device_id:#04x}, revision {found.device_revision}, {product}"
    updating = " (being updated)" if found.updating else ""
    yield "firmware", f"{found.firmware}{updating}, IPMI {found.ipmi_version}"


def guid_text(guid: bytes) -> str:
    """Return a GUID in the order the BMC sent it; two special values say nothing about the machine."""
    text = guid.hex()
    plain = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return f"{plain} (not set)" if not any(guid) else plain


def suites_offered(conversation: Conversation) -> str:
    """Return the BMC's own list; it decides nothing."""
    records = b""
    for index in range(0x40):
        code, data, text = conversation.ask(commands.GetChannelCipherSuites(index=index).to_request())
        if code != CompletionCode.OK:
            if not records:
                return f"unknown: {text}"
            break
        try:
            block = commands.CipherSuitesBlock.from_data(data)
        except DecodeError as error:
            return f"unreadable: {error}"
        records += block.records
        if len(block.records) < 16:
            break
    identifiers = [record.identifier for record in commands.read_cipher_suite_records(records)]
    return ", ".join(map(str, identifiers)) or "none"


def sol_state(conversation: Conversation) -> str:
    """Return whether SOL is active, and whose it is."""
    code, data, text = conversation.ask(commands.GetPayloadInstanceInfo().to_request())
    if code != CompletionCode.OK:
        return f"state unknown: {text}"
    owner = commands.PayloadInstanceInfo.from_data(data).managed_system_session_id
    if not owner:
        return "not active"
    code, data, _ = conversation.ask(commands.GetSessionInfo(managed_system_session_id=owner).to_request())
    if code == CompletionCode.OK:
        try:
            session = commands.SessionInfo.from_data(data).session
        except DecodeError:
            session = None
        if session is not None:
            level = privilege_name(session.privilege)
            known = int(session.address) != 0  # some BMCs do not say
            place = f" at {session.address}:{session.port}" if known else ""
            return f"active, held by user {session.user_id} ({level}){place}"
    return f"active, held by session {owner:#010x}"


def sol_configuration(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Yield the SOL parameters that matter to a console."""
    parameter = commands.SolParameter
    for label, number, read in (
        ("SOL enabled", parameter.ENABLE, enabled_text),
        ("SOL access", parameter.AUTHENTICATION, authentication_text),
        ("SOL accumulate", parameter.CHARACTER_ACCUMULATE, accumulate_text),
        ("SOL retry", parameter.RETRY, retry_text),
        ("SOL bit rate", parameter.VOLATILE_BIT_RATE, bit_rate_text),
    ):
        code, data, text = conversation.ask(commands.GetSolConfiguration(number).to_request())
        if code != CompletionCode.OK:
            yield label, f"unknown: {text}"
            continue
        try:
            yield label, read(commands.SolConfiguration.from_data(data).data)
        except DecodeError as error:
            yield label, f"unreadable: {error}"


def enabled_text(data: bytes) -> str:
    """Parameter 1 in words."""
    return "yes" if commands.SolEnable.from_data(data).enabled else "NO: set SOL parameter 1"


def authentication_text(data: bytes) -> str:
    """Parameter 2 in words."""
    found = commands.SolAuthentication.from_data(data)
    demands = (("encryption", found.force_encryption), ("authentication", found.force_authentication))
    forced = [name for name, demanded in demands if demanded]
    return f"from {privilege_name(found.privilege)}" + (f", forces {' and '.join(forced)}" if forced else "")


def accumulate_text(data: bytes) -> str:
    """Parameter 3 in words."""
    found = commands.SolAccumulate.from_data(data)
    return f"{found.interval * 1000:.0f} ms or {found.threshold} characters"


def retry_text(data: bytes) -> str:
    """Parameter 4 in words: the loss budget."""
    found = commands.SolRetry.from_data(data)
    warning = "" if found.patience >= 1.0 else " (short: output is lost when the network pauses longer)"
    sends = f"{found.count + 1} sends {found.interval * 1000:.0f} ms apart"
    return f"{sends}: output unacknowledged for {found.patience:.2g} s is lost{warning}"


def bit_rate_text(data: bytes) -> str:
    """Parameter 6 in words."""
    code = commands.SolBitRate.from_data(data).code
    return BIT_RATES.get(code, f"code {code}")


def privilege_name(level: int) -> str:
    """Return the name of a privilege level."""
    try:
        return commands.Privilege(level).name.lower()
    except ValueError:
        return f"privilege {level}"


def show(findings: dict[str, str], as_json: bool) -> None:
    """Print the findings."""
    if as_json:
        click.echo(json.dumps({label.lower().replace(" ", "_"): text for label, text in findings.items()}))
        return
    width = max(map(len, findings))
    for label, text in findings.items():
        click.echo(f"{label:<{width}}  {text}")
