# Everything runs in .venv, which `make setup` makes from requirements.lock; the stamp makes a second run instant.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: setup demo test test-slow check format lock mlflow reference bench clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml tools/setup.sh
	@VENV=$(VENV) bash tools/setup.sh

demo: $(STAMP)  ## The main job, to a report to look at
	@$(BIN)/forecast demo

test: $(STAMP)  ## All quick tests, in under 8 minutes
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: $(STAMP)  ## What takes minutes: the wheel, the demo, big files
	$(BIN)/python -m pytest -m slow

check: $(STAMP)  ## Lint, format, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## Resolve the dependencies anew; hashes, no index address
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade -q -o requirements.lock

mlflow: $(STAMP)  ## The page of tracked runs
	@$(BIN)/forecast tracking

reference: $(STAMP)  ## docs/reference.md from the code
	$(BIN)/python tools/reference.py > docs/reference.md

bench: $(STAMP)  ## Every figure of benchmarks/README.md
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build dist
