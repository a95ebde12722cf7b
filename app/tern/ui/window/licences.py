"""What Tern consists of and under which licences: itself, the model, and every package it needs, as they are
installed now. Packages are read from their own metadata; what brings no text of its own has it in resources.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import PySide6
from PySide6.QtCore import QCoreApplication, qVersion

from tern import __version__, paths

PACKAGE = "tern-chat"
_QT = ("pyside6-essentials", "shiboken6")
_NAME = re.compile(r"[\w.-]+")
_WITHOUT_TEXT = (
    "latex2mathml",
)  # packages that name a licence and bring no text of it: resources/licences has it
_TEXT_FILE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_OPTIONAL = re.compile(r"\bextra\s*==")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of Tern. ``licence`` is its short name; ``text`` reads the full one, which may take a file or two."""

    name: str
    version: str
    licence: str
    text: Callable[[], str]


def components() -> list[Component]:
    """Tern, the model, what is not a Python package, then the packages by name."""
    packages = {_key(found.name): found for found in _packages()}
    qt = packages.get(_QT[0])
    first = [
        Component("Tern", __version__, "MIT", _tern_text),
        Component("BitNet b1.58 2B4T", "", "MIT", lambda: _resource("bitnet-2b4t.txt")),
        Component(
            "llama.cpp and ggml", _of(packages, "llama-cpp-python"), "MIT", lambda: _resource("llama.cpp.txt")
        ),
        Component("Qt, PySide6", qt.version if qt else "", "LGPL-3.0", _qt_text),
        Component("Phosphor Icons", "1.3", "MIT", lambda: _resource("phosphor.txt")),
        Component("Python", sys.version.split()[0], "PSF-2.0", _python_text),
    ]
    rest = [found for key, found in sorted(packages.items()) if key not in (*_QT, PACKAGE)]
    return first + [_component(found) for found in rest]


def _component(found: metadata.Distribution) -> Component:
    return Component(found.name, found.version, _licence_name(found), lambda: _package_text(found))


def _packages() -> Iterator[metadata.Distribution]:
    """Tern's own package, what it needs, what that needs, and so on; what is not installed here is not shipped."""
    seen: set[str] = set()
    waiting = [PACKAGE]
    while waiting:
        name = waiting.pop()
        if _key(name) in seen:
            continue
        seen.add(_key(name))
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        yield found
        for requirement in found.requires or []:
            needed = _NAME.match(requirement)
            if needed is not None and not _OPTIONAL.search(requirement):
                waiting.append(needed.group())


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _of(packages: dict[str, metadata.Distribution], key: str) -> str:
    return f"in llama-cpp-python {packages[key].version}" if key in packages else ""


def _licence_name(found: metadata.Distribution) -> str:
    """As short as its metadata say it."""
    said = _field(found, "License-Expression") or _field(found, "License")
    if said and len(said) < 80 and "\n" not in said:
        return said
    classes = [each for each in found.metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    return ", ".join(each.rpartition(" :: ")[2] for each in classes) or _tr("see its text")


def _field(found: metadata.Distribution, name: str) -> str:
    """A field of its metadata; empty when it is not there."""
    return next(iter(found.metadata.get_all(name) or []), "")


def _package_text(found: metadata.Distribution) -> str:
    """Every licence file that the package brings."""
    files = [
        file for file in found.files or [] if _TEXT_FILE.search(file.name) and "__pycache__" not in str(file)
    ]
    texts = [
        _read(Path(str(found.locate_file(file)))) for file in files if not file.name.endswith((".py", ".pyc"))
    ]
    home = _field(found, "Home-page") or _field(found, "Project-URL")
    if (key := _key(found.name)) in _WITHOUT_TEXT:
        texts.append(_resource(f"{key}.txt"))
    return "\n\n\n".join(text for text in texts if text) or _tr(
        "The package brings no licence text. {0}"
    ).format(home)


def _tern_text() -> str:
    try:
        own = _package_text(metadata.distribution(PACKAGE))
    except metadata.PackageNotFoundError:
        own = "MIT"
    return _tr("The built-in guide, its recipe and the application's icon are part of Tern.") + "\n\n" + own


def _qt_text() -> str:
    notice = _tr(
        "Qt {0} and PySide6 are used under the GNU Lesser General Public License, version 3 (below), without changes. "
        "They are libraries of their own: you may replace them by versions that you have built or changed yourself. "
        "They lie in {1}; put compatible libraries of the same names there, or install another PySide6-Essentials "
        "into Tern's Python environment. Their source is at https://code.qt.io and https://download.qt.io; which "
        "other licences parts of Qt are under is listed at https://doc.qt.io/qt-6/licenses-used-in-qt.html."
    ).format(qVersion(), Path(PySide6.__file__).parent)
    return "\n\n\n".join((notice, _resource("LGPL-3.0.txt"), _resource("GPL-3.0.txt")))


def _python_text() -> str:
    return (
        _read(Path(sysconfig.get_path("stdlib")) / "LICENSE.txt") or "https://docs.python.org/3/license.html"
    )


def _resource(name: str) -> str:
    return _read(paths.resources_dir() / "licences" / name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("licences", text)
