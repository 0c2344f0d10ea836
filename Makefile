# Each target sets up what it needs; on a Debian machine with python3 and make, any of them may be the first command typed.
#   make lab     two mail domains on this machine, ready to be tried       make test    every test
#   make check   style, types, imports, house limits                       make bench   speed, beside other servers
# ARGS is handed on: make lab ARGS=--json    make test ARGS="tests/unit/wire -x"

.DEFAULT_GOAL := help
.PHONY: help setup web lab test check bench lock clean

VENV := .venv
BIN := $(VENV)/bin
# The stamp is for one place: a copied or moved environment does not work, and is made anew.
READY := $(VENV)/.ready-$(shell pwd | cksum | cut -d' ' -f1)

help:
	@sed -n 's/^#   //p' Makefile

setup: $(READY) web

$(READY): pyproject.toml requirements.lock tools/make_venv.sh
	@sh tools/make_venv.sh $(VENV)
	@touch $@

# The web mail: built when its sources have changed. Where that fails, it says so, and mail works without it.
web: $(READY)
	@$(BIN)/python tools/web_build.py

lab: web
	@$(BIN)/postroom lab $(ARGS)

# One more than there are processors, since tests wait, too; at most eight: each has servers of its own, and half a gigabyte.
WORKERS = $(shell n=$$(nproc); echo $$((n < 7 ? n + 1 : 8)))
# One heap for all threads of a process: each thread's own keeps what thousands of tests have freed in it.
test: web
	@sh tools/debian_packages.sh $(VENV)/.debian-packages-missing
	@MALLOC_ARENA_MAX=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict src tools bench
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python tools/check_house.py

# Compiled as an installed server is, also where Python itself may not write what it compiled.
bench: $(READY)
	@$(BIN)/python -m compileall -q -j 0 src
	@$(BIN)/python -m bench $(ARGS)

# Writes requirements.lock anew from pyproject.toml; versions stay unless ARGS says otherwise: make lock ARGS=--upgrade
LOCKER := build/locker
lock: $(READY)
	@test -x $(LOCKER)/bin/pip-compile || { $(BIN)/python -m venv $(LOCKER) && $(LOCKER)/bin/pip install --quiet pip-tools; }
	@$(LOCKER)/bin/pip-compile --quiet --extra dev --build-deps-for wheel --generate-hashes --allow-unsafe --strip-extras \
	    --no-annotate --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	    --output-file requirements.lock $(ARGS) pyproject.toml
	@sed -i '/^#/d; /^$$/d' requirements.lock

clean:
	rm -rf $(VENV) build dist src/postroom/web/static frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +
