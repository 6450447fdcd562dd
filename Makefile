# One entry for people and machines: needs Python 3.11+, pip and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PORTAL := src/logster/web/static/index.html

# Tests wait as often as they work; each process has an engine, a server and a browser of its own.
PARALLEL := -n 3 --dist worksteal
WHOLE := --hypothesis-profile=whole

# What must be tried line by line and branch by branch.
COVERED := --include=src/logster/event.py,src/logster/ids.py,src/logster/errors.py,src/logster/query/*,src/logster/fields/*,src/logster/config.py,src/logster/ingest/*,src/logster/spool/* \
    --omit=src/logster/ingest/http.py,src/logster/ingest/arrival.py

CLIENTS := $(abspath $(or $(LOGSTER_CLIENTS),.clients))

.PHONY: serve test clients clients-ready clients-lock fuzz dark check quick hooks lint types portal bench bench-search bench-grouping bench-issues bench-portal soak chaos coverage docs dist release-folder clean screenshots lock

## serve: make the environment, build the portal, start on 127.0.0.1:8000
serve: $(READY)
	$(BIN)/logster serve

## test: everything, with the real engine, real databases, real sockets and a real browser; of the
##   rings that have them, up to five tests that failed beside others are tried once more, alone
test: $(READY) .venv/.browser .venv/.postgres
	$(BIN)/python -m pytest $(PARALLEL) $(WHOLE) --cache-clear || { test $$? = 1 && PYTHONPATH=tests $(BIN)/python -m support.again $(WHOLE); }
	$(BIN)/python hatch_build.py test

## deep: what is tried with random examples, fifty times as many as in `make test`
deep: $(READY)
	$(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile=deep --timeout=3600 -m hypothesis

## fuzz: bytes into every reader for an hour (FUZZ_MINUTES), led by the code that they reach
fuzz: .fuzz/.ready
	mkdir -p .fuzz/found
	PYTHONPATH=tests .fuzz/bin/python tests/fuzz/readers.py .fuzz/seeds -artifact_prefix=.fuzz/found/ \
	    -max_total_time=$$(( $${FUZZ_MINUTES:-60} * 60 )) -timeout=60 -rss_limit_mb=3000 -max_len=20000

.fuzz/.ready: $(READY)
	$(PYTHON) -m venv .fuzz
	$(BIN)/uv pip install -q -p .fuzz -r requirements.lock
	$(BIN)/uv pip install -q -p .fuzz --no-deps -e . atheris==3.0.0
	touch $@

## clients: the real clients of other servers send to the program; they are installed on first use
clients: clients-ready
	LOGSTER_CLIENTS=$(CLIENTS) $(BIN)/python -m pytest -q tests/clients

## clients-ready: install them into .clients (LOGSTER_CLIENTS), apart from everything else
clients-ready: $(READY)
	PYTHONPATH=tests:. $(BIN)/python -m support.client_packages $(CLIENTS)

## dark: the portal's tests once more, in the dark scheme
dark: $(READY) .venv/.browser
	LOGSTER_TEST_SCHEME=dark $(BIN)/python -m pytest $(PARALLEL) tests/served/test_portal*.py

## check: the fast rings, lint and types; under a minute
check: $(READY) lint
	$(BIN)/python -m pytest $(PARALLEL) tests/unit tests/protocols

## quick: what each commit is looked at for: lint, the lock, what is drawn or printed into the docs
quick: $(READY) lint
	$(BIN)/python -m pytest -q tests/unit/test_docs.py tests/unit/test_requirements.py \
	    tests/unit/test_functions.py::test_every_function_is_documented

## hooks: run `make quick` before every commit in this clone
hooks: $(READY)
	git config core.hooksPath .githooks

## lint: ruff and mypy; types: the portal's types, eslint and prettier
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

types: $(READY)
	$(BIN)/python hatch_build.py check

## portal: build the portal anew
portal: $(READY)
	$(BIN)/python hatch_build.py

## bench: measure ingestion on this machine; BENCH='--full' for every load, '--dialects' for every dialect
bench: $(READY)
	PYTHONPATH=tests $(BIN)/python -m bench.ingest $(BENCH)

## bench-search: measure questions on 10 million rows; BENCH='--rows 2000000', '--help' for more
bench-search: $(READY)
	PYTHONPATH=tests $(BIN)/python -m bench.search $(BENCH)

## bench-issues: the list and the page of issues over 10 million rows, and what a merge costs
bench-issues: $(READY)
	PYTHONPATH=tests $(BIN)/python -m bench.issues $(BENCH)

## bench-grouping: which errors become one issue; BENCH=a file or folder of sets like tests/corpus/groups
bench-grouping: $(READY)
	PYTHONPATH=tests $(BIN)/python -m bench.grouping $(BENCH)

## bench-portal: first paint, size, scrolling and live tail of the portal in Chromium
bench-portal: $(READY) .venv/.browser
	PYTHONPATH=tests $(BIN)/python -m bench.portal

## soak: an hour (SOAK_MINUTES) at four fifths of the peak; draws docs/images/soak.svg
soak: $(READY)
	PYTHONPATH=tests $(BIN)/python -m bench.soak

## chaos: ten minutes of random faults; every message is accounted for (CHAOS='--seed N')
chaos: $(READY)
	PYTHONPATH=tests $(BIN)/python -m support.chaos $(CHAOS)

## coverage: of vocabulary, readers, spool and drain, by the fast rings
coverage: $(READY)
	$(BIN)/coverage run -m pytest -q tests/unit tests/protocols
	$(BIN)/coverage report --show-missing $(COVERED)

## docs: what is drawn or printed from the program itself
docs: $(READY)
	$(BIN)/python docs/imports.py
	$(BIN)/python -m logster.config > docs/reference/settings.md
	$(BIN)/python -m logster.store.embedded.functions > docs/reference/sql.md

## screenshots: the pictures of docs/images
screenshots: $(READY) .venv/.browser
	PYTHONPATH=tests $(BIN)/python -m bench.screenshots

## dist: the wheel
dist: $(READY)
	$(BIN)/uv build -q --wheel -o dist

## release-folder: a data folder as this release leaves it, for the upgrade test of all later ones
release-folder: $(READY)
	PYTHONPATH=tests $(BIN)/python -m support.release

## lock: choose the newest allowed versions again
lock: $(READY)
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements.lock

## clients-lock: choose the newest allowed versions of the Python clients again
clients-lock: $(READY)
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url tests/clients/requirements.in -o tests/clients/requirements.txt

$(READY): pyproject.toml requirements.lock hatch_build.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip install -q -p .venv -r requirements.lock
	$(BIN)/uv pip install -q -p .venv --no-deps -e .
	touch $@

# The browser tests need Chromium; Debian's package serves, and root may install it.
.venv/.browser: $(READY)
	@command -v chromium >/dev/null || { \
	    test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	} || { echo "The browser tests need chromium on the PATH (Debian: apt-get install chromium)."; exit 1; }
	touch $@

# The tests of the meta database start a PostgreSQL of their own; Debian's package serves.
.venv/.postgres: $(READY)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
	    test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null; \
	} || { echo "The database tests need PostgreSQL's server (Debian: apt-get install postgresql)."; exit 1; }
	touch $@

clean:
	rm -rf .venv .clients dist build .mypy_cache .ruff_cache .pytest_cache portal/node_modules src/logster/web/static
