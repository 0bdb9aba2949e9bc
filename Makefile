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
BENCH := .venv/bench/.done-$(shell cksum requirements/bench.txt | cut -d ' ' -f 1)
PIP := $(RUN) pip --quiet --quiet --disable-pip-version-check

ARCH ?= x86_64
RUNS ?= 100
SEED ?= 0
MEMBERS ?= 1000000
# What Lambda's runtime brings, and no bundle holds.
RUNTIME := boto3 botocore s3transfer python-dateutil six
SAM := SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-west-1} BRIDGE_ARCH=$(ARCH) .venv-deploy/bin/sam
tools = .venv-$(1)/.done-$(call sum,requirements/aws-$(1).txt)

.PHONY: help demo test check static bench bench-job bench-identifiers bench-delivery conformance proof chaos chaos-platforms vendor-test fix docs lock clean aws-build aws-lint aws-test aws-bundles aws-soak supply-chain

help:  ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

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

bench: bench-job bench-identifiers  ## Measure speed and memory: the job, then identifiers
	@echo "Delivery beside the vendors' clients: make bench-delivery"

bench-job: $(DEV)
	@$(RUN) tests.bench.run

bench-identifiers: $(DEV) $(BENCH)  ## Measure identifiers beside the vendors' own libraries
	@$(RUN) tests.bench.identifiers

bench-delivery: $(DEV) $(firstword $(VENDOR))  ## Measure delivery beside the platforms' own clients (MEMBERS=1000000)
	@$(RUN) tests.bench.delivery --members $(MEMBERS)

conformance: $(DEV) $(BENCH)  ## Compare identifiers with the vendors' libraries: docs/conformance.md
	@$(RUN) tests.bench.conformance

proof: $(DEV)  ## Judge a million phone numbers by libphonenumber and by both fast ways
	@$(RUN) pytest -q -rP -m slow tests/unit/identifiers/test_phone_agrees.py

chaos: $(DEV)  ## Run the slow tests: crashes, faults, long soaks
	@$(RUN) pytest -q -m "slow and not aws"

chaos-platforms: $(DEV)  ## Kill and rerun a sync to every platform: docs/chaos.md (RUNS=100 of each, from SEED=0)
	@$(RUN) tests.flow.chaos_platforms --runs $(RUNS) --first $(SEED) \
		$(if $(filter 100-0,$(RUNS)-$(SEED)),--write docs/chaos.md)

vendor-test: $(VENDOR) | $(DEV)  ## Drive the sandbox with the platforms' own clients (300 MB)
	@for set in $(VENDORS); do .venv/$$set/bin/python -m pytest -q -rN --confcutdir=tests/vendors \
		-o filterwarnings=default --disable-warnings tests/vendors || exit 1; done
	@$(RUN) tests.bench.delivery --members 2000 >/dev/null  # so that it still runs when asked for

aws-build: $(DEV) $(call tools,deploy)  ## Build every function for Lambda (ARCH=arm64 or x86_64)
	@$(SAM) build --parameter-overrides Architecture=$(ARCH) --build-dir .aws-sam/$(ARCH)

aws-lint: $(DEV) $(call tools,lint)  ## Check the template and its policies (cfn-lint, checkov, parliament)
	@$(RUN) infra.lint .venv-lint/bin

aws-bundles: aws-build $(call tools,emulator)  ## Run every built function under Lambda's emulator
	@$(RUN) pytest -q -m aws -o junit_family=xunit1 --junitxml=build/bundles.xml tests/aws/test_bundles.py

aws-test: aws-build $(call tools,emulator)  ## Deploy the template on a local AWS and test it from outside
	@$(RUN) pytest -q -m "aws and not slow" tests/aws

aws-soak: aws-build $(call tools,emulator)  ## 50,000 events through the deployed collector; 50 syncs whose workers are killed
	@$(RUN) pytest -q -rP -m "aws and slow" tests/aws/test_killed.py tests/aws/test_soak.py

supply-chain: $(DEV) .venv-audit/.done-$(call sum,requirements/audit.txt)  ## List licences, write the bill of materials, look for known weaknesses
	@mkdir -p build && $(RUN) infra.supply build/sbom.json
	@.venv-audit/bin/pip-audit --vulnerability-service pypi --strict --disable-pip --require-hashes \
		--requirement requirements/local.txt --requirement requirements/lambda-drop.txt

fix: $(DEV)  ## Mend format, imports and what lint can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: $(DEV)  ## Write the pages of docs/ that are made from declarations
	@$(RUN) infra.docs

lock: $(DEV)  ## Pin requirements/*.txt anew from pyproject.toml (needs uv)
	@for extra in local dev; do uv pip compile pyproject.toml --extra $$extra --group build \
		--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/$$extra.txt || exit 1; done
	@for set in $(VENDORS) bench; do uv pip compile --group pyproject.toml:$$set \
		--universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/$$set.txt || exit 1; done
	@for name in collect api sync deliver drop lake; do uv pip compile --group lambda-$$name \
		--constraint requirements/dev.txt --python-version 3.13 --python-platform linux \
		$(RUNTIME:%=--no-emit-package %) \
		--generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/lambda-$$name.txt || exit 1; done
	@for name in deploy emulator lint; do uv pip compile requirements/aws-$$name.in $$([ $$name = emulator ] && echo --override requirements/aws-override.in) \
		--python-version 3.13 --python-platform linux \
		--generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file requirements/aws-$$name.txt || exit 1; done
	@uv pip compile requirements/audit.in --python-version 3.13 --python-platform linux \
		--generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements/audit.txt

clean:  ## Remove .venv and caches
	@rm -rf .venv .venv-* .aws-sam build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

$(LOCAL): | .venv/bin/python
	@echo "Installing what the bridge needs (once, about a minute)"
	@$(PIP) install --require-hashes --requirement requirements/local.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f .venv/.local-* && touch $@

$(VENDOR) $(BENCH): | .venv/bin/python
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

.venv-deploy .venv-emulator .venv-lint .venv-audit: | $(DEV)
	@$(BIN)/python -m venv $@

.venv-audit/.done-%: | .venv-audit
	@echo "Installing requirements/audit.txt (once)"
	@.venv-audit/bin/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps \
		--require-hashes --requirement requirements/audit.txt
	@rm -f .venv-audit/.done-* && touch $@

.SECONDEXPANSION:
.venv-deploy/.done-% .venv-emulator/.done-% .venv-lint/.done-%: | $(DEV) $$(@D)
	@echo "Installing $(patsubst .venv-%,requirements/aws-%.txt,$(@D)) (once, about a minute)"
	@$(@D)/bin/python -m pip --quiet --quiet --disable-pip-version-check install --no-deps \
		--require-hashes --requirement $(patsubst .venv-%,requirements/aws-%.txt,$(@D))
	@rm -f $(@D)/.done-* && touch $@
