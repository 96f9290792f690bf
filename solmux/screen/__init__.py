"""The terminal emulator: pyte made total, keyframes, repaint."""
