"""The About page: reachable from everywhere, with every package that is installed and its licence's own words."""

from __future__ import annotations

import platform
import re
from importlib import metadata

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QPlainTextEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tern import __version__
from tern.ui.window.licences import PACKAGE, components
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _page(window: MainWindow) -> QWidget:
    (page,) = [w for w in window.findChildren(QWidget, "aboutPage") if w.isVisible()]
    return page


def test_reached_from_menu_palette_and_help(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    menu = window.findChild(QToolButton, "menuButton").menu()
    next(act for act in menu.actions() if act.text() == "About Tern").trigger()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not window.about_page.isVisible()

    window.show_palette()
    QTest.keyClicks(window.palette_.field, "about")
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Return)
    QTest.mouseClick(_page(window).findChild(QToolButton, "sheetClose"), Qt.MouseButton.LeftButton)
    assert not window.about_page.isVisible()

    window.show_help()
    QTest.mouseClick(window.findChild(QPushButton, "helpAbout"), Qt.MouseButton.LeftButton)
    assert _page(window)
    assert not window.help_page.isVisible(), "one sheet at a time"


def test_it_names_tern_the_model_and_every_package_needed(make_window: WindowMaker) -> None:
    window = make_window()
    window.show_about()
    rows = window.findChild(QListWidget, "licenceList")
    said = [rows.item(row).text() for row in range(rows.count())]
    assert said[0] == f"Tern {__version__} · MIT"
    assert said[1].startswith("BitNet b1.58 2B4T · MIT")
    for requirement in metadata.requires(PACKAGE) or []:
        if "extra" in requirement or requirement.startswith(("PySide6", "shiboken6")):
            continue
        name = re.match(r"[\w.-]+", requirement).group()  # type: ignore[union-attr]
        version = metadata.version(name)
        begin = f"{_plain(name)} {version}"
        fits = [line for line in said if _plain(line).startswith(begin)]
        assert len(fits) == 1, (name, version, said)


def test_details_for_a_report_name_versions_and_no_person(make_window: WindowMaker) -> None:
    window = make_window()
    window.show_about()
    QTest.mouseClick(window.findChild(QPushButton, "copyDetails"), Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert copied.startswith(f"Tern {__version__}, Python ")
    assert "Qt " in copied
    assert platform.node() not in copied


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def test_choosing_a_part_shows_its_licence(make_window: WindowMaker) -> None:
    window = make_window()
    window.show_about()
    rows = window.findChild(QListWidget, "licenceList")
    text = window.findChild(QPlainTextEdit, "licenceText")
    assert "Permission is hereby granted" in text.toPlainText()
    qt = next(row for row in range(rows.count()) if rows.item(row).text().startswith("Qt"))
    rows.setFocus()
    for _ in range(qt):
        QTest.keyClick(rows, Qt.Key.Key_Down)
    shown = text.toPlainText()
    assert "you may replace them" in shown
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in shown
    assert "END OF TERMS AND CONDITIONS" in shown  # of the GPL, which the LGPL builds on


@pytest.mark.parametrize("part", components(), ids=lambda part: part.name)
def test_no_part_is_without_its_licence(part: object) -> None:
    assert len(part.text()) > 300, part  # type: ignore[attr-defined]
    assert part.licence  # type: ignore[attr-defined]
