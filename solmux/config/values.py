"""Values that are more than a string: each function reads one, and says in words why it will not have it."""

import base64
import binascii
import ipaddress
import itertools
import re
from typing import Final

from solmux.config.model import Address, CipherSuiteChoice, Role
from solmux.config.names import RangeError, expand, name_fault, split_list

BMC_PORT = 623
USERNAME_LIMIT = 16  # bytes of an IPMI 2.0 user name
ROLES = ("watch", "type", "break", "force", "power", "admin")
PLACEHOLDER: Final = "{name}"

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?")
_ALL_DIGITS = re.compile(r"[0-9.]+")
_BRACKETED = re.compile(r"\[([^\]]*)\](.*)", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_SIZE = re.compile(r"([0-9]{1,3})x([0-9]{1,3})")
_ESCAPE_CHARACTER = re.compile(r"\^[@-_a-z?]|\\[0-3][0-7]{2}|[ -~]")
_KEY_TYPES = re.compile(r"(?:ssh-|ecdsa-|sk-ssh-|sk-ecdsa-)[a-z0-9@.-]+")

_REFUSED_SUITES = {
    **dict.fromkeys((1, 6, 15), "it neither signs nor encrypts what follows the login"),
    **dict.fromkeys((2, 7, 11, 16), "it does not encrypt: everybody on the way reads the console"),
    **dict.fromkeys((4, 5, 9, 10, 13, 14, 18, 19), "it encrypts with RC4, which is broken"),
    **dict.fromkeys((8, 12), "it rests on MD5, which is broken"),
    0: "it asks for no password, so whoever reaches the BMC is its master",
}


def check_placeholders(text: str) -> str:
    """Return *text* if the only thing in braces is `{name}`; raises `ValueError`."""
    for match in _BRACES.finditer(text):
        if match[0] != PLACEHOLDER:
            raise ValueError(f"{match[0]} means nothing: only {PLACEHOLDER} is replaced")
    return text


def parse_address(text: str, default_port: int | None = BMC_PORT) -> Address:
    """Read `host`, `host:port` or `[v6]:port`; raises `ValueError`. No default: the port must be given."""
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None:
        host, rest = bracketed[1], bracketed[2]
        if not _is_ip(host, 6):
            raise ValueError("not an IPv6 address in the brackets")
        if rest and not rest.startswith(":"):
            raise ValueError("something other than :port follows the brackets")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") > 1:
        raise ValueError(f"an IPv6 address needs brackets, [{text}]" if _is_ip(text, 6) else "not an address")
    else:
        host, colon, port = text.partition(":")
        if _HOST.fullmatch(host) is None:
            raise ValueError("not a host name or address")
        if _ALL_DIGITS.fullmatch(host) and not _is_ip(host, 4):
            raise ValueError("not an IPv4 address")
    if not colon:
        if default_port is None:
            raise ValueError("has no port")
        return Address(host, default_port)
    if _PORT.fullmatch(port) is None or int(port) > 0xFFFF:
        raise ValueError("the port is not a number from 0 to 65535")
    return Address(host, int(port))


def canonical(address: Address) -> Address:
    """Return *address* as it compares: two spellings of one name or number are equal."""
    host = address.host.casefold().rstrip(".")
    if ":" in host:
        host = ipaddress.ip_address(host).compressed
    return Address(host, address.port)


def _is_ip(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def check_ip(text: str) -> str:
    """Return *text* if it is an IPv4 or IPv6 address (or empty: none); raises `ValueError`."""
    if text and not _is_ip(text, 4) and not _is_ip(text, 6):
        raise ValueError("not an IP address")
    return text


def check_plain(text: str) -> str:
    """Return *text* if it has no control characters; raises `ValueError`."""
    if not text.isprintable():
        raise ValueError("has control characters in it")
    return text


def check_text(text: str) -> str:
    """Return *text* if it has no control characters but line ends and tabs; raises `ValueError`."""
    check_plain(text.replace("\n", "").replace("\t", ""))
    return text


def check_path(text: str) -> str:
    """Return *text* if it can be a path; raises `ValueError`."""
    if not text:
        raise ValueError("is empty")
    check_plain(text)
    if text.startswith("~"):
        raise ValueError("~ is not replaced by a home directory")
    return text


def check_username(text: str) -> str:
    """Return *text* if a BMC can have a user of that name; raises `ValueError`."""
    if len(text.encode()) > USERNAME_LIMIT:
        raise ValueError(f"longer than {USERNAME_LIMIT} bytes, which no BMC can hold")
    return check_plain(text)


def parse_cipher_suite(value: object) -> CipherSuiteChoice:
    """Read a cipher suite; raises `ValueError` that says why another suite is refused."""
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool):
        if value == 17:
            return 17
        if value == 3:
            return 3
        why = _REFUSED_SUITES.get(value, "there is no such suite")
        raise ValueError(f"this cipher suite is refused: {why}")
    if isinstance(value, str) and value.isdecimal():
        raise ValueError("a number is written without quotes")
    raise ValueError("not a cipher suite")


def parse_screen_size(text: str) -> tuple[int, int]:
    """Read `80x24` as columns and rows; raises `ValueError`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("not columns x rows")
    columns, rows = int(match[1]), int(match[2])
    if not (20 <= columns <= 300 and 5 <= rows <= 120):
        raise ValueError("smaller or larger than any machine draws")
    return columns, rows


def parse_escape(text: str) -> bytes:
    r"""Read two characters, each as itself, `^X` or `\ooo` (octal), like conserver; raises `ValueError`."""
    sequence = bytearray()
    position = 0
    while position < len(text):
        match = _ESCAPE_CHARACTER.match(text, position)
        if match is None:
            raise ValueError("has a character in it that cannot be typed")
        word, position = match[0], match.end()
        if len(word) == 2 and word[0] == "^":
            sequence.append(0x7F if word[1] == "?" else ord(word[1].upper()) & 0x1F)
        else:
            sequence.append(int(word[1:], 8) if len(word) == 4 else ord(word))
    if len(sequence) != 2:
        raise ValueError("is not two characters")
    if 0x1B in sequence:
        raise ValueError("ESC begins what function keys send")
    if sequence[0] in b"\r\n":
        raise ValueError("begins with what the Enter key sends")
    return bytes(sequence)


def parse_role(text: str) -> Role:
    """Read `power:@rack7,server[01-20]`, or `power` for all consoles; raises `ValueError`."""
    role, colon, words = text.partition(":")
    if role not in ROLES:
        raise ValueError("not a role")
    names = tuple(split_list(words)) if colon else ()
    for name in names:
        plain = name.removeprefix("@").replace("*", "x").replace("?", "x")
        try:
            if any(name_fault(expanded) for expanded in expand(plain)):
                raise ValueError(f"{name!r} is not a name, range, wildcard or @tag")
        except RangeError as error:
            raise ValueError(f"{name!r} is {error}") from None
    return Role(role, names)


def check_public_key(line: str) -> str:
    """Return *line* if it is one of an authorized_keys file; raises `ValueError`."""
    if "PRIVATE KEY" in line:
        raise ValueError("a private key: only the public one (the .pub file) belongs here")
    if "\n" in line.strip():
        raise ValueError("more than one line")
    public_key(line)
    return line


def public_key(line: str) -> bytes:
    """Return the key of an authorized_keys *line*, without options and comment; raises `ValueError`."""
    words = line.split()
    for kind, blob in itertools.pairwise(words):
        if _KEY_TYPES.fullmatch(kind) is None:
            continue
        try:
            key = base64.b64decode(blob, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("a public key that is cut short or altered") from None
        if key[4 : 4 + int.from_bytes(key[:4])] != kind.encode():
            raise ValueError("a public key that is cut short or altered")
        return key
    raise ValueError("not a public key")
