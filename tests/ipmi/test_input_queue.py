"""Inputs are reported in order, once, whatever the packets look like."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from solmux.ipmi.events import Event, InputAccepted, InputUnknown
from solmux.ipmi.input_queue import InputQueue


def queue() -> tuple[InputQueue, list[Event]]:
    events: list[Event] = []
    return InputQueue(events), events


def test_inputs_that_share_a_packet_are_accepted_in_order() -> None:
    waiting, events = queue()
    for input_id, text in enumerate((b"ab", b"c", b"def"), 1):
        waiting.add(text, input_id)
    assert waiting.take(64) == b"abcdef"
    waiting.accept(3)
    waiting.give_back(b"def")
    assert events == [InputAccepted(1), InputAccepted(2)]
    assert waiting.take(64) == b"def"
    waiting.accept(3)
    assert events == [InputAccepted(1), InputAccepted(2), InputAccepted(3)]
    assert not waiting


def test_a_break_waits_for_what_was_typed_before_it_and_holds_back_the_rest() -> None:
    waiting, events = queue()
    waiting.add(b"before", 1)
    waiting.add_break(2)
    waiting.add(b"after", 3)
    next_before = waiting.break_is_next
    assert waiting.take(64) == b"before"
    waiting.accept(6)
    assert (next_before, waiting.break_is_next) == (False, True)
    waiting.finish_break(accepted=True)
    assert waiting.take(64) == b"after"
    assert events == [InputAccepted(1), InputAccepted(2)]


def test_an_empty_input_is_accepted_in_its_turn() -> None:
    waiting, events = queue()
    waiting.add(b"", 1)
    assert events == [InputAccepted(1)]
    waiting.add(b"x", 2)
    waiting.add(b"", 3)
    waiting.add_break(4)
    waiting.add(b"", 5)
    assert waiting.take(64) == b"x"
    waiting.accept(1)
    assert events[1:] == [InputAccepted(2), InputAccepted(3)]
    waiting.finish_break(accepted=False)
    assert events[3:] == [InputUnknown(4, 0), InputAccepted(5)]


def test_what_is_given_up_is_reported_with_the_characters_that_were_not_acknowledged() -> None:
    waiting, events = queue()
    waiting.add(b"partly", 1)
    waiting.add(b"never sent", 2)
    waiting.add_break(3)
    assert waiting.take(8) == b"partlyne"
    waiting.accept(2)
    waiting.give_back(b"rtlyne")
    assert waiting.characters == 14
    waiting.abandon()
    assert events == [InputUnknown(1, 4), InputUnknown(2, 10), InputUnknown(3, 0)]
    assert waiting.characters == 0
    assert not waiting


@given(st.lists(st.one_of(st.binary(max_size=20), st.none()), max_size=10), st.integers(0, 1000))
def test_every_input_is_reported_once_in_order_and_the_text_is_whole(
    inputs: list[bytes | None], seed: int
) -> None:
    random = Random(seed)
    waiting, events = queue()
    for input_id, data in enumerate(inputs):
        if data is None:
            waiting.add_break(input_id)
        else:
            waiting.add(data, input_id)
    sent = bytearray()
    while waiting:
        if waiting.break_is_next:
            waiting.finish_break(accepted=True)
            continue
        data = waiting.take(16)
        accepted = random.randint(0, len(data))
        sent += data[:accepted]
        waiting.give_back(data[accepted:])
        waiting.accept(accepted)
    assert sent == b"".join(data for data in inputs if data is not None)
    assert events == [InputAccepted(input_id) for input_id in range(len(inputs))]
    assert waiting.characters == 0
