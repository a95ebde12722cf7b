"""The sidebar: slides where it may, is simply there where nothing may move, and stands where reading begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tern.settings import REDUCED_MOTION, Settings
from tern.ui.style.theme import Theme

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


@pytest.fixture
def _right_to_left(qapp: QApplication) -> Iterator[None]:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_it_slides_out_and_in_again(qtbot: QtBot, make_window: WindowMaker, theme: Theme) -> None:
    theme.set_still(False)
    window = make_window()
    side = window.sidebar
    assert side.isVisible()
    assert not window.side_panel.sliding, "nothing moves by itself"
    QTest.keyClick(window, Qt.Key.Key_Backslash, Qt.KeyboardModifier.ControlModifier)
    assert window.side_panel.sliding
    assert window.findChild(QWidget, "centre").x() == 0, "the page has its place at once"
    qtbot.waitUntil(lambda: not window.side_panel.sliding)
    assert not side.isVisible()
    window.side_panel.toggle()
    seen = set()
    qtbot.waitUntil(lambda: (seen.add(side.x()), not window.side_panel.sliding)[1])
    assert (side.x(), side.isVisible()) == (0, True)
    assert len(seen) > 2, seen


def test_with_reduced_motion_nothing_slides(make_window: WindowMaker) -> None:
    settings = Settings()
    settings[REDUCED_MOTION] = True
    window = make_window(settings=settings)
    window.settings_controller.apply()
    for shown in (False, True):
        window.side_panel.toggle()
        assert not window.side_panel.sliding
        assert (window.sidebar.isVisible(), window.sidebar.x()) == (shown, 0)


@pytest.mark.usefixtures("_right_to_left")
def test_right_to_left_turns_the_window_around_and_nothing_overlaps(make_window: WindowMaker) -> None:
    window = make_window()
    side, page = window.sidebar.geometry(), window.findChild(QWidget, "centre").geometry()
    assert side.right() == window.side_panel.width() - 1
    assert page.left() == 0
    assert not side.intersects(page)
    for holder in (window.header, window.composer, window.readouts):
        shown = [
            child
            for child in holder.children()
            if getattr(child, "isVisible", bool)() and child.isWidgetType()
        ]
        for index, first in enumerate(shown):
            for second in shown[index + 1 :]:
                overlap = first.geometry().intersected(second.geometry())
                assert overlap.isEmpty(), (first.objectName(), second.objectName(), overlap)


def test_over_a_narrow_window_a_click_beside_it_closes_it(make_window: WindowMaker) -> None:
    window = make_window()
    window.resize(520, 600)
    assert not window.sidebar.isVisible()
    window.side_panel.toggle()
    assert window.sidebar.isVisible()
    page = window.findChild(QWidget, "centre")
    beside = page.mapTo(window.side_panel, page.rect().center() + QPoint(page.width() // 4, 0))
    veil = window.side_panel.childAt(beside)
    QTest.mouseClick(veil, Qt.MouseButton.LeftButton)
    assert not window.sidebar.isVisible()
    assert not veil.isVisible()
    assert window.side_panel.childAt(beside) is not veil


@pytest.mark.usefixtures("_right_to_left")
def test_right_to_left_a_scroll_bar_moves_no_text(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(replies=["One.", "A word. " * 600])
    transcript = window.transcript

    window.chat.send("Hello")
    qtbot.waitUntil(lambda: not window.queue.busy)
    place = transcript.document().find("One.")
    place.setPosition(place.selectionStart())
    before = transcript.viewport().mapTo(window, transcript.cursorRect(place).topLeft()).x()
    window.chat.send("And now?")
    qtbot.waitUntil(lambda: not window.queue.busy)
    qtbot.waitUntil(lambda: transcript.viewport().x() > 0)
    assert transcript.viewport().mapTo(window, transcript.cursorRect(place).topLeft()).x() == before
