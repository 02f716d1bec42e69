# Every command a person needs. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL  := /bin/sh

PYTHON ?= python3
TORCH  ?= torch==2.13.0
export TORCH

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.made-from-pyproject
DEMO  := DEMO-20261120-ridge-alpha-01

.PHONY: help setup demo test check lint types imports site serve bench drill case fresh clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  PYTHON=%s  TORCH=%s\n' '$(PYTHON)' "$$TORCH"

setup: $(STAMP) ## make the environment in .venv (again only when pyproject.toml changed)

demo: $(STAMP) ## execute the demo experiment, render, build the site, say where to look
	$(BIN)/runner execute --force $(DEMO)
	$(BIN)/runner render
	$(BIN)/runner build
	@page=$$(grep -rlx --include='*.md' 'id: $(DEMO)' logg | sed -e 's|^logg/|build/site/|' -e 's|md$$|html|'); \
	printf '\nThe demo is built. Open one of these, or run `%s/runner serve`:\n' '$(BIN)'; \
	for path in $$page build/site/index.html; do printf '  file://%s/%s\n' "$$PWD" "$$path"; done

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest

check: $(STAMP) ## prove that documents and results agree
	$(BIN)/runner check

lint: $(STAMP) ## style and layout of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMP) ## static types
	$(BIN)/mypy

imports: $(STAMP) ## the import contracts: which package may know which
	$(BIN)/lint-imports

site: $(STAMP) ## build the site into build/site
	$(BIN)/runner build

serve: $(STAMP) ## show the site while you write
	$(BIN)/runner serve

bench: $(STAMP) ## time synthetic stars against torch.randn, ridge paths against scikit-learn and numpy, the limits, transformers
	$(BIN)/python benchmarks/mockstar_speed.py
	$(BIN)/python benchmarks/linear_speed.py
	$(BIN)/python benchmarks/linear_speed.py --million
	$(BIN)/python benchmarks/limits_speed.py
	$(BIN)/python benchmarks/vit_speed.py

drill: $(STAMP) ## change one prediction in a copy: does check name everything, does render mend it?
	$(BIN)/python tests/drill.py

case: $(STAMP) ## write down what check and render make of tests/cases (of one: make case NAME=folder)
	$(BIN)/python -m tests.case_folders $(NAME)

fresh: ## run the README's set-up commands in a new clone with a bare environment
	$(PYTHON) tests/fresh.py

clean: ## remove the environment, the site and caches; results stay
	rm -rf $(VENV) build .logg .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'logg needs Python 3.11 or newer, and $(PYTHON) is not. Name one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo 'This Python has no venv module. On Debian and Ubuntu: sudo apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $$TORCH
	$(BIN)/python -m pip install -e '.[jobs,site,dev]'
	@touch $@
