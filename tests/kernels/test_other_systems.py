"""Kernels and ggml compile and link for macOS and Windows too, and what Wine can run passes: ``make other-systems``.

The compilers are Zig's (PyPI: ziglang), which brings every system's headers along, and for ggml on Windows Debian's
mingw-w64 (g++-mingw-w64-x86-64-posix). What is not installed is skipped.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import driver_build
import pytest

from patience import HANG_S

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging" / "engine"))

import build_wheel  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the compiler is called by a shell script"),
]
zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")
minutes = pytest.mark.skipif(
    "TERN_OTHER_SYSTEMS" not in os.environ, reason="takes minutes: make other-systems"
)
# Zig's name of each system, CMake's names of it, and the first bytes of its libraries.
SYSTEMS = {
    "aarch64-macos": ("Darwin", "arm64", b"\xcf\xfa\xed\xfe"),
    "x86_64-macos": ("Darwin", "x86_64", b"\xcf\xfa\xed\xfe"),
    "x86_64-windows-gnu": ("Windows", "AMD64", b"MZ"),
    "aarch64-windows-gnu": ("Windows", "ARM64", b"MZ"),
}
MINGW = "x86_64-w64-mingw32"
# Zig has its own names for what an Arm processor can do.
_TOOL = """#!{python}
import os, sys
arguments = [each.replace("-march=armv8.2-a", "-mcpu=generic+v8_2a") for each in sys.argv[1:]]
target = ["-target", "{system}"] if "{tool}" in ("cc", "c++") else []
os.execv(sys.executable, [sys.executable, "-m", "ziglang", "{tool}", *target, *arguments])
"""


def zig_options(system: str, folder: Path) -> list[str]:
    """CMake's options that make Zig the compiler for ``system``."""
    name, processor, _ = SYSTEMS[system]
    tools = folder / "tools"
    tools.mkdir()
    for tool in ("cc", "c++", "ar", "ranlib"):
        (tools / tool).write_text(_TOOL.format(python=sys.executable, tool=tool, system=system))
        (tools / tool).chmod(0o755)
    options = [
        f"-DCMAKE_SYSTEM_NAME={name}",
        f"-DCMAKE_SYSTEM_PROCESSOR={processor}",
        f"-DCMAKE_C_COMPILER={tools / 'cc'}",
        f"-DCMAKE_CXX_COMPILER={tools / 'c++'}",
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
    return options


def wine(folder: Path, *command: str | Path) -> str:
    """What the program says under Wine, which finds its libraries in ``folder``. Skips where there is no Wine."""
    program = shutil.which("wine64") or shutil.which("wine") or "/usr/lib/wine/wine64"
    if not Path(program).exists():
        pytest.skip("it compiles; Wine is not installed, so it was not run")
    libraries = [str(folder), f"/usr/lib/gcc/{MINGW}/12-posix", f"/usr/{MINGW}/lib"]
    environment = os.environ | {
        "WINEPREFIX": str(folder / "wine"),
        "WINEDEBUG": "-all",
        "WINEPATH": ";".join(libraries),
    }
    ran = subprocess.run(
        [program, *map(str, command)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=HANG_S,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@zig
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_kernels_compile_and_link(system: str, tmp_path: Path) -> None:
    folder = driver_build.build(tmp_path / "build", *zig_options(system, tmp_path)).parent
    magic = SYSTEMS[system][2]
    (library,) = (path for path in folder.rglob("*tern_kernels.*") if path.suffix in (".dylib", ".dll"))
    assert library.read_bytes().startswith(magic)
    if system != "x86_64-windows-gnu":
        return
    for driver in ("kernel_driver", "kernel_attention_driver"):
        assert "comparisons equal" in wine(library.parent, folder / f"{driver}.exe", "11", "20")


@pytest.fixture(scope="module")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """llama.cpp's source, of the version that Tern needs."""
    folder = tmp_path_factory.mktemp("llama")
    what = build_wheel.requirement()
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*fetch, "--no-binary", "llama-cpp-python", "-d", str(folder), what], check=True)
    (packed,) = folder.glob("llama_cpp_python-*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("llama_cpp_python-*/vendor/llama.cpp")
    return source


def ggml(source: Path, folder: Path, *options: str) -> list[Path]:
    """ggml's two libraries as the bundle has them, built with these options of CMake's."""
    flags = [f"-D{name}={value}" for name, value in build_wheel.FLAGS.items()]
    commands = (
        [
            driver_build.cmake(),
            "-G",
            "Ninja",
            "-S",
            source,
            "-B",
            folder,
            *flags,
            "-DBUILD_SHARED_LIBS=ON",
            *options,
        ],
        [driver_build.cmake(), "--build", folder, "--parallel", "2", "--target", "ggml-base", "ggml-cpu"],
    )
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return [
        path
        for path in (folder / "bin").iterdir()
        if path.suffix in (".dylib", ".dll") and not path.is_symlink()
    ]


@zig
@minutes
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("system", ["aarch64-macos", "x86_64-macos"])
def test_ggml_compiles_and_links_for_macs(llama_cpp: Path, system: str, tmp_path: Path) -> None:
    # Apple's own frameworks are not among Zig's headers: no Accelerate, which multiplies large matrices of floats.
    apple = ["-DGGML_ACCELERATE=OFF", "-DGGML_BLAS=OFF"]
    libraries = ggml(llama_cpp, tmp_path / "build", *zig_options(system, tmp_path), *apple)
    assert len(libraries) == 2
    assert all(library.read_bytes().startswith(SYSTEMS[system][2]) for library in libraries)


@minutes
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    not shutil.which(f"{MINGW}-g++-posix"), reason="g++-mingw-w64-x86-64-posix is not installed"
)
def test_ggml_computes_as_a_windows_library(llama_cpp: Path, tmp_path: Path) -> None:
    compilers = [f"-DCMAKE_C_COMPILER={MINGW}-gcc-posix", f"-DCMAKE_CXX_COMPILER={MINGW}-g++-posix"]
    system = ["-DCMAKE_SYSTEM_NAME=Windows", "-DCMAKE_SYSTEM_PROCESSOR=AMD64", "-DCMAKE_BUILD_TYPE=Release"]
    old = (
        "-DCMAKE_C_FLAGS=-D_WIN32_WINNT=0x0601"  # Debian 12's headers lack what ggml asks a newer Windows for
    )
    libraries = ggml(llama_cpp, tmp_path / "build", *system, *compilers, old)
    assert len(libraries) == 2
    program = tmp_path / "build" / "bin" / "ggml_driver.exe"
    source = Path(__file__).with_name("ggml_driver.c")
    include = llama_cpp / "ggml" / "include"
    compile_it = [f"{MINGW}-gcc-posix", "-DGGML_SHARED", "-DGGML_BACKEND_SHARED", f"-I{include}", source]
    subprocess.run([*compile_it, *libraries, "-o", program], check=True)
    assert "240 values equal" in wine(program.parent, program)
