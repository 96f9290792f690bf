"""Values that are more than a string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solmux.config.model import Address, Role
from solmux.config.values import (
    check_ip,
    check_path,
    check_placeholders,
    check_public_key,
    check_text,
    check_username,
    parse_address,
    parse_cipher_suite,
    parse_escape,
    parse_role,
    parse_screen_size,
    public_key,
)
from tests.config.support import ALICE_KEY, BOB_KEY


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("bmc.example.net", "bmc.example.net", 623),
        ("bmc_1:6230", "bmc_1", 6230),
        ("10.0.0.42", "10.0.0.42", 623),
        ("10.0.0.42:0", "10.0.0.42", 0),
        ("[2001:db8::1]", "2001:db8::1", 623),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ("[fe80::1%eth0]:623", "fe80::1%eth0", 623),
        ("bmc.example.net.", "bmc.example.net.", 623),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a host name or address"),
        (":623", "not a host name or address"),
        ("a b", "not a host name or address"),
        ("-a", "not a host name or address"),
        ("//bmc", "not a host name or address"),
        ("10.0.0.300", "not an IPv4 address"),
        ("10.0.0", "not an IPv4 address"),
        ("2001:db8::1", "an IPv6 address needs brackets, [2001:db8::1]"),
        ("a:b:c", "not an address"),
        ("[10.0.0.1]", "not an IPv6 address in the brackets"),
        ("[2001:db8::1]623", "something other than :port follows the brackets"),
        ("bmc:", "the port is not a number from 0 to 65535"),
        ("bmc:65536", "the port is not a number from 0 to 65535"),
        ("bmc:+623", "the port is not a number from 0 to 65535"),
        ("bmc:6²", "the port is not a number from 0 to 65535"),
    ],
)
def test_a_bad_address_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        parse_address(text)
    assert str(caught.value) == why


def test_without_a_default_the_port_must_be_given() -> None:
    assert parse_address("127.0.0.1:2222", None) == Address("127.0.0.1", 2222)
    with pytest.raises(ValueError, match="has no port"):
        parse_address("127.0.0.1", None)


def test_an_address_prints_as_it_is_written() -> None:
    for text in ("bmc:623", "10.0.0.42:624", "[2001:db8::1]:623"):
        assert str(parse_address(text)) == text


@given(st.text(max_size=40))
def test_any_text_is_an_address_that_survives_printing_or_is_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert parse_address(str(address)) == address


def test_the_two_good_cipher_suites_and_auto_are_read() -> None:
    assert [parse_cipher_suite(value) for value in ("auto", 17, 3)] == ["auto", 17, 3]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (
            0,
            "this cipher suite is refused: it asks for no password, so whoever reaches the BMC is its master",
        ),
        (1, "this cipher suite is refused: it neither signs nor encrypts what follows the login"),
        (2, "this cipher suite is refused: it does not encrypt: everybody on the way reads the console"),
        (8, "this cipher suite is refused: it rests on MD5, which is broken"),
        (16, "this cipher suite is refused: it does not encrypt: everybody on the way reads the console"),
        (19, "this cipher suite is refused: it encrypts with RC4, which is broken"),
        (-1, "this cipher suite is refused: there is no such suite"),
        (20, "this cipher suite is refused: there is no such suite"),
        ("17", "a number is written without quotes"),
        ("best", "not a cipher suite"),
        (True, "not a cipher suite"),
        (17.0, "not a cipher suite"),
        ([17, 3], "not a cipher suite"),
    ],
)
def test_every_other_cipher_suite_is_refused_with_the_reason(value: object, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        parse_cipher_suite(value)
    assert str(caught.value) == why


@pytest.mark.parametrize("suite", range(20))
def test_no_suite_of_the_specification_is_left_without_an_answer(suite: int) -> None:
    if suite in (3, 17):
        assert parse_cipher_suite(suite) == suite
        return
    with pytest.raises(ValueError, match=r"this cipher suite is refused: it"):
        parse_cipher_suite(suite)


@pytest.mark.parametrize(("text", "size"), [("80x24", (80, 24)), ("100x31", (100, 31)), ("20x5", (20, 5))])
def test_a_screen_size_is_read(text: str, size: tuple[int, int]) -> None:
    assert parse_screen_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "80", "80x", "80X24", "80x24x1", "8x2", "301x24", "80x121", "-80x24", "80×24"]
)
def test_what_is_no_screen_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"columns x rows|smaller or larger"):
        parse_screen_size(text)


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("^Ec", b"\x05c"),
        ("^ec", b"\x05c"),
        (r"\005c", b"\x05c"),
        ("~~", b"~~"),
        ("^]^A", b"\x1d\x01"),
        ("^?.", b"\x7f."),
    ],
)
def test_an_escape_sequence_is_read_as_conserver_writes_it(text: str, escape: bytes) -> None:
    assert parse_escape(text) == escape


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not two characters"),
        ("^E", "is not two characters"),
        ("^Ecc", "is not two characters"),
        ("^[c", "ESC begins what function keys send"),
        ("^Mc", "begins with what the Enter key sends"),
        (r"\012c", "begins with what the Enter key sends"),
        ("éc", "has a character in it that cannot be typed"),
        (r"\400c", "is not two characters"),
    ],
)
def test_a_bad_escape_sequence_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        parse_escape(text)
    assert str(caught.value) == why


def test_a_role_is_read_with_the_consoles_it_holds_for() -> None:
    assert parse_role("admin") == Role("admin")
    assert parse_role("power:@rack7,server[01-20],db*") == Role("power", ("@rack7", "server[01-20]", "db*"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("root", "not a role"),
        ("", "not a role"),
        ("Power", "not a role"),
        ("power:", "'' is not a name, range, wildcard or @tag"),
        ("power:a,", "'' is not a name, range, wildcard or @tag"),
        ("power:a b", "'a b' is not a name, range, wildcard or @tag"),
        ("power:a[3-1]", "'a[3-1]' is [3-1] counts backwards or not at all"),
    ],
)
def test_a_bad_role_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        parse_role(text)
    assert str(caught.value) == why


def test_a_public_key_is_the_same_with_options_and_another_comment() -> None:
    bare = " ".join(ALICE_KEY.split()[:2])
    keys = {public_key(line) for line in (bare, ALICE_KEY, f"{bare} else", f"restrict {ALICE_KEY}")}
    assert len(keys) == 1
    assert public_key(BOB_KEY) not in keys


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not a public key"),
        ("alice", "not a public key"),
        ("ssh-ed25519", "not a public key"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "a private key: only the public one (the .pub file) belongs here",
        ),
        ("ssh-ed25519 AAAA… alice", "a public key that is cut short or altered"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA alice", "a public key that is cut short or altered"),
        (ALICE_KEY.replace("ssh-ed25519 ", "ssh-rsa "), "a public key that is cut short or altered"),
        (f"{ALICE_KEY}\n{BOB_KEY}", "more than one line"),
    ],
)
def test_a_bad_public_key_says_why(line: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        check_public_key(line)
    assert str(caught.value) == why


def test_only_the_name_is_replaced_in_braces() -> None:
    assert check_placeholders("{name}-bmc.{name}") == "{name}-bmc.{name}"
    for text, shown in (
        ("{nmae}", "{nmae}"),
        ("{name", "{name"),
        ("a}", "}"),
        ("{}", "{}"),
        ("{{name}}", "{"),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
            check_placeholders(text)
        assert str(caught.value) == f"{shown} means nothing: only {{name}} is replaced"


def test_a_user_name_fits_into_the_bmc() -> None:
    assert check_username("") == ""
    assert check_username("ü" * 8) == "ü" * 8
    with pytest.raises(ValueError, match="longer than 16 bytes"):
        check_username("ü" * 8 + "x")
    with pytest.raises(ValueError, match="control characters"):
        check_username("a\0")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("a\0b", "has control characters in it"),
        ("~/x", "~ is not replaced by a home directory"),
    ],
)
def test_a_bad_path_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is tested
        check_path(text)
    assert str(caught.value) == why


def test_a_source_address_is_an_ip_address() -> None:
    assert [check_ip(text) for text in ("", "10.0.0.1", "2001:db8::1")] == ["", "10.0.0.1", "2001:db8::1"]
    with pytest.raises(ValueError, match="not an IP address"):
        check_ip("eth0")


def test_a_banner_may_have_lines_and_no_other_controls() -> None:
    assert check_text("a\n\tb") == "a\n\tb"
    with pytest.raises(ValueError, match="control characters"):
        check_text("\x1b[2J")
