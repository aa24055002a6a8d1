# One door for people and CI. Every target says what it does while it does it.
# PYTHON names the interpreter to start from; without it the first Python 3.11 or newer on the PATH is used.
# `make start` and `make demo` take PORT and DATA.

.DEFAULT_GOAL := help
.PHONY: help demo start test test-full bench stats fix types docs lock setup setup-dev check

PYTHON ?=
PORT ?=
DATA ?=
BIN := .venv/bin
RUN := $(BIN)/python -m
export PYTHON
setup = @MAKE_TARGET=$@ PYTHON="$(PYTHON)" ./tools/setup.sh

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Make a clip from words and a picture through the OpenAI SDK, no key needed (PORT=, DATA=)
	$(setup) demo
	@$(BIN)/reelgate demo $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA))

start: ## Start the server on PORT (8080), keeping everything in DATA
	$(setup) runtime
	@$(BIN)/reelgate $(if $(DATA),--data $(DATA)) serve --port $(or $(PORT),8080)

test: setup-dev check ## Run the checks and the quick tests, as CI does
	@echo "==> Tests (pytest, two at a time)"
	@$(RUN) pytest -n 2 -q -m "not slow"

test-full: setup-dev check ## Run every test, the slow ones as well
	@echo "==> Every test (pytest, two at a time)"
	@$(RUN) pytest -n 2 -q

bench: setup-dev ## Measure Reelgate against a peer and bare servers, printed as ratios
	@echo "==> Bench"
	@$(RUN) bench.run

stats: ## Print the ten largest files and the ten longest functions
	$(setup) dev
	@$(RUN) tools.stats

fix: setup-dev ## Format, and repair what ruff can repair
	@echo "==> ruff"
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

types: setup-dev ## Check types alone
	@echo "==> Types (pyright, strict for src)"
	@$(BIN)/pyright

docs: setup-dev ## Write the generated pages again
	@echo "==> Generated documentation"
	@$(RUN) tools.generate

lock: ## Choose package versions anew, seven days old at least
	$(setup) dev
	@./tools/lock.sh

setup-dev:
	$(setup) dev
	@$(RUN) tools.node install
	@$(RUN) tools.peers install openai-2

check:
	@echo "==> Style (ruff)"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Not formatted: run make fix."; exit 1; }
	@echo "==> Types (pyright, strict for src)"
	@$(BIN)/pyright
	@echo "==> Walls (import-linter)"
	@$(BIN)/lint-imports --no-cache
	@echo "==> Own rules (tools/lint.py)"
	@$(RUN) tools.lint
