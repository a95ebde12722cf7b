"""The field one writes in: grows to eight lines, tells its keys and what is pasted or dropped into it apart.
Knows nothing of what becomes of the text; asks by signals.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from tern.chat.normalize import as_written
from tern.ui.shared.field_text import pasted_text, written_in
from tern.ui.shared.long_lines import broken, whole

_MOST_LINES = 8
_MOST_OF_WINDOW = 0.36  # of its height: the conversation stays in view
_LONG_CHARACTERS, _LONG_LINES = 2000, 30  # from here on a pasted text is better seen as one thing


class Editor(QPlainTextEdit):
    """Enter submits, Shift+Enter breaks the line. Text that was put there and not changed since counts as recalled:
    Up from its first line and Down from its last ask for the one before and the one after.
    """

    submitted = Signal()
    recall_requested = Signal(int)  # -1: the message before, +1: the one after
    files_given = Signal(list)  # paths
    long_text_given = Signal(str)
    picture_given = Signal()
    height_wanted = Signal()  # another one than before

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.sending_keys = Qt.KeyboardModifier.NoModifier  # held with Enter
        self._recalled: str | None = None
        self._invitation = ""
        self._composing = False  # with an input method, and not in the text yet
        self._fitting = False
        self._as_it_is = False  # the next text that is pasted stays in the field, however long
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.document().setDocumentMargin(0)
        self.setMaximumHeight(self.fontMetrics().lineSpacing() + 2)
        self.textChanged.connect(self.fit)

    @property
    def written(self) -> str:
        """What stands there, to the character."""
        return whole(written_in(self.document()))

    def put(self, text: str, recalled: bool = False) -> None:
        """Write ``text`` in place of what is there, the cursor after it."""
        text = as_written(text)
        self.setPlainText(broken(text))
        self.moveCursor(QTextCursor.MoveOperation.End)
        self._recalled = text if recalled else None

    def invite(self, words: str) -> None:
        """Show ``words`` while nothing is written, as many as there is room for: Qt would show half of a sentence."""
        self._invitation = words
        self.fit()

    def paste_as_it_is(self) -> None:
        """Paste into the text, however long it is."""
        self._as_it_is = True
        self.paste()
        self._as_it_is = False

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.matches(QKeySequence.StandardKey.Undo)
            and not self.document().isUndoAvailable()
        ):
            event.ignore()  # then it may bring back what was deleted
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if enter and held == self.sending_keys:
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Up and not held and self._may_leave(-1):
            self.recall_requested.emit(-1)
        elif event.key() == Qt.Key.Key_Down and not held and self._may_leave(+1):
            self.recall_requested.emit(+1)
        elif QKeySequence(event.keyCombination()) == QKeySequence("Ctrl+Shift+V"):
            self.paste_as_it_is()
        else:
            super().keyPressEvent(event)

    def _may_leave(self, step: int) -> bool:
        """Whether Up (-1) or Down (+1) has nowhere to go within the text, and may go to another message."""
        if self.document().isEmpty():
            return step < 0
        if self._recalled != self.written:
            return False
        cursor = self.textCursor()
        place = cursor.block().layout().lineForTextPosition(cursor.positionInBlock()).lineNumber()
        if step < 0:
            return cursor.blockNumber() == 0 and place == 0
        last = cursor.block().layout().lineCount() - 1
        return cursor.blockNumber() == self.blockCount() - 1 and place == last

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return (
            source.hasUrls() or source.hasImage() or source.hasHtml() or super().canInsertFromMimeData(source)
        )

    def insertFromMimeData(self, source: QMimeData) -> None:
        if paths := paths_of(source):
            self.files_given.emit(paths)
            return
        text = pasted_text(source)
        if source.hasImage() and not text.strip():
            self.picture_given.emit()
            return
        long = len(text) > _LONG_CHARACTERS or text.count("\n") >= _LONG_LINES
        if long and not self._as_it_is:
            self.long_text_given.emit(text)
        else:
            self.insertPlainText(broken(text))
            self.ensureCursorVisible()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        super().inputMethodEvent(event)
        self._composing = bool(event.preeditString())
        self.fit()

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(whole(as_written(self.textCursor().selectedText())))
        return data

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Wish to be as tall as the text, between one line and eight, or fewer in a low window."""
        if self._fitting:
            return  # a scroll bar that makes itself necessary would go and come for ever
        self._fitting = True
        self._fit()
        self._fitting = False

    def _fit(self) -> None:
        room = self.viewport().width() - 2
        invitation = "" if self._composing else self._invitation  # Qt draws it under what is being composed
        shown = self.fontMetrics().elidedText(invitation, Qt.TextElideMode.ElideRight, room)
        if shown != self.placeholderText():
            self.setPlaceholderText(shown)
        lines = max(1, round(self.document().size().height()))  # a plain text layout measures in lines
        line = self.fontMetrics().lineSpacing()
        most = max(2, min(_MOST_LINES, round(self.window().height() * _MOST_OF_WINDOW / line)))
        wanted = min(lines, most) * line + 2
        if wanted != self.maximumHeight():
            self.setMaximumHeight(wanted)
            self.updateGeometry()
            self.height_wanted.emit()
        whole = lines * line + 2 <= min(self.height(), wanted)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAlwaysOff if whole else policy.ScrollBarAsNeeded)

    def sizeHint(self) -> QSize:
        return QSize(200, self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        two_lines = 2 * self.fontMetrics().lineSpacing() + 2
        return QSize(80, min(self.maximumHeight(), two_lines))


def paths_of(source: QMimeData) -> list[Path]:
    """The files on this computer that ``source`` names."""
    return [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]
