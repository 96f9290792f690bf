import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from solmux.sim.faults import GOOD, IPMI_SIM, OPENBMC, PROFILES, Faults, GivingUp, parse_faults


def test_no_word_is_a_good_bmc() -> None:
    assert parse_faults([]) == GOOD == Faults()


def test_profiles_and_knobs_are_combined_from_left_to_right() -> None:
    faults = parse_faults(["ipmi_sim", "retry_count=2", "sol_is_no_activity=no", "session_timeout=inf"])
    assert faults == dataclasses.replace(
        IPMI_SIM, retry_count=2, sol_is_no_activity=False, session_timeout=float("inf")
    )
    assert parse_faults(["retry_count=2", "openbmc"]) == OPENBMC


def test_values_of_every_kind() -> None:
    faults = parse_faults(
        [
            "strict_next",
            "giving_up=keep",
            "inbound_size=0x4000",
            "silent_commands=06:4e,06:3d",
            "announced_port=9",
        ]
    )
    assert faults == Faults(
        strict_next=True,
        giving_up=GivingUp.KEEP,
        inbound_size=0x4000,
        silent_commands=frozenset({(6, 0x4E), (6, 0x3D)}),
        announced_port=9,
    )


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("strict", "no fault is called 'strict'"),
        ("retry_count=many", "fault retry_count: 'many' is not a value"),
        ("strict_next=maybe", "fault strict_next: 'maybe' is not a value"),
        ("giving_up=never", "fault giving_up: 'never' is not a value"),
        ("silent_commands=4e", "fault silent_commands: '4e' is not a value"),
        ("ack_delay=", "fault ack_delay: '' is not a value"),
    ],
)
def test_a_wrong_word_is_explained(word: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_faults([word])


def test_an_unknown_fault_names_the_ones_there_are() -> None:
    with pytest.raises(ValueError, match="no fault is called") as caught:
        parse_faults(["nonsense"])
    for name in ("openbmc", "growing_retransmissions"):
        assert name in str(caught.value)


def test_every_knob_is_described() -> None:
    described = re.findall(r"^ +(\w+): ", inspect.getdoc(Faults) or "", re.MULTILINE)
    assert described == [field.name for field in dataclasses.fields(Faults)]


def test_every_knob_is_turned_in_a_test_of_what_it_does() -> None:
    paths = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    tests = "".join(path.read_text() for path in paths)
    knobs = [field.name for field in dataclasses.fields(Faults)]
    assert [name for name in knobs if not re.search(rf"\b{name}=", tests)] == []


def test_every_profile_differs_from_a_good_bmc() -> None:
    assert [name for name, faults in PROFILES.items() if faults == GOOD] == ["good"]
