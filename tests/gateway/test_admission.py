"""Connections that have not logged in."""

import pytest

from solmux.gateway.admission import (
    UNAUTHENTICATED_LIMIT,
    UNAUTHENTICATED_PER_SOURCE,
    Admission,
    source_of,
)


def test_one_source_does_not_take_the_places_of_the_others() -> None:
    admission = Admission()
    assert [admission.admit("10.0.0.1") for _ in range(UNAUTHENTICATED_PER_SOURCE)] == [
        True
    ] * UNAUTHENTICATED_PER_SOURCE
    assert not admission.admit("10.0.0.1")
    assert admission.admit("10.0.0.2")
    admission.settled("10.0.0.1")
    assert admission.admit("10.0.0.1")
    assert not admission.admit("10.0.0.1")


def test_all_sources_together_have_a_limit() -> None:
    admission = Admission()
    assert all(admission.admit(f"10.0.0.{number}") for number in range(UNAUTHENTICATED_LIMIT))
    assert not admission.admit("10.0.1.1")
    admission.settled("10.0.0.5")
    assert admission.admit("10.0.1.1")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_a_source_is_an_address_or_an_ipv6_network(address: str, source: str) -> None:
    assert source_of(address) == source
