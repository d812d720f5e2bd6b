# The two commands of the README are `make demo` and `make test`; both set everything up first.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python that is new enough makes .venv; choose another with PYTHON=/path/to/python.
NEW_ENOUGH := 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
ifndef PYTHON
PYTHON := $(shell for name in python3.11 python3.12 python3.13 python3 python3.14; do \
            if $$name -c $(NEW_ENOUGH) >/dev/null 2>&1; then echo $$name; break; fi; done)
endif
BIN := .venv/bin
ARGS ?=
WORKERS ?= 2
DATA ?=

.PHONY: help setup demo demo-auto demo-pytorch test unit mutants chaos check bench bench-advice bench-outcome docs lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv with all extras but gp, as locked; does nothing when nothing changed
	@test -n "$(PYTHON)" || { echo "Paceline needs Python 3.11 or newer with venv (Debian: python3-venv); found none. Name one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) tools/setup_environment.py

demo: setup  ## run a whole real study to its recommendation and round 2; ARGS="--once --json" ends with one JSON line
	@$(BIN)/paceline demo $(ARGS)

demo-auto: setup  ## two studies that find by themselves how long to train, a few minutes each
	@$(BIN)/paceline demo --once --study examples/digits/auto.yaml $(ARGS)
	@$(BIN)/paceline demo --once --study examples/digits/compute_bound.yaml $(ARGS)

demo-pytorch: setup  ## the same study in PyTorch, in an environment of its own (downloads torch)
	@$(MAKE) --no-print-directory -C examples/pytorch run ARGS="$(ARGS)"

test: setup  ## run all tests on real servers; a skipped test is a failure
	@$(BIN)/pytest --no-skips -n $(WORKERS) $(ARGS)

unit: setup  ## run the tests that touch no I/O, in seconds
	@$(BIN)/pytest tests/unit $(ARGS)

chaos: setup  ## throw every fault at a whole fleet, about an hour; ARGS="-k frozen" chooses; figures into docs/reliability.md
	@rm -f .chaos-figures.jsonl
	@PACELINE_TEST_CHAOS=full PACELINE_TEST_CHAOS_FIGURES=$(CURDIR)/.chaos-figures.jsonl \
	  $(BIN)/pytest tests/chaos tests/model --no-skips -v -n $(WORKERS) $(ARGS); result=$$?; \
	  $(BIN)/python -m tests.chaos.table .chaos-figures.jsonl && exit $$result

mutants: setup  ## break each safety in a copy and see a test go red; ARGS="fence budget" chooses by name
	@$(BIN)/python -m tests.mutants $(ARGS)

check: setup  ## lint, format, types, rings, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/architecture

bench: setup  ## measure against the bounds and Optuna, on the same servers in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

bench-advice: setup  ## judge the advice on real learning curves; DATA=folder of the scorecard, ARGS="--only S1"
	@$(BIN)/python -m benchmarks.advice "$(DATA)" $(ARGS)

docs: setup  ## write docs/rules/ from the rules' own docstrings
	@$(BIN)/python -m tools.rule_pages

bench-outcome: setup  ## where hands-free studies end on real curves; DATA=folder of that judge, ARGS="--seeds 1,2"
	@$(BIN)/python -m benchmarks.outcome "$(DATA)" $(ARGS)

lock:  ## resolve the newest allowed versions into requirements.lock
	@$(PYTHON) tools/lock.py

clean:  ## remove the environment, caches and what demo runs left here
	rm -rf .venv .scratch .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build .paceline
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
