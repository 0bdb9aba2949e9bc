# Audience Bridge. Needs Python 3.11 or newer and make; everything else is installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := $(BIN)/python -m

# A stamp carries the sum of what it installed and where: a second run finds it and installs nothing.
sum = $(shell { cat $(1) pyproject.toml; pwd; } | cksum | cut -d ' ' -f 1)
LOCAL := .venv/.local-$(call sum,requirements/local.txt)
DEV := .venv/.dev-$(call sum,requirements/dev.txt)
# The platforms' own clients live apart, and two of them apart from each other.
VENDORS := vendors vendors-klaviyo
VENDOR := $(foreach set,$(VENDORS),.venv/$(set)/.done-$(shell cksum requirements/$(set).txt | cut -d ' ' -f 1))
PIP := $(RUN) pip --quiet --quiet --disable-pip-version-check

.PHONY: help demo test check static bench chaos vendor-test fix docs lock clean

help:  ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(LOCAL)  ## Run the whole job on generated data against stand-in ad platforms
	@$(BIN)/bridge demo

test: $(DEV)  ## Run the tests that take seconds
	@$(RUN) pytest -q -n auto --dist worksteal

check: static test  ## Run everything that CI runs

static: $(DEV)  ## Check format, lint, types and import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(RUN) mypy
	@$(BIN)/python -c "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo'])"

bench: $(DEV)  ## Measure speed and memory
	@$(RUN) tests.bench.run

chaos: $(DEV)  ## Run the slow tests: crashes, faults, long soaks
	@$(RUN) pytest -q -m slow

vendor-test: $(VENDOR) | $(LOCAL)  ## Drive the sandbox with the platforms' own clients (300 MB)
	@for set in $(VENDORS); do .venv/$$set/bin/python -m pytest -q -rN --confcutdir=tests/vendors \
		-o filterwarnings=default --disable-warnings tests/vendors || exit 1; done

fix: $(DEV)  ## Mend format, imports and what lint can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: $(DEV)  ## Write the pages of docs/ that are made from declarations
	@$(RUN) infra.docs

lock: $(DEV)  ## Pin requirements/*.txt anew from pyproject.toml (needs uv)
	@for extra in local dev; do uv pip compile pyproject.toml --extra $$extra --group build \
		--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/$$extra.txt || exit 1; done
	@for set in $(VENDORS); do uv pip compile --group pyproject.toml:$$set \
		--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/$$set.txt || exit 1; done

clean:  ## Remove .venv and caches
	@rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

$(LOCAL): | .venv/bin/python
	@echo "Installing what the bridge needs (once, about a minute)"
	@$(PIP) install --require-hashes --requirement requirements/local.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f .venv/.local-* && touch $@

$(VENDOR): | .venv/bin/python
	@echo "Installing the platforms' own clients (once, some minutes)"
	@rm -rf $(@D)
	@$(RUN) venv $(@D)
	@$(@D)/bin/python -m pip --quiet --quiet --disable-pip-version-check install \
		--require-hashes --requirement requirements/$(notdir $(@D)).txt
	@touch $@

$(DEV): | .venv/bin/python
	@echo "Installing what the bridge and its tests need (once, about a minute)"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f .venv/.local-* .venv/.dev-* && touch $@ $(LOCAL)
