"""Where one writes: the field with Send and Stop in one place, over it what is attached, under it a row with the
preset and how full the context is. Knows nothing of what becomes of the text; asks by signals.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tern.chat.attachments import Attachment
from tern.chat.types import Draft
from tern.ui.composer.attachment_chips import AttachmentRow
from tern.ui.composer.context_meter import ContextMeter
from tern.ui.composer.editor import Editor
from tern.ui.composer.long_document import LongDocument
from tern.ui.composer.preset_button import PresetButton
from tern.ui.composer.prompt_list import PromptList
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme


class Composer(QFrame):
    """``send_requested`` asks for what is written to be sent, also while a reply is on its way; it leaves only when the
    owner calls :meth:`clear`.
    """

    send_requested = Signal(object)  # Draft, as :attr:`message`
    stop_requested = Signal()
    recall_requested = Signal(int)  # -1: the message before, +1: the one after
    attach_requested = Signal()
    changed = Signal()  # the text or what is attached

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._busy = False
        self._send_when_read = False
        self._too_long = ""  # why what is written cannot be sent
        self.setObjectName("composerBox")

        self.shelf = AttachmentRow(theme, self)
        self.long_document = LongDocument(theme, self)
        self.editor = Editor(self)
        self.editor.setObjectName("composer")
        self.editor.setAccessibleName(self.tr("Message"))
        self.send_button = QPushButton(self.tr("Send"), self)
        self.send_button.setObjectName("sendButton")
        self.stop_button = QPushButton(self.tr("Stop"), self)
        self.stop_button.setObjectName("stopButton")
        self.stop_button.setAccessibleDescription(
            self.tr("Ends the reply here and keeps what was written. Key: Escape.")
        )
        self.stop_button.setToolTip(self.tr("Stop (Esc)"))
        for button in (self.send_button, self.stop_button):
            button.setAutoDefault(False)
        self.attach_button = QPushButton(self)
        self.attach_button.setObjectName("attachButton")
        self.attach_button.setProperty("kind", "small")
        self.attach_button.setAccessibleName(self.tr("Attach"))
        self.attach_button.setToolTip(self.tr("Attach text files, PDF or DOCX"))
        self.attach_button.setAccessibleDescription(
            self.tr("Adds the text of files to your message. They can be dropped or pasted, too.")
        )
        self.preset_button = PresetButton(theme, self)
        self.meter = ContextMeter(theme, self)
        self.prompts = PromptList(theme, self.editor, self)
        self._lay_out()
        self.setFocusProxy(self.editor)
        self.meter.wish_changed.connect(self._fit_row)
        self.preset_button.relabelled.connect(self._fit_row)

        self.editor.submitted.connect(self._submit)
        self.editor.recall_requested.connect(self.recall_requested)
        self.editor.textChanged.connect(self._written)
        self.editor.height_wanted.connect(self._make_room)
        self.editor.installEventFilter(self)
        self.window().installEventFilter(self)
        self.shelf.changed.connect(self._shelved)
        self.shelf.all_gone.connect(self.editor.setFocus)
        self.send_button.clicked.connect(self._submit)
        self.stop_button.clicked.connect(self.stop_requested)
        self.attach_button.clicked.connect(self.attach_requested)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.set_enter_sends(True)
        self.set_busy(False)
        self.set_guide(False)

    def _lay_out(self) -> None:
        over = QHBoxLayout()
        over.setContentsMargins(Space.S, 0, Space.S, Space.XS)
        over.addWidget(self.shelf)
        reading = QHBoxLayout()
        reading.setContentsMargins(Space.S, 0, Space.S, 0)
        reading.addWidget(self.long_document)
        writing = QHBoxLayout()
        writing.setContentsMargins(Space.S, 0, Space.S, 0)
        writing.setSpacing(Space.S)
        writing.addWidget(self.editor, 1, Qt.AlignmentFlag.AlignVCenter)
        self._row = QHBoxLayout()
        self._row.setSpacing(Space.XS)
        self._row.addWidget(self.attach_button)
        self._row.addWidget(self.preset_button)
        self._row.addStretch(1)
        self._row.addWidget(self.meter)
        self._row.addSpacing(Space.S)
        # Not beside the field, whose lines would all end where the button begins.
        self._row.addWidget(self.send_button)
        self._row.addWidget(self.stop_button)
        column = QVBoxLayout(self)
        frame = 2  # of the style sheet: with it, what is written stands under what was said
        column.setContentsMargins(Space.S - frame, Space.S, Space.S - frame, Space.XS)
        column.setSpacing(Space.XS)
        column.addLayout(over)
        column.addLayout(reading)
        column.addLayout(writing)
        column.addLayout(self._row)

    # What is written

    @property
    def text(self) -> str:
        return self.editor.written

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.shelf.attachments

    @property
    def draft(self) -> Draft:
        """All that is written, to the character."""
        return Draft(self.text, self.attachments)

    @property
    def message(self) -> Draft:
        """What would be sent: all of it but blank ends."""
        return Draft(self.text.strip(), self.attachments)

    def put(self, draft: Draft, recalled: bool = False) -> None:
        """Write this in place of what is there. ``recalled``: Up and Down may go on to other messages."""
        self._send_when_read = False  # it was meant for what was there
        self.shelf.put(draft.attachments)
        self.editor.put(draft.text, recalled)

    def clear(self) -> None:
        self.put(Draft())

    def set_enter_sends(self, plain: bool) -> None:
        """Whether Enter alone sends, or Enter with Ctrl."""
        modifier = Qt.KeyboardModifier
        self.editor.sending_keys = modifier.NoModifier if plain else modifier.ControlModifier
        self._describe_send()
        self.editor.setAccessibleDescription(
            self.tr("Write to the model here. Enter sends, Shift and Enter begin a new line.")
            if plain
            else self.tr("Write to the model here. Enter begins a new line, Ctrl and Enter send.")
        )

    def _describe_send(self) -> None:
        """What Send does, or why it cannot be pressed."""
        plain = self.editor.sending_keys == Qt.KeyboardModifier.NoModifier
        keys = self.tr("Enter") if plain else self.tr("Ctrl+Enter")
        sends = self.tr("Sends your message. Key: {0}.").format(keys)
        self.send_button.setToolTip(self._too_long or self.tr("Send ({0})").format(keys))
        self.send_button.setAccessibleDescription(self._too_long or sends)

    def set_guide(self, guide: bool) -> None:
        """Whether the built-in guide is asked, which knows about Tern and little else."""
        anything = self.tr("Ask anything. It stays on this computer.")
        self.editor.invite(self.tr("Ask about Tern…") if guide else anything)

    def set_busy(self, busy: bool) -> None:
        """While a reply is on its way Stop stands where Send was."""
        focused = self.send_button.hasFocus() or self.stop_button.hasFocus()
        self._busy = busy
        self.send_button.setVisible(not busy)
        self.stop_button.setVisible(busy)
        self.stop_button.setEnabled(True)
        self._update_buttons()
        if focused:
            self.editor.setFocus()

    @property
    def stopping(self) -> bool:
        """Whether the reply on its way was told to stop."""
        return self._busy and not self.stop_button.isEnabled()

    def set_stopping(self) -> None:
        """Stop was heard; until the reply has ended it cannot be pressed again."""
        if self.stop_button.hasFocus():
            self.editor.setFocus()
        self.stop_button.setEnabled(False)

    def set_too_long(self, reason: str) -> None:
        """What is written takes more than the model can read, and why; empty: it does not."""
        if reason != self._too_long:
            self._too_long = reason
            self._update_buttons()
            self._describe_send()

    def set_target(self, target: bool) -> None:
        """Whether something hovers over the page that would be attached if it were dropped."""
        self._mark("target", target)

    def _submit(self) -> None:
        if not self._has_something():
            return
        self._send_when_read = self.shelf.reading  # a file that is still being read goes along
        if not self._send_when_read:
            self.send_requested.emit(self.message)

    def hold_back(self) -> None:
        """A file that was to go along could not be read: the person decides anew."""
        self._send_when_read = False

    def _written(self) -> None:
        self._send_when_read = False
        self._update_buttons()
        self.changed.emit()

    def _shelved(self) -> None:
        self._update_buttons()
        self.changed.emit()
        if self._send_when_read and not self.shelf.reading:
            self._submit()

    def _has_something(self) -> bool:
        return bool(self.text.strip() or self.shelf.chips)

    def _update_buttons(self) -> None:
        if not self._has_something():
            self._too_long = ""
        self.send_button.setEnabled(self._has_something() and not self._too_long)

    # How it looks

    def _restyle(self) -> None:
        self.editor.setFont(self._theme.font(Size.BODY))
        self.send_button.setIcon(action_icon("arrow-up", self._theme, "on_accent"))
        self.stop_button.setIcon(action_icon("stop-fill", self._theme, "mark"))
        self.attach_button.setIcon(action_icon("plus", self._theme, "quiet"))
        self.attach_button.setIconSize(self._theme.icon_size * 0.8)
        for button in (self.send_button, self.stop_button):
            button.setIconSize(self._theme.icon_size)
        width = max(self.send_button.sizeHint().width(), self.stop_button.sizeHint().width())
        for button in (self.send_button, self.stop_button):
            button.setMinimumWidth(width)  # the one replaces the other without a jump
        self.editor.fit()
        self._fit_row()

    def _make_room(self) -> None:
        """Lay out everything around the field now: one level an event, as Qt would, is seen as a jerk."""
        around: QWidget | None = self
        while around is not None:
            if (layout := around.layout()) is not None:
                layout.activate()
            around = around.parentWidget()

    def _fit_row(self) -> None:
        """Words where there is room for them, icons where not; the meter takes what is left."""
        for wordy in (True, False):
            self.attach_button.setText(self.tr("Attach") if wordy else "")
            self.preset_button.set_wordy(wordy)
            buttons = (self.attach_button, self.preset_button, self.send_button)
            room = (
                self.width() - sum(button.sizeHint().width() + Space.XS for button in buttons) - 4 * Space.S
            )
            if self.meter.wish <= room:
                break
        self.meter.set_room(room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_row()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.editor:
            if event.type() == QEvent.Type.Resize:
                self.editor.fit()
                self.shelf.arrange()
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._mark("focused", event.type() == QEvent.Type.FocusIn)
        return super().eventFilter(watched, event)

    def _mark(self, name: str, value: bool) -> None:
        if bool(self.property(name)) != value:
            self.setProperty(name, value)
            self.style().unpolish(self)
            self.style().polish(self)
