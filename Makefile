# The two commands of the README: `make run` and `make test`. Everything they need goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
# llama.cpp's command-line tools, server and image code are not used; leaving them out halves the build.
LLAMA_CMAKE_ARGS := -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
JOBS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
KERNEL_SOURCES := CMakeLists.txt $(wildcard app/tern/engine/kernels/*)

.PHONY: setup run test check clean

setup: $(VENV)/.installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tern needs Python 3.11 or newer; say which with: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Step by step, so that editing a kernel does not build llama.cpp again.
$(VENV)/.llama: $(VENV)/bin/python pyproject.toml
	$(PIP) install -q --upgrade pip
	$(PIP) install -q "scikit-build-core>=0.11" "cmake>=3.26" ninja
	@echo "Building llama-cpp-python (about five minutes on two cores, once) ..."
	CMAKE_ARGS="$(LLAMA_CMAKE_ARGS)" CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(PIP) install -q "$$(sed -n 's/^ *"\(llama-cpp-python==[0-9.]*\)".*/\1/p' pyproject.toml)"
	@touch $@

$(VENV)/.installed: $(VENV)/.llama pyproject.toml $(KERNEL_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install -q --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed pyproject.toml
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install -q --no-build-isolation --editable ".[test]"
	@touch $@

run: setup
	@$(BIN)/tern

test: $(VENV)/.test-installed
	@sh tests/system_packages.sh
	$(BIN)/python -m pytest

check: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf build $(VENV)
