"""The inline bar: says what happened and offers one thing that helps. Never modal, never in the way of typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer
from PySide6.QtGui import QFont, QShowEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QWidget,
)

from tern.errors import UserError
from tern.ui.shared.announcer import Announcer
from tern.ui.shared.labels import show_trouble_icon, trouble_icon
from tern.ui.shared.translate_errors import said
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Space, Theme

_MOST_LINES, _LEAST_LINES = 9, 1
_AGAIN_MS = 2000  # from the moment that nobody holds it
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # around words that may be written from the right


class Notice(QFrame):
    """Hidden until :meth:`show_message`. ``tone`` "error" or "calm"."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._act: Callable[[], object] | None = None
        self._lasting = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._time_out)
        self.setObjectName("notice")
        self.setAccessibleName(self.tr("Notice"))
        self._icon = trouble_icon(theme, self.tr("Error"), self)
        self._words = _Words(self)
        self._words.setObjectName("noticeText")
        self._words.setAccessibleDescription(self.tr("What the notice says."))
        self._button = QPushButton(self)
        self._button.setObjectName("noticeButton")
        self._button.setAccessibleDescription(self.tr("Does what the notice offers."))
        self._button.clicked.connect(self._do)
        self._close = QToolButton(self)
        self._close.setObjectName("noticeClose")
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.setAccessibleDescription(self.tr("Hides this notice."))
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._words, 1)
        for button in (self._button, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)  # else the row is no higher than they are
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    @property
    def message(self) -> str:
        return self._words.said

    def show_message(
        self,
        message: str,
        action: str = "",
        act: Callable[[], object] | None = None,
        tone: str = "error",
        seconds: float = 0,
        lasting: bool = False,
        address: Sequence[tuple[str, bool]] = (),
    ) -> None:
        """Say ``message``; ``action`` labels the button that calls ``act``. ``seconds`` 0: until it is dismissed;
        else it waits while the pointer is over it or the keys are in it.

        ``lasting``: it is about no one conversation, and :meth:`clear` leaves it alone. ``address``: what it is about,
        on lines of its own, in pieces and whether they are to stand out.
        """
        self._lasting = lasting
        self._timer.stop()
        if seconds:
            self._timer.start(round(1000 * seconds))
        self._words.say(said(message), address)
        self._act = act
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._icon.setVisible(tone == "error")
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        Announcer(self).say(self.message)

    def attempt(self, act: Callable[[], object]) -> bool:
        """Whether ``act`` worked; if the disk refused, that is said."""
        try:
            act()
        except UserError as error:
            self.show_message(error.sentence)
            return False
        return True

    def clear(self) -> None:
        """What was said of a conversation is past."""
        if not self._lasting:
            self.hide()

    def focus_button(self) -> None:
        """Put the keys on what it offers: it asks something."""
        self._button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _time_out(self) -> None:
        """Its time is over; but not while the pointer is over it or the keys are in it."""
        focused = QApplication.focusWidget()
        if self.underMouse() or (focused is not None and self.isAncestorOf(focused)):
            self._timer.start(_AGAIN_MS)
        else:
            self.hide()

    def _do(self) -> None:
        act, self._act = self._act, None
        self.hide()
        if act is not None:
            act()

    def _restyle(self) -> None:
        self._close.setIcon(action_icon("x", self._theme))
        show_trouble_icon(self._icon, self._theme)


class _Words(QTextEdit):
    """Wraps within a word where it must, so that nothing is cut off; what there is no room for scrolls."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.said = ""
        self._has_address = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self.updateGeometry)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.verticalScrollBar().rangeChanged.connect(lambda: self._bring_into_view())

    def say(self, message: str, address: Sequence[tuple[str, bool]]) -> None:
        lines = [message] if message else []
        if address:
            lines.append("".join(piece for piece, _ in address))
        self.said = "\n".join(lines)
        self._has_address = bool(address)
        self.setAccessibleName(self.said)
        way = QTextOption(self.document().defaultTextOption())
        way.setTextDirection(self.layoutDirection())  # whatever the title begins with that is named in it
        self.document().setDefaultTextOption(way)
        self.setPlainText(message)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for number, (piece, bold) in enumerate(address):
            fmt = QTextCharFormat()
            fmt.setFontWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
            if not number:
                cursor.insertBlock()
            cursor.insertText(piece if piece.isascii() else f"{_ISOLATE}{piece}{_END_ISOLATE}", fmt)
        self._bring_into_view()

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        text = self.textCursor().selection().toPlainText()
        data.setText(text.translate(dict.fromkeys(map(ord, _ISOLATE + _END_ISOLATE))))
        return data

    def _bring_into_view(self) -> None:
        """The beginning; or, where not all of it has room, the address that is asked about."""
        about = self.document().lastBlock() if self._has_address else self.document().firstBlock()
        top = self.document().documentLayout().blockBoundingRect(about).top()
        self.verticalScrollBar().setValue(int(top))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)  # which scrolls to the cursor
        self._bring_into_view()

    def _height(self, most_lines: int) -> int:
        return min(ceil(self.document().size().height()), most_lines * self.fontMetrics().lineSpacing())

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._height(_MOST_LINES))

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._height(_LEAST_LINES))
