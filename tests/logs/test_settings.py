"""What the log can be told."""

import resource
from pathlib import Path

import pytest

from solmux.logs.settings import LogSettings


def test_the_files_of_all_consoles_fit_into_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, consoles in ((1024, 192), (8256, 2000), (100, 16), (resource.RLIM_INFINITY, 1 << 20)):
        monkeypatch.setattr(resource, "getrlimit", lambda what, limit=limit: (limit, limit))  # noqa: ARG005
        assert LogSettings(Path("log")).open_consoles_allowed() == consoles


def test_a_number_that_was_set_is_taken() -> None:
    assert LogSettings(Path("log"), open_consoles=7).open_consoles_allowed() == 7
