"""Tests of the house itself: sizes, names, imports, wording."""
