"""Tests that start real processes and servers."""
