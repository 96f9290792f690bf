"""Ring, writer thread, text log, raw record, events, and their reader."""
