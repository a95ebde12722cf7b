"""Makes the bundle: ``make bundle``, or ``python packaging/bundle/make_bundle.py [--out FOLDER]``.

An environment of its own holds what Tern needs and nothing else; PyInstaller collects from it. Then the program is
tried (``--self-test``), measured (sizes by part, number of libraries, the oldest glibc it runs with) and packed by the
system's own packaging (../linux, ../macos, ../windows).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "engine"))

from build_wheel import build as build_engine  # noqa: E402
from build_wheel import build_numpy  # noqa: E402

_GLIBC = re.compile(rb"\bGLIBC_(2\.\d+)(?:\.\d+)?\b")
_TOOLS = ("pyinstaller>=6.10", "scikit-build-core>=0.11", "cmake>=3.26", "ninja")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bundle", help="default: build/bundle")
    out: Path = parser.parse_args().out.absolute()
    python = environment(out / "venv")
    program = freeze(python, out)
    folder = program.parent if sys.platform != "darwin" else program.parents[2]
    said, glibc = report(folder)
    print(said, flush=True)
    subprocess.run([str(program), "--self-test"], check=True)
    system = {"darwin": "macos/make_dmg.py", "win32": "windows/make_setup.py"}
    packer = HERE.parent / system.get(sys.platform, "linux/make_packages.py")
    subprocess.run(
        [python, str(packer), str(folder), str(out), *(["--glibc", glibc] if glibc else [])], check=True
    )
    return 0


def environment(folder: Path) -> str:
    """A Python with Tern, the portable engine and PyInstaller in it."""
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    wheels = [build_engine(folder.parent / "wheels", python)]
    if sys.platform == "linux":  # elsewhere NumPy's wheels carry none, or the system's
        wheels.append(build_numpy(folder.parent / "wheels", python))
    subprocess.run([*install, *_TOOLS, *map(str, wheels)], check=True)
    tools = os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    subprocess.run(
        [*install, "--no-build-isolation", str(ROOT)], check=True, env=os.environ | {"PATH": tools}
    )
    return python


def freeze(python: str, out: Path) -> Path:
    """The program, in its folder."""
    places = [
        "--distpath",
        str(out / "dist"),
        "--workpath",
        str(out / "work"),
        "--noconfirm",
        "--log-level",
        "WARN",
    ]
    subprocess.run([python, "-m", "PyInstaller", *places, str(HERE / "tern.spec")], check=True)
    if sys.platform == "darwin":
        return out / "dist" / "Tern.app" / "Contents" / "MacOS" / "tern"
    return out / "dist" / "tern" / ("tern.exe" if os.name == "nt" else "tern")


def report(folder: Path) -> tuple[str, str]:
    """Sizes by part and the number of libraries; and the oldest glibc that has all they ask for (Linux)."""
    sizes: Counter[str] = Counter()
    libraries, glibc = 0, (0,)
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        sizes[part_of(path.relative_to(folder).as_posix())] += path.stat().st_size
        content = path.read_bytes()
        if content[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe") or content[:2] == b"MZ":
            libraries += 1
            if content[:4] == b"\x7fELF":
                asked = [tuple(map(int, found.split(b"."))) for found in _GLIBC.findall(content)]
                glibc = max([glibc, *asked])
    lines = [f"{name:32}{size / 1e6:7.1f} MB" for name, size in sizes.most_common()]
    lines.append(f"{'all':32}{sum(sizes.values()) / 1e6:7.1f} MB, {libraries} programs and libraries")
    oldest = ".".join(map(str, glibc)) if len(glibc) > 1 else ""
    if oldest:
        lines.append(f"needs glibc {oldest} or newer")
    return "\n".join(lines), oldest


def part_of(name: str) -> str:
    """What a file of the bundle belongs to."""
    name = name.removeprefix("_internal/")
    for pattern, part in (
        (r"tern/resources/guide", "the guide"),
        (r"tern/", "Tern: kernels and resources"),
        (r"tern(\.exe)?$", "Python modules, compiled"),
        (r"llama_cpp", "llama.cpp and ggml"),
        (r"(PySide6|shiboken6|libpyside|libshiboken)", "Qt and PySide6"),
        (r"numpy", "NumPy"),
        (r"(libpython|python3|base_library)", "Python"),
        (r"(cryptography|lxml|rapidfuzz|chardet|yaml|greenlet|qtawesome)", r"\1"),
        (r"lib[^/]*\.(so|dylib|dll)", "system libraries"),
    ):
        if match := re.match(pattern, name):
            return match.expand(part)
    return "other packages"


if __name__ == "__main__":
    sys.exit(main())
