"""The largest text in the smallest window: nothing lies over anything else, and what marks things grows along."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from tern.chat.file_text import attached
from tern.chat.types import Draft
from tern.settings import FONT_SIZE, REDUCED_MOTION, SECTIONS, Settings
from tern.ui.shared.links import offer_link
from tern.ui.style.controls import Tick
from tern.ui.style.theme import Theme

from .conftest import WindowMaker

pytestmark = pytest.mark.slow  # whole windows at the largest size of text


def test_nothing_overlaps(make_window: WindowMaker, theme: Theme) -> None:
    settings = Settings()
    settings[FONT_SIZE], settings[REDUCED_MOTION] = int(FONT_SIZE.high or 0), True
    window = make_window(settings=settings)
    window.settings_controller.apply()
    window.resize(480, 420)
    QApplication.processEvents()
    for holder in (window.header, window.composer, window.readouts):
        shown = [
            each for each in holder.findChildren(QWidget) if each.isVisible() and each.parent() is holder
        ]
        # Of the readouts the network's word alone has room here, and nothing else has been measured yet.
        assert len(shown) >= (1 if holder is window.readouts else 2)
        for index, first in enumerate(shown):
            assert holder.rect().contains(first.geometry()), first.objectName()
            for second in shown[index + 1 :]:
                overlap = first.geometry().intersected(second.geometry())
                assert overlap.isEmpty(), (first.objectName(), second.objectName(), overlap)
    window.settings_controller.show_page()
    page = window.settings_controller.page
    assert page is not None
    ticks = page.findChildren(Tick)
    assert ticks
    assert all(tick.sizeHint().width() > 30 for tick in ticks)
    assert page.rect().contains(page.surface)
    for section in SECTIONS:
        page.show_section(section)
        QApplication.processEvents()
        for row in page.rows:
            if row.isVisible():
                assert row.rect().contains(row.control.geometry()), row.setting.key
                assert row.width() <= page.list.viewport().width(), row.setting.key


@pytest.mark.parametrize("size", [FONT_SIZE.default, int(FONT_SIZE.high or 0)])
def test_a_question_about_a_link_covers_no_attachment_and_shows_the_host(
    size: int, make_window: WindowMaker, theme: Theme, qtbot: QtBot
) -> None:
    """In the smallest window, with chips that want three rows: the notice gets what room there is, and scrolls."""
    settings = Settings()
    settings[FONT_SIZE] = size
    window = make_window(settings=settings)
    window.settings_controller.apply()
    window.resize(480, 420)
    worn = "Größe, Maß, Fuß".encode() + b"\xff"
    window.composer.put(Draft("", tuple(attached(f"a-name-of-some-length-{n}.txt", worn) for n in range(3))))
    qtbot.waitUntil(lambda: "tokens" in window.composer.shelf.chips[2]._open.accessibleName())
    offer_link("https://host.example/" + "path/" * 40, window.notice)
    words = window.notice.findChild(QTextEdit, "noticeText")
    bar = words.verticalScrollBar()
    for _ in range(5):  # a layout a level
        QApplication.processEvents()
    box = window.composer
    assert window.notice.geometry().bottom() < box.geometry().top()
    assert box.height() >= box.minimumSizeHint().height()
    shelf, send = (QRect(each.mapTo(box, QPoint()), each.size()) for each in (box.shelf, box.send_button))
    assert not shelf.intersects(send)
    host = words.document().lastBlock().layout()
    top = words.document().documentLayout().blockBoundingRect(words.document().lastBlock()).top()
    line = host.lineAt(0).height()
    assert top - bar.value() >= 0
    assert top - bar.value() + line <= words.viewport().height()


def test_a_chip_keeps_its_name_where_there_is_little_room(
    make_window: WindowMaker, theme: Theme, qtbot: QtBot
) -> None:
    """What gives way is what can be read elsewhere: the size, the cost, how many characters are unreadable."""
    settings = Settings()
    settings[FONT_SIZE] = int(FONT_SIZE.high or 0)
    window = make_window(settings=settings)
    window.settings_controller.apply()
    window.resize(480, 420)
    worn = "Größe, Maß, Fuß".encode() + b"\xff"
    window.composer.put(Draft("", (attached("worn.txt", worn),)))
    (chip,) = window.composer.shelf.chips
    qtbot.waitUntil(lambda: "tokens" in chip._open.accessibleName())
    QApplication.processEvents()
    assert chip._open.text() == "worn.txt"
    for part in (chip._open, chip._encoding, chip._detail):
        assert part.width() >= part.sizeHint().width(), part.text()
    assert chip._encoding.text() == "UTF-8"
    assert "1 unreadable character" in chip._encoding.toolTip()
    assert "1 unreadable character" in chip._open.accessibleName()
    settings[FONT_SIZE] = FONT_SIZE.default
    window.settings_controller.apply()
    QApplication.processEvents()
    assert chip._encoding.text() == "UTF-8, 1 unreadable character"
    assert "tokens" in chip._detail.text()
