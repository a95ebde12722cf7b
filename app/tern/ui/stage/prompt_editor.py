"""The five prompts to edit, over the stage."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class PromptEditor(QFrame):
    """``written`` carries the five as they stand when it is done; Escape leaves all as it was."""

    written = Signal(tuple)
    closed = Signal()

    def __init__(self, texts: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("stagePanel")
        self.setAccessibleName(_tr("Edit prompts"))
        title = QLabel(_tr("Prompts on the keys 1 to 5. An empty one becomes Tern's own again."), self)
        title.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(12)
        self.fields: list[QLineEdit] = []
        for number, text in enumerate(texts, start=1):
            key = QLabel(str(number), self)
            field = QLineEdit(text, self)
            field.setObjectName(f"stagePrompt{number}")
            field.setAccessibleName(_tr("Prompt {0}").format(number))
            field.setCursorPosition(0)
            key.setBuddy(field)
            grid.addWidget(key, number, 0)
            grid.addWidget(field, number, 1)
            self.fields.append(field)
        self._done = QPushButton(_tr("Done"), self)
        self._done.setObjectName("stagePromptsDone")
        self._done.setProperty("kind", "accent")
        self._cancel = QPushButton(_tr("Cancel"), self)
        self._cancel.setObjectName("stagePromptsCancel")
        for button in (self._done, self._cancel):
            button.setAutoDefault(False)
            button.setAccessibleName(button.text())
        self._done.clicked.connect(self._finish)
        self._cancel.clicked.connect(self.closed)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._done)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 28, 32, 24)
        column.setSpacing(20)
        column.addWidget(title)
        column.addLayout(grid)
        column.addLayout(row)

    def begin(self) -> None:
        """Take the keyboard."""
        self.fields[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._cancel.hasFocus():
                self.closed.emit()
            else:
                self._finish()
        # The rest is nothing that the stage behind it should hear of.

    def _finish(self) -> None:
        self.written.emit(tuple(field.text() for field in self.fields))
        self.closed.emit()


def _tr(text: str) -> str:
    return QCoreApplication.translate("stage", text)
