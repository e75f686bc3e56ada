# `make demo` and `make test` do all the set-up on a fresh machine; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# uv from the PATH, else from a virtual environment of its own beside the project's.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin
EXTRAS := --extra hub --extra local
# uv shows how far it is where a person looks on.
QUIET := $(shell [ -t 2 ] || echo --quiet)
PORT ?= 8080
DOCS_PORT ?= 8082
STUDIO_PORT ?= 8083
DEMO_HOME ?= .demo
FACTORY_HOME := .demo-factory
EDGE_HOME := .demo-edge
ROOMS := agents edge evals graphs memory server tools

# What a target imports is compiled once, not again in each process that it starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.hub: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@[ -e $@ ] || echo "Installing the hub into .venv, once: about 900 MB, of which the model is 98 MB and the embedder 23 MB."
	$(UV) sync $(QUIET) --locked --inexact $(EXTRAS)
	@touch $@

.venv/.dev: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@[ -e $@ ] || echo "Installing the hub and what its development needs into .venv, once: about 1.6 GB."
	$(UV) sync $(QUIET) --locked --inexact $(EXTRAS) --extra dev
	@touch $@ .venv/.hub

.venv/.edge: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@[ -e $@ ] || echo "Installing the hub and the device side into .venv, once: about 1 GB."
	$(UV) sync $(QUIET) --locked --inexact $(EXTRAS) --extra edge
	@touch $@ .venv/.hub

.PHONY: edge-wheel
edge-wheel: $(filter .uv/bin/uv,$(UV)) ## the device side alone, as a wheel in dist/
	$(UV) build --quiet --wheel --out-dir dist deploy/edge

.PHONY: install
install: .venv/.hub ## install the hub into .venv

.PHONY: demo
demo: .venv/.hub ## install, ingest the sample documents, ask three questions, print routed and cited answers
	$(RUN)/python -m server.demos.answers --home $(DEMO_HOME)

.PHONY: demo-factory
demo-factory: .venv/.hub ## licence, gate, canary, approval, roll-back and audit, played on the bundled model
	rm -rf $(FACTORY_HOME)
	$(RUN)/python -m server.demos.factory --home $(FACTORY_HOME)

.PHONY: demo-edge
demo-edge: .venv/.edge ## a gateway loses network and power, goes on working, and tells its hub everything, once
	rm -rf $(EDGE_HOME)
	$(RUN)/python -m server.demos.edge --home $(EDGE_HOME)

.PHONY: up
up: .venv/.hub ## run the hub with the sample documents on http://127.0.0.1:8080, or PORT=...
	CHARGEHAND_HOME=$(DEMO_HOME) $(RUN)/chargehand ingest memory/samples
	CHARGEHAND_HOME=$(DEMO_HOME) $(RUN)/chargehand up --port $(PORT)

.PHONY: understanding
understanding: .venv/.dev ## train what the understanding learns from the examples of the tools, and write its weights
	$(RUN)/python -m server.understanding_weights

.PHONY: test
test: .venv/.dev ## unit and integration tests, with the reasons of what was skipped
	$(RUN)/pytest -n 2 --dist worksteal -m "not e2e and not long"

.PHONY: test-long
test-long: .venv/.dev ## whole stories, every tool through every face, installation; seeds, kills and examples by the hundred
	CHARGEHAND_EFFORT=long $(RUN)/pytest -n 2 --dist worksteal -m "(long or repeated or hypothesis) and not e2e"

.PHONY: test-unit
test-unit: .venv/.dev ## unit tests only
	$(RUN)/pytest -n 2 --dist worksteal -m "not e2e and not long and not integration"

.PHONY: test-integration
test-integration: .venv/.dev ## tests that start real servers and processes
	$(RUN)/pytest -n 2 --dist worksteal -m "integration and not e2e and not long"

.PHONY: test-e2e
test-e2e: .venv/.dev chromium ## the chat page in a real Chromium
	$(RUN)/pytest -m e2e

.PHONY: test-all
test-all: .venv/.dev chromium ## all tests, with branch coverage
	$(RUN)/coverage erase
	$(RUN)/pytest --cov --cov-report=term
	
.PHONY: chromium
chromium: ## install Debian's Chromium where there is none and we may
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	  else echo "No Chromium, and no right to install it: the tests of the page will be skipped."; fi; }

.PHONY: ollama
ollama: ## build a real Ollama for the tests that talk to one, where go and its module proxy are
	tests/set_up/ollama.sh

.PHONY: lint
lint: .venv/.dev ## ruff, types, import contracts, lock file, licences, documentation
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/basedpyright
	$(RUN)/lint-imports
	$(UV) lock --check --quiet
	$(RUN)/python -m tests.licences
	@site=$$(mktemp -d) && trap 'rm -rf "$$site"' EXIT && NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict --quiet --site-dir "$$site"

.PHONY: format
format: .venv/.dev ## format and mend what ruff can
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: security
security: .venv/.dev ## bandit and pip-audit; fails where nothing could be audited
	$(RUN)/bandit -q -ll -ii -c pyproject.toml -r $(ROOMS)
	@$(UV) export --quiet --locked $(EXTRAS) --no-emit-project --format requirements-txt > .venv/requirements.txt
	@$(RUN)/pip-audit --strict --disable-pip --require-hashes -r .venv/requirements.txt || { code=$$?; \
	  curl -sf -m 5 -o /dev/null https://pypi.org/pypi/pip/json || echo "Nothing was audited: its advisory service is not reachable"; \
	  exit $$code; }

.PHONY: bench
bench: .venv/.dev ## benchmarks, as ratios side by side
	$(RUN)/python -m tests.bench

.PHONY: docs
docs: .venv/.dev ## the documentation on http://127.0.0.1:8082, or DOCS_PORT=...
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs serve --dev-addr 127.0.0.1:$(DOCS_PORT)

.PHONY: studio
studio: .venv/.dev ## LangGraph's server for Studio on http://127.0.0.1:8083, or STUDIO_PORT=...
	$(RUN)/langgraph dev --host 127.0.0.1 --port $(STUDIO_PORT) --no-browser --allow-blocking

.PHONY: clean
clean: ## remove what the targets made
	rm -rf .venv .uv .ollama .demo .demo-factory .demo-edge dist .coverage* site .pytest_cache .ruff_cache .hypothesis
