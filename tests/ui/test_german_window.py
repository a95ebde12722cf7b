"""The window in German, which is longer than English: nothing is cut off, at its smallest and at its usual size."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTranslator
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging"))

import translate
from tern.ui.style.theme import Theme

from .conftest import WindowMaker
from .test_accessibility import _all_places, _full_window, _is_part_of_qt

ICON_ONLY = Qt.ToolButtonStyle.ToolButtonIconOnly

pytestmark = pytest.mark.slow  # every place of a whole window


@pytest.fixture
def _german(qapp: QApplication) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(translate.FOLDER / "tern_de.qm"))
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def _cut_off(top: QWidget) -> list[str]:
    """What is shown in ``top`` and has less room than its words need."""
    cut = []
    for label in top.findChildren(QLabel):
        plain = label.textFormat() is not Qt.TextFormat.RichText and not label.wordWrap()
        if not _shown(label, top) or not plain or "…" in label.text():
            continue  # what is elided says so, and says the whole to a screen reader
        if label.sizeHint().width() > label.width() + 1:
            cut.append(f"{label.objectName()}: {label.text()!r} {label.sizeHint().width()} > {label.width()}")
    for label in top.findChildren(QLabel):
        tall = label.heightForWidth(label.width()) if label.wordWrap() else 0
        if _shown(label, top) and tall > label.height() + 1:
            cut.append(f"{label.objectName()}: {label.text()!r} needs {tall} px of height")
    for button in top.findChildren(QAbstractButton):
        icon_only = isinstance(button, QToolButton) and button.toolButtonStyle() is ICON_ONLY
        words = 0 if icon_only else button.fontMetrics().horizontalAdvance(button.text().replace("&", ""))
        needed = max(words, button.sizeHint().width() - 2)
        if _shown(button, top) and button.text() and needed > button.width():
            cut.append(f"{button.objectName()}: {button.text()!r} {needed} > {button.width()}")
    return cut


def _shown(widget: QWidget, top: QWidget) -> bool:
    return widget.isVisibleTo(top) and widget.window() is top and not _is_part_of_qt(widget)


@pytest.mark.usefixtures("_german")
@pytest.mark.parametrize("size", [(480, 420), (1100, 760)], ids=["smallest", "usual"])
def test_nothing_is_cut_off(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, tmp_path: Path, size: tuple[int, int]
) -> None:
    empty = make_window()
    empty.resize(*size)
    assert empty.composer.send_button.text() == "Senden"
    window = _full_window(qtbot, make_window)
    window.resize(*size)
    found = []
    for place in _all_places(window, theme, tmp_path):
        for _ in range(8):  # a layout within a layout within ... asks for the next one
            QApplication.processEvents()
        found += [f"{place} {cut}" for cut in _cut_off(window)]
    assert not found, "\n".join(found)
