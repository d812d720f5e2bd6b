"""Checkpoint stores: the only code that knows where weights lie, for servers and workers alike."""
