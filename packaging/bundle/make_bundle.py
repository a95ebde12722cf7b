"""Makes the bundle: ``make bundle``, or ``python packaging/bundle/make_bundle.py [--out FOLDER]``.

An environment of its own holds what Tern needs and nothing else; PyInstaller collects from it. Then the program is
tried (``--self-test``), measured (sizes by part, number of libraries, the oldest glibc it runs with) and packed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "engine"))

from build_wheel import build as build_engine  # noqa: E402

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
    print(report(program.parent))
    subprocess.run([str(program), "--self-test"], check=True)
    print(tarball(program.parent, out, version(python)))
    return 0


def environment(folder: Path) -> str:
    """A Python with Tern, the portable engine and PyInstaller in it."""
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    engine = build_engine(folder.parent / "wheels", python)
    subprocess.run([*install, *_TOOLS, str(engine)], check=True)
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
    return out / "dist" / "tern" / ("tern.exe" if os.name == "nt" else "tern")


def version(python: str) -> str:
    ask = "import tern; print(tern.__version__)"
    return subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()


def report(folder: Path) -> str:
    """Sizes by part, the number of libraries, and the oldest glibc that has all they ask for."""
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
    if len(glibc) > 1:
        lines.append(f"needs glibc {'.'.join(map(str, glibc))} or newer")
    return "\n".join(lines)


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


def tarball(folder: Path, out: Path, version: str) -> Path:
    """The folder, packed."""
    name = f"tern-{version}-linux-{platform.machine()}"
    packed = out / f"{name}.tar.xz"
    with tarfile.open(packed, "w:xz", preset=6) as tar:
        tar.add(folder, f"{name}/tern")
        for file in ("README.md", "LICENSE", "CHANGELOG.md"):
            tar.add(ROOT / file, f"{name}/{file}")
    return packed


if __name__ == "__main__":
    sys.exit(main())
