# `make run` and `make test` need Python 3.11-3.13 and make, nothing else: both set up .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run demo test test-all check fuzz bench docs wheel venv clean

run: $(READY)  ## the main job: find the planted anomalies in generated metrics
	$(BIN)/sre-anomaly

demo: $(READY)  ## the service beside a real Prometheus and Alertmanager: something breaks, pages, heals (four minutes)
	$(BIN)/python deploy/demo/demo.py

test: $(READY)  ## lint, types and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -q

test-all: $(READY)  ## everything, the slow tests too
	$(BIN)/pytest -n 2 -q -m "slow or not slow"

check: test

fuzz: $(READY)  ## ten thousand changed model folders: each refused in one line, or it answers (ten minutes)
	$(BIN)/python tests/helpers/changed_models.py 10000

bench: $(READY)  ## speed against the libraries beside us; prints ratios
	$(BIN)/python experiments/speed/bench.py

docs: $(READY)  ## the site of the docs, in site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheel: $(READY)
	$(BIN)/python -m build --wheel

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools wheel --constraint constraints.txt
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable ".[dev]" --constraint constraints.txt
	touch $@

clean:
	rm -rf .venv build dist site *.egg-info
