# Rounds: `make demo` to see it, `make test` to check it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(shell command -v uv 2>/dev/null)
PACKAGES := monitors flows dashboards commands configs
# One more than two cores have work for: tests wait for servers and processes a third of their time.
WORKERS ?= 3

# An empty value means "write bytecode": without it every start compiles the libraries anew.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# No telemetry from the libraries underneath, whoever calls them.
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help setup demo serve test check lint format lock bench speed scale mutation schema docs clean
.PHONY: wheelhouse sbom pictures soak fuzz

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Everything Rounds needs, in .venv, once

demo: setup ## Audit the shipped inpatients, then say where to look
	@$(BIN)/rounds demo

serve: setup ## Schedules, worker, pages and /metrics on this machine
	@$(BIN)/rounds serve

test: lint ## Lint, types, who may import whom, and every test
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.ready-dev ## Lint, types, who may import whom, unused and missing dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .

format: $(VENV)/.ready-dev ## Write the code in the house's form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(VENV)/.ready-dev ## The benchmarks; nothing else should be running
	@$(PY) -m pytest benchmarks --benchmark-enable --benchmark-only -p no:xdist

speed: $(VENV)/.ready-dev ## docs/performance.md anew, peers measured beside; nothing else should be running
	@$(PY) -m benchmarks.speed

scale: $(VENV)/.ready-dev ## docs/fleet.md anew: 500 models, and ten years; hours, 20 GB
	@$(PY) -m benchmarks.scale

mutation: $(VENV)/.ready-dev ## Would the tests notice? Mutants of what verdicts rest on
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["mutation"])' \
		| xargs $(PY) -m pip install --quiet
	@nice $(PY) -m benchmarks.mutation

schema: $(VENV)/.ready-dev ## configs/schema.json anew, from monitors/config.py
	@$(PY) -m scripts.generate schema

docs: $(VENV)/.ready-dev ## The generated pages and the changelog anew, and the site in build/site
	@$(PY) -m scripts.generate
	@$(PY) -m scripts.site

# Names, versions and hashes, and no host: any index, mirror or wheel folder will do.
LOCK = uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: ## Resolve again within pyproject.toml's bounds (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(LOCK) --extra postgres pyproject.toml -o requirements.lock
	$(LOCK) --extra postgres --extra fhir --extra spark --group test --group lint --group grafana --group docs -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(LOCK) --extra postgres --extra kubernetes -c requirements.lock pyproject.toml -o requirements-kubernetes.lock
	$(LOCK) --group build -c requirements.lock -o requirements-build.lock

WHEELS ?= dist/wheelhouse
wheelhouse: setup ## Everything an install without a network needs, in dist/wheelhouse
	@mkdir -p $(WHEELS)
	@$(PY) -m pip download --quiet --no-deps --require-hashes --only-binary :all: -r requirements.lock -d $(WHEELS)
	@$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir $(WHEELS) .
	@cp requirements.lock $(WHEELS)/
	@echo "$(WHEELS): carry it over, then see docs/deployment.md, Without a network"

sbom: $(VENV)/.ready ## What is shipped, as CycloneDX in dist/sbom.json, and its licences, checked
	@$(PY) -m scripts.licences
	@mkdir -p dist build
	@test -x build/sbom/bin/python || $(PY) -m venv build/sbom
	@build/sbom/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["sbom"])' \
		| xargs build/sbom/bin/python -m pip install --quiet
	@build/sbom/bin/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml \
		--output-reproducible --output-file dist/sbom.json
	@echo "dist/sbom.json: hand it to your scanner"

pictures: $(VENV)/.ready-dev ## docs/images anew: every page, over one made ledger; needs Chromium
	@$(PY) -m scripts.pictures

soak: $(VENV)/.ready-dev ## 2,000 windows while the pages are asked: what grows with them
	@$(PY) -W ignore -m benchmarks.soak

fuzz: $(VENV)/.ready-dev ## Ten minutes of bytes that nobody would write, given to every reader
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["fuzz"])' \
		| xargs $(PY) -m pip install --quiet
	@$(PY) -m benchmarks.fuzz

clean: ## Remove caches and built files; .venv and .rounds stay
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	@find $(PACKAGES) scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------ set-up
$(PY):
	@python=$$(bash scripts/find_python.sh) && \
	echo "Making $(VENV) with $$("$$python" --version)" && \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.ready: $(PY) requirements.lock requirements-build.lock pyproject.toml
	@bash scripts/install.sh $(PY) requirements.lock
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock scripts/compose-validator.txt
	@bash scripts/install.sh $(PY) requirements-dev.lock
	@bash scripts/compose_validator.sh $(BIN)
	@touch $@
