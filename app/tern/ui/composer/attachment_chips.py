"""What is attached to the message that is being written: a row of chips, each with name, encoding where it had to be
found, size, token cost and a button that takes it away. Reads no file; is told attachments, and asks by signals.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.encodings import ENCODINGS, Decoded
from tern.chat.file_text import may_reread, readings
from tern.ui.shared.attachment_text import encoding_text, name_text
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import count_text, size_text
from tern.ui.style.theme import Size, Space, Theme

_NAME_WIDTH = 200  # px of the longest name, at scale 1
_LEAST_NAME = 72  # ... and of one that still tells which file it is
_MOST_ROWS, _MOST_ROWS_LOW = 3.4, 1.4  # in view; the piece of one tells that there are more
_PREVIEW = 28  # characters of a text in the menu of its encodings
_LOW = 520  # px of a window that is low


class EncodingButton(QPushButton):
    """Hidden where nothing need be said; only a word where the bytes are not known any more."""

    chosen = Signal(str)  # a key of ENCODINGS

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._attachment: Attachment | None = None
        self.words = ""  # all of them, whatever there is room for
        self.setObjectName("encodingButton")
        self.setProperty("kind", "small")
        self.setAutoDefault(False)
        self._choices = QMenu(self)
        self._choices.aboutToShow.connect(self._fill)
        self.hide()

    def show_attachment(self, attachment: Attachment | None, from_right: bool) -> None:
        """None: it is still being read. ``from_right``: the chip is."""
        self._attachment = attachment
        words = encoding_text(attachment) if attachment is not None else ""
        self.words = words
        self.setText(words)
        self.setVisible(bool(words))
        if attachment is None or not words:
            return
        changeable = may_reread(attachment)
        self.setEnabled(changeable)
        self.setMenu(self._choices if changeable else None)  # type: ignore[arg-type]  # None takes it away
        self.setIcon(action_icon("caret-down", self._theme, "quiet"))
        self.setIconSize(self._theme.icon_size * 0.6)
        ways = Qt.LayoutDirection
        self._choices.setLayoutDirection(ways.RightToLeft if from_right else ways.LeftToRight)
        # The arrow after the word.
        self.setLayoutDirection(ways.LeftToRight if from_right else ways.RightToLeft)
        self.setAccessibleName(self.tr("Encoding of {0}: {1}").format(name_text(attachment), words))
        help_ = self.tr("Read the file in another encoding, if its text looks wrong")
        self.setToolTip(f"{words}\n{help_}" if changeable else words)
        self.setAccessibleDescription(help_ if changeable else "")

    def shorten(self, shorter: bool) -> None:
        """Show the encoding alone, or all that is to be said of it."""
        if self._attachment is not None and self.words:
            self.setText(self._attachment.encoding if shorter else self.words)

    def _fill(self) -> None:
        menu, attachment = self._choices, self._attachment
        menu.clear()
        if attachment is None:
            return
        group = QActionGroup(menu)

        def add(to: QMenu, name: str, label: str) -> None:
            action = to.addAction(label.replace("&", "&&"))
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name == attachment.encoding)
            group.addAction(action)
            action.triggered.connect(lambda: self.chosen.emit(name))

        likely = readings(attachment)
        for one in likely:
            add(menu, one.encoding, f"{one.encoding}\t{_preview(one)}")
        if attachment.encoding not in [one.encoding for one in likely]:
            add(menu, attachment.encoding, attachment.encoding)
        menu.addSeparator()
        every = menu.addMenu(self.tr("All encodings"))
        for name in ENCODINGS:
            add(every, name, name)


class Chip(QFrame):
    """One attachment, or (None) a file that is still being read."""

    opened = Signal()
    removed = Signal()
    reread_requested = Signal(str)  # encoding

    def __init__(self, theme: Theme, attachment: Attachment | None, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.attachment = attachment
        self._file_name = name
        self._tokens: int | None = None
        self._details = "", ""  # what stands after the name: all of it, and what matters most of it
        self.setProperty("kind", "chip")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._open = QPushButton(self)
        self._open.setObjectName("openAttachment")
        self._open.setProperty("kind", "chip")
        self._encoding = EncodingButton(theme, self)
        self._encoding.chosen.connect(self.reread_requested)
        self._detail = QLabel(self)
        self._detail.setProperty("kind", "quiet")
        self._detail.setTextFormat(Qt.TextFormat.PlainText)
        self._remove = QToolButton(self)
        self._remove.setObjectName("removeAttachment")
        self._remove.setProperty("kind", "chip")
        self._remove.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._remove.setToolTip(self.tr("Remove"))
        self._remove.setAccessibleDescription(self.tr("Takes this attachment away from the message."))
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(Space.XS, 0, Space.XS, 0)
        row.setSpacing(0)
        row.addWidget(self._open)
        row.addWidget(self._encoding)
        row.addWidget(self._detail)
        row.addWidget(self._remove)
        self._open.clicked.connect(self.opened)
        self._remove.clicked.connect(self.removed)
        self.restyle()

    def settle(self, attachment: Attachment) -> None:
        """The file has been read, or the text was changed."""
        self.attachment = attachment
        self._tokens = None
        self.restyle()

    def set_tokens(self, tokens: int) -> None:
        if tokens != self._tokens:
            self._tokens = tokens
            self._show()

    def restyle(self) -> None:
        name = self._file_name if self.attachment is None else name_text(self.attachment)
        self._encoding.show_attachment(self.attachment, self.isRightToLeft())
        for widget in (self._open, self._detail):
            widget.setFont(
                self._theme.font(Size.CONTROL if widget is self._open else Size.SMALL, tabular=True)
            )
        pasted = self.attachment is not None and self.attachment.kind is AttachmentKind.PASTE
        self._open.setEnabled(self.attachment is not None)
        folder = self.attachment is not None and self.attachment.kind is AttachmentKind.FOLDER
        icon = "clipboard-text" if pasted else "folder" if folder else "file-text"
        self._open.setIcon(action_icon(icon, self._theme, "quiet"))
        self._open.setToolTip(self.tr("Read or edit it") if pasted else self.tr("Show what the model sees"))
        self._open.setAccessibleDescription(self._open.toolTip())
        self._remove.setIcon(action_icon("x", self._theme, "quiet"))
        self._remove.setAccessibleName(self.tr("Remove {0}").format(name))
        for button in (self._open, self._remove):
            button.setIconSize(self._theme.icon_size * 0.8)
        self._show()

    def fit(self, width: int) -> None:
        """Shorten the name so that the chip is no wider than ``width``, if that is possible."""
        name = self._file_name if self.attachment is None else name_text(self.attachment)
        whole = self._open.fontMetrics().horizontalAdvance(name)
        least = min(whole, round(_LEAST_NAME * self._theme.scale))
        room = 0
        long, short = self._details
        for shorter, detail in ((False, long), (False, short), (True, short), (True, "")):
            self._encoding.shorten(shorter)  # all of it is in the tool tip, and the cost in the sum below
            self._detail.setText(detail)
            self._row.activate()
            others = self.sizeHint().width() - self._open.fontMetrics().horizontalAdvance(self._open.text())
            room = width - others
            if room >= least:
                break
        widest = max(0, min(round(_NAME_WIDTH * self._theme.scale), room))
        # A file's name tells most at both ends, a text at its beginning.
        pasted = self.attachment is not None and self.attachment.kind is AttachmentKind.PASTE
        mode = Qt.TextElideMode.ElideRight if pasted else Qt.TextElideMode.ElideMiddle
        shown = self._open.fontMetrics().elidedText(name, mode, widest).replace("&", "&&")
        if shown != self._open.text():
            self._open.setText(shown)
            self._row.activate()

    def _show(self) -> None:
        if self.attachment is None:
            detail = short = self.tr("Reading…")
        elif self._tokens is None:
            detail = short = size_text(self.attachment.size)
        else:
            more = self.tr("{0} tokens").format(count_text(self._tokens))
            short = self.tr("1 token") if self._tokens == 1 else more
            detail = f"{size_text(self.attachment.size)} · {short}"
        self._details = detail, short
        self._detail.setText(detail)
        name = self._file_name if self.attachment is None else name_text(self.attachment)
        self._open.setAccessibleName(", ".join(filter(None, (name, self._encoding.words, detail))))
        self.adjustSize()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)


class AttachmentRow(QScrollArea):
    """The chips in rows; hidden while there are none."""

    changed = Signal()
    opened = Signal(object)  # Chip
    reread_requested = Signal(object, str)  # Chip, encoding
    all_gone = Signal()  # the last one was taken away by a key: the focus must go somewhere

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.chips: list[Chip] = []
        self.setObjectName("attachments")
        self.setAccessibleName(self.tr("Attachments"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._board = QWidget(self)
        self._board.setObjectName("attachmentBoard")
        self.setWidget(self._board)
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(chip.attachment for chip in self.chips if chip.attachment is not None)

    @property
    def reading(self) -> bool:
        """Whether a file is still being read."""
        return any(chip.attachment is None for chip in self.chips)

    def put(self, attachments: Sequence[Attachment]) -> None:
        """Show these in place of what is there."""
        if attachments == self.attachments and not self.reading:
            return
        for chip in self.chips:
            chip.deleteLater()
            chip.hide()
        self.chips.clear()
        for attachment in attachments:
            self._add(attachment, attachment.name)
        self._changed()

    def add(self, attachment: Attachment | None, name: str = "") -> Chip:
        """One more; None: the file called ``name`` is still being read."""
        chip = self._add(attachment, name)
        self._changed()
        self.ensureWidgetVisible(chip)
        return chip

    def settle(self, chip: Chip, attachment: Attachment) -> None:
        chip.settle(attachment)
        self._changed()

    def remove(self, chip: Chip) -> None:
        if chip not in self.chips:
            return
        index = self.chips.index(chip)
        had_focus = chip.isAncestorOf(chip.window().focusWidget() or self)
        self.chips.remove(chip)
        chip.hide()
        chip.deleteLater()
        self._changed()
        if had_focus and self.chips:
            self.chips[min(index, len(self.chips) - 1)]._open.setFocus()
        elif had_focus:
            self.all_gone.emit()

    def set_tokens(self, counts: Sequence[int]) -> None:
        """What each attachment costs, in their order."""
        settled = [chip for chip in self.chips if chip.attachment is not None]
        for chip, count in zip(settled, counts, strict=False):
            chip.set_tokens(count)
        self.arrange()

    def _add(self, attachment: Attachment | None, name: str) -> Chip:
        chip = Chip(self._theme, attachment, name, self._board)
        chip.removed.connect(lambda: self.remove(chip))
        chip.opened.connect(lambda: self.opened.emit(chip))
        chip.reread_requested.connect(lambda encoding: self.reread_requested.emit(chip, encoding))
        chip.show()
        self.chips.append(chip)
        return chip

    def _changed(self) -> None:
        self.setVisible(bool(self.chips))
        self.arrange()
        self.changed.emit()

    def arrange(self) -> None:
        """Rows of chips from the leading side, as many as fit."""
        if not self.chips:
            return
        width = self.viewport().width()
        x = y = 0
        for chip in self.chips:
            chip.fit(width)
        height = max(chip.sizeHint().height() for chip in self.chips)
        for chip in self.chips:
            size = chip.sizeHint().boundedTo(QSize(width, height))
            if x and x + size.width() > width:
                x, y = 0, y + height + Space.XS
            left = width - x - size.width() if self.isRightToLeft() else x
            chip.setGeometry(left, y, size.width(), height)
            x += size.width() + Space.XS
        self._board.resize(width, y + height)
        most = _MOST_ROWS_LOW if self.window().height() < _LOW else _MOST_ROWS
        self.setFixedHeight(min(y + height, round(most * (height + Space.XS))))

    def _restyle(self) -> None:
        for chip in self.chips:
            chip.restyle()
        self.arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.arrange()

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())


def _preview(one: Decoded) -> str:
    """How the text reads where it tells something."""
    line = next((line for line in one.text.splitlines() if not line.isascii()), one.text)
    words = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(line.split()))
    return words if len(words) <= _PREVIEW else f"{words[:_PREVIEW].rstrip()}…"
