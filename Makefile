# Two commands on a machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: run test audit clean

run: $(READY)
	@test -e data/landing || cp -R data/sample/exports data/landing
	@$(VENV)/bin/cdp run --as-of 2026-06-02

# The tests; then ten nights of a simulated company, which have to reach every floor.
test: $(READY)
	@$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
	@$(VENV)/bin/cdp scoreboard --people 2000 --nights 10

# Known vulnerabilities of the locked versions, by PyPI's advisories: asks the network, so it is a job of its
# own in CI. What could not be looked up fails it.
audit:
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
		$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	@$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements.lock

# Installed once; again only when the locked versions or the package's own metadata change.
$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv (once; the packages are what takes the time) …"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

clean:
	rm -rf $(VENV) data/landing data/lake data/warehouse data/reports data/activation data/state data/logs
