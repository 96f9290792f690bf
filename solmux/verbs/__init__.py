"""The command grammar and the one table of verbs."""
