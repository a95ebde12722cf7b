"""A compact row of the models page: a title, a line of facts, what can be done at its end, and details on a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern.ui.shared.labels import text
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

Fact = tuple[str, str]  # what it is, and its value


class ModelRow(QFrame):
    """``unfolded`` says whether its details are open now. ``facts`` of the details are asked for when they open."""

    unfolded = Signal(bool)

    def __init__(self, theme: Theme, name: str, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName(f"model_{name}")
        self.setProperty("kind", "modelRow")
        self.setAccessibleName(title)
        self.heading = text(theme, title, Size.CONTROL, self)
        self.heading.setObjectName("modelTitle")
        self.heading.setFont(theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        self._details: QWidget | None = None
        self._ask_details: Callable[[], QWidget] | None = None
        self._toggle = QToolButton(self)
        self._toggle.setObjectName("detailsButton")
        self._toggle.setProperty("kind", "bare")
        self._toggle.setIconSize(theme.icon_size)
        self._toggle.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._toggle.setAutoRaise(True)
        self._toggle.setCheckable(True)
        self._toggle.setAccessibleName(_tr("Details of {0}").format(title))
        self._toggle.setAccessibleDescription(_tr("Shows or hides licence, source and file."))
        self._toggle.toggled.connect(self._fold)
        self._toggle.hide()
        self.body = QVBoxLayout()
        self.body.setSpacing(Space.XS)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        row.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self.body, 1)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.S, Space.S, Space.S)
        column.setSpacing(0)
        column.addLayout(row)
        self._show_caret()

    @property
    def is_unfolded(self) -> bool:
        return self._toggle.isChecked()

    def unfold(self) -> None:
        self._toggle.setChecked(True)

    def with_details(self, ask: Callable[[], QWidget]) -> None:
        """Let a click on the row open what ``ask`` makes."""
        self._ask_details = ask
        self._toggle.show()
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def close_bar(self) -> None:
        """The bar of a download lies in the room that other rows leave below them."""
        self._column.setContentsMargins(0, Space.S, Space.S, 2)

    def indent(self) -> None:
        """Stand as the rows do that have details."""
        keep = self._toggle.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._toggle.setSizePolicy(keep)

    def _fold(self, opened: bool) -> None:
        if opened and self._details is None and self._ask_details is not None:
            self._details = self._ask_details()
            self.body.addWidget(self._details)
        if self._details is not None:
            self._details.setVisible(opened)
        self._show_caret()
        self.unfolded.emit(opened)

    def _show_caret(self) -> None:
        right = "caret-left" if self.isRightToLeft() else "caret-right"
        name = "caret-down" if self._toggle.isChecked() else right
        self._toggle.setIcon(action_icon(name, self._theme, "quiet"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        event.accept()  # or the release goes elsewhere

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside and self._ask_details is not None:
            self._toggle.toggle()


class TitleEdit(QLineEdit):
    """A title being typed: Enter or leaving keeps it, Escape does not."""

    given = Signal(str)
    left = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._over = False
        self.setObjectName("renameField")
        self.setAccessibleName(_tr("Title"))
        self.setAccessibleDescription(
            _tr("Enter keeps the title, Esc does not. Empty restores the original.")
        )
        self.editingFinished.connect(lambda: self._end(self.text()))

    def _end(self, title: str | None) -> None:
        if self._over:
            return
        self._over = True
        self.left.emit()
        if title is not None:
            self.given.emit(title)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                event.accept()  # it ends the typing before it closes anything
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end(None)
        else:
            super().keyPressEvent(event)


def details(theme: Theme, facts: Sequence[Fact], actions: Sequence[QPushButton], parent: QWidget) -> QWidget:
    """Names and values in two columns, and buttons under them."""
    made = QWidget(parent)
    made.setObjectName("modelDetails")
    column = QVBoxLayout(made)
    column.setContentsMargins(0, Space.S, 0, Space.XS)
    column.setSpacing(Space.M)
    grid = QGridLayout()
    grid.setHorizontalSpacing(Space.L)
    grid.setVerticalSpacing(Space.XS)
    grid.setColumnStretch(1, 1)
    for number, (name, value) in enumerate(facts):
        label = QLabel(name, made)
        label.setProperty("kind", "quiet")
        label.setFont(theme.font(Size.SMALL))
        grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(text(theme, value, Size.SMALL, made), number, 1)
    column.addLayout(grid)
    if actions:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for action in actions:
            action.setParent(made)
            row.addWidget(action)
        row.addStretch(1)
        column.addLayout(row)
    return made


def _tr(words: str) -> str:
    return QCoreApplication.translate("model_row", words)
