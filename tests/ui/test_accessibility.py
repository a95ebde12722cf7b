"""What a screen reader is told: a name and a role for everything, and replies by the sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tern.chat.attachments import Attachment, AttachmentKind
from tern.engine.types import EngineOptions
from tern.library.shelf import Installed
from tern.settings import SECTIONS, Settings
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.models.template_page import TemplatePage
from tern.ui.shared.announcer import Announcer
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController

from .conftest import WindowMaker

pytestmark = pytest.mark.slow

# Roles of what can be used or read; each must have a name.
R = QAccessible.Role
NAMED_ROLES = {
    R.Button, R.ButtonMenu, R.ButtonDropDown, R.EditableText, R.StaticText, R.Document, R.CheckBox, R.ComboBox,
    R.SpinBox, R.List, R.ListItem, R.Table, R.Cell, R.MenuItem, R.MenuBar, R.ProgressBar, R.Link, R.RadioButton,
    R.Slider,
}  # fmt: skip
# What one can do something with: it must also say what it does. Items and menu entries say it by their name.
DESCRIBED_ROLES = NAMED_ROLES - {
    R.StaticText,
    R.ListItem,
    R.Cell,
    R.MenuItem,
    R.MenuBar,
    R.ProgressBar,
    R.Client,
}

RING = 60  # pixels


def _walk(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield interface
    for index in range(interface.childCount()):
        child = interface.child(index)
        if child is not None and child.isValid():
            yield from _walk(child)


def _full_window(qtbot: QtBot, make_window: WindowMaker) -> MainWindow:
    """With a conversation, an attachment to send and a notice in view."""
    window = make_window(replies=["A reply."])
    composer = window.findChild(QPlainTextEdit, "composer")
    QTest.keyClicks(composer, "Hello")
    QTest.keyClick(composer, Qt.Key.Key_Return)
    qtbot.waitUntil(window.composer.send_button.isVisible)
    window.notice.show_message("Something happened.", "Try again", lambda: None)
    return window


def _all_places(window: MainWindow, theme: Theme, folder: Path) -> Iterator[str]:
    """Everything that Tern can open in its window, open, one after the other."""
    host = ModelsController(window, theme, Settings(), lambda: None, EngineOptions)
    yield "chat"
    for act in ("reply_options", "help", "about", "settings", "network", "models"):
        window.actions_[act].trigger()
        if act == "settings":
            page = window.settings_controller.page
            assert page is not None
            for section in SECTIONS:
                page.show_section(section)
                yield f"settings, {section}"
        if act == "reply_options":
            window.findChild(QPushButton, "moreOptions").click()
        yield act
    attachment = Attachment("notes.txt", "One line.", 9, AttachmentKind.PASTE)
    model = Installed("m", "A model", folder / "m.gguf", 1, "", "", "", False)
    AttachmentPage(theme, attachment, window, lambda text: None, lambda text: None).show()
    yield "attachment"
    TemplatePage(theme, model, "{{ messages }}", False, window).show()
    yield "template"
    window.show_palette()
    yield "palette"
    host.close()


def test_everything_has_a_name_a_role_and_a_purpose(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, tmp_path: Path
) -> None:
    window = _full_window(qtbot, make_window)
    seen: Counter[QAccessible.Role] = Counter()
    nameless, aimless = [], []
    for page in _all_places(window, theme, tmp_path):
        for interface in _walk(QAccessible.queryAccessibleInterface(window)):
            thing, state = interface.object(), interface.state()
            if state.invisible or (isinstance(thing, QWidget) and _is_part_of_qt(thing)):
                continue
            assert interface.role() is not R.NoRole, (page, thing)
            if isinstance(thing, QLabel) and not thing.pixmap().isNull():
                assert interface.text(QAccessible.Text.Name), (page, thing)
            if interface.role() not in NAMED_ROLES or (isinstance(thing, QLabel) and not thing.text()):
                continue
            seen[interface.role()] += 1
            if not interface.text(QAccessible.Text.Name):
                nameless.append((page, interface.role(), thing))
            usable = interface.role() in DESCRIBED_ROLES and isinstance(thing, QWidget)
            if usable and not isinstance(thing, QLabel) and not interface.text(QAccessible.Text.Description):
                aimless.append((page, interface.role(), thing))
    assert not nameless, nameless
    assert not aimless, aimless
    assert {R.Button, R.CheckBox, R.ComboBox, R.SpinBox, R.EditableText, R.StaticText, R.List} <= set(seen)
    assert sum(seen.values()) > 150


def _is_part_of_qt(widget: QWidget) -> bool:
    """Qt's own pieces of a widget, which speak through it."""
    names = (widget.objectName(), widget.parent().objectName() if widget.parent() else "")
    return any(name.startswith("qt_") for name in names) or isinstance(
        widget.parent(), QAbstractSpinBox | QComboBox | QTableView | QHeaderView
    )


