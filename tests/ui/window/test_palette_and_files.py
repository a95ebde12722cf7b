"""Ctrl+K finds and does everything; conversations go out to files and come in again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QPushButton, QTextEdit
from pytestqt.qtbot import QtBot

from tern.chat import json_stream
from tern.chat.export import ExportFormat
from tern.chat.store import Store
from tern.chat.types import State
from tern.ui.window import transfer
from tern.ui.window.file_dialogs import with_suffix
from tern.ui.window.import_page import ImportPage
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

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
    qtbot.waitUntil(lambda: window.help_page is not None and window.help_page.isVisible())
    assert window.help_page is not None
    window.help_page.close()
    _palette(qtbot, window, "")
    looks, conversations = 3, 2
    usable = [action for action in window.actions_.all() if action.isEnabled()]
    assert window.palette_.list.count() == len(usable) - 1 + looks + conversations
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
    assert set(begin) == {
        "Copy last reply", "Compare versions of the last reply", "Context size", "Context precision (KV cache)",
        "Concise", "Code",
    }  # fmt: skip
    assert texts[: len(begin)] == begin
    told = rows.item(texts.index("Copy last reply")).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told == "Copy last reply, Ctrl+Shift+C"
    QTest.keyClicks(window.palette_.field, "xyz")
    assert [rows.item(n).text() for n in range(rows.count())] == ["No matches."]
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
    window.conversations.show(shown.id)
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.selectedFiles()[0].endswith("Planes- why-.md")
    dialog.selectFile(str(tmp_path / "one.md"))
    dialog.accept()
    qtbot.waitUntil(lambda: "one.md" in window.notice.message)
    assert (tmp_path / "one.md").read_text(encoding="utf-8").startswith("# Planes: why?")
    window.transfer.export_to([summary.id for summary in window.store.summaries()], tmp_path / "all.json")
    qtbot.waitUntil(lambda: "all.json" in window.notice.message)
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["conversations"]) == 2
    window.transfer.import_from(tmp_path / "all.json")
    qtbot.waitUntil(lambda: window.notice.message == "Nothing was imported. 2 were here already.")
    for summary in window.store.summaries():
        window.conversations.delete(summary.id)
    window.transfer.import_from(tmp_path / "all.json")
    qtbot.waitUntil(lambda: window.notice.message == "2 chats were imported.")
    assert len(window.store.summaries()) == 2
    qtbot.waitUntil(lambda: len(window.sidebar._summaries) == 2)
    window.transfer.import_from(tmp_path / "one.md")
    qtbot.waitUntil(lambda: "not an export that Tern knows" in window.notice.message)
    window.transfer.export_to([shown.id], tmp_path / "missing" / "x.md")
    qtbot.waitUntil(lambda: "could not be written" in window.notice.message)


def _name_in(dialog: QFileDialog, name: str) -> None:
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    field.setText(name)


@pytest.mark.parametrize(
    ("filter_", "typed", "written", "begins"),
    [
        ("JSON", "Version 1.2", "Version 1.2.json", "{"), ("JSON", "Version 1.2.json", "Version 1.2.json", "{"),
        ("JSON", "notes.md", "notes.md.json", "{"), ("Plain", "v. 2", "v. 2.txt", "Planes: why?\n="),
        ("Markdown", "what.ever", "what.ever.md", "# Planes"), ("Markdown", "plain", "plain.md", "# Planes"),
        ("JSON", None, "Planes- why-.json", "{"), ("Markdown", "A.MD", "A.MD", "# Planes"),
    ],
)  # fmt: skip
def test_the_format_that_was_chosen_is_written(
    qtbot: QtBot,
    make_window: WindowMaker,
    tmp_path: Path,
    filter_: str,
    typed: str | None,
    written: str,
    begins: str,
) -> None:
    window = make_window(store=_store())
    window.conversations.show(window.store.summaries()[0].id)
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(QFileDialog)
    dialog.setDirectory(str(tmp_path))
    formats = dialog.findChild(QComboBox, "fileTypeCombo")
    place = next(n for n in range(formats.count()) if filter_ in formats.itemText(n))
    formats.setCurrentIndex(place)
    formats.activated.emit(place)
    formats.textActivated.emit(formats.itemText(place))
    if typed is not None:
        _name_in(dialog, typed)
    dialog.accept()
    qtbot.waitUntil(lambda: window.notice.message.startswith("Exported to"))
    assert [path.name for path in tmp_path.iterdir()] == [written]
    assert (tmp_path / written).read_text(encoding="utf-8").startswith(begins)


def test_a_file_the_person_was_not_asked_about_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "Version 1.2.json").write_text("mine")
    (tmp_path / "Version 1.2 (2).json").write_text("mine too")
    assert with_suffix(tmp_path / "Version 1.2", ExportFormat.JSON) == tmp_path / "Version 1.2 (3).json"
    assert with_suffix(tmp_path / "Version 1.2.JSON", ExportFormat.JSON) == tmp_path / "Version 1.2.JSON"


def _exported(title: str, *messages: dict[str, object]) -> dict[str, object]:
    return {"title": title, "messages": list(messages)}


SAID = {"author": {"role": "user"}, "content": {"parts": ["Why?"]}, "create_time": 1.7e9}
PICTURE = {"author": {"role": "assistant"}, "content": {"parts": [{"content_type": "image_asset_pointer"}]}}


@pytest.mark.parametrize("kept", [True, False])
def test_what_did_not_come_is_said(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, kept: bool
) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([
        _exported("Whole", SAID), _exported("Partly", SAID, PICTURE, {"author": {"role": "user"}, "content": True}),
        _exported("Empty"), {"title": "Odd", "mapping": 5},
    ]))  # fmt: skip
    window = make_window(store=Store.open(tmp_path) if kept else Store.in_memory())
    window.transfer.import_from(path)
    expected = "2 chats were imported. 1 could not be read. Some parts were left out."
    qtbot.waitUntil(lambda: window.notice.message == expected)
    qtbot.waitUntil(lambda: len(window.sidebar._summaries) == 2)
    button = window.notice.findChild(QPushButton, "noticeButton")
    assert button.text() == "Details"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    page = window.findChild(ImportPage)
    assert page is not None
    assert page.text.toPlainText().splitlines() == [
        "Partly: 2 of 3 messages. Left out: pictures (1), unreadable messages (1).",
        "Empty: holds no messages.", "Odd: could not be read.",
    ]  # fmt: skip
    with qtbot.waitSignal(page.destroyed):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    window.close()
    window.store.close()


def test_a_title_from_the_right_turns_no_sentence_round(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(
        json.dumps([_exported("שלום 1", SAID, PICTURE, {"author": {"role": "user"}, "content": True})])
    )
    window = make_window()
    window.transfer.import_from(path)
    expected = "1 chat was imported. Some parts were left out."
    qtbot.waitUntil(lambda: window.notice.message == expected)
    QTest.mouseClick(window.notice.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    page = window.findChild(ImportPage)
    assert page is not None
    block = page.text.document().begin()
    assert block.text().startswith("\u2068שלום 1\u2069: 2 of 3 messages.")
    assert block.textDirection() == Qt.LayoutDirection.LeftToRight
    page.close()
    window.conversations.delete(window.store.summaries()[0].id)
    words = window.notice.findChild(QTextEdit, "noticeText")
    assert words.toPlainText() == "“שלום 1” was deleted."
    assert words.document().begin().textDirection() == Qt.LayoutDirection.LeftToRight


def _many(path: Path, count: int) -> Path:
    said = [SAID | {"content": {"parts": [f"{number} " + "words " * 40]}} for number in range(20)]
    path.write_text(json.dumps([_exported(f"T{number}", *said) for number in range(count)]))
    return path


def test_a_long_import_takes_nothing_from_the_window(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the file is read in this process, and nothing of it written; what is typed meanwhile is kept."""
    monkeypatch.setattr(json_stream.Elements, "__init__", lambda *args: pytest.fail("it is read here"))
    monkeypatch.setattr(Store, "import_part", lambda *args: pytest.fail("it is written here"))
    window = make_window(store=Store.open(tmp_path))
    window.transfer.import_from(_many(tmp_path / "many.json", 120))
    QTest.keyClicks(window.composer.editor, "meanwhile")
    window.chat.drafts.keep()
    qtbot.waitUntil(lambda: window.notice.message == "120 chats were imported.")
    assert len(window.sidebar._summaries) == 120
    assert window.store.draft(None).text == "meanwhile"
    window.close()
    window.store.close()


