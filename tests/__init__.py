"""The tests: unit, contract, integration, architecture, docker."""
