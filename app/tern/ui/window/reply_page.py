"""A reply to edit, on a sheet; what is kept becomes a version beside the old one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from tern.ui.shared.field_text import written_in
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Size, Space, Theme


class ReplyPage(Sheet):
    """``keep`` is called with the new text, if it is another."""

    def __init__(self, theme: Theme, reply: str, parent: QWidget, keep: Callable[[str], object]) -> None:
        super().__init__(theme, self.tr("Edit this reply"), parent, QSize(680, 600))
        self._reply = reply
        self._keep = keep
        self.setObjectName("replyPage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        note = QLabel(
            self.tr("Saved as a new version; the old one stays. The model takes it for its own."), self.body
        )
        note.setProperty("kind", "quiet")
        note.setWordWrap(True)
        self.text = QPlainTextEdit(reply, self.body)
        self.text.setObjectName("attachmentText")
        self.text.setAccessibleName(self.tr("Text of the reply"))
        self.text.setAccessibleDescription(note.text())
        self.text.setFont(theme.font(Size.BODY))
        self.text.setTabChangesFocus(True)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.begin_with(self.text)
        cancel = QPushButton(self.tr("Cancel"), self.body)
        cancel.setObjectName("replyCancel")
        cancel.setProperty("kind", "floating")
        cancel.setAccessibleDescription(self.tr("Leaves the reply as it is. Key: Escape."))
        cancel.clicked.connect(self.close)
        self.save = QPushButton(self.tr("Save as new version"), self.body)
        self.save.setObjectName("replySave")
        self.save.setProperty("kind", "accent")
        self.save.setAccessibleDescription(self.tr("Keeps the changed reply. Key: Ctrl+Enter."))
        self.save.clicked.connect(self._done)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self._done)
        self.text.textChanged.connect(self._update)
        self._update()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(note)
        column.addWidget(self.text, 1)
        column.addLayout(buttons)

    def _update(self) -> None:
        written = written_in(self.text.document())
        self.save.setEnabled(bool(written.strip()) and written != self._reply)

    def _done(self) -> None:
        if self.save.isEnabled():
            self._keep(written_in(self.text.document()))
            self.close()
