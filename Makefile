# make demo | test | check | golden | docs | benchmark-quality | background | lock
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DATA ?= ../shared/benchmarks/requirement-achievement

.PHONY: demo test check golden docs benchmark-quality background lock clean

demo: .venv/run
	$(BIN)/matchmaker match data/problems/05-water-leak.yaml

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

golden: .venv/dev ## rewrite the expected outputs of commands
	MATCHMAKER_GOLDEN=1 $(BIN)/python -m pytest -q tests/test_golden.py tests/test_docs.py

docs: .venv/dev ## rewrite the command-line reference
	$(BIN)/python docs/cli_reference.py > docs/cli.md.new && mv docs/cli.md.new docs/cli.md

benchmark-quality: .venv/dev ## DATA=folder with labelled data; writes benchmarks/quality.txt
	$(BIN)/python benchmarks/quality.py $(DATA) | tee benchmarks/quality.txt

background: .venv/dev ## rebuild the table of document frequencies from DATA
	$(BIN)/pip install --quiet wordfreq==3.1.1
	$(BIN)/python benchmarks/background.py $(DATA)

lock: .venv/dev ## refresh the locked versions
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml --group dev -o requirements-dev.lock

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The environment: first what running needs, then what developing needs on top.
.venv/run: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
