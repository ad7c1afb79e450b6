# Recipes are exactly what CI runs. `make setup` is called first by each of them.
VENV := .venv
BIN := $(VENV)/bin
UV := $(or $(shell command -v uv),.uv/bin/uv)
PYTHON ?= python3
VIDEOS ?=
OUT ?= out/demo
LIMITS := $(addprefix tests/,golden parity contracts media resume pipeline/controls pipeline/estimators model/nets)

.PHONY: setup demo test test-limits check bench lock clean

setup: $(VENV)/.ready

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv

$(VENV)/.ready: requirements.lock pyproject.toml | $(filter .uv/%,$(UV))
	test -x $(BIN)/python || $(UV) venv --quiet --no-python-downloads --python "$(PYTHON)" $(VENV)
	VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: setup  ## a data set from real video, and its overlay sheets; VIDEOS=folder takes your own
	$(BIN)/python -m jobs.demo --out "$(OUT)" $(if $(VIDEOS),--videos "$(VIDEOS)")

test: setup  ## all tests, on two processes
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-limits: setup  ## known answers, with libraries held back to what any processor has
	$(BIN)/python -m tests.machines.limits sse $(BIN)/python -m pytest -n 2 --dist worksteal $(LIMITS)

check: setup  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## speed, memory and accuracy tables in benchmarks/
	$(BIN)/python -m benchmarks

lock: | $(filter .uv/%,$(UV))  ## write requirements.lock anew from pyproject.toml
	$(UV) pip compile pyproject.toml --quiet --all-extras --group dev --universal --generate-hashes \
	  --custom-compile-command "make lock" --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf $(VENV) .uv out
