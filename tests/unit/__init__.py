"""Tests that touch no I/O and run in seconds."""
