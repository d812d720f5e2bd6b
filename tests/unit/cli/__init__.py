"""Tests of the command line's own logic, without a service."""
