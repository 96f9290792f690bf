"""Memory for what the disk does not take."""

from hypothesis import given, settings
from hypothesis import strategies as st

from solmux.logs.spool import Backlog, Spool


def test_pieces_come_back_in_order_and_are_forgotten_once_logged() -> None:
    spool, backlog = Spool(100), Backlog()
    spool.add(backlog, 0, b"a" * 30)
    spool.add(backlog, 30, b"b" * 30)
    assert list(backlog) == [(0, b"a" * 30), (30, b"b" * 30)]
    spool.drop_below(backlog, 29)
    assert backlog.size == spool.used == 60
    spool.drop_below(backlog, 30)
    assert list(backlog) == [(30, b"b" * 30)]
    spool.drop_below(backlog, 1000)
    assert (backlog.size, spool.used, spool.dropped) == (0, 0, 0)


def test_a_console_alone_keeps_the_beginning_of_the_trouble() -> None:
    spool, backlog = Spool(100), Backlog()
    for start in range(0, 300, 30):
        spool.add(backlog, start, b"x" * 30)
    assert [offset for offset, _ in backlog] == [0, 30, 60]
    assert spool.dropped == 210


def test_a_late_console_gets_its_share_from_the_one_that_has_most() -> None:
    spool, greedy, late = Spool(100), Backlog(), Backlog()
    for start in range(0, 300, 10):
        spool.add(greedy, start, b"x" * 10)
    for start in range(0, 300, 10):
        spool.add(late, start, b"y" * 10)
    assert greedy.size == late.size == 50
    assert [offset for offset, _ in greedy] == [0, 10, 20, 30, 40]
    assert [offset for offset, _ in late] == [0, 10, 20, 30, 40]


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40), st.booleans()), max_size=80),
    limit=st.integers(10, 200),
)
@settings(max_examples=100)
def test_the_budget_is_kept_and_shared(steps: list[tuple[int, int, bool]], limit: int) -> None:
    spool = Spool(limit)
    backlogs = [Backlog() for _ in range(4)]
    offsets = [0] * 4
    for who, length, drop in steps:
        if drop:
            spool.drop_below(backlogs[who], offsets[who] - length)
        else:
            before = [backlog.size for backlog in backlogs]
            spool.add(backlogs[who], offsets[who], bytes(length))
            offsets[who] += length
            for other, size in enumerate(before):
                if backlogs[other].size < size:  # robbed: it had more than the one that came
                    assert size > before[who]
        assert spool.used <= limit
        assert spool.used == sum(len(data) for backlog in backlogs for _, data in backlog)
        assert [backlog.size for backlog in backlogs] == [
            sum(len(data) for _, data in backlog) for backlog in backlogs
        ]
