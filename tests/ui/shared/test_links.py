"""A link is asked about by its whole address, as it goes out; whatever a reply links to, nothing fails."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QPushButton, QTextEdit
from pytestqt.qtbot import QtBot

from tern.chat.attachments import Attachment
from tern.ui.shared.links import address_pieces, offer_link
from tern.ui.shared.notice import Notice
from tern.ui.style.theme import Mode, Theme
from tern.ui.transcript.items import Item
from tern.ui.transcript.transcript import Transcript

LONG = (
    "https://example.com/"
    + "a-very-long-path-without-a-space/" * 12
    + "?and=a&query=with&all=%20that#belongs"
)


@pytest.mark.parametrize(
    ("address", "pieces"),
    [
        ("https://example.com/a?b#c", [("https://", False), ("example.com", True), ("/a?b#c", False)]),
        ("http://example.com", [("http://", False), ("example.com", True)]),
        (
            "https://bank.com@evil.com/login",
            [("https://bank.com@", False), ("evil.com", True), ("/login", False)],
        ),
        (
            "https://bank.com:443/@evil.com:80/",
            [("https://", False), ("bank.com", True), (":443/@evil.com:80/", False)],
        ),
        ("https://a.com@a.com/", [("https://a.com@", False), ("a.com", True), ("/", False)]),
        (
            "https://аррӏе.com/login",  # Cyrillic
            [("https://", False), ("аррӏе.com", True), (" (xn--80ak6aa92e.com) ", False), ("/login", False)],
        ),
        (
            "https://bücher.example/ä",
            [
                ("https://", False),
                ("bücher.example", True),
                (" (xn--bcher-kva.example) ", False),
                ("/%C3%A4", False),
            ],
        ),
        ("https://xn--a.com/", [("https://", False), ("xn--a.com", True), ("/", False)]),  # means nothing
        ("http://[::1]:80/x", [("http://[", False), ("::1", True), ("]:80/x", False)]),
        (
            "https://x.y/\u202egnp.exe\u200b",
            [("https://", False), ("x.y", True), ("/%E2%80%AEgnp.exe%E2%80%8B", False)],
        ),
        ("mailto:a@x.y?subject=b", [("mailto:", False), ("a@x.y", True), ("?subject=b", False)]),
    ],
)
def test_the_whole_address_with_its_host_standing_out(address: str, pieces: list[tuple[str, bool]]) -> None:
    assert address_pieces(QUrl(address)) == pieces


@pytest.fixture
def notice(qtbot: QtBot, theme: Theme) -> Notice:
    notice = Notice(theme)
    qtbot.addWidget(notice)
    notice.resize(420, 60)
    return notice


def _text(notice: Notice) -> QTextEdit:
    text = notice.findChild(QTextEdit, "noticeText")
    assert text is not None
    return text


def _action(notice: Notice) -> QPushButton:
    button = notice.findChild(QPushButton, "noticeButton")
    assert button is not None
    return button


def test_the_question_shows_all_of_a_long_address(qtbot: QtBot, notice: Notice) -> None:
    offer_link(LONG, notice)
    text = _text(notice)
    qtbot.waitUntil(lambda: text.document().blockCount() == 2)
    assert text.document().lastBlock().text() == LONG
    assert notice.message.endswith(LONG)
    layout = text.document().lastBlock().layout()
    assert layout.lineCount() > 5
    for number in range(layout.lineCount()):
        assert layout.lineAt(number).naturalTextWidth() <= text.viewport().width()
    bar = text.verticalScrollBar()
    assert bar.maximum() == 0 or bar.maximum() + bar.pageStep() >= text.document().size().height() - 1


def test_only_the_host_is_bold(notice: Notice) -> None:
    offer_link("https://bank.com@evil.com/x", notice)
    cursor = QTextCursor(_text(notice).document())
    bold = ""
    while cursor.movePosition(QTextCursor.MoveOperation.NextCharacter):
        if cursor.charFormat().fontWeight() > 500 and cursor.block() == _text(notice).document().lastBlock():
            bold += cursor.block().text()[cursor.positionInBlock() - 1 : cursor.positionInBlock()]
    assert bold == "evil.com"


def test_an_address_is_copied_without_marks_of_direction(qtbot: QtBot, notice: Notice) -> None:
    notice.show()
    offer_link("https://דוגמה.com/x", notice)
    text = _text(notice)
    text.selectAll()
    text.copy()
    assert "\u2068" in text.toPlainText()
    assert QGuiApplication.clipboard().text().endswith("https://דוגמה.com (xn--6dbbec0c.com) /x")


@pytest.mark.parametrize(
    "address",
    [
        "tern-attachment:zzz/0", "tern-attachment:", "tern-attachment:1/0", "tern-attachment:2/99999999999999999999",
        "foo:bar", "README.md", "#part", "//x.y/z", "https://", "http://[bad", "file:///etc/passwd", "ftp://x.y", "",
        "tel:+1", "data:text/html,x", "%zz", "https://exa mple.com", "https://a\u202eb.com", ":", "http:",
        "\\\\host\\share",
    ],
)  # fmt: skip
def test_any_other_link_is_an_unknown_one(
    qtbot: QtBot, theme: Theme, notice: Notice, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("tern.ui.shared.links.QDesktopServices.openUrl", lambda url: pytest.fail("opened"))
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    attached = Attachment("a.txt", "text", 4)
    transcript.show_items(
        [Item(1, True, "Go"), Item(2, True, "x", attachments=(attached,)), Item(3, False, "y")]
    )
    transcript.attachment_requested.connect(lambda key, number: pytest.fail("no such attachment"))
    transcript.link_activated.connect(lambda link: offer_link(link, notice))
    transcript.anchorClicked.emit(QUrl(address))
    assert not notice.isHidden()
    assert _action(notice).isHidden()
    assert "link" in notice.message


def test_an_attachment_is_still_shown(qtbot: QtBot, theme: Theme) -> None:
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    attached = (Attachment("a.txt", "text", 4), Attachment("b", "text", 4))
    transcript.show_items([Item(7, True, "x", attachments=attached), Item(8, False, "y")])
    with qtbot.waitSignal(transcript.attachment_requested) as asked:
        transcript.anchorClicked.emit(QUrl("tern-attachment:7/1"))
    assert asked.args == [7, 1]


def test_a_click_on_a_link_in_a_reply_asks_by_what_it_leads_to(
    qtbot: QtBot, theme: Theme, notice: Notice
) -> None:
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.resize(600, 400)
    transcript.show_items([Item(1, True, "Go"), Item(2, False, "[https://bank.com](https://evil.com/%20ü)")])
    transcript.show()
    transcript.link_activated.connect(lambda link: offer_link(link, notice))
    cursor = transcript.document().find("bank")
    at = transcript.cursorRect(cursor).center() - QPoint(4, 0)
    qtbot.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert notice.message.endswith("https://evil.com/%20%C3%BC")


def test_what_no_program_opens_can_be_copied(notice: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tern.ui.shared.links.QDesktopServices.openUrl", lambda url: False)
    offer_link("https://example.com/a", notice)
    _action(notice).click()
    assert "Copy the address" in notice.message
    assert notice.message.endswith("https://example.com/a")


def test_a_notice_about_a_long_name_wraps_too(qtbot: QtBot, notice: Notice) -> None:
    notice.show()
    notice.show_message("Tern can't read " + "a_file_with_a_long_name" * 10 + ".png.")
    layout = _text(notice).document().firstBlock().layout()
    assert layout.lineCount() > 2
    assert all(
        layout.lineAt(number).naturalTextWidth() <= _text(notice).viewport().width()
        for number in range(layout.lineCount())
    )


@pytest.mark.parametrize("dark", [False, True])
def test_the_words_of_a_notice_are_ink(qtbot: QtBot, notice: Notice, theme: Theme, dark: bool) -> None:
    theme.set_mode(Mode.DARK if dark else Mode.LIGHT)
    notice.show()
    notice.show_message("Something happened.")
    assert _text(notice).palette().text().color() == QColor(theme.color("ink"))


def test_what_is_selected_stays_so_when_a_link_above_is_defined(qtbot: QtBot, theme: Theme) -> None:
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.show_items([Item(1, True, "Go"), Item(2, False, "")], last_open=True)
    transcript.append("See [the paper][1].\n\nThese words are selected.\n\nMore")
    transcript.setTextCursor(transcript.document().find("words are selected"))
    transcript.append(" to come.\n\n[1]: https://x.y\n\nThe end.\n")
    assert "See the paper." in transcript.toPlainText()
    assert transcript.textCursor().selectedText() == "words are selected"
