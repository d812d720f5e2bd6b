"""Programs that keep the house in order: its environment and its lock."""
