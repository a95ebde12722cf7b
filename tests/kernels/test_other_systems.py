"""The kernels compile and link for macOS and Windows too, and what Wine can run passes there: ``make other-systems``.

The compiler is Zig's, which brings every system's headers along (PyPI: ziglang). Skipped where it is not installed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import driver_build
import pytest

from patience import HANG_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="the compiler is called by a shell script"),
]
# Zig's name of each system, CMake's names of it, and the first bytes of its libraries.
SYSTEMS = {
    "aarch64-macos": ("Darwin", "arm64", b"\xcf\xfa\xed\xfe"),
    "x86_64-macos": ("Darwin", "x86_64", b"\xcf\xfa\xed\xfe"),
    "x86_64-windows-gnu": ("Windows", "AMD64", b"MZ"),
    "aarch64-windows-gnu": ("Windows", "ARM64", b"MZ"),
}
# Zig has its own names for what an Arm processor can do.
_TOOL = """#!{python}
import os, sys
arguments = [each.replace("-march=armv8.2-a", "-mcpu=generic+v8_2a") for each in sys.argv[1:]]
target = ["-target", "{system}"] if "{tool}" == "cc" else []
os.execv(sys.executable, [sys.executable, "-m", "ziglang", "{tool}", *target, *arguments])
"""


def built(system: str, folder: Path) -> Path:
    """The folder of library and drivers."""
    name, processor, _ = SYSTEMS[system]
    tools = folder / "tools"
    tools.mkdir()
    for tool in ("cc", "ar", "ranlib"):
        (tools / tool).write_text(_TOOL.format(python=sys.executable, tool=tool, system=system))
        (tools / tool).chmod(0o755)
    options = [
        f"-DCMAKE_SYSTEM_NAME={name}",
        f"-DCMAKE_SYSTEM_PROCESSOR={processor}",
        f"-DCMAKE_C_COMPILER={tools / 'cc'}",
        f"-DCMAKE_AR={tools / 'ar'}",
        f"-DCMAKE_RANLIB={tools / 'ranlib'}",
        "-DCMAKE_BUILD_TYPE=Release",
    ]
    if name == "Darwin":
        options += [
            f"-DCMAKE_OSX_ARCHITECTURES={processor}",
            "-DCMAKE_OSX_SYSROOT=/",
            "-DCMAKE_INSTALL_NAME_TOOL=true",
        ]
    return driver_build.build(folder / "build", *options).parent


@pytest.mark.parametrize("system", SYSTEMS)
def test_it_compiles_and_links(system: str, tmp_path: Path) -> None:
    folder = built(system, tmp_path)
    magic = SYSTEMS[system][2]
    (library,) = (path for path in folder.rglob("*tern_kernels.*") if path.suffix in (".dylib", ".dll"))
    assert library.read_bytes().startswith(magic)
    if system != "x86_64-windows-gnu":
        return
    wine = shutil.which("wine64") or shutil.which("wine") or "/usr/lib/wine/wine64"
    if not Path(wine).exists():
        pytest.skip("it compiles; Wine is not installed, so it was not run")
    environment = os.environ | {
        "WINEPREFIX": str(tmp_path / "wine"),
        "WINEDEBUG": "-all",
        "WINEPATH": str(library.parent),
    }
    for driver in ("kernel_driver", "kernel_attention_driver"):
        command = [wine, str(folder / f"{driver}.exe"), "11", "20"]
        ran = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=HANG_S, check=False
        )
        print(ran.stdout)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "comparisons equal" in ran.stdout
