# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Only Python 3.11+, pip, make and a shell are assumed.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= out
# Tests start many processes; each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test side-by-side coverage test-fast test-numpy test-prerelease lint bench crosscheck examples notebooks mutation \
	fuzz attack exhaustive pages docs release wheel site site-serve clean

# One stamp per set of extras, so that a second run installs nothing.
.venv/created:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

.venv/demo: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

.venv/test: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[dask,demo,docs,draw,fast,graphs,mpi,onnx,scipy,sklearn,test]"
	@touch $@

.venv/release: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[release]"
	@touch $@

.venv/docs: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	@touch $@

.venv/site: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[site]"
	@touch $@

.venv/bench: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[bench,demo,fast,mpi,test]"
	@touch $@

## Train on handwritten digits, show what one gradient costs, write pictures to out/
demo: .venv/demo
	$(BIN)/python -m examples.digits --out $(OUT)

ALONE = $$(grep -rl --include="test_*.py" "mark\.alone" tests)

## All checks: lint, types, tests, doctests, README, the built wheel
test: .venv/test
	$(MAKE) -j 2 lint side-by-side
	$(BIN)/python -m pytest -q -m alone $(ALONE)

side-by-side: .venv/test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not alone and not exhaustive"

## How many lines and branches the rows of make test reach: about ten minutes
coverage: .venv/test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not alone and not exhaustive" --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest -q -m alone --cov --cov-append --cov-report= --cov-fail-under=0 $(ALONE)
	$(BIN)/python tests/coverage_bar.py

## Quick check: the tests without the slow ones
test-fast: .venv/test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow and not alone and not exhaustive"

## Run every example (20 to 30 minutes on two cores) and write the table in examples/README.md
examples: .venv/demo
	$(BIN)/python -m pip install --quiet --editable ".[dask,demo,fast]"
	$(BIN)/python -m examples.table --out $(OUT)

## The fast tests with another NumPy, in a separate environment: make test-numpy NUMPY=2.0.2
NUMPY ?= 2.0.2
test-numpy:
	$(PYTHON) -m venv .venv/numpy-$(NUMPY)
	.venv/numpy-$(NUMPY)/bin/python -m pip install --quiet "numpy==$(NUMPY)" \
		--editable ".[dask,demo,draw,scipy,sklearn,test]"
	.venv/numpy-$(NUMPY)/bin/python -m pytest -q -m "not slow" -p no:cacheprovider

## The same with NumPy's pre-release if there is one, otherwise with its newest release
test-prerelease:
	$(PYTHON) -m venv .venv/numpy-pre
	.venv/numpy-pre/bin/python -m pip install --quiet --editable ".[dask,demo,draw,scipy,sklearn,test]"
	.venv/numpy-pre/bin/python -m pip install --quiet --upgrade --pre numpy
	.venv/numpy-pre/bin/python -m pytest -q -m "not slow" -p no:cacheprovider

## Run the thirteen notebooks and keep their outputs
notebooks: .venv/test
	$(BIN)/python notebooks/build.py

## Build a release, check it, commit and tag it: make release VERSION=0.2.0; see CONTRIBUTING.md
release: .venv/release
	$(BIN)/python tools/release.py $(VERSION)

## All of the walks of which `make test` does a part
exhaustive: .venv/test
	$(BIN)/python -m pytest -q -n auto -m exhaustive

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## Ratios to PyTorch and others, measured in one run
bench: .venv/bench
	$(BIN)/python -m benchmarks.small_ops
	$(BIN)/python -m benchmarks.clock --report docs/speed
	$(BIN)/python -m benchmarks.optimizers
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.cost
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.compiled --cpu
	$(BIN)/python -m benchmarks.jitted
	$(BIN)/python -m benchmarks.training_memory
	$(BIN)/python -m benchmarks.scaling --report docs/distributed.md

## Compare every module, loss, optimizer and schedule with PyTorch
crosscheck: .venv/bench
	$(BIN)/python -m pytest -q tests/crosscheck

## Plant faults in the rules, one at a time; the tests must catch each
mutation: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutate.py --report docs/mutation.md

## Random programs: each must end in a right answer (PyTorch's and JAX's) or a clear error
fuzz: .venv/test .venv/bench
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py --programs 100000 --report docs/fuzz.md
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz_compile.py --programs 10000 --report docs/fuzz-compile.md
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz_cross.py --programs 100000 --report docs/fuzz-cross.md

## Kills, mutated files, storms of threads and forks, faults, leaks: about eight minutes
attack: .venv/test
	$(BIN)/python -m attacks --report docs/reliability.md

## The generated pages and pictures of docs/
pages: .venv/test
	$(BIN)/python docs/make_numpy_page.py
	$(BIN)/python docs/make_idioms_page.py
	$(BIN)/python docs/make_kinks_page.py
	$(BIN)/python docs/make_gpu_page.py
	$(BIN)/python docs/make_array_api_pages.py
	$(BIN)/python docs/make_nn_coverage_page.py
	$(BIN)/python docs/make_compile_page.py
	$(BIN)/python docs/make_decisions_page.py
	$(BIN)/python docs/make_files_page.py
	$(BIN)/python docs/make_api_pages.py
	$(BIN)/python docs/make_array_api_pages.py
	$(BIN)/python -m docs.make_pictures

## The documentation site, in site/build/docs; a warning is an error
docs: .venv/docs
	$(BIN)/python site/docs/build_docs.py

## Playground, notebooks, documentation as one folder, site/build; needs Node.js 18 and npm
SITE ?= site/build
PYODIDE ?=
site: .venv/site .venv/docs
	$(BIN)/python site/docs/build_docs.py --out $(SITE)/docs
	$(BIN)/python site/build_site.py --out $(SITE) $(if $(PYODIDE),--pyodide $(PYODIDE))

## Show the built site on this machine
site-serve:
	$(PYTHON) site/serve_site.py $(SITE)

wheel: .venv/test
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .coverage .venv out dist build site/build *.egg-info .mypy_cache .ruff_cache .pytest_cache
