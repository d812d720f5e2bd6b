"""Tests that keep the images and the compose file honest without an engine."""
