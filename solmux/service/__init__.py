"""Starting and supervising the parts of the service; the one place where they are wired."""
