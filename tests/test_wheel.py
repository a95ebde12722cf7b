"""An installed Tern finds what it ships: the catalogue, the guide, icons and translations beside the package.

The wheel's own install rules are run (CMake's, without compiling) into a folder that stands for site-packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PROBE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import tern
from tern import paths
from tern.library import catalog
assert tern.__file__.startswith(sys.argv[1]), tern.__file__
print(json.dumps([str(paths.resources_dir()), str(paths.guide_model()), catalog.entries()[0].name]))
"""


def test_the_wheel_ships_its_resources(tmp_path: Path) -> None:
    cmake = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
    if cmake is None:
        pytest.skip("needs cmake")
    build, site = tmp_path / "build", tmp_path / "site"
    for command in (
        [
            cmake,
            "-S",
            str(ROOT),
            "-B",
            str(build),
            "-DSKBUILD_STATE=wheel",
            f"-DPython_EXECUTABLE={sys.executable}",
        ],
        [cmake, "--install", str(build), "--prefix", str(site), "--component", "resources"],
    ):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
    wanted = {
        path.relative_to(ROOT / "resources")
        for path in (ROOT / "resources").rglob("*")
        if path.is_file() and "screenshots" not in path.parts
    }
    installed = site / "tern" / "resources"
    assert {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()} == wanted
    assert {Path("catalog.json"), Path("guide/tern-guide.gguf"), Path("icons/tern.svg")} <= wanted
    assert any(path.suffix == ".qm" for path in wanted)
    package = ROOT / "app" / "tern"  # what `wheel.packages` copies: the Python files
    for path in package.rglob("*.py"):
        (site / "tern" / path.relative_to(package)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, site / "tern" / path.relative_to(package))
    # -S: the .pth files are not read, by which a checkout's own package would come first.
    places = os.pathsep.join([str(site), sysconfig.get_paths()["purelib"]])
    run = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, str(site)],
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert str(installed) in run.stdout
    assert "bitnet-2b4t" in run.stdout