def _walk_by_tab() -> tuple[list[QWidget], list[QWidget]]:
    """What Tab goes through, from where the focus is until it comes back; and what of that does not show it."""
    first = QApplication.focusWidget()
    assert first is not None
    stops, unseen = [first], []
    while len(stops) < 200:
        here = QApplication.focusWidget()
        with_focus = _pictures(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        assert now is not None
        if here is not first and not _differ(with_focus, _pictures(here)):
            unseen.append(here)
        if now is first:
            return stops, unseen
        stops.append(now)
    raise AssertionError(f"Tab never comes back: {[s.objectName() for s in stops[-6:]]}")


def _pictures(stop: QWidget) -> list[QImage]:
    """Of the control and of what it stands in: some rings are their frame's."""
    QApplication.processEvents()
    return [widget.grab().toImage() for widget in (stop, stop.parentWidget()) if widget is not None]


def _differ(first: list[QImage], second: list[QImage]) -> bool:
    """Whether one pair differs in as many pixels as a ring has at least."""
    return any(_difference(one, other) >= RING for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("place", ["chat", "settings", "about", "help", "reply_options", "models", "network"])
def test_tab_reaches_every_control_and_shows_where_it_is(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, tmp_path: Path, place: str
) -> None:
    window = _full_window(qtbot, make_window)
    host = ModelsController(window, theme, Settings(), lambda: None, EngineOptions)
    if place == "chat":
        window.area.show_chat()
    else:
        window.actions_[place].trigger()
    sheets = [sheet for sheet in window.findChildren(Sheet) if sheet.isVisible()]
    top = sheets[0] if sheets else window
    assert QApplication.focusWidget() is not None
    stops, unseen = _walk_by_tab()
    host.close()
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox)
    wanted = [
        each for kind in kinds for each in top.findChildren(kind)
        if each.isVisibleTo(top) and each.isEnabled() and each.window() is window and not _is_part_of_qt(each)
        and each.focusPolicy() & Qt.FocusPolicy.TabFocus and not each.visibleRegion().isEmpty()
    ]  # fmt: skip
    missed = [each.objectName() or each for each in wanted if each not in stops]
    assert not missed, missed
    assert (
        len(stops)
        >= {"chat": 8, "settings": 9, "about": 3, "help": 3, "reply_options": 14, "models": 10, "network": 5}[
            place
        ]
    )
    assert not unseen, [stop.objectName() or stop for stop in unseen]


def _difference(first: QImage, second: QImage) -> int:
    """How many pixels differ; the sizes are the same."""
    one, other = (image.convertToFormat(QImage.Format.Format_RGB32) for image in (first, second))
    pixels = [
        np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1) for image in (one, other)
    ]
    return int((pixels[0] != pixels[1]).sum()) if pixels[0].shape == pixels[1].shape else 1 << 20


@pytest.mark.parametrize(
    "name",
    ["transcript", "composer", "sendButton", "stopButton", "speedReadout", "memoryReadout", "contextReadout"],
)
def test_the_named_parts_are_there(make_window: WindowMaker, name: str) -> None:
    window = make_window()
    (part,) = [w for w in window.findChildren(QWidget) if w.objectName() == name]
    assert QAccessible.queryAccessibleInterface(part).text(QAccessible.Text.Name)


def test_replies_are_spoken_by_the_sentence(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    spoken: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: spoken.append(event.message()))
    announcer = Announcer(widget)
    for token in [
        "I",
        " am",
        " **a",
        " guide**",
        ".",
        " I",
        " run",
        " at",
        " 1",
        ".",
        "58",
        " bits",
        ". And",
    ]:
        announcer.add(token)
    announcer.finish()
    assert spoken == ["I am a guide.", "I run at 1.58 bits.", "And"]
