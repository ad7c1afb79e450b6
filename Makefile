# Recipes are exactly what CI runs. `make setup` is called first by each of them.
VENV := .venv
BIN := $(VENV)/bin
UV := .uv/bin/uv
# Source packages are built with locked requirements alone; without hashes for one of them nothing is built.
BUILD := --build-constraints requirements-build.lock --require-build-hashes --preview-features build-dependency-hashes
PYTHON ?= python3
VIDEOS ?=
OUT ?= out/demo
PROCESSES ?= 3
LIMITS := $(addprefix tests/,golden parity contracts pipeline/controls pipeline/estimators \
  $(addsuffix .py,$(addprefix media/test_,encode members pictures resample sound)))

unexport PYTHONDONTWRITEBYTECODE  # images of containers set it: each process would compile all libraries anew

.PHONY: setup demo test test-long test-limits check bench lock clean

setup: $(VENV)/.ready

$(UV): requirements-build.lock
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements-build.lock
	touch $@

$(VENV)/.ready: requirements-dev.lock storage/weights.lock pyproject.toml $(UV)
	test -x $(BIN)/python || $(UV) venv --quiet --no-python-downloads --python "$(PYTHON)" $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes $(BUILD) requirements-dev.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps $(BUILD) -e .
	$(BIN)/understudy weights
	touch $@

demo: setup  ## a data set from real video, and its overlay sheets; VIDEOS=folder takes your own
	$(BIN)/python -m jobs.demo --out "$(OUT)" $(if $(VIDEOS),--videos "$(VIDEOS)")

test: setup  ## what every change must pass; one process more than two cores, for tests of clusters mostly wait
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal -m "not long"

test-long: setup  ## more clips, ranks and kills of what `make test` shows, before a release
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal -m long

test-limits: setup  ## known answers, with libraries held back to what any processor has
	$(BIN)/python -m tests.machines.limits sse $(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal -m "not long" $(LIMITS)

check: setup  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

bench: setup  ## speed, memory and accuracy tables in benchmarks/
	$(BIN)/python -m benchmarks

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --custom-compile-command "make lock" \
  --no-emit-index-url

lock: $(UV)  ## write the locks anew from pyproject.toml: what builds, what runs, what develops
	$(COMPILE) --group build --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --all-extras $(BUILD) --output-file requirements.lock
	$(COMPILE) pyproject.toml --all-extras $(BUILD) --group dev --constraints requirements.lock \
	  --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .uv out
