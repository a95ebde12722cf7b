"""The kernels' picture of a tensor is ggml's own, field by field, in the version that is installed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "app" / "tern" / "engine" / "kernels"
FIELDS = [
    "type",
    "buffer",
    "ne",
    "nb",
    "op",
    "op_params",
    "flags",
    "src",
    "view_src",
    "view_offs",
    "data",
    "name",
    "extra",
    "padding",
]
TYPES = ("F32", "F16", "Q8_0", "I32")


def _told(header: Path, folder: Path) -> list[str]:
    """Places and sizes of all fields, and the types' numbers, as a program that includes ``header`` sees them."""
    tells = [
        f'printf("{name} %zu %zu\\n", offsetof(struct ggml_tensor, {name}), sizeof t.{name});'
        for name in FIELDS
    ]
    tells += [f'printf("{name} %d\\n", (int)GGML_TYPE_{name});' for name in TYPES]
    (source := folder / "tell.c").write_text(
        f'#include <stddef.h>\n#include <stdio.h>\n#include "{header}"\n'
        f'int main(void) {{ struct ggml_tensor t; printf("%zu\\n", sizeof t); {" ".join(tells)} return 0; }}\n'
    )
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    program = folder / "tell"
    subprocess.run([compiler, "-I", str(header.parent), str(source), "-o", str(program)], check=True)
    return subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()


def test_it_is_the_installed_ggmls(tmp_path: Path) -> None:
    found = importlib.util.find_spec("llama_cpp")
    assert found is not None
    assert found.origin is not None
    include = Path(found.origin).parent.parent / "include"
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = _told(include / "ggml.h", tmp_path / "theirs")
    assert len(theirs) == 1 + len(FIELDS) + len(TYPES)
    assert _told(KERNELS / "ggml_tensor.h", tmp_path / "ours") == theirs
