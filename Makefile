# One door for people and CI. Every target says what it does while it does it.
# PYTHON names the interpreter to start from; without it the first Python 3.11 or newer on the PATH is used.
# `make start` and `make demo` take PORT and DATA, `make chaos` takes SEED.

.DEFAULT_GOAL := help
.PHONY: help install demo start build test test-full chaos bench bench-web gallery stats fix types docs lock setup-dev setup-nginx setup-chromium check \
	docker-up docker-down docker-logs docker-restart pm2-deploy pm2-status pm2-logs pm2-restart pm2-stop \
	dev-backend dev-frontend db-migrate db-studio

PYTHON ?=
PORT ?=
DATA ?=
BIN := .venv/bin
RUN := $(BIN)/python -m
export PYTHON
REELGATE = $(BIN)/reelgate $(if $(DATA),--data $(DATA))
COMPOSE = docker compose -f $(or $(COMPOSE_FILE),deploy/compose.yaml)
WEB = $(BIN)/python -m tools.web
setup = @MAKE_TARGET=$@ PYTHON="$(PYTHON)" ./tools/setup.sh

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Make a clip from words and a picture through the OpenAI SDK, no key needed (PORT=, DATA=)
	$(setup) demo
	@$(BIN)/reelgate demo $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA))

start: ## Start the server on PORT (8080), keeping everything in DATA
	$(setup) runtime
	@$(WEB) build || echo "==> The studio could not be built (see above); the APIs work without it"
	@$(BIN)/reelgate $(if $(DATA),--data $(DATA)) serve --port $(or $(PORT),8080)

install: ## Install Reelgate and its locked packages into .venv
	$(setup) runtime
	@echo "==> Ready: $(BIN)/reelgate --help"

build: setup-dev ## Build the wheel into dist/, with the studio in it
	@$(WEB) build
	@echo "==> Wheel"
	@$(BIN)/uv build --quiet --wheel --offline --no-build-isolation --python $(BIN)/python && ls -1 dist/*.whl

dev-backend: setup-dev ## Serve this tree and start again when a source file changes (PORT=, DATA=)
	@$(RUN) tools.dev --port $(or $(PORT),8080) $(if $(DATA),--data $(DATA))

dev-frontend: setup-dev ## Serve web/ with reloading, in a second terminal beside dev-backend
	@$(WEB) generate && $(WEB) npm run dev

db-migrate: ## Bring the database to the schema of this version (DATA=, or REELGATE_DATABASE)
	$(setup) runtime
	@$(REELGATE) db upgrade

db-studio: setup-dev ## Look at a copy of the rows in a browser, secrets left out (PORT=8081, DATA=)
	@$(RUN) tools.studio --port $(or $(PORT),8081) $(if $(DATA),--data $(DATA))

docker-up: ## Build the image and start it with Docker Compose (COMPOSE_FILE=deploy/compose.scale.yaml for several)
	@[ -f deploy/.env ] || { cp deploy/.env.example deploy/.env && echo "==> Made deploy/.env; look into it"; }
	@$(COMPOSE) up --build --detach --wait

docker-down: ## Stop the containers; the data stays
	@$(COMPOSE) down

docker-logs: ## Follow the log of the containers; the first start's key is in it
	@$(COMPOSE) logs --follow --tail 200

docker-restart: ## Restart the containers
	@$(COMPOSE) restart

pm2-deploy: ## Install, upgrade the database and (re)start under PM2
	@PYTHON="$(PYTHON)" ./deploy/pm2/deploy.sh deploy

pm2-status: ## Show what PM2 runs
	@./deploy/pm2/deploy.sh status

pm2-logs: ## Follow the log under PM2
	@./deploy/pm2/deploy.sh logs

pm2-restart: ## Restart under PM2
	@./deploy/pm2/deploy.sh restart

pm2-stop: ## Take Reelgate out of PM2
	@./deploy/pm2/deploy.sh stop

test: setup-dev check ## Run the checks and the quick tests, as CI does
	@echo "==> Tests (pytest, two at a time)"
	@$(RUN) pytest -n 2 -q -m "not slow"

test-full: setup-dev setup-nginx setup-chromium check ## Run every test, the slow ones as well
	@echo "==> Every test (pytest, two at a time)"
	@$(RUN) pytest -n 2 -q --hypothesis-profile=explore

bench: setup-dev ## Measure Reelgate against a peer and bare servers, printed as ratios
	@echo "==> Bench"
	@$(RUN) bench.run

bench-web: setup-dev setup-chromium ## Measure the studio in Chromium: weight, first content, interaction, long lists
	@echo "==> Bench of the studio, some minutes"
	@$(RUN) bench.run --only web

gallery: setup-dev setup-chromium ## Take every page and state of the studio anew for docs/gallery
	@$(RUN) tools.gallery

chaos: setup-dev ## Kill, freeze and cut off a whole installation for minutes, and check every promise (SEED=)
	@echo "==> Chaos: two servers and two workers on PostgreSQL and S3, some minutes"
	@$(RUN) tests.chaos $(if $(SEED),--seed $(SEED))

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

# The proxy samples are tested on a real nginx; without one those tests say that they were left out.
setup-nginx:
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& echo "==> Installing nginx for the tests of deploy/nginx" \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; } || true

# The walks through the studio need a real browser; without one they are left out, and that is said where it is seen.
setup-chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& echo "==> Installing Chromium for the walks through the studio" \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| { echo; echo "!!! There is no Chromium here and it could not be installed."; \
		echo "!!! The studio is NOT walked through. On Debian and Ubuntu: apt install chromium"; echo; }

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
	@$(WEB) check
