"""Formulas in a conversation: drawn once the reply has ended, read as text, copied as TeX, in any look."""

from __future__ import annotations

from math import ceil

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QAccessible, QColor, QGuiApplication, QImage, QTextBlock, QTextCursor
from pytestqt.qtbot import QtBot

from tern.engine.fake_engine import FakeEngine
from tern.ui.style.theme import Mode, Size, Theme
from tern.ui.transcript.formats import FORMULA
from tern.ui.window.main_window import MainWindow

from ..composing import exchange
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

FRACTION = r"x = \frac{-b}{2a}"
REPLY = f"So\n\n$${FRACTION}$$\n\nand\n\n$$\\foo{{y}}$$\n\nend{' word' * 60}."


def _formulas(window: MainWindow) -> list[QTextBlock]:
    found, block = [], window.transcript.document().begin()
    while block.isValid():
        if block.blockFormat().hasProperty(FORMULA):
            found.append(block)
        block = block.next()
    return found


def _inked(window: MainWindow, block: QTextBlock, ink: QColor) -> int:
    """Pixels of a block that have about the colour of ink."""
    view = window.transcript
    top = view.cursorRect(QTextCursor(block)).top()
    height = ceil(block.blockFormat().lineHeight())
    place = QRect(round(view.column.left), top - height, round(view.column.width), 2 * height)
    image: QImage = view.viewport().grab(place).toImage()
    return sum(
        abs(image.pixelColor(x, y).lightness() - ink.lightness()) < 40
        for x in range(image.width())
        for y in range(image.height())
    )


def test_a_formula_is_drawn_read_as_text_and_copied_as_tex(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme
) -> None:
    engine = FakeEngine([REPLY], token_seconds=0.02)
    window = make_window(engine)
    window.chat.send("Formula?")
    qtbot.waitUntil(lambda: "and" in window.session.reply)
    assert not _formulas(window), "while it is written it is text"
    qtbot.waitUntil(lambda: len(_formulas(window)) == 1 and not window.transcript.formulas.busy)
    (block,) = _formulas(window)
    assert block.text() == "x = (\u2212b)/(2a)"
    assert block.blockFormat().lineHeight() > 1.8 * theme.px(Size.BODY), "as high as a fraction"
    assert _inked(window, block, theme.color("ink")) > 30
    heard = QAccessible.queryAccessibleInterface(window.transcript).textInterface()
    assert block.text() in heard.text(0, heard.characterCount())
    window.transcript.selectAll()
    window.transcript.copy()
    assert f"$${FRACTION}$$" in QGuiApplication.clipboard().text()
    menu = window.transcript.menu_at(window.transcript.cursorRect(QTextCursor(block)).center())
    next(action for action in menu.actions() if action.text() == "Copy formula (TeX)").trigger()
    assert QGuiApplication.clipboard().text() == FRACTION
    # In another look and another width it is there again, at once or a moment later.
    theme.set_mode(Mode.DARK)
    window.resize(520, 500)
    qtbot.waitUntil(lambda: window.transcript.settled and len(_formulas(window)) == 1)
    assert _inked(window, _formulas(window)[0], theme.color("ink")) > 30
    # Found by its readable text.
    window.find_in_chat()
    assert window.transcript.document().find("2a").block() == _formulas(window)[0]


def test_many_formulas_keep_the_place_that_is_read(qtbot: QtBot, make_window: WindowMaker) -> None:
    reply = "\n\n".join(
        f"Number {n}:\n\n$$\\sum_{{i={n}}}^{{\\infty}} \\frac{{1}}{{i^{n}}}$$" for n in range(1, 30)
    )
    window = make_window(FakeEngine([reply, "Short."]))
    exchange(qtbot, window, "Many?")
    view = window.transcript
    view.hold()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    top = view.cursorForPosition(view.rect().topLeft())
    stood = view.cursorRect(top).top()
    qtbot.waitUntil(lambda: len(_formulas(window)) == 29 and not view.formulas.busy)
    assert abs(view.cursorRect(top).top() - stood) <= 2