def test_an_import_is_cancelled_where_it_is_shown(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_LONG_MS", 1)
    window = make_window(store=Store.open(tmp_path))
    window.transfer.import_from(_many(tmp_path / "many.json", 2000))
    button = window.notice.findChild(QPushButton, "noticeButton")
    qtbot.waitUntil(lambda: window.notice.message.startswith("Importing…"))
    assert button.text() == "Cancel"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.transfer._jobs)
    assert window.notice.message == "Cancelled; nothing was changed."
    assert window.store.summaries() == []
    window.close()
    window.store.close()


def test_closing_ends_an_import_and_adds_nothing(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    window = make_window(store=Store.open(tmp_path))
    window.transfer.import_from(_many(tmp_path / "many.json", 2000))
    qtbot.waitUntil(lambda: len(window.store.summaries()) > 0)
    window.close()
    assert window.store.summaries() == []
    window.store.close()


def test_something_else_that_is_said_stays_beside_a_long_import(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_LONG_MS", 1)
    window = make_window(store=Store.open(tmp_path))
    window.transfer.import_from(_many(tmp_path / "many.json", 400))
    qtbot.waitUntil(lambda: window.notice.message.startswith("Importing…"))
    window.show_error("The disk is full.")
    shown = []
    while window.transfer._jobs:
        shown.append(window.notice.message)
        qtbot.wait(1)
    assert set(shown[:-1]) == {"The disk is full."}
    window.close()
    window.store.close()


def test_what_the_terminal_did_meanwhile_is_seen_when_the_window_comes_up(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path
) -> None:
    store = Store.open(tmp_path)
    gone = store.create("Gone")
    store.add(gone, [("user", "about it", State.DONE)], None)
    window = make_window(store=store)
    window.conversations.show(gone)
    QTest.keyClicks(window.composer.editor, "half a thought")
    other = store.another()
    other.delete(gone)
    other.create("New one")
    other.close()
    QApplication.sendEvent(window, QEvent(QEvent.Type.ActivationChange))
    assert [summary.title for summary in window.sidebar._summaries] == ["New one"]
    assert window.session.conversation is None
    assert window.composer.text == "half a thought", "what was typed is not lost with it"
    window.close()
    store.close()
