"""The prompts over the composer while "/" and the beginning of a name stand in it. Decides nothing of what is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from tern.chat.prompts import PROMPTS, Prompt, matching
from tern.ui.composer.editor import Editor
from tern.ui.shared.announcer import Announcer
from tern.ui.style.theme import Size, Space, Theme

_MOST_ROWS = 8
_LONGEST = 40  # characters after "/": what is longer is no name


class PromptList(QFrame):
    """Of ``editor``, beside ``composer``. ``chosen`` is what is put there; ``manage_requested``: all of them."""

    manage_requested = Signal()

    def __init__(self, theme: Theme, editor: Editor, composer: QWidget) -> None:
        super().__init__(composer.window())
        self._theme, self._editor, self._composer = theme, editor, composer
        self.own: Callable[[], Sequence[Prompt]] = tuple  # asked for when they are needed
        self._put_away = ""  # what stood there when the person closed the list
        self._shown: list[Prompt] = []
        self.setObjectName("palette")
        self.setAccessibleName(self.tr("Prompts"))
        self.list = QListWidget(self)
        self.list.setObjectName("paletteList")
        self.list.setAccessibleName(self.tr("Prompts"))
        self.list.setAccessibleDescription(self.tr("Enter puts the prompt into your message."))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        column.addWidget(self.list)
        self.list.itemClicked.connect(lambda item: self._choose(self.list.row(item)))
        editor.textChanged.connect(self._look)
        editor.installEventFilter(self)
        self.hide()

    def _look(self) -> None:
        """Something was typed."""
        text = self._editor.written
        if not text.startswith("/") or "\n" in text or len(text) > _LONGEST or text == self._put_away:
            self.hide()
            if not text.startswith("/"):
                self._put_away = ""
            return
        self._shown = matching((*self.own(), *PROMPTS), text[1:])
        if not self._shown:
            self.hide()
            return
        self.list.clear()
        for prompt in self._shown:
            item = QListWidgetItem(prompt.name)
            item.setToolTip(prompt.text.strip())
            self.list.addItem(item)
        if not text[1:].strip():
            self.list.addItem(self.tr("Edit assistants and prompts…"))
        self.list.setCurrentRow(0)
        self.list.setFont(self._theme.font(Size.CONTROL))
        was_hidden = self.isHidden()
        self._place()
        if was_hidden:
            Announcer(self).say(self.tr("{0} prompts").format(len(self._shown)))

    def _place(self) -> None:
        window = self._composer.window()
        rows = min(_MOST_ROWS, self.list.count())
        height = rows * max(self.list.sizeHintForRow(0), 24) + 2 * Space.S + 2
        corner = self._composer.mapTo(window, QPoint(0, 0))
        width = min(self._composer.width(), 320)
        left = corner.x() + (self._composer.width() - width if self.isRightToLeft() else 0)
        self.setGeometry(left, max(0, corner.y() - height - Space.XS), width, height)
        self.show()
        self.raise_()

    def _choose(self, row: int) -> None:
        self.hide()
        if row >= len(self._shown):
            self._editor.put("")
            self.manage_requested.emit()
            return
        self._editor.put(self._shown[row].text)
        self._editor.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if self.isHidden() or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()  # it closes this, and nothing else
            return True
        if event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        row = self.list.currentRow()
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                step = -1 if event.key() == Qt.Key.Key_Up else 1
                self.list.setCurrentRow((row + step) % self.list.count())
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Tab:
                self._choose(row)
            case Qt.Key.Key_Escape:
                self._put_away = self._editor.written
                self.hide()
            case _:
                return super().eventFilter(watched, event)
        return True
