"""Builds the wheel of llama-cpp-python that bundles carry: ``python packaging/engine/build_wheel.py FOLDER``.

Run it with the Python the bundle is made with. Five minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "packaging" / "llama_parts.cmake"
FLAGS = {  # why: README.md beside this file
    "GGML_NATIVE": "OFF",
    "GGML_AVX2": "ON",
    "GGML_FMA": "ON",
    "GGML_F16C": "ON",
    "GGML_BMI2": "ON",
    "GGML_AVX": "ON",
    "GGML_SSE42": "ON",
    "GGML_OPENMP": "OFF",
    "GGML_METAL": "OFF",
    "GGML_CPU_KLEIDIAI": "OFF",
    "LLAVA_BUILD": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_TOOLS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_SERVER": "OFF",
    "CMAKE_PROJECT_llama.cpp_INCLUDE": str(PARTS),
}


def requirement() -> str:
    """llama-cpp-python and its version, as pyproject.toml has it."""
    found = re.search(r'"(llama-cpp-python==[0-9.]+)"', (ROOT / "pyproject.toml").read_text())
    assert found
    return found[1]


def build(folder: Path, python: str = sys.executable) -> Path:
    """llama-cpp-python's wheel in ``folder``, built if it is not there yet. Its requirements are not built."""
    flags = " ".join(f"'-D{name}={value}'" for name, value in FLAGS.items())
    version = requirement().partition("==")[2]
    return _wheel(folder, python, requirement(), f"llama_cpp_python-{version}-*.whl", {"CMAKE_ARGS": flags})


def build_numpy(folder: Path, python: str = sys.executable) -> Path:
    """NumPy's wheel without a BLAS (25 MB, and threads of its own), for products that Tern never asks of it."""
    options = [f"-Csetup-args={option}" for option in ("-Dblas=none", "-Dlapack=none", "-Dallow-noblas=true")]
    return _wheel(folder, python, "numpy", "numpy-*.whl", {}, *options)


def _wheel(
    folder: Path, python: str, what: str, pattern: str, variables: dict[str, str], *options: str
) -> Path:
    """The wheel in ``folder``, kept while version, flags and Python are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    name = what.partition("==")[0]
    recipe = folder / f"{name}.recipe"
    told = subprocess.run([python, "-VV"], check=True, capture_output=True, text=True).stdout
    wanted = "\n".join([what, told.strip(), *options, *variables.values(), PARTS.read_text(encoding="utf-8")])
    found = sorted(folder.glob(pattern))
    if found and recipe.exists() and recipe.read_text(encoding="utf-8") == wanted:
        return found[0]
    for old in found:
        old.unlink()
    # Never from pip's cache: a wheel there was built with whatever flags were in force that day.
    build = ["--no-deps", "--no-cache-dir", "--no-binary", name, "-w", str(folder), *options, what]
    subprocess.run([python, "-m", "pip", "wheel", *build], check=True, env=os.environ | variables)
    recipe.write_text(wanted, encoding="utf-8")
    return sorted(folder.glob(pattern))[0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    print(build(parser.parse_args().folder))
