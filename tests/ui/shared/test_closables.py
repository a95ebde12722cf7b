"""What is open is closed one thing at a time, what lies on top first, and the keyboard goes back to where it was."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from tern.ui.shared.closables import Closables, Layer


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    for name in ("first", "second"):
        QLineEdit(made, objectName=name)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    field(made, "first").setFocus()
    return made


def field(window: QWidget, name: str) -> QLineEdit:
    found = window.findChild(QLineEdit, name)
    assert isinstance(found, QLineEdit)
    return found


def opened(window: QWidget, layer: Layer) -> QLineEdit:
    """A thing with the keyboard in it, as a sheet does it."""
    closables = Closables.of(window)
    thing = QWidget(window)
    inside = QLineEdit(thing)

    def close() -> None:
        closables.closed(thing)
        thing.hide()

    closables.opened(thing, layer, close)
    thing.show()
    inside.setFocus()
    return inside


def test_a_window_has_one_stack_and_parts_find_it(window: QWidget) -> None:
    assert Closables.of(window) is Closables.of(field(window, "first"))
    assert not Closables.of(window).close_top()


def test_what_lies_on_top_goes_first_whatever_was_opened_last(window: QWidget) -> None:
    closables = Closables.of(window)
    layers = [Layer.SHEET, Layer.PAGE, Layer.BAR, Layer.SIDEBAR, Layer.PANEL]
    for layer in layers:
        opened(window, layer)
    for layer in sorted(layers, reverse=True):
        assert closables.has(layer)
        assert closables.close_top()
        assert not closables.has(layer)
    assert not closables.close_top()


def test_the_newest_of_a_layer_goes_first_and_the_keyboard_goes_back_each_time(window: QWidget) -> None:
    closables = Closables.of(window)
    one = opened(window, Layer.PAGE)
    two = opened(window, Layer.PAGE)
    assert window.focusWidget() is two
    closables.close_top()
    assert window.focusWidget() is one
    closables.close_top()
    assert window.focusWidget() is field(window, "first")


def test_a_keyboard_that_is_elsewhere_by_now_stays_there(window: QWidget) -> None:
    opened(window, Layer.PANEL)
    field(window, "second").setFocus()
    Closables.of(window).close_top()
    assert window.focusWidget() is field(window, "second")


def test_where_what_had_the_keyboard_is_gone_it_goes_home(window: QWidget) -> None:
    closables = Closables.of(window)
    closables.home = field(window, "second").setFocus
    for lose in (QWidget.hide, lambda widget: widget.setEnabled(False), QWidget.deleteLater):
        before = QLineEdit(window)
        before.show()
        before.setFocus()
        opened(window, Layer.SHEET)
        lose(before)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        closables.close_top()
        assert window.focusWidget() is field(window, "second")


def test_a_layer_is_closed_with_all_above_it(window: QWidget) -> None:
    closables = Closables.of(window)
    for layer in Layer:
        opened(window, layer)
    closables.close_from(Layer.BAR)
    assert [layer for layer in Layer if closables.has(layer)] == [Layer.PAGE, Layer.PANEL]


def test_what_was_deleted_is_not_closed(window: QWidget) -> None:
    closables = Closables.of(window)
    thing = QWidget(window)
    closables.opened(thing, Layer.SHEET, lambda: pytest.fail("it is gone"))
    thing.setParent(None)
    thing.deleteLater()
    del thing
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not closables.close_top()
