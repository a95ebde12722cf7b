"""The line above the conversation: its title, which can be edited in place, the model that answers, and a menu.
Whoever knows the models fills ``model_menu`` when it is about to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QFont, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from tern.ui.style.controls import ActionButton
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

_MODEL_WIDTH = 260  # px of the longest name

MenuEntry = QAction | QMenu | None


class Header(QFrame):
    """``entries`` fill the menu, None making a separator; ``sidebar`` and ``new`` stand beside the title as buttons.
    ``renamed`` carries a title that the person wrote over the one that stood there.
    """

    renamed = Signal(str)

    def __init__(
        self, theme: Theme, sidebar: QAction, new: QAction, entries: Sequence[MenuEntry], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._full_title = self._full_model = ""
        self.setObjectName("header")
        self._title = _Title(self)
        self._title.renamed.connect(self.renamed)
        self._private = QLabel(self)
        self._private.setObjectName("privateIcon")
        self._private.setAccessibleName(self.tr("Private"))
        self._private.hide()
        self._model = QPushButton(self)
        self._model.setObjectName("modelName")
        self._model.setAccessibleDescription(
            self.tr("The model that answers. Opens a list to choose another.")
        )
        self._model.setToolTip(self.tr("The model that answers"))
        # The caret stands after the name.
        self._model.setLayoutDirection(
            Qt.LayoutDirection.LeftToRight if self.isRightToLeft() else Qt.LayoutDirection.RightToLeft
        )
        self.model_menu = QMenu(self._model)
        self.model_menu.setAccessibleName(self.tr("Models"))
        self._model.setMenu(self.model_menu)
        self._side = self._icon_button("sidebarButton", sidebar)
        self._new = self._icon_button("newChatButton", new)
        self._more = QToolButton(self)
        self._more.setObjectName("menuButton")
        self._more.setAccessibleName(self.tr("Menu"))
        self._more.setAccessibleDescription(self.tr("Opens the main menu."))
        self._more.setToolTip(self.tr("Menu"))
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._more)
        for action in entries:
            if action is None:
                menu.addSeparator()
            elif isinstance(action, QMenu):
                menu.addMenu(action)
            else:
                menu.addAction(action)
        self._more.setMenu(menu)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._side)
        row.addWidget(self._private)
        row.addWidget(self._title, 1)
        row.addWidget(self._model)
        row.addSpacing(Space.S)
        row.addWidget(self._new)
        row.addWidget(self._more)
        self._row = row
        theme.changed.connect(self._restyle)
        self._restyle()

    def _icon_button(self, name: str, action: QAction) -> ActionButton:
        button = ActionButton(action, self)
        button.setObjectName(name)
        button.setAccessibleName(action.text())
        button.setAccessibleDescription(action.toolTip())
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def set_sidebar_shown(self, shown: bool) -> None:
        """Beside the sidebar, which has its own, the header needs no button for a new chat."""
        self._new.setVisible(not shown)
        self._elide()

    def set_title(self, title: str, editable: bool = False) -> None:
        """``editable``: it is the title of a conversation that is kept."""
        self._full_title = " ".join(title.split())
        self._title.set_title(self._full_title, editable)
        self._elide()

    def edit_title(self) -> None:
        """Let the person write over the title."""
        self._title.edit()

    def set_private(self, private: bool) -> None:
        """Whether nothing of the conversation is kept."""
        self._private.setVisible(private)
        self._elide()

    def set_model(self, text: str) -> None:
        """The model's name, or what is happening to it."""
        self._full_model = " ".join(text.split())
        self._model.setAccessibleName(self.tr("Model: {0}").format(self._full_model))
        self._elide()

    def _elide(self) -> None:
        model = QFontMetrics(self._model.font())
        widest = min(_MODEL_WIDTH, self.width() // 3)
        shown = model.elidedText(self._full_model, Qt.TextElideMode.ElideRight, widest)
        self._model.setText(shown.replace("&", "&&"))
        self._row.activate()
        self._title.fit()

    def _restyle(self) -> None:
        self._title.restyle(self._theme)
        self._new.show_icon(partial(action_icon, "note-pencil", self._theme))
        self._side.show_icon(partial(action_icon, "list", self._theme))
        for button in (self._side, self._new, self._more):
            button.setIconSize(self._theme.icon_size)
        self._model.setIcon(action_icon("caret-down", self._theme, "quiet"))
        self._model.setIconSize(self._theme.icon_size * 0.7)
        self._private.setPixmap(action_icon("eye-slash", self._theme).pixmap(self._theme.icon_size))
        self._more.setIcon(action_icon("dots-three-bold", self._theme))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._row.setContentsMargins(Space.S, Space.S, Space.M, Space.S)
        self._elide()


class _Title(QWidget):
    """A button with as much of the title as there is room for; a click puts a field in its place. Enter and going
    elsewhere keep what is written there, Escape gives it up."""

    renamed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._full = ""
        self._before: QWidget | None = None  # had the keyboard
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(self)
        self.button.setObjectName("chatTitle")
        self.button.clicked.connect(self.edit)
        self.field = QLineEdit(self)
        self.field.setObjectName("chatTitleField")
        self.field.setAccessibleName(self.tr("Title of this chat"))
        self.field.setAccessibleDescription(self.tr("Enter saves the title, Escape keeps the old one."))
        self.field.installEventFilter(self)
        self.field.hide()

    def set_title(self, title: str, editable: bool) -> None:
        if self.field.isVisible() and title != self._full:  # another chat has come
            self._close()
        self._full = title
        self.button.setAccessibleName(title)
        self.button.setEnabled(editable)
        self.button.setToolTip(self.tr("Rename (F2)") if editable else "")
        self.button.setAccessibleDescription(self.tr("Renames this chat. Key: F2.") if editable else "")

    def edit(self) -> None:
        if not self.button.isEnabled() or self.field.isVisible():
            return
        self._before = self.window().focusWidget()
        self.field.setText(self._full)
        self.field.selectAll()
        self.field.show()
        self.button.hide()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _leave(self, keep: bool = True) -> None:
        """Give the keyboard back, with what is written kept or not."""
        title, before = " ".join(self.field.text().split()), self._before
        had = self.field.hasFocus()
        self._close()
        if (
            had
            and before is not None
            and isValid(before)
            and before.isVisible()
            and before is not self.button
        ):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        elif had:
            self.button.setFocus(Qt.FocusReason.OtherFocusReason)
        if keep and title and title != self._full:
            self.renamed.emit(title)

    def _close(self) -> None:
        self.button.show()
        self.field.hide()
        self._before = None

    def fit(self) -> None:
        """The words begin at the left edge, whichever of the two stands there."""
        inset = self.button.sizeHint().width() - self.button.fontMetrics().horizontalAdvance(
            self.button.text()
        )
        room = max(40, self.width() - inset)
        shown = self.button.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, room)
        self.button.setText(shown.replace("&", "&&"))
        width = min(self.width(), self.button.sizeHint().width())
        left = self.width() - width if self.isRightToLeft() else 0
        self.button.setGeometry(left, 0, width, self.height())
        self.field.setGeometry(self.rect())

    def restyle(self, theme: Theme) -> None:
        for each in (self.button, self.field):
            each.setFont(theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        self.setMinimumHeight(max(self.button.sizeHint().height(), self.field.sizeHint().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.field.isVisible():
            if self.window().isActiveWindow() and QApplication.activePopupWidget() is None:
                self._leave()
        elif event.type() == QEvent.Type.KeyPress and _is_enter(event):
            self._leave()  # and the key goes no further: it would press what has the keyboard now
            return True
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # Escape leaves the field before it stops a reply
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._leave(keep=False)
                return True
        return super().eventFilter(watched, event)


def _is_enter(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
