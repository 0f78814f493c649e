# Two commands are enough: `make run` and `make test`. `make` alone lists the others.

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest

# The environment's own Python once there is one, else the newest of the machine that will do.
ANY_PYTHON = $$(for p in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done \
	|| echo python3)

.PHONY: help run test lint types lock bench pictures demo shell messages vendor env dev

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: env ## The portal with its worker and clock, and on the first start a demo company (Ctrl-C ends it)
	@exec $(PYTHON) -m scripts.run

test: dev ## Every test: on PostgreSQL, Redis, real workers and a browser; then what both databases must do on SQLite
	$(PYTEST) -n auto --dist worksteal $(ARGS)
	$(PYTEST) -n auto --dist worksteal --db sqlite -m both -q $(ARGS)

lint: dev ## Style, forgotten migrations, layers, templates, vendored files
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) manage.py makemigrations --check --dry-run
	.venv/bin/lint-imports
	.venv/bin/djlint --lint templates
	$(PYTHON) -m scripts.vendor --check

types: dev ## mypy --strict
	$(PYTHON) -m mypy

lock: ## Resolve pyproject.toml anew into requirements*.lock
	@$(ANY_PYTHON) -m scripts.lock

bench: dev ## How fast it is, beside what is possible (docs/operations.md)
	$(PYTHON) -m scripts.bench $(ARGS)

pictures: dev ## Every page as its person sees it, into var/pictures
	$(PYTHON) -m scripts.pictures $(ARGS)

demo: env ## The demo company in the database of the settings (ARGS="--scale 100000")
	$(PYTHON) manage.py demo $(ARGS)

shell: env ## Django's shell
	$(PYTHON) manage.py shell

messages: dev ## Take new texts into the Chinese catalogue and compile it
	$(PYTHON) -m scripts.messages

vendor: env ## Fetch the libraries of the browser side anew into static/vendor
	$(PYTHON) -m scripts.vendor

env:
	@$(ANY_PYTHON) -m scripts.bootstrap

dev:
	@$(ANY_PYTHON) -m scripts.bootstrap test
