# What people and CI type; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKER := .cache/locker
COMPILE := $(LOCKER)/bin/uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --custom-compile-command "make lock"

# The layers that are arithmetic only: every branch of them is tested.
comma := ,
empty :=
space := $(empty) $(empty)
PURE := agent/model/* agent/parse/* agent/profile/* agent/config/* agent/plan/* agent/normalise/* \
	agent/authoring/snmprec_read.py

# One more than there are cores, because many tests wait; at most four.
# Coverage is taken where single parts are tested: it makes whole racks two and a half times as slow.
WORKERS := $(shell nproc=$$(nproc 2>/dev/null || echo 2); echo $$((nproc < 4 ? nproc + 1 : 4)))
TESTS = $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup demo test corpus docs bench-snmp bench-modbus bench-fleet bench-scrape bench-web bench-judge fmt lint types pytest coverage lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv with the locked dependencies and this project (editable)

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "rackagent needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## a simulated rack, the agent on it and a page to look at; Ctrl-C ends it
	$(BIN)/rackagent demo

test: lint types pytest coverage ## everything CI checks: lint, format, types, tests, coverage

lint: setup ## ruff: rules and format; import-linter: which package may import which
	$(BIN)/python -m ruff check
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m ruff format --check

types: setup ## mypy --strict
	$(BIN)/python -m mypy

pytest: setup ## the tests alone; ARGS="-k name" goes to pytest
ifeq ($(strip $(ARGS)),)
	$(TESTS) --cov --cov-report= --ignore=tests/configs --ignore=tests/end_to_end
	$(TESTS) tests/configs tests/end_to_end
else
	$(TESTS) --cov --cov-report= $(ARGS)
endif

coverage: setup ## hold the coverage of the last test run against its bounds
	$(BIN)/python -m coverage report --include='$(subst $(space),$(comma),$(strip $(PURE)))' --fail-under=100
	$(BIN)/python -m coverage report --fail-under=90

corpus: setup ## read every recorded device and compare with the oracle; build/corpus.json
	$(BIN)/python -m tests.corpus_report $(ARGS)

docs: setup ## write docs/devices.md and docs/metrics.md from profiles and catalogue
	$(BIN)/python -m docs.generate

bench-snmp: setup ## SNMP beside snmp_exporter and pysnmp; bench/results/snmp.json
	$(BIN)/python -m bench.snmp.run $(ARGS)

bench-modbus: setup ## Modbus beside pymodbus and a hand-written client; bench/results/modbus.json
	$(BIN)/python -m bench.modbus.bench_modbus $(ARGS)

bench-fleet: setup ## 100 simulated racks and one agent; bench/results/fleet.json
	$(BIN)/python -m bench.fleet.run $(ARGS)

bench-scrape: setup ## one scrape of 100,000 series beside prometheus-client; bench/results/scrape.json
	$(BIN)/python -m bench.scrape.run $(ARGS)

bench-web: setup ## the hall of 100 simulated racks in a browser, and 20 who look; bench/results/web.json
	$(BIN)/python -m bench.web.run $(ARGS)

bench-judge: setup ## a soak of 24 hours written and judged; bench/results/judge.json
	$(BIN)/python -m bench.judge.run $(ARGS)

fmt: setup ## format, and mend what ruff can mend
	$(BIN)/python -m ruff format
	$(BIN)/python -m ruff check --fix

lock: ## pin every dependency, with hashes; ARGS=--upgrade takes the newest versions
	$(PYTHON) -m venv $(LOCKER)
	$(LOCKER)/bin/python -m pip install --quiet uv
	$(COMPILE) $(ARGS) --output-file requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra dev --constraints requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## remove .venv, caches and what builds leave
	rm -rf $(VENV) .cache .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
