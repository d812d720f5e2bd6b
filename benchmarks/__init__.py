"""Benchmarks against Optuna on the same PostgreSQL in the same run: `make bench` prints the
table."""
