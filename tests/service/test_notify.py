"""Readiness messages reach whoever asked for them, and nobody else is bothered."""

import pytest

from solmux.service.notify import VARIABLE, NotifySocket, notify


def test_a_message_arrives_at_the_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = NotifySocket("test")
    monkeypatch.setenv(VARIABLE, listener.address)
    notify("READY=1")
    notify("STATUS=up")
    assert listener.messages() == ["READY=1", "STATUS=up"]
    assert listener.messages() == []
    listener.close()


def test_without_a_listener_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    notify("READY=1")
    listener = NotifySocket("gone")
    monkeypatch.setenv(VARIABLE, listener.address)
    listener.close()
    notify("READY=1")
