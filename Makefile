# Everything a newcomer runs. Needs Python 3.11 to 3.13, git and make; the rest is set up here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench clean

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/ready  ## Create .venv from requirements.lock

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## Run the whole pipeline on synthetic clips; needs no ultrasound data
	dvc repro audit@phantom export@phantom
	@echo "Open reports/phantom/report.html"

test: setup  ## Run all tests
	python -m pytest

lint: setup  ## Check style and types
	ruff check .
	ruff format --check .
	mypy

format: setup  ## Rewrite the code in the project's style
	ruff check --fix .
	ruff format .

bench: setup  ## Measure the pipeline, its growth, training, the audit and faulty transfers
	python -m benchmarks.stages phantom
	python -m benchmarks.validate
	python -m benchmarks.faults
	python -m benchmarks.incremental
	python -m benchmarks.scale
	python -m benchmarks.training
	python -m benchmarks.recipes
	python -m benchmarks.predict
	python -m benchmarks.duplicates
	python -m benchmarks.audit
	test ! -d "$(POCUS_MIRROR)" || python -m benchmarks.decode "$(POCUS_MIRROR)"

clean:  ## Remove .venv and all caches but DVC's; data and models stay
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache build *.egg-info
