"""What is known of the network's delay, with questions that were repeated."""

import pytest

from solmux.ipmi.round_trip import RoundTrip


def test_waits_grow_with_the_slowest_recent_answer_and_shrink_again() -> None:
    round_trip = RoundTrip()
    assert round_trip.at_least(0.5) == 0.5
    round_trip.observe(1.0, 1.0)
    assert round_trip.at_least(0.5) == 1.5
    for _ in range(8):
        round_trip.observe(0.01, 0.01)
    assert round_trip.at_least(0.5) == 0.5


def test_a_lost_copy_is_not_taken_for_a_slow_network() -> None:
    round_trip = RoundTrip()
    round_trip.observe(0.001, 0.001)
    round_trip.observe(0.502, 0.002)
    assert round_trip.slowest == pytest.approx(0.002)


def test_a_network_that_became_slow_is_noticed_though_everything_was_repeated() -> None:
    round_trip = RoundTrip()
    round_trip.observe(0.001, 0.001)
    round_trip.observe(0.9, 0.4)
    assert round_trip.slowest == 0.9


def test_the_first_answer_to_a_repeated_question_counts_from_its_first_copy() -> None:
    round_trip = RoundTrip()
    round_trip.observe(0.6, 0.001)
    assert round_trip.slowest == 0.6


def test_an_answer_after_many_losses_does_not_stop_the_clock() -> None:
    round_trip = RoundTrip()
    round_trip.observe(100.0, 50.0)
    assert round_trip.slowest == 4.0
