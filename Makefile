# What a contributor does here. `make` alone lists it; each target makes what it needs in .venv first.

SHELL := /bin/bash
BIN := .venv/bin
# Two workers suit a laptop and a small CI machine alike; ARGS goes to the command of the target.
WORKERS ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup lock demo test coverage check format bench prove mutation screenshots docs release clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp is younger than everything that decides what is installed, or the set-up runs again.
.venv/.ready: requirements.lock scripts/uv-bootstrap.lock scripts/setup.sh pyproject.toml hatch_build.py
	@scripts/setup.sh
	@touch $@

setup: .venv/.ready ## Make .venv from the lock (needs only Python 3.11+ and make)

lock: setup ## Write the lock anew with the newest versions
	scripts/lock.sh

demo: setup ## Load the demo company, promise a morning of requests, serve it
	$(BIN)/accord demo $(ARGS)

test: setup ## Run every test, on SQLite and on a real PostgreSQL, in a real Chromium
	@scripts/browser.sh
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# The rules alone, without a database: a branch of a decide module that only a story through the doors reaches counts as missing.
DECIDE_TESTS := tests/kit/test_calendars.py tests/kit/test_days.py tests/ledger tests/policy tests/promise tests/exceptions

coverage: setup ## Run the rules alone; fail when a branch of a decide module is not tried
	$(BIN)/python -m pytest -q -m "not slow and not database" --cov --cov-config tests/decide.coveragerc \
	  --cov-report term-missing $(DECIDE_TESTS) --ignore tests/promise/test_ctp_properties.py $(ARGS)

check: setup ## Lint, types and import contracts, in seconds
	$(BIN)/ruff check --output-format concise
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PYTHONPATH=src:. $(BIN)/lint-imports --no-logo

format: setup ## Let ruff format and mend what it can
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

bench: setup ## Measure promises per second and latency, beside their limits
	$(BIN)/python -m bench $(ARGS)

prove: setup ## Try for hours what must not break, go on where it was stopped (ARGS="--list")
	$(BIN)/python -m prove $(ARGS)

mutation: setup ## Change the decide modules in small wrong ways, see that a test notices (hours; ARGS="--count 300")
	$(BIN)/python -m prove.mutation $(ARGS)

screenshots: setup ## Take a picture of every screen, light and dark, wide and narrow, into build/screenshots
	@scripts/browser.sh
	$(BIN)/python scripts/screenshots.py $(ARGS)

docs: setup ## Write the generated reference and run what the documents say
	$(BIN)/python scripts/reference.py
	$(BIN)/python -m pytest tests/test_docs.py $(ARGS)

release: check test coverage ## Build the wheel and the source archive from a clean, tested tree
	scripts/release.sh

clean: ## Remove what the targets made, .venv included
	rm -rf .venv .bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
