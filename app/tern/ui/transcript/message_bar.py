"""The quiet buttons beside a message: its branches, copy, and what else can be done with it. Asks by signals."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Theme
from tern.ui.style.timing import COPIED_MS


class MessageBar(QWidget):
    """Floats over the document. ``user`` says whose message it is for."""

    copy_clicked = Signal()
    change_clicked = Signal()  # edit the question, or regenerate the reply
    continue_clicked = Signal()
    branch_clicked = Signal(int)  # -1 or +1

    def __init__(self, theme: Theme, user: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("questionBar" if user else "replyBar")
        kind = "Question" if user else "Reply"
        self._back = self._button("previousBranch" + kind, self.tr("Previous version"), "caret-left")
        self._place = QLabel(self)
        self._place.setObjectName("branchPlace" + kind)
        self._place.setProperty("kind", "quiet")
        self._forth = self._button("nextBranch" + kind, self.tr("Next version"), "caret-right")
        if user:
            self.copy = self._button(
                "copyQuestionButton", self.tr("Copy this message"), "copy", self.tr("Copy")
            )
            self._change = self._button(
                "editButton", self.tr("Edit and send again"), "pencil-simple", self.tr("Edit")
            )
        else:
            self.copy = self._button("copyReplyButton", self.tr("Copy this reply"), "copy", self.tr("Copy"))
            self._change = self._button(
                "regenerateButton", self.tr("Write another reply"), "arrow-clockwise", self.tr("Regenerate")
            )
        self._on = self._button(
            "continueReply" if not user else "continueQuestion",
            self.tr("Continue this reply"),
            "arrow-right",
            self.tr("Continue"),
        )
        self._labelled = (self.copy, self._change, self._on)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for widget in (self._back, self._place, self._forth, *self._labelled):
            row.addWidget(widget)
            widget.setCursor(Qt.CursorShape.ArrowCursor)
        self._copied = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied.timeout.connect(self.restyle)
        self.copy.clicked.connect(self.copy_clicked)
        self._change.clicked.connect(self.change_clicked)
        self._on.clicked.connect(self.continue_clicked)
        self._back.clicked.connect(lambda: self.branch_clicked.emit(-1))
        self._forth.clicked.connect(lambda: self.branch_clicked.emit(1))
        self.hide()

    def _button(self, name: str, description: str, icon: str, text: str = "") -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("kind", "small")
        button.setProperty("icon_name", icon)
        button.setText(text)
        button.setAccessibleName(description)
        button.setAccessibleDescription(description + ".")
        button.setToolTip(description)
        return button

    def set_message(self, place: tuple[int, int], idle: bool, unfinished: bool) -> None:
        """``place``: which of how many branches. Only while ``idle`` can the conversation be changed."""
        number, total = place
        several = total > 1
        for widget in (self._back, self._place, self._forth):
            widget.setVisible(several)
        if several:
            self._place.setText(f"{number}/{total}")
            self._place.setAccessibleName(self.tr("Version {0} of {1}").format(number, total))
        self._back.setEnabled(idle and number > 1)
        self._forth.setEnabled(idle and number < total)
        self._change.setEnabled(idle)
        self._on.setEnabled(idle)
        self._on.setVisible(unfinished)

    def restyle(self) -> None:
        for button in self.findChildren(QToolButton):
            button.setIconSize(self._theme.icon_size * 0.8)
            button.setIcon(action_icon(button.property("icon_name"), self._theme, "quiet"))
        self._place.setFont(self._theme.font(Size.SMALL, tabular=True))
        self.copy.setText(self.tr("Copy"))

    def confirm_copy(self) -> None:
        """Say for a moment that it is done."""
        self.copy.setText(self.tr("Copied"))
        self.copy.setIcon(action_icon("check", self._theme, "quiet"))
        self.adjustSize()
        self._copied.start()

    def place(self, beside: QRect, right: int) -> None:
        """Stand beside a line of text if there is room before ``right``: with words, else icons; or else below."""
        room = right - beside.right()
        for style in (Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly):
            for button in self._labelled:
                button.setToolButtonStyle(style)
            self.adjustSize()
            if self.width() <= room:
                break
        if self.width() <= room:
            self.move(beside.right(), beside.center().y() - self.height() // 2)
        else:
            self.move(right - self.width(), beside.bottom())
        self.show()
