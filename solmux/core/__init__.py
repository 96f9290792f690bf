"""The trio service: sessions, consoles, logs, unix socket."""
