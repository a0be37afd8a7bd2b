# Everything, on a machine with Python 3.11 or later (pip and venv), make and git. uv is used where it is there.
# The newest Python that runs here: a shim whose version is not installed does not.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p --version >/dev/null 2>&1 && command -v $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(shell command -v uv)
JOBS ?= 2
# Compiled modules are kept, also where the environment says otherwise: each of a thousand programs would compile ours anew.
export PYTHONDONTWRITEBYTECODE :=
# As the command does: matrices are small, and threads that share one wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: report bench test quick lint format types doctest docs examples check lock clean

report: $(READY)
	$(BIN)/python models/main_report.py

# Reduced sizes, in minutes; the results of full runs are under reports/benchmarks, with their commands.
bench: $(READY)
	$(BIN)/python benchmarks/everyday.py --reduced --against reports/benchmarks/everyday_baseline.json --out .cache/bench/everyday.json
	$(BIN)/python benchmarks/startup.py --repeats 3 --out .cache/bench
	$(BIN)/python benchmarks/reduction.py --responses 1000000 --repeats 2 --out .cache/bench
	$(BIN)/python benchmarks/paper_scale.py --questions 190 --out .cache/bench
	$(BIN)/python benchmarks/uncollapsed.py --questions 40 --warmup 100 --draws 100 --out .cache/bench
	$(BIN)/python benchmarks/peers.py --sets 3 --slow-sets 1 --out .cache/bench
	$(BIN)/python benchmarks/targets.py --reduced .cache/bench

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

quick: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow and not external"

lint: $(READY)
	$(BIN)/ruff check .

format: $(READY)
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

doctest: $(READY)
	$(BIN)/python -m pytest -q --doctest-modules src/hotmess

# The site in docs/_build/html, offline: pictures, pages with warnings as errors, links.
docs: $(READY)
	$(BIN)/python docs/figures.py
	$(BIN)/python -m sphinx -q -W --keep-going -E -b html docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

examples: $(READY)
	$(BIN)/python docs/examples.py

check: lint format types doctest docs

$(READY): pyproject.toml requirements.lock
ifeq ($(UV),)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev]"
else
	test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(BIN)/python -c requirements.lock -e ".[dev]"
endif
	touch $@

# The lock serves Python 3.11 to 3.13 on all platforms; pip and uv read it as constraints.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
	  pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) docs/_build docs/figures .pytest_cache .ruff_cache .mypy_cache .hypothesis
