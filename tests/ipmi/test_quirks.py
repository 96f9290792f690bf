"""The flags and their texts."""

import pytest

from solmux.ipmi.quirks import Quirk


@pytest.mark.parametrize("quirk", Quirk)
def test_flags_are_written_as_in_a_configuration(quirk: Quirk) -> None:
    assert Quirk(quirk.value) is quirk
    assert quirk.value == quirk.name.lower()


def test_flags_that_would_do_nothing_are_not_accepted() -> None:
    for name in ("authcap", "opensesspriv", "supermicro20", "sun20", "i82571spt"):
        with pytest.raises(ValueError, match=name):
            Quirk(name)
