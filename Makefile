# Every target sets up what it needs, from a bare machine with Python 3.11, make and a package index.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
# One worker more than there are cores: many tests wait for a server. tests/distribution.py says which share a worker.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
WORKERS ?= $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))

.PHONY: demo test suite test-random soak up check types style nautilus bench-backtest bench clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 not found: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)
	$(BIN)/okxsignal demo

# Types and style are checked beside the tests, which wait for servers now and then.
test: $(READY)
	@$(MAKE) --no-print-directory --jobs=3 types style suite

suite: $(READY)
	$(PYTEST) -m "not soak"

test-random: $(READY)
	$(PYTEST) -m "not soak" --random-order

soak: $(READY)
	HYPOTHESIS_PROFILE=soak $(PYTEST) --timeout 900 -m "soak or hypothesis"

up: $(READY)
	$(BIN)/okxsignal up

check: $(READY)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types style

types: $(READY)
	$(BIN)/mypy

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_like_sql/staging dbt_like_sql/marts dbt_like_sql/checks dbt_like_sql/queries

nautilus: $(READY)
	test -x .venv-nautilus/bin/python || $(PYTHON) -m venv .venv-nautilus
	.venv-nautilus/bin/python -m pip install --quiet --disable-pip-version-check nautilus_trader==1.221.0
	$(BIN)/python -m tests.conformance.nautilus .venv-nautilus/bin/python

bench-backtest: $(READY)
	test -x .venv-backtest/bin/python || $(PYTHON) -m venv .venv-backtest
	.venv-backtest/bin/python -m pip install --quiet --disable-pip-version-check vectorbt==1.2.0 backtesting==0.6.6
	$(BIN)/python -m benchmarks.backtest .venv-backtest/bin/python

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	-test -x $(BIN)/okxsignal && $(BIN)/okxsignal down --forget
	rm -rf .venv .venv-nautilus .venv-backtest .okxsignal mlruns/*
