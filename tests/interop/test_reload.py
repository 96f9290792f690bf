"""A reload is all or nothing and touches only what changed."""

from pathlib import Path

import pytest

from tests.interop.ipmi_simulator import IpmiSimulator
from tests.interop.service import Service, eventually

pytestmark = pytest.mark.interop


def test_reload_adds_removes_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    with (
        IpmiSimulator(tmp_path / "one") as one,
        IpmiSimulator(tmp_path / "two") as two,
        Service(tmp_path / "mux", {"one": [f'address = "{one.address}"']}) as service,
    ):
        service.await_state("one", "up")
        service.consoles["two"] = [f'address = "{two.address}"']
        service.configure()
        service.hang_up()
        service.await_state("two", "up")
        two.serial.sendall(b"hello from two\r\n")
        eventually(lambda: service.record("two") == b"hello from two\r\n", "the new console is logged")

        service.config.write_text(service.config.read_text() + '[consoles.three]\nadress = "x"\n')
        service.hang_up()
        eventually(lambda: "reload: nothing is changed" in service.messages(), "a bad reload is refused")
        line = len(service.config.read_text().splitlines())
        assert f"solmux.toml:{line}:1: consoles.three.adress: unknown key" in service.messages()
        assert service.ssh("ls", "-q").stdout == b"one\ntwo\n"

        del service.consoles["two"]
        service.consoles["one"].append('tags = ["rack7"]')
        service.configure()
        service.hang_up()
        eventually(lambda: service.ssh("ls", "-q", "@rack7").stdout == b"one\n", "the tag is known")
        assert service.ssh("status", "two").returncode == 3
        assert service.text("one").count("[-- Console up") == 1, "its session was not touched"
        assert "[-- Console down: solmux stops" in service.text("two")
