"""What the bundle holds and what it does without; the whole of it is made by ``make bundle``."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
for room in ("bundle", "engine"):
    sys.path.insert(0, str(ROOT / "packaging" / room))

import build_wheel  # noqa: E402
import contents  # noqa: E402
import make_bundle  # noqa: E402


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/iconengines/libqsvgicon.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/lib/libQt6Widgets.so.6",
        "qtawesome/fonts/phosphor-1.3.0.ttf",
        "ziamath/fonts/STIXTwoMath-Regular.ttf",
        "tern/resources/guide/tern-guide.gguf",
        "llama_cpp/lib/libllama.so.0",
    ],
)
def test_what_is_in_use_stays(name: str) -> None:
    assert not contents.is_unused(name)


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/qml/QtQuick/qmldir",
        "PySide6/Qt/translations/qtbase_fr.qm",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "qtawesome/fonts/fontawesome5-solid-webfont.ttf",
    ],
)
def test_what_is_not_goes(name: str) -> None:
    assert contents.is_unused(name)


def test_nothing_that_tern_imports_is_left_out() -> None:
    """Late imports too: what is asked for at a click is missed by nobody until then."""
    imported = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    assert "PySide6.QtPrintSupport" in imported
    wrong = {name for name in imported for out in contents.EXCLUDED if f"{name}.".startswith(f"{out}.")}
    assert not wrong


def test_a_systems_library_stays_while_something_asks_for_it() -> None:
    plugin = "PySide6/Qt/plugins/printsupport/libcups.so"
    asked = {
        "/venv/QtGui.so": ["libpng.so.16"],
        "/lib/libpng.so.16": ["libz.so.1"],
        "/lib/libgtk-3.so.0": [],
        "/venv/libcups.so": ["libcups.so.2"],
    }
    entries = [
        ("PySide6/QtGui.so", "/venv/QtGui.so", "BINARY"),
        ("libpng.so.16", "/lib/libpng.so.16", "BINARY"),
        ("libz.so.1", "/lib/libz.so.1", "BINARY"),
        ("libgtk-3.so.0", "/lib/libgtk-3.so.0", "BINARY"),
        (plugin, "/venv/libcups.so", "BINARY"),
        ("libcups.so.2", "/lib/libcups.so.2", "BINARY"),  # who prints has it
    ]
    kept = contents.needed(entries, lambda file: asked.get(file, []))
    assert [name for name, _, _ in kept] == ["PySide6/QtGui.so", "libpng.so.16", "libz.so.1", plugin]


def test_each_library_has_its_plain_name_without_a_second_file(tmp_path: Path) -> None:
    folder = tmp_path / "_internal" / "llama_cpp" / "lib"
    folder.mkdir(parents=True)
    (folder / "libllama.so.0").write_bytes(b"\x7fELF")
    contents.name_once(tmp_path)
    assert (folder / "libllama.so").is_symlink()
    assert (folder / "libllama.so").read_bytes() == b"\x7fELF"


def test_the_report_counts_sizes_libraries_and_the_oldest_glibc(tmp_path: Path) -> None:
    internal = tmp_path / "_internal"
    (internal / "numpy").mkdir(parents=True)
    (internal / "numpy" / "core.so").write_bytes(
        b"\x7fELF\0GLIBC_2.17\0GLIBC_2.34\0GLIBC_2.4\0" + bytes(1_000_000)
    )
    (internal / "libz.so.1").write_bytes(b"\x7fELF\0GLIBC_2.14\0")
    (internal / "libz.so").symlink_to("libz.so.1")
    said, glibc = make_bundle.report(tmp_path)
    assert glibc == "2.34"
    assert "NumPy                               1.0 MB" in said
    assert "2 programs and libraries" in said
    assert said.endswith("needs glibc 2.34 or newer")


def test_the_engine_is_built_for_any_processor_from_the_version_tern_needs() -> None:
    assert build_wheel.requirement().startswith("llama-cpp-python==")
    for flag in ("GGML_NATIVE", "GGML_OPENMP", "GGML_METAL"):
        assert build_wheel.FLAGS[flag] == "OFF"
    assert build_wheel.FLAGS["GGML_AVX2"] == "ON"


@pytest.mark.slow
def test_the_self_test_opens_the_window_and_asks_the_guide() -> None:
    command = [sys.executable, "-m", "tern", "--self-test"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["window", "model", "reply", "Everything works."]


@pytest.mark.slow
def test_the_self_test_fails_where_the_window_does(tmp_path: Path) -> None:
    broken = (
        "import sys; from tern.ui.window.chat_controller import ChatController\n"
        "ChatController.send = lambda *_: 1 / 0\n"
        "from tern.__main__ import main; sys.exit(main(['--self-test']))"
    )
    run = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "ZeroDivisionError" in run.stderr
