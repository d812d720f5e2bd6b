"""Tests of the judge: preprocessing, the engine, and every rule with its three answers."""
