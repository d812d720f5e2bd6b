"""What `paceline doctor --node` looks at: one small function a check, listed in `node.py`."""
