"""Frames of the unix socket between core, gateway and command line."""
