# make app    start the app                 make test         every check and test
# make bench  speed beside torch.nn         make screenshots  the README's pictures
# make laptop the numeric tests on an older processor     make busy  tests while all cores are busy
PYTHON ?= python3
ARGS ?=

PY := .venv/bin/python
# A stamp is named by the checksum of what it installed, so a ready .venv costs no call of pip.
APP_STAMP := .venv/.app-$(shell cat requirements.txt | cksum | cut -d ' ' -f 1)
DEV_STAMP := .venv/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d ' ' -f 1)
# Two tests run at a time. A browser and its server wait for each other most of the time, so two of these fit as well.
# ARGS may choose tests of one kind only: pytest then ends with 5 for the other.
NONE_CHOSEN := test $$? -eq 5 -a -n "$(ARGS)"
# What computes on an older processor, torch's own loops, oneDNN and MKL, and the tests that compare
# its numbers with others.
LAPTOP := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2
NUMERIC := $(patsubst %,tests/analysis/test_%.py,attribution explanations gradient_flow padding) \
	$(patsubst %,tests/models/test_%.py,classifier reader) \
	$(patsubst %,tests/nn/test_%.py,bptt buffers cells mgu parameters parity prefixes recording recurrent trace) \
	$(patsubst %,tests/theatre/test_%.py,reading) \
	$(patsubst %,tests/training/test_%.py,engine resume vectors)
# Long, and about something else: a count of texts, commands, programs that torch makes, memory.
NOT_NUMERIC := not hundred_texts and not the_command_passes and not compiled_exported and not memory_does_not_grow
NEEDED := "import sys; sys.exit(sys.version_info < (3, 11))"

.PHONY: app test check laptop busy bench screenshots clean
.DELETE_ON_ERROR:
# The age of .venv/bin/python is that of the link, not of the Python behind it: a .venv that had to
# be made anew is filled again.
MAKEFLAGS += --check-symlink-times

app: $(APP_STAMP)
	@exec $(PY) -m streamlit run app.py $(ARGS)

test: check laptop
	$(PY) -m tests.browser.chromium
	$(PY) -m pytest -m "not browser" -n 2 --dist loadfile $(ARGS) || $(NONE_CHOSEN)
	$(PY) -m pytest -m browser -n 2 --dist loadfile $(ARGS) || $(NONE_CHOSEN)

check: $(DEV_STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@node=$$(ls .venv/lib/python3*/site-packages/playwright/driver/node 2>/dev/null | head -n 1); \
	node=$${node:-$$(command -v node || true)}; \
	if [ -z "$$node" ]; then echo "No node here: the JavaScript tests are left out."; \
	else set -x; "$$node" --test tests/js/*.test.*; fi

laptop: $(DEV_STAMP)
	$(LAPTOP) $(PY) -m pytest $(NUMERIC) -n 2 --dist worksteal -k "$(NOT_NUMERIC)" $(ARGS) || $(NONE_CHOSEN)

busy: $(DEV_STAMP)
	$(PY) -m tests.busy $(PY) -m pytest -m "not browser" $(ARGS) || $(NONE_CHOSEN)

bench: $(DEV_STAMP)
	$(PY) -m benchmarks $(ARGS)

screenshots: $(DEV_STAMP)
	$(PY) -m tests.browser.chromium
	$(PY) -m tests.browser.screenshots $(ARGS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "No '$(PYTHON)' here. Install Python 3.11 or later, or name it: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c $(NEEDED) || { \
		echo "rnnviz needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name a newer one: make PYTHON=python3.12 ..."; exit 1; }
	@rm -rf .venv; $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu it comes with: apt install python3-venv"; exit 1; }

$(APP_STAMP): .venv/bin/python
	$(PY) -m pip install --quiet --requirement requirements.txt
	@rm -f .venv/.app-* && touch $@

$(DEV_STAMP): .venv/bin/python
	$(PY) -m pip install --quiet --requirement requirements-dev.txt
	@rm -f .venv/.dev-* .venv/.app-* && touch $@ $(APP_STAMP)
