# Needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install run test check train

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "Python 3.11, 3.12 or 3.13 is needed (PYTHON=… make)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

run: install
	@$(BIN)/khedmatyar run

train: install
	@$(BIN)/khedmatyar train

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/khedmatyar catalogue check

test: check
	@$(BIN)/python -c 'from knowledge.finder.finder import load_finder; load_finder()'
	$(BIN)/python -m pytest -n 2 --dist loadfile
