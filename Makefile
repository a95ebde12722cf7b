# The two commands of the README: `make run` and `make test`. Everything they need goes into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STEP   := $(BIN)/python packaging/with_progress.py
# Of llama.cpp only its libraries are used: no tools, server, image code or what those share.
LLAMA_CMAKE_ARGS := -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF \
	'-DCMAKE_PROJECT_llama.cpp_INCLUDE=$(CURDIR)/packaging/llama_parts.cmake'
JOBS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
KERNEL_SOURCES := CMakeLists.txt $(wildcard app/tern/engine/kernels/*)

.PHONY: setup run test quick faults audit check thirty-questions other-systems bundle clean

setup: $(VENV)/.installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tern needs Python 3.11 or newer; say which with: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Step by step, so that editing a kernel does not build llama.cpp again.
$(VENV)/.llama: $(VENV)/bin/python pyproject.toml packaging/llama_parts.cmake
	@$(STEP) "Build tools (1 of 3)" -- $(PIP) install --progress-bar off --upgrade pip "scikit-build-core>=0.11" "cmake>=3.26" ninja
	@CMAKE_ARGS="$(LLAMA_CMAKE_ARGS)" CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) \
	  $(STEP) "llama.cpp (2 of 3, usually 2 to 6 minutes, once)" -- \
	  $(PIP) install -v --progress-bar off "$$(sed -n 's/^ *"\(llama-cpp-python==[0-9.]*\)".*/\1/p' pyproject.toml)"
	@touch $@

$(VENV)/.installed: $(VENV)/.llama pyproject.toml $(KERNEL_SOURCES)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(STEP) "Tern and its libraries (3 of 3)" -- \
	  $(PIP) install --progress-bar off --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.installed pyproject.toml
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(STEP) "What the tests need" -- \
	  $(PIP) install --progress-bar off --no-build-isolation --editable ".[test]"
	@touch $@

run: setup
	@$(BIN)/tern

test: $(VENV)/.test-installed
	@sh tests/system_packages.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile

# What needs no large file and no waiting: in under a minute, for whoever changes a label.
quick: $(VENV)/.test-installed
	$(BIN)/python -m pytest -m "not slow"

# What Tern survives (tests/faults): goes on where it stopped, and writes docs/FAULTS.md. Hours on two cores; some of it
# with FAULTS='--only power_loss --times 20'.
faults: $(VENV)/.test-installed
	cd tests && ../$(BIN)/python -m faults $(FAULTS)

# Known vulnerabilities in what Tern depends on; asks the registry about each package.
audit: $(VENV)/.test-installed
	$(BIN)/python packaging/audit.py

check: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# How well the passages of long texts are found: thirty questions over three texts, fetched from packages.
thirty-questions: $(VENV)/.test-installed
	cd tests && PYTHONPATH=. "$(CURDIR)/$(BIN)/python" -m tools.thirty_questions "$(CURDIR)/build/thirty-questions"

# ggml and the kernels compiled for macOS and Windows, and what Wine can run of them: fifteen minutes on two cores.
other-systems: $(VENV)/.test-installed
	@$(STEP) "Zig, a compiler for every system" -- $(PIP) install --progress-bar off --target build/zig --upgrade ziglang
	PYTHONPATH="$(CURDIR)/build/zig" TERN_OTHER_SYSTEMS=1 $(BIN)/python -m pytest -v tests/kernels/test_other_systems.py

# Tern for computers without Python and compiler: see packaging/bundle/README.md.
bundle: $(VENV)/bin/python
	$(BIN)/python packaging/bundle/make_bundle.py

clean:
	rm -rf build $(VENV)
