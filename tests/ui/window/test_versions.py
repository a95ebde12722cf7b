"""Versions of a reply: edited, written by another model or in another way, compared; printed and saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from tern.engine.fake_engine import FakeEngine
from tern.ui.transcript.reply_html import reply_html
from tern.ui.window.compare_page import ComparePage
from tern.ui.window.main_window import MainWindow
from tern.ui.window.reply_files import ReplyFiles
from tern.ui.window.reply_page import ReplyPage

from ..composing import exchange, idle, shown_text
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _other_ways(qtbot: QtBot, window: MainWindow) -> QMenu:
    """The menu beside Regenerate, opened with the mouse."""
    button = window.findChild(QToolButton, "regenerateWithButton")
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return window.findChildren(QMenu, "otherWays")[-1]


def _choose(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()
    menu.close()


def test_a_reply_is_edited_into_a_new_version(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["Terns fly south.", "Yes."])
    window = make_window(engine)
    exchange(qtbot, window, "Where to?")
    button = window.findChild(QToolButton, "editReplyButton")
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    page = window.findChild(ReplyPage)
    assert not page.save.isEnabled(), "nothing is changed yet"
    QTest.keyClicks(page.text, " And back.")
    QTest.keyClick(page.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.session.path[-1].content == "Terns fly south. And back."
    assert window.session.siblings(window.session.path[-1])[0].content == "Terns fly south."
    assert "Fake (edited)" in shown_text(window), "who wrote it is told"
    exchange(qtbot, window, "Sure?")
    assert engine.requests[-1].messages[1].content == "Terns fly south. And back."


def test_a_reply_is_written_in_another_way_and_by_another_model_and_compared(
    qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMenu, "popup", lambda menu, where: None)  # the platform of tests shows none
    engine = FakeEngine(["The first.", "The short one."])
    window = make_window(engine)
    exchange(qtbot, window, "Why?")
    _choose(_other_ways(qtbot, window), "Concise")
    qtbot.waitUntil(lambda: len(window.session.entries) == 3 and idle(window))
    assert engine.requests[-1].messages[0].content.startswith("Answer in as few words")
    assert window.session.manner.system is None, "the chat itself goes on as it was"
    assert "Fake · Concise" in shown_text(window)
    other = FakeEngine(["By the other model."])
    other._info = replace(other.info, name="Other")
    window.chat.other_models = lambda: [("Other model", lambda: window.open_model(lambda _: other))]
    _choose(_other_ways(qtbot, window), "Other model")
    qtbot.waitUntil(lambda: len(window.session.entries) == 4 and idle(window))
    assert [one.model for one in window.session.siblings(window.session.path[-1])] == [
        "Fake", "Fake · Concise", "Other",
    ]  # fmt: skip
    _choose(_other_ways(qtbot, window), "Compare versions")
    page = window.findChild(ComparePage)
    qtbot.waitUntil(lambda: all(side.settled for _, side in page.sides))
    assert "The short one." in page.sides[0][1].toPlainText()
    assert "By the other" in page.sides[1][1].toPlainText()
    assert [choice.currentText() for choice, _ in page.sides] == ["2. Fake · Concise", "3. Other"]
    page.sides[0][0].setCurrentIndex(0)
    assert "The first." in page.sides[0][1].toPlainText()
    qtbot.mouseClick(page.findChild(QPushButton, "compareUse0"), Qt.MouseButton.LeftButton)
    assert window.session.path[-1].content == "The first."
    assert window.findChild(QLabel, "branchPlaceReply").text() == "1/3"


def test_continue_is_a_labelled_button(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine(["word " * 400, "and more."], token_seconds=0.01)
    window = make_window(engine)
    window.resize(520, 600)
    window.chat.send("Go")
    qtbot.waitUntil(lambda: "word" in window.session.reply)
    window.chat.stop()
    qtbot.waitUntil(lambda: idle(window))
    button = window.findChild(QToolButton, "continueReply")
    qtbot.waitUntil(button.isVisible)
    assert button.text() == "Continue"
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon, "in a narrow window, too"
    assert (
        window.transcript.viewport()
        .rect()
        .contains(button.mapTo(window.transcript.viewport(), QPoint(button.width() - 1, 0)))
    )
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: idle(window) and "more" in window.session.reply)


REPLY = """# Heading

Text with **bold**, `code` and a < sign.

| a | b |
|---|---|
| 1 | 2 |

- one
- two

```python
print("<b>")
```

$$\\frac{a}{b}$$

<think>secret</think>
"""


def test_a_reply_is_saved_as_html_and_pdf(qtbot: QtBot, make_window: WindowMaker, tmp_path: Path) -> None:
    html = reply_html("What <is> it?", "<think>secret</think>" + REPLY, "Fake · today")
    assert "What &lt;is&gt; it?" in html
    assert "<b>bold</b>" in html
    assert 'print("&lt;b&gt;")'.replace('"', "&quot;") in html
    assert "<td>1</td>" in html
    assert "data:image/png;base64," in html
    assert "title='\\frac{a}{b}'" in html
    window = make_window()
    files = ReplyFiles(window.notice, window)
    files.write(html, tmp_path / "reply.html")
    assert (tmp_path / "reply.html").read_text(encoding="utf-8") == html
    files.write(html, tmp_path / "reply.pdf")
    reader = PdfReader(tmp_path / "reply.pdf")
    text = reader.pages[0].extract_text()
    assert "Heading" in text
    assert "bold" in text
    assert len(reader.pages[0].images) == 1, "the formula"
    assert window.notice.message == "Saved as reply.pdf."
    files.write(html, tmp_path / "missing" / "reply.pdf")
    assert "could not be written" in window.notice.message
