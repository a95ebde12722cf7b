"""The quiet buttons beside a message: its branches, copy, and what else can be done with it. Asks by signals."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.style.timing import COPIED_MS


class MessageBar(QWidget):
    """Floats over the document. ``user`` says whose message it is for; ``versions``: shows these alone."""

    copy_clicked = Signal()
    change_clicked = Signal()  # edit the question, or regenerate the reply
    continue_clicked = Signal()
    rewrite_clicked = Signal()  # edit the reply
    other_way_clicked = Signal(QPoint)  # regenerate with another model or preset: a menu is wanted there
    branch_clicked = Signal(int)  # -1 or +1

    def __init__(self, theme: Theme, user: bool, parent: QWidget, versions: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._versions = versions
        self.setObjectName("versionsBar" if versions else "questionBar" if user else "replyBar")
        kind = "Versions" if versions else "Question" if user else "Reply"
        self._about = QLabel(self)
        self._about.setObjectName("about" + kind)
        self._about.setProperty("kind", "quiet")
        self._about.setTextFormat(Qt.TextFormat.PlainText)
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
        self._on.setProperty("kind", "floating")  # what is left to be done stands out
        self._on.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._rewrite = self._button(
            "editReplyButton" if not user else "editNothing",
            self.tr("Edit this reply"),
            "pencil-simple",
            self.tr("Edit"),
        )
        self._rewrite.setVisible(not user)
        self._other_way = self._button(
            "regenerateWithButton" if not user else "nothingWith",
            self.tr("Regenerate with another model or preset"),
            "caret-down",
        )
        self._other_way.setVisible(not user)
        self._other_way.clicked.connect(
            lambda: self.other_way_clicked.emit(
                self._other_way.mapToGlobal(QPoint(0, self._other_way.height()))
            )
        )
        self._rewrite.clicked.connect(self.rewrite_clicked)
        self._labelled = (self.copy, self._change, self._rewrite)
        self._parts = (self.copy, self._change, self._other_way, self._rewrite, self._on)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for widget in (self._about, self._back, self._place, self._forth, *self._parts):
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

    def set_message(self, place: tuple[int, int], idle: bool, unfinished: bool, about: str = "") -> None:
        """``place``: which of how many branches. Only while ``idle`` can the conversation be changed. ``about``: its
        figures and when it was written."""
        self._about.setText(about)
        self._about.setVisible(bool(about))
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
        self._rewrite.setEnabled(idle)
        self._other_way.setEnabled(idle)
        self._on.setVisible(unfinished)
        if self._versions:
            for button in self._parts:
                button.hide()

    def restyle(self) -> None:
        for button in self.findChildren(QToolButton):
            button.setIconSize(self._theme.icon_size * 0.8)
            button.setIcon(action_icon(button.property("icon_name"), self._theme, "quiet"))
        for label in (self._place, self._about):
            label.setFont(self._theme.font(Size.SMALL, tabular=True))
        self._about.setContentsMargins(0, 0, Space.S, 0)
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
        if self.width() > right and self._about.isVisibleTo(self):
            self._about.hide()  # the buttons matter more
            self.adjustSize()
        if self.width() <= room:
            self.move(beside.right(), beside.center().y() - self.height() // 2)
        else:
            self.move(right - self.width(), beside.bottom())
        self.show()
