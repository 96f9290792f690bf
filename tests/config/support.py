"""Small configurations and what is said about them."""

from pathlib import Path

from solmux.config.load import ConfigError, load
from solmux.config.model import Config

# Well-formed, and nobody's: the numbers 0 to 31 and 32 to 63.
ALICE_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@example.net"
)
BOB_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/ bob@example.net"

# What every console needs, in three lines, so that the first line of a test's own text is line 4.
BMC = '[bmc]\nusername = "solmux"\npassword_file = "bmc.password"\n'


def write(directory: Path, text: str, **drop_ins: str) -> Path:
    """Write `solmux.toml` and `conf.d/NAME.toml`; return the path of the former."""
    path = directory / "solmux.toml"
    path.write_text(text)
    if drop_ins:
        (directory / "conf.d").mkdir(exist_ok=True)
    for name, content in drop_ins.items():
        (directory / "conf.d" / f"{name}.toml").write_text(content)
    return path


def loaded(directory: Path, text: str, **drop_ins: str) -> Config:
    """Return the configuration that *text* gives, which must be a good one."""
    return load(write(directory, text, **drop_ins))


def complaints(directory: Path, text: str, **drop_ins: str) -> list[str]:
    """Return the lines said about *text*, which must be a bad one, less the directory."""
    path = write(directory, text, **drop_ins)
    try:
        load(path)
    except ConfigError as error:
        return [str(problem).replace(f"{directory}/", "") for problem in error.problems]
    raise AssertionError("the configuration was accepted")
