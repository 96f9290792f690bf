"""What an attached person's terminal needs, without I/O: escapes, safety filter, notices."""
