"""The text of an attachment to read, and of a pasted one to edit or put into the message, on a sheet."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.normalize import as_written
from tern.ui.shared.attachment_text import attachment_text
from tern.ui.shared.field_text import pasted_text, written_in
from tern.ui.shared.long_lines import broken, whole
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Size, Space, Theme


class _Text(QPlainTextEdit):
    """Its very long lines are broken, but for what is copied or pasted."""

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(whole(as_written(self.textCursor().selectedText())))
        return data

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(broken(pasted_text(source)))


class AttachmentPage(Sheet):
    """``keep`` is called with the text when the page is left with it changed, ``unfold`` to have it in the message
    instead; both None for an attachment that was sent already.
    """

    def __init__(
        self,
        theme: Theme,
        attachment: Attachment,
        parent: QWidget,
        keep: Callable[[str], object] | None = None,
        unfold: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(theme, attachment_text(attachment), parent, QSize(680, 600))
        self._keep = keep if attachment.kind is AttachmentKind.PASTE else None
        self.setObjectName("attachmentPage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._note = QLabel(self.body)
        self._note.setProperty("kind", "quiet")
        self._note.setWordWrap(True)
        self._note.setText(
            self.tr("The model sees the text as you leave it here.")
            if self._keep is not None
            else self.tr("This is everything the model gets to see of it.")
        )
        self.text = _Text(broken(attachment.text), self.body)
        self.text.setObjectName("attachmentText")
        self.text.setReadOnly(self._keep is None)
        self.text.setAccessibleName(self.tr("Text of the attachment"))
        self.text.setAccessibleDescription(self._note.text())
        self.text.setTextInteractionFlags(
            self.text.textInteractionFlags() | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.begin_with(self.text)
        self._changed = False
        self.text.textChanged.connect(self._note_change)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        if unfold is not None and attachment.kind is AttachmentKind.PASTE:
            into = QPushButton(self.tr("Move into message"), self.body)
            into.setObjectName("unfoldButton")
            into.setProperty("kind", "floating")
            into.setAccessibleDescription(self.tr("Moves this text into the message itself."))
            into.clicked.connect(lambda: self._unfold(unfold))
            buttons.addWidget(into)
        if self._keep is not None:
            done = QPushButton(self.tr("Done"), self.body)
            done.setObjectName("attachmentClose")
            done.setProperty("kind", "floating")
            done.setAccessibleDescription(self.tr("Keeps the changes and closes this. Key: Escape."))
            done.clicked.connect(self.close)
            buttons.addWidget(done)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self._note)
        column.addWidget(self.text, 1)
        column.addLayout(buttons)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _note_change(self) -> None:
        self._changed = True

    def _unfold(self, unfold: Callable[[str], object]) -> None:
        self._keep = None
        unfold(whole(written_in(self.text.document())))
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._keep is not None and self._changed:
            self._keep(whole(written_in(self.text.document())))
        self._keep = None
        super().closeEvent(event)

    def _restyle(self) -> None:
        self.text.setFont(self._theme.mono(Size.CONTROL))
        self.text.setTabStopDistance(4 * self.text.fontMetrics().horizontalAdvance(" "))
