import math
from itertools import pairwise

from solmux.sim.host import PowerAction
from solmux.sim.sources import LINE_LENGTH, PlainSource, numbered_bytes, numbered_line


def test_lines_are_numbered_and_of_one_length() -> None:
    lines = [numbered_line("server42", number) for number in range(2000)]
    assert {len(line) for line in lines} == {LINE_LENGTH}
    assert lines[17].startswith(b"server42         0000000017 ")
    assert len(set(lines)) == len(lines)
    assert all(before[28:] != after[28:] for before, after in pairwise(lines))


def test_a_long_name_keeps_the_length_of_a_line() -> None:
    assert len(numbered_line("n" * 64, 3)) == LINE_LENGTH


def test_a_stretch_of_the_stream_is_cut_out_of_its_lines() -> None:
    whole = b"".join(numbered_line("a", number) for number in range(5))
    for start, end in ((0, 0), (0, 400), (79, 81), (80, 160), (13, 377)):
        assert numbered_bytes("a", start, end) == whole[start:end]


def test_the_stream_keeps_its_rate() -> None:
    source = PlainSource("a", bytes_per_second=1000.0)
    source.control(PowerAction.ON, 10.0)
    printed = b""
    now = 10.0
    while now < 20.0:
        now = max(now, source.deadline)
        printed += source.read(now)
    assert abs(len(printed) - 10_000) <= LINE_LENGTH
    assert printed == numbered_bytes("a", 0, len(printed))


def test_the_stream_stops_while_it_is_off_and_goes_on_where_it_stopped() -> None:
    source = PlainSource("a", bytes_per_second=800.0)
    source.control(PowerAction.ON, 0.0)
    first = source.read(1.0)
    source.control(PowerAction.OFF, 1.0)
    assert source.deadline == math.inf
    assert source.read(50.0) == b""
    source.control(PowerAction.ON, 50.0)
    assert first + source.read(51.0) == numbered_bytes("a", 0, 1600)


def test_a_silent_source_never_wakes_anybody() -> None:
    source = PlainSource("a")
    source.control(PowerAction.ON, 0.0)
    source.feed(b"hello", 1.0)
    source.send_break(1.0)
    assert source.deadline == math.inf
    assert source.read(9.0) == b""
    assert (source.received, source.breaks) == (5, 1)


def test_an_echo_answers_at_once() -> None:
    source = PlainSource("a", echo=True)
    source.control(PowerAction.ON, 0.0)
    source.feed(b"k", 1.0)
    assert source.deadline == 1.0
    assert source.read(1.0) == b"k"
    assert source.deadline == math.inf
