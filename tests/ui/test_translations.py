"""German is complete, says nothing that English does not, and is what the window speaks when it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from patience import HANG_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

import translate  # noqa: E402
from tern import paths  # noqa: E402
from tern.ui.settings import language  # noqa: E402

PLACEHOLDER = re.compile(r"\{\d*[^{}]*\}|%n|%\d")
GERMAN = translate.read("de")


def test_every_text_has_a_german_translation() -> None:
    missing = translate.missing("de")
    assert not missing, (
        f"run packaging/translate.py update, translate, release: {missing[:5]} ({len(missing)})"
    )
    assert len(GERMAN) > 400


def test_every_plural_has_its_english_forms() -> None:
    assert not translate.missing("en")
    for text, forms in translate.read("en").items():
        assert len(forms) == 2, text
        assert all(forms), text
        assert not set(forms) & set(GERMAN[text]), "German, in the English file"


def test_placeholders_survive() -> None:
    for text, forms in GERMAN.items():
        wanted = Counter(PLACEHOLDER.findall(text.source))
        for form in forms:
            found = Counter(PLACEHOLDER.findall(form))
            assert found == wanted or (text.plural and found | Counter(["%n"]) == wanted), (text, form)


def test_what_ends_as_a_sentence_ends_as_one() -> None:
    for text, forms in GERMAN.items():
        for form in forms:
            assert form.strip(), text
            assert form.endswith((".", ":", "?")) == text.source.endswith((".", ":", "?")), (text, form)


def test_the_compiled_files_are_those_of_the_sources(tmp_path: Path) -> None:
    translate.release(tmp_path)
    for code in translate.LANGUAGES:
        name = f"tern_{code}.qm"
        made, kept = (tmp_path / name).read_bytes(), (translate.FOLDER / name).read_bytes()
        assert made == kept, f"{name} is old: run packaging/translate.py release"


def test_a_text_put_together_first_is_found_out(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text('class A:\n    def f(self, n):\n        return self.tr(f"{n} things")\n')
    with pytest.raises(translate.NotLiteralError, match=r"bad\.py:3"):
        list(translate._of_module(bad))


SPEAK = """
import sys
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from PySide6.QtCore import QTimer, Qt
from tern.settings import LANGUAGE, Settings
from tern.ui import app
from tern.ui.window import main_window

def look():
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow)]
    if not windows or not windows[0].isVisible():
        QTimer.singleShot(20, look)
        return
    (window,) = windows
    window.settings_controller.show_page()
    print(window.composer.send_button.accessibleName() or window.composer.send_button.text(), flush=True)
    page = window.settings_controller.page
    print(page.windowTitle(), page.rows[0].words.split(" ")[0], flush=True)
    print(QApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft, flush=True)
    window.close()

settings = Settings.load()
settings[LANGUAGE] = sys.argv[1]
settings.save()
application = QApplication([])
QTimer.singleShot(20, look)
sys.exit(app.run())
"""


def _spoken(tmp_path: Path, choice: str, **environment: str) -> list[str]:
    variables = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TERN_DATA_DIR": str(tmp_path), **environment}
    ran = subprocess.run(
        [sys.executable, "-c", SPEAK, choice],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env=variables,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_the_program_speaks_german_when_asked_to(tmp_path: Path) -> None:
    said = _spoken(tmp_path, "de")
    assert "Senden" in said[0]
    assert said[1].startswith("Einstellungen")
    assert said[2] == "False"


def test_another_language_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    """Arabic, made here from the German file with Qt's own tool: also turns the window around."""
    source = (translate.FOLDER / "tern_de.ts").read_text(encoding="utf-8")
    source = source.replace('language="de"', 'language="ar"').replace("Einstellungen", "الإعدادات")
    (tmp_path / "tern_ar.ts").write_text(source, encoding="utf-8")
    folder = tmp_path / "data" / "translations"
    folder.mkdir(parents=True)
    translate._qt("lrelease", str(tmp_path / "tern_ar.ts"), "-qm", str(folder / "tern_ar.qm"))
    said = _spoken(tmp_path, "ar")
    assert "الإعدادات" in said[1]
    assert said[2] == "True"


@pytest.fixture
def _english_again(qapp: QApplication) -> object:
    before = set(qapp.findChildren(QTranslator))
    yield None
    for translator in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(QLocale.c())
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.mark.usefixtures("_english_again")
def test_what_is_offered_and_what_is_not_there(qapp: QApplication) -> None:
    codes = [code for code, _ in language.offered()]
    assert {"de", "en"} <= set(codes)
    assert dict(language.offered())["de"] == "Deutsch"
    assert dict(language.offered())["en"] == "English"
    assert language.install(qapp, "xx") == "en"
    assert language.install(qapp, "de_AT") == "de-AT"
    assert QCoreApplication.translate("settings", "Language") == "Sprache"
    own = paths.data_dir() / "translations"
    own.mkdir(parents=True)
    shutil.copy(translate.FOLDER / "tern_de.qm", own / "tern_nl.qm")
    assert "nl" in [code for code, _ in language.offered()]


@pytest.mark.usefixtures("_english_again")
def test_plurals(qapp: QApplication) -> None:
    def said(count: int) -> str:
        return QCoreApplication.translate(
            "FirstModelCard", "About %n word(s) a second on this computer: {0}.", "", count
        )

    language.install(qapp, "en")
    assert said(1) == "About 1 word a second on this computer: {0}."
    assert said(30) == "About 30 words a second on this computer: {0}."
    language.install(qapp, "de")
    assert said(1).startswith("Etwa 1 Wort in")
    assert said(30).startswith("Etwa 30 Wörter")
