"""One console: offsets, attachments, one writer."""
