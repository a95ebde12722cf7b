"""Hands for the tests of the composer: type, send, drop, paste, look."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTextBrowser
from pytestqt.qtbot import QtBot

from tern.ui.composer.attachment_chips import Chip
from tern.ui.window.main_window import MainWindow

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LONG = "\n".join(f"Line {number} of a long text." for number in range(40))


def say(window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.composer.editor, text)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)


def idle(window: MainWindow) -> bool:
    return window.composer.send_button.isVisible() and window.queue.info is not None


def exchange(qtbot: QtBot, window: MainWindow, text: str) -> None:
    asked = len(window.session.entries)
    say(window, text)  # it may have to be counted before it goes
    qtbot.waitUntil(lambda: len(window.session.entries) > asked and idle(window))


def shown_text(window: MainWindow) -> str:
    return window.findChild(QTextBrowser, "transcript").toPlainText()


def chips(window: MainWindow) -> list[Chip]:
    return window.composer.shelf.chips


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drop(window: MainWindow, *paths: Path) -> None:
    """On the transcript's side of the page, as from a file manager."""
    data, where = files(*paths), QPointF(200, 200)
    keys, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(where.toPoint(), copy, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window.area, enter)
    assert enter.isAccepted()
    assert window.composer.property("target") is True
    drop = QDropEvent(where, copy, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window.area, drop)
    assert window.composer.property("target") is False


def paste(window: MainWindow, data: QMimeData, plain: bool = False) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setMimeData(data)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_V, CONTROL | SHIFT if plain else CONTROL)
    clipboard.clear()


def text_data(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data
