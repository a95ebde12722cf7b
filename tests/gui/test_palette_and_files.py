"""Ctrl+K finds and does everything; conversations go out to files and come in again."""

from __future__ import annotations

import json
import time
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tern.chat.store import Store
from tern.chat.types import State
from tern.ui.main_window import MainWindow

from .conftest import WindowMaker

CONTROL = Qt.KeyboardModifier.ControlModifier


def _store() -> Store:
    store = Store.in_memory()
    for title in ("Trains", "Planes: why?"):
        number = store.create(title)
        store.add(number, [("user", f"about {title}", State.DONE), ("assistant", "indeed", State.DONE)], None)
    return store


def _palette(qtbot: QtBot, window: MainWindow, text: str) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(window.palette_.isVisible)
    assert QApplication.focusWidget() is window.palette_.field
    QTest.keyClicks(window.palette_.field, text)


def test_the_palette_finds_actions_and_conversations(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window(store=_store())
    _palette(qtbot, window, "train")
    assert [window.palette_.list.item(n).text() for n in range(window.palette_.list.count())] == ["Trains"]
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Return)
    assert "about Trains" in window.transcript.toPlainText()
    assert not window.palette_.isVisible()
    _palette(qtbot, window, "keyb short")
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window._help is not None and window._help.isVisible())
    assert window._help is not None
    window._help.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    _palette(qtbot, window, "")
    looks, conversations = 3, 2
    assert window.palette_.list.count() == len(window.actions_.all()) - 1 + looks + conversations
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Up)
    assert window.palette_.list.currentRow() == window.palette_.list.count() - 1
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Escape)
    assert not window.palette_.isVisible()


def test_the_palette_shows_what_begins_with_the_words_first_and_says_when_there_is_nothing(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    window = make_window(store=_store())
    _palette(qtbot, window, "co")
    rows = window.palette_.list
    texts = [rows.item(n).text() for n in range(rows.count())]
    begin = [text for text in texts if text.startswith("Co")]
    assert {"Connections and token", "Copy last reply"} == set(begin)
    assert texts[: len(begin)] == begin
    told = rows.item(texts.index("Copy last reply")).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told == "Copy last reply, Ctrl+Shift+C"
    QTest.keyClicks(window.palette_.field, "xyz")
    assert [rows.item(n).text() for n in range(rows.count())] == ["Nothing is called that."]
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()


def test_every_action_can_be_found_in_the_palette_or_the_menu(make_window: WindowMaker) -> None:
    window = make_window()
    assert len({action.text() for action in window.actions_.all()}) == len(window.actions_.all())
    keys = [
        action.shortcut().toString() for action in window.actions_.all() if not action.shortcut().isEmpty()
    ]
    assert len(set(keys)) == len(keys)


def test_export_and_import_through_the_dialogs(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    window = make_window(store=_store())
    shown = window.store.summaries()[0]
    window.show_conversation(shown.id)
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.selectedFiles()[0].endswith("Planes- why-.md")
    dialog.selectFile(str(tmp_path / "one.md"))
    dialog.accept()
    qtbot.waitUntil(lambda: "one.md" in window.notice.message)
    assert (tmp_path / "one.md").read_text(encoding="utf-8").startswith("# Planes: why?")
    window.carrying.export_to([summary.id for summary in window.store.summaries()], tmp_path / "all.json")
    qtbot.waitUntil(lambda: "all.json" in window.notice.message)
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["conversations"]) == 2
    window.carrying.import_from(tmp_path / "all.json")
    qtbot.waitUntil(lambda: window.notice.message == "2 conversations were imported.")
    assert len(window.store.summaries()) == 4
    qtbot.waitUntil(lambda: len(window.sidebar._summaries) == 4)
    window.carrying.import_from(tmp_path / "one.md")
    qtbot.waitUntil(lambda: "not an export that Tern knows" in window.notice.message)
    window.carrying.export_to([shown.id], tmp_path / "missing" / "x.md")
    qtbot.waitUntil(lambda: "could not be written" in window.notice.message)


def test_a_long_import_leaves_the_window_alone(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    messages = [
        {"id": n + 1, "parent": n or None, "role": "user", "content": "words " * 50, "state": "done",
         "created": 1.7e9, "stats": {}} for n in range(20)
    ]  # fmt: skip
    one = {"title": "T", "pinned": False, "updated": 1.7e9, "manner": {"system": None, "sampling": {}},
           "leaf": 20, "messages": messages}  # fmt: skip
    path = tmp_path / "many.json"
    path.write_text(json.dumps({"format": "tern-conversations", "version": 1, "conversations": [one] * 300}))
    window = make_window(store=Store.open(tmp_path))
    window.carrying.import_from(path)
    started, longest, last = time.monotonic(), 0.0, time.monotonic()
    while window.carrying._jobs:
        qtbot.wait(1)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    took = time.monotonic() - started
    assert len(window.store.summaries()) == 300
    assert longest < max(0.3, took / 2), "the window went on meanwhile"
    window.carrying.import_from(path)
    qtbot.waitUntil(lambda: len(window.store.summaries()) > 300)
    window.close()
    assert len(window.store.summaries()) == 300, "what is cut short adds nothing"
    window.store.close()
