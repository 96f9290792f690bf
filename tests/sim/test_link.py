import math

import pytest

from solmux.sim.link import Link, LinkFaults


def carry(
    faults: LinkFaults, count: int, *, seed: int = 1, interval: float = 0.01
) -> tuple[Link[int], list[int]]:
    link: Link[int] = Link(faults, seed)
    out: list[int] = []
    for number in range(count):
        link.send(number, number * interval)
        out += link.arrivals(number * interval)
    return link, out + link.arrivals(math.inf)


def test_a_good_link_hands_on_at_once_and_in_order() -> None:
    link: Link[str] = Link(LinkFaults(), 0)
    assert link.deadline == math.inf
    link.send("a", 1.0)
    link.send("b", 1.0)
    assert link.deadline <= 1.0
    assert link.arrivals(1.0) == ["a", "b"]
    assert link.arrivals(9.0) == []
    assert link.deadline == math.inf


def test_delay_shifts_everything() -> None:
    link: Link[str] = Link(LinkFaults(delay=0.5), 0)
    link.send("a", 1.0)
    assert link.deadline == 1.5
    assert link.arrivals(1.4) == []
    assert link.arrivals(1.5) == ["a"]


def test_loss_loses_its_share_and_counts_it() -> None:
    link, out = carry(LinkFaults(loss=0.2), 2000)
    assert link.lost == 2000 - len(out)
    assert 300 < link.lost < 500
    assert out == sorted(set(out))


def test_duplication_doubles_its_share() -> None:
    link, out = carry(LinkFaults(duplication=0.2), 2000)
    assert link.duplicated == len(out) - 2000
    assert 300 < link.duplicated < 500
    assert set(out) == set(range(2000))


def test_reordering_lets_later_ones_overtake() -> None:
    _, out = carry(LinkFaults(reordering=0.1, reordering_delay=0.035), 500)
    assert sorted(out) == list(range(500))
    overtaken = [number for place, number in enumerate(out) if any(later < number for later in out[place:])]
    assert overtaken
    assert max(abs(number - place) for place, number in enumerate(out)) <= 4


def test_jitter_stays_within_its_bounds() -> None:
    link: Link[int] = Link(LinkFaults(delay=0.1, jitter=0.2), 5)
    for number in range(100):
        link.send(number, 0.0)
    assert link.arrivals(0.0999) == []
    assert sorted(link.arrivals(0.3)) == list(range(100))


def test_a_blackout_swallows_what_is_sent_in_it() -> None:
    _, out = carry(LinkFaults(blackouts=((1.0, 2.0), (3.0, 3.5))), 400)
    assert out == [*range(100), *range(200, 300), *range(350, 400)]


def test_blackouts_are_counted_from_the_start_of_the_link() -> None:
    link: Link[str] = Link(LinkFaults(blackouts=((1.0, 2.0),)), 0, start=1000.0)
    for now in (1000.5, 1001.5, 1002.5):
        link.send(str(now), now)
    assert link.arrivals(1003.0) == ["1000.5", "1002.5"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    faults = LinkFaults(loss=0.1, duplication=0.1, reordering=0.1, jitter=0.05)
    assert carry(faults, 300, seed=seed)[1] == carry(faults, 300, seed=seed)[1]
    assert carry(faults, 300, seed=seed)[1] != carry(faults, 300, seed=seed + 1)[1]
