"""Where one writes: a text field that grows to eight lines, with Send and Stop in one place.
Knows nothing of what becomes of the text; asks by signals.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QSizePolicy, QWidget

from tern.ui.icons import action_icon
from tern.ui.theme import Size, Space, Theme

_MOST_LINES = 8


class _Editor(QPlainTextEdit):
    """Grows with its text; Enter submits, Shift+Enter breaks the line."""

    submitted = Signal()
    up_pressed = Signal()  # with nothing written

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.sending_keys = Qt.KeyboardModifier.NoModifier  # held with Enter
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.textChanged.connect(self.fit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if enter and held == self.sending_keys:
            self.submitted.emit()
            return
        if event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.up_pressed.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Be as tall as the text, between one line and eight."""
        lines = max(1, round(self.document().size().height()))  # a plain text layout measures in lines
        line = self.fontMetrics().lineSpacing()
        wanted = min(lines, _MOST_LINES) * line + 2
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if lines > _MOST_LINES else policy.ScrollBarAlwaysOff
        )
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().lineSpacing() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.fontMetrics().lineSpacing() + 2)


class Composer(QFrame):
    """``send_requested`` carries the text, which leaves the field only when the owner calls :meth:`clear`."""

    send_requested = Signal(str)
    stop_requested = Signal()
    edit_last_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._busy = False
        self.setObjectName("composerBox")

        self.editor = _Editor(theme, self)
        self.editor.setObjectName("composer")
        self.editor.setPlaceholderText(self.tr("Ask anything. It stays on this computer."))
        self.editor.setAccessibleName(self.tr("Message"))
        self.editor.setAccessibleDescription(
            self.tr("Write to the model here. Enter sends, Shift and Enter begin a new line.")
        )
        self.send_button = QPushButton(self.tr("Send"), self)
        self.send_button.setObjectName("sendButton")
        self.send_button.setAccessibleDescription(self.tr("Sends your message. Key: Enter."))
        self.send_button.setToolTip(self.tr("Send (Enter)"))
        self.stop_button = QPushButton(self.tr("Stop"), self)
        self.stop_button.setObjectName("stopButton")
        self.stop_button.setAccessibleDescription(
            self.tr("Ends the reply here and keeps what was written. Key: Escape.")
        )
        self.stop_button.setToolTip(self.tr("Stop (Esc)"))
        for button in (self.send_button, self.stop_button):
            button.setAutoDefault(False)

        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.send_button, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.stop_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.setFocusProxy(self.editor)

        self.editor.submitted.connect(self._submit)
        self.editor.up_pressed.connect(self.edit_last_requested)
        self.editor.textChanged.connect(self._update_buttons)
        self.editor.installEventFilter(self)
        self.send_button.clicked.connect(self._submit)
        self.stop_button.clicked.connect(self.stop_requested)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_busy(False)

    @property
    def text(self) -> str:
        return self.editor.toPlainText()

    def set_enter_sends(self, plain: bool) -> None:
        """Whether Enter alone sends, or Enter with Ctrl."""
        modifier = Qt.KeyboardModifier
        self.editor.sending_keys = modifier.NoModifier if plain else modifier.ControlModifier
        keys = self.tr("Enter") if plain else self.tr("Ctrl+Enter")
        self.send_button.setToolTip(self.tr("Send ({0})").format(keys))
        self.send_button.setAccessibleDescription(self.tr("Sends your message. Key: {0}.").format(keys))

    def clear(self) -> None:
        self.editor.clear()

    def set_text(self, text: str) -> None:
        """Write ``text`` in place of what is there, the cursor after it."""
        self.editor.setPlainText(text)
        self.editor.moveCursor(QTextCursor.MoveOperation.End)

    def set_busy(self, busy: bool) -> None:
        """While a reply is on its way Stop stands where Send was."""
        focused = self.send_button.hasFocus() or self.stop_button.hasFocus()
        self._busy = busy
        self.send_button.setVisible(not busy)
        self.stop_button.setVisible(busy)
        self._update_buttons()
        if focused:
            self.editor.setFocus()

    def _submit(self) -> None:
        if not self._busy and self.text.strip():
            self.send_requested.emit(self.text.strip())

    def _update_buttons(self) -> None:
        self.send_button.setEnabled(bool(self.text.strip()))

    def _restyle(self) -> None:
        self.editor.setFont(self._theme.font(Size.BODY))
        self.send_button.setIcon(action_icon("arrow-up", self._theme, "on_accent"))
        self.stop_button.setIcon(action_icon("stop-fill", self._theme, "mark"))
        for button in (self.send_button, self.stop_button):
            button.setIconSize(self._theme.icon_size)
        width = max(self.send_button.sizeHint().width(), self.stop_button.sizeHint().width())
        for button in (self.send_button, self.stop_button):
            button.setMinimumWidth(width)  # the one replaces the other without a jump
        self.editor.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            self.style().unpolish(self)
            self.style().polish(self)
        return super().eventFilter(watched, event)
