# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Only Python 3.11+, pip, make and a shell are assumed.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= out

.PHONY: demo test test-fast lint bench crosscheck wheel clean

# One stamp for each set of extras, so that a second run installs nothing.
.venv/created:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

.venv/demo: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

.venv/test: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo,draw,scipy,sklearn,test]"
	@touch $@

.venv/bench: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[bench,demo,test]"
	@touch $@

## Train on handwritten digits, show what one gradient costs, write pictures to out/
demo: .venv/demo
	$(BIN)/python -m examples.digits --out $(OUT)

## Everything that must hold: lint, types, tests, doctests, README, the built wheel
test: .venv/test lint
	$(BIN)/python -m pytest -q

## The same without what takes long (under two minutes)
test-fast: .venv/test
	$(BIN)/python -m pytest -q -m "not slow"

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## Ratios to PyTorch and others, measured in one run
bench: .venv/bench
	$(BIN)/python -m benchmarks.small_ops

wheel: .venv/test
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv out dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache
