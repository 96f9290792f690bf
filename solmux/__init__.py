"""solmux: a console server for IPMI 2.0 Serial over LAN."""

__version__ = "0.1.0"
