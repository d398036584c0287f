# Syncwatch: `make demo` shows it, `make run` runs it, `make test` tests it.

MAKEFLAGS += --no-print-directory
PORT ?= 8000
PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
# Tests keep their own database, apart from the one of `make run`. The processes they start find the product
# compiled, also where images for containers say that Python is to leave no bytecode behind.
TEST := PYTHONDONTWRITEBYTECODE= SYNCWATCH_VAR="$(CURDIR)/var/test" $(PYTHON) -m pytest

DOCS := build/docs/index.html

.PHONY: help docs install screenshots demo demo-reset demo-login run test test-servers lint format messages requirements clean bench bench-stalls bench-kills bench-delivery bench-webhooks bench-probe bench-pages

help:
	@echo "make demo        a fleet of sandbox shops with a storyline, on this machine (PORT=8000)"
	@echo "make demo-login  another one-time address to sign in to it"
	@echo "make demo-reset  forget what the demo did"
	@echo "make run         the product with an empty database (PORT=8000)"
	@echo "make docs        the documentation, built into build/docs and served at /docs/"
	@echo "make install     packages and documentation, for an installation that services start (docs/production.md)"
	@echo "make screenshots the pictures of the documentation, from a demo of their own"
	@echo "make test        all tests"
	@echo "make test-servers  shops behind real nginx and Apache, broken one by one and mended as is printed"
	@echo "make lint        style and types"
	@echo "make bench       what collecting costs; bench-webhooks what receiving does, bench-probe what examining does, bench-pages what pages do; bench-stalls, bench-kills and bench-delivery take longer (docs/measurements.md)"

demo: .venv/demo.stamp
	@$(DOCS_FIRST)
	@$(MANAGE) up --demo --port $(PORT)

demo-login: .venv/demo.stamp
	@$(MANAGE) demo_login

demo-reset: .venv/demo.stamp
	@$(MANAGE) demo_reset

run: .venv/base.stamp
	@$(DOCS_FIRST)
	@$(MANAGE) up --port $(PORT)

install: .venv/base.stamp docs
	@:

docs: $(DOCS)
	@:

$(DOCS): .venv/docs.stamp $(shell find docs -type f) CONTRIBUTING.md CHANGELOG.md
	@echo "Building the documentation ..." >&2
	@.venv/bin/sphinx-build -b html -q -d build/doctrees docs build/docs
	@touch $@

# What cannot be built must not keep the product from starting.
DOCS_FIRST = $(MAKE) docs >&2 || echo "The documentation was not built; Syncwatch starts without it." >&2

screenshots: .venv/dev.stamp
	@$(PYTHON) -m tests.screenshots $(ARGS)

# File by file, for what a module's tests share is then made once; the longest files begin (tests/conftest.py).
# Two more at a time than the two processors that are counted on, for many wait for clocks and processes.
test: .venv/dev.stamp
	@$(TEST) -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# Ends with the table of what was set up against what was named (var/test-servers/confusion.md).
test-servers: .venv/dev.stamp
	@sh tests/servers/install.sh
	@SYNCWATCH_REQUIRE_SERVICES=1 $(TEST) -n 2 -q -m servers tests/servers $(ARGS)

lint: .venv/dev.stamp
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@SYNCWATCH_VAR="$(CURDIR)/var/test" .venv/bin/mypy

bench: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.collecting $(ARGS)

bench-stalls: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.stalls $(ARGS)

bench-kills: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.kills $(ARGS)

bench-delivery: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.delivery $(ARGS)

bench-webhooks: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.webhooks $(ARGS)

bench-probe: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.probe $(ARGS)

# Stores ten million orders: a quarter of an hour. ARGS="--orders 100000" for a look.
bench-pages: .venv/dev.stamp
	@$(PYTHON) -m tests.bench.pages $(ARGS)

format: .venv/dev.stamp
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

# Brings the catalogue of translations up to date with the source, and compiles it.
messages: .venv/dev.stamp
	@SYNCWATCH_VAR="$(CURDIR)/var/test" $(PYTHON) -m tests.language.catalogue

clean:
	rm -rf .venv var build .mypy_cache .ruff_cache .pytest_cache htmlcov .coverage

# --- the virtual environment: made once, brought up to date when a list of requirements changed ---

.venv/bin/python:
	@sh requirements/venv.sh

.venv/base.stamp: requirements/base.txt | .venv/bin/python
.venv/docs.stamp: requirements/docs.txt | .venv/bin/python
.venv/demo.stamp: requirements/demo.txt | .venv/bin/python
.venv/dev.stamp: requirements/dev.txt | .venv/bin/python
.venv/%.stamp:
	@sh requirements/install.sh $*
	@touch $@

# Locks the requirements anew: `make requirements ARGS=--upgrade`.
requirements: .venv/dev.stamp
	@sh requirements/lock.sh $(ARGS)
