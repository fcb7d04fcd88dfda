# `make run` starts the app, `make test` runs the tests; both set up whatever is missing first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Threads that wait must not spin: with other work on the cores a reply would take several times as long.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: run test test-postgres setup lint bench
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@$(BIN)/python app.py

setup: $(VENV)/.run
	@$(BIN)/zhiyin setup

test: $(VENV)/.dev lint
	@sh .ci/browser
	@$(BIN)/zhiyin setup
	$(BIN)/python -m pytest

# The same with everything stored in PostgreSQL; `make test` runs the storage's own tests on both.
test-postgres: $(VENV)/.dev
	@sh .ci/browser
	@$(BIN)/zhiyin setup
	$(BIN)/python -m pytest --database postgresql

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.run
	@$(BIN)/zhiyin setup
	$(BIN)/zhiyin bench

$(VENV)/bin/python:
	@echo "  python       making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "  packages     installing (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "  packages     installing, with the tools for tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.run
