"""What the bundle does without, and the names of its libraries."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

Entry = tuple[str, str, str]  # PyInstaller's: place in the bundle, file, kind

# Imported by packages for uses that Tern has none of. tern.engine asks nothing of hf_xet: it fetches by itself.
EXCLUDED = [
    "tkinter", "unittest", "pydoc", "doctest", "lib2to3", "ensurepip", "idlelib", "test", "setuptools", "pip",
    "hf_xet", "IPython", "matplotlib", "PIL", "pandas", "torch", "llama_cpp.server", "llama_cpp.llava_cpp",
    "numpy.f2py", "numpy.fft", "numpy.testing", "numpy.distutils", "yaml._yaml", "numpy.ma", "numpy.polynomial",
    "rapidfuzz.distance.metrics_cpp", "rapidfuzz.process_cpp_impl",
    "fsspec", "click", "typer", "rich", "huggingface_hub.inference", "huggingface_hub.cli",
    "lxml.objectify", "lxml.html", "lxml.isoschematron",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets", "PySide6.QtSql", "PySide6.QtTest", "PySide6.QtXml",
    "PySide6.QtDesigner", "PySide6.QtHelp", "PySide6.QtUiTools", "PySide6.QtConcurrent", "diskcache",
]  # fmt: skip

_PLUGINS = (
    "platforms/(libqxcb|libqwayland|libqoffscreen|qwindows|qoffscreen|libqcocoa)",
    "wayland-shell-integration/libxdg-shell",
    "wayland-decoration-",
    "wayland-graphics-integration-client/libqt-plugin-wayland-egl",
    "xcbglintegrations/libqxcb-egl",
    "platformthemes/libqxdg",
    "platforminputcontexts/(libcomposeplatform|libibusplatform)",
    "iconengines/",
    "printsupport/",
    "imageformats/(libqsvg|qsvg|libqico|qico|libqicns)",
    "styles/",
)
_UNUSED = re.compile(
    "|".join(
        (
            rf"PySide6/(Qt/)?plugins/(?!{'|'.join(_PLUGINS)})",
            r"PySide6/(Qt/)?(qml|libexec|metatypes|resources)/",
            r"PySide6/(Qt/)?translations/(?!qtbase_(de|en)\.qm)",
            r"libQt6(Qml|Quick|Pdf|VirtualKeyboard|Labs|EglF[Ss]|WlShellIntegration|Test|Sql|Designer|Help|Xml)\w*\.",
            r"qtawesome/fonts/(?!phosphor)",
            r"ziafont/fonts/",  # for letters without mathematics; formulas are set with ziamath's
            r"pygments/formatters/",
            # Its functions for strings come in three kinds, and the plainest is quick enough for a palette.
            r"rapidfuzz/(.*_(avx2|sse2)|distance/(metrics|_initialize)_cpp|process_cpp_impl|utils_cpp)\.",
            r"numpy/_core/_multiarray_tests\.",
            r"yaml/_yaml\.",
            r"\.dist-info/sboms/",
            r"docx/templates/",  # for new documents; those of others are only read
            r"tern/resources/translations/.*\.(ts|md)$",
            r"lxml/(objectify|sax|builder|diff)[^/]*\.so$",
            r"/tests?/",
            r"\.(pyi|h|c|cpp|typesystem|xml\.in)$",
        )
    )
)


def is_unused(name: str) -> bool:
    """Whether a file that PyInstaller found, by its place in the bundle, is in no use there."""
    return _UNUSED.search(name.replace(os.sep, "/")) is not None


def needed(binaries: list[Entry], imports: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Without the system's libraries that nothing asks for any more: what a plugin that was left out needed.

    ``imports`` gives the names of the libraries that a file asks for.
    """
    by_name = {name.rpartition("/")[2]: (name, file, kind) for name, file, kind in binaries}
    reached = {name for name, _, kind in binaries if not _of_the_system(name)}
    # CUPS and what it needs is the system's: who prints has it, and without it Qt leaves that plugin alone.
    ahead = [entry for entry in binaries if entry[0] in reached and "/printsupport/" not in entry[0]]
    while ahead:
        _, file, _ = ahead.pop()
        for asked in imports(file):
            entry = by_name.get(asked.rpartition("/")[2])
            if entry is not None and entry[0] not in reached:
                reached.add(entry[0])
                ahead.append(entry)
    return [entry for entry in binaries if entry[0] in reached]


def _of_the_system(name: str) -> bool:
    """Whether a file was found beside the Python that builds, or in the system: those lie at the top."""
    return "/" not in name and name.startswith("lib") and not name.startswith(("libpython", "libxcb-cursor"))


def strip(folder: Path) -> None:
    """Take the symbols out of the libraries. Tools that moved a wheel's parts made files that strip breaks: what cannot
    be loaded any more stays as it was."""
    for path in [*folder.rglob("*.so"), *folder.rglob("*.so.*")]:
        if path.is_symlink() or not path.is_file():
            continue
        whole = path.with_name(f"{path.name}.whole")
        path.rename(whole)
        done = subprocess.run(["strip", "--strip-unneeded", "-o", str(path), str(whole)], capture_output=True)
        if done.returncode == 0 and _loads(path):
            whole.unlink()
        else:
            whole.replace(path)


def _loads(path: Path) -> bool:
    """Whether the system can load it, as far as it can be told without the program around it."""
    script = "import ctypes, os, sys; ctypes.CDLL(sys.argv[1], mode=os.RTLD_LAZY)"
    return subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True).returncode == 0


def without_icu_data(folder: Path) -> None:
    """Take ICU's tables out (Linux, 30 MB): Qt has locales and case tables of its own, and asks ICU only for what Tern
    has no use for. What is left is ICU's own form of a package with nothing in it."""
    for path in folder.rglob("libicudata.so.*"):
        if path.is_symlink():
            continue
        version = path.name.rpartition(".so.")[2].partition(".")[0]
        source = path.with_name("icu_data.c")
        source.write_text(_ICU_DATA.format(version=version))
        command = [
            "cc",
            "-shared",
            "-fPIC",
            "-nostdlib",
            f"-Wl,-soname,{path.name}",
            "-o",
            str(path),
            str(source),
        ]
        subprocess.run(command, check=True)
        source.unlink()


_ICU_DATA = """
#include <stdint.h>
__attribute__((visibility("default"), aligned(16))) const struct {{
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size, reserved;
    uint8_t big_endian, charset, char_bytes, reserved2, format[4], format_version[4], data_version[4], padding[8];
    uint32_t count, none[3];
}} icudt{version}_dat = {{
    32, {{0xda, 0x27}}, 20, 0, 0, 0, 2, 0, {{'T', 'o', 'C', 'P'}}, {{1, 0, 0, 0}}, {{0, 0, 0, 0}}, {{0}}, 0, {{0}},
}};
"""


def name_once(folder: Path) -> None:
    """Let every library have its plain name too: a link, not a second file (Linux)."""
    for path in folder.rglob("llama_cpp/lib/lib*.so.0"):
        plain = path.with_name(path.name.removesuffix(".0"))
        if not plain.exists():
            plain.symlink_to(path.name)
