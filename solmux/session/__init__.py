"""Keeps one BMC's client connected: back-off, pacing, reasons."""
