"""What became of an import, in words: a sentence for the notice, and a page with a line for each conversation of which
not everything came.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from tern.chat.import_report import Left, Outcome, Report, Why
from tern.ui.shared.sheet import Sheet
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import count_text
from tern.ui.style.theme import Size, Space, Theme

_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # around words that may be written from the right
_MOST_LINES = 2000  # nobody reads more, and laying them out would be felt


class ImportPage(Sheet):
    """A sheet over the window."""

    def __init__(self, theme: Theme, report: Report, parent: QWidget) -> None:
        title = QCoreApplication.translate("ImportPage", "What was imported")
        super().__init__(theme, title, parent, QSize(640, 480))
        self.setObjectName("importPage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._title = QLabel(summary(report), self.body)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        self.text = QPlainTextEdit("\n".join(lines(report)), self.body)
        self.text.setObjectName("importText")
        self.text.setReadOnly(True)
        way = QTextOption(self.text.document().defaultTextOption())
        way.setTextDirection(self.layoutDirection())  # of each line, whatever its title begins with
        self.text.document().setDefaultTextOption(way)
        self.text.setAccessibleName(self.tr("What was left out, chat by chat"))
        self.text.setTextInteractionFlags(
            self.text.textInteractionFlags() | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self._title)
        column.addWidget(self.text, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self._title.setFont(self._theme.font(Size.BODY))
        self.text.setFont(self._theme.font(Size.CONTROL))


def summary(report: Report) -> str:
    """How it went, in a few sentences."""
    count = len(report.ids)
    parts = [_tr("Nothing was imported.")]
    if count:
        parts = [_tr("1 chat was imported.") if count == 1 else
                 _tr("{0} chats were imported.").format(count_text(count))]  # fmt: skip
    if here := report.count(Why.HERE):
        parts.append(
            _tr("1 was here already.")
            if here == 1
            else _tr("{0} were here already.").format(count_text(here))
        )
    if lost := report.count(Why.UNREADABLE):
        parts.append(
            _tr("1 could not be read.")
            if lost == 1
            else _tr("{0} could not be read.").format(count_text(lost))
        )
    empty = report.count(Why.EMPTY)
    if empty and not count:
        parts.append(
            _tr("1 holds no messages.")
            if empty == 1
            else _tr("{0} hold no messages.").format(count_text(empty))
        )
    if any(one.left for one in report.outcomes if one.conversation is not None):
        parts.append(_tr("Some parts were left out."))
    if report.trouble:
        parts.append(said(report.trouble))
    return " ".join(parts)


def lines(report: Report) -> list[str]:
    """A line for each conversation of which something did not come."""
    wanting = [one for one in report.outcomes if one.why or one.left or one.messages != one.turns]
    found = [_line(one) for one in wanting[:_MOST_LINES]]
    if more := len(wanting) - len(found):
        found.append(_tr("And {0} more.").format(count_text(more)))
    return found


def _line(one: Outcome) -> str:
    title = one.title or _tr("Without a title")
    if not title.isascii():
        title = f"{_ISOLATE}{title}{_END_ISOLATE}"
    if one.why is Why.HERE:
        return _tr("{0}: is here already.").format(title)
    if one.why is Why.EMPTY:
        return _tr("{0}: holds no messages.").format(title)
    if one.why is Why.UNREADABLE:
        return _tr("{0}: could not be read.").format(title)
    line = _tr("{0}: {1} of {2} messages.").format(title, count_text(one.messages), count_text(one.turns))
    if one.left:
        listed = ", ".join(f"{_name(what)} ({count_text(count)})" for what, count in one.left.items())
        line += " " + _tr("Left out: {0}.").format(listed)
    return line


def _name(what: Left) -> str:
    return {
        Left.PICTURES: _tr("pictures"),
        Left.RECORDINGS: _tr("recordings"),
        Left.FILES: _tr("attached files"),
        Left.HIDDEN: _tr("hidden messages"),
        Left.TOOLS: _tr("tool steps"),
        Left.UNREADABLE: _tr("unreadable messages"),
        Left.ATTACHMENTS: _tr("attachment markers"),
        Left.NUMBERS: _tr("reply figures"),
    }[what]


def _tr(text: str) -> str:
    return QCoreApplication.translate("import", text)
