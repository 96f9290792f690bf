import pytest

from solmux.sim.transcript import Discard, Transcript


def transcript(taken: bytes, *discards: Discard, settled: int | None = None, sent: int = 0) -> Transcript:
    whole = len(taken) if settled is None else settled
    return Transcript(taken=bytearray(taken), settled=whole, sent=max(sent, whole), discards=list(discards))


def test_all_acknowledged_characters_must_be_there_once() -> None:
    truth = transcript(b"kernel panic")
    assert truth.fault_of(b"kernel panic") == ""
    for received in (b"kernel pani", b"kernel panicc", b"kernel kernel panic", b"Kernel panic", b""):
        assert truth.fault_of(received) != ""


def test_the_fault_names_the_place() -> None:
    assert transcript(b"kernel panic").fault_of(b"kernel c").startswith("after 7 characters: b'c'")
    assert transcript(b"kernel").fault_of(b"kernel!") == "after 6 characters, where the output ends: b'!'"


@pytest.mark.parametrize("received", [b"abcfgh", b"abcdfgh", b"abcdefgh"])
def test_a_discarded_packet_may_have_been_seen_in_part(received: bytes) -> None:
    assert transcript(b"abcdefgh", Discard(3, 2, 2, "given up")).fault_of(received) == ""


def test_discarded_characters_that_never_left_cannot_have_been_seen() -> None:
    truth = transcript(b"abcdefgh", Discard(3, 3, 1, "given up"))
    assert truth.fault_of(b"abcdgh") == ""
    assert truth.fault_of(b"abcdegh") != ""


def test_what_is_under_way_may_be_there_and_what_waits_may_not() -> None:
    truth = transcript(b"abcdefgh", settled=3, sent=5)
    for received, explained in ((b"abc", True), (b"abcd", True), (b"abcde", True), (b"abcdef", False)):
        assert (truth.fault_of(received) == "") == explained
    assert truth.fault_of(b"ab") != ""


def test_a_copy_under_another_number_cannot_be_told_even_before_it_is_acknowledged() -> None:
    truth = transcript(b"abcdef", settled=3, sent=6)
    truth.renumbered += [(0, 3), (3, 3), (3, 3)]
    for received in (b"abcabc", b"abc", b"abcdefdefdef", b"abcdefde"):
        assert truth.fault_of(received) == ""
    for received in (b"abcabcabc", b"abcdefdefdefdef", b"ab"):
        assert truth.fault_of(received) != ""
