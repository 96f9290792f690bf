"""Back-off: grows, is capped, varies, and never hammers a BMC that refuses a credential."""

import random

from solmux.session.states import (
    BACK_OFF,
    CREDENTIAL_HOLD,
    CREDENTIAL_HOLD_LIMIT,
    GOOD_SERVICE,
    JITTER,
    BackOff,
)


def test_delays_grow_to_the_cap_within_the_jitter() -> None:
    back_off = BackOff(random.Random(1))
    for expected in (*BACK_OFF, BACK_OFF[-1], BACK_OFF[-1]):
        assert (1 - JITTER) * expected <= back_off.after_failure() <= (1 + JITTER) * expected


def test_two_consoles_do_not_come_in_step() -> None:
    delays = {BackOff(random.Random(seed)).after_failure() for seed in range(20)}
    assert len(delays) == 20


def test_a_full_session_table_starts_at_its_own_minimum() -> None:
    assert BackOff(random.Random(1)).after_failure(30.0) >= 30.0 * (1 - JITTER)


def test_good_service_starts_anew_and_a_flap_does_not() -> None:
    back_off = BackOff(random.Random(1), attempts=5)
    back_off.after_service(GOOD_SERVICE - 1)
    assert back_off.attempts == 5
    back_off.after_service(GOOD_SERVICE)
    assert back_off.attempts == 0


def test_a_refused_credential_is_held_fifteen_minutes_and_longer_each_time() -> None:
    back_off = BackOff(random.Random(1))
    holds = [back_off.after_refusal() for _ in range(8)]
    assert holds[0] >= CREDENTIAL_HOLD
    assert all(hold <= CREDENTIAL_HOLD_LIMIT * (1 + JITTER) for hold in holds)
    assert holds[1] >= 2 * CREDENTIAL_HOLD
