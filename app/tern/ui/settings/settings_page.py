"""The settings, made from the typed table; and what one conversation does otherwise. Windows of their own that stay
open beside the chat: every change applies at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QAction, QFont, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tern.chat.reply_options import value_of
from tern.chat.session import Session
from tern.settings import SYSTEM_PROMPT, TABLE, Setting, Settings
from tern.ui.settings.setting_rows import SettingRow, Values, translated
from tern.ui.shared.page import Page
from tern.ui.style.theme import Size, Space, Theme

_WIDTH, _HEIGHT = 620, 640  # px; wider for larger text


class SettingsPage(Page):
    """Rows for ``table`` over ``values``, with a search field above them. ``changed`` carries the setting."""

    changed = Signal(object)

    def __init__(
        self, theme: Theme, title: str, table: Sequence[Setting[Any]], values: Values, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("settingsPage")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        screen = self.screen().availableGeometry()
        self.resize(min(round(_WIDTH * theme.scale), screen.width()), min(_HEIGHT, screen.height()))
        self.search = QLineEdit(self)
        self.search.setObjectName("settingsSearch")
        self.search.setPlaceholderText(self.tr("Search the settings"))
        self.search.setAccessibleName(self.tr("Search the settings"))
        self.search.setAccessibleDescription(self.tr("Shows only the settings that have these words."))
        self.search.textChanged.connect(self._filter)
        self._none = QLabel(self.tr("No setting has these words."), self)
        self._none.setProperty("kind", "quiet")
        self._area = area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(title)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget(area)
        body.setObjectName("settingsBody")
        body.setAccessibleName(title)
        self.column = QVBoxLayout(body)
        self.column.setSpacing(0)
        area.verticalScrollBar().rangeChanged.connect(self._fit)
        self.rows: list[SettingRow] = []
        self._buttons: list[tuple[str, QPushButton]] = []
        self._headings: dict[str, QLabel] = {}
        for setting in table:
            if setting.label:
                self._add(setting, values, body)
        self.column.addStretch(1)
        area.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, Space.L, 0, 0)
        outer.setSpacing(Space.S)
        top = QVBoxLayout()
        top.setContentsMargins(Space.XL, 0, Space.XL, 0)
        top.addWidget(self.search)
        top.addWidget(self._none)
        outer.addLayout(top)
        outer.addWidget(area, 1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._filter("")
        self._fit()

    def _add(self, setting: Setting[Any], values: Values, body: QWidget) -> None:
        if setting.group not in self._headings:
            heading = QLabel(translated(setting.group), body)
            heading.setContentsMargins(0, Space.L, 0, Space.XS)
            self._headings[setting.group] = heading
            self.column.addWidget(heading)
        row = SettingRow(self._theme, setting, values, body)
        row.changed.connect(self.changed)
        self.rows.append(row)
        self.column.addWidget(row)

    def add_action(self, group: str, name: str, action: QAction) -> None:
        """A button under the rows of ``group`` for what is no setting of the table."""
        last = max(index for index, row in enumerate(self.rows) if row.setting.group == group)
        button = QPushButton(action.text(), self.rows[last].parentWidget())
        button.setObjectName(name)
        button.setProperty("kind", "floating")
        button.setAccessibleDescription(action.toolTip())
        button.clicked.connect(action.trigger)
        place = self.column.indexOf(self.rows[last])
        self.column.insertWidget(place + 1, button, 0, Qt.AlignmentFlag.AlignLeft)
        self._buttons.append((group, button))

    def disable(self, setting: Setting[Any], why: str) -> None:
        """This system cannot do what ``setting`` asks for; ``why`` says so in place of its sentence."""
        for row in self.rows:
            if row.setting is setting:
                row.disable(why)

    def show_setting(self, setting: Setting[Any]) -> None:
        """Bring the row of one setting into view and give its control the keyboard."""
        self.search.clear()
        for row in self.rows:
            if row.setting is setting:
                self._area.ensureWidgetVisible(row, 0, Space.XXL)
                row.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def load(self) -> None:
        """Show the values in force: they were changed elsewhere."""
        for row in self.rows:
            row.load()

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        groups = set()
        for row in self.rows:
            fits = all(word in row.words for word in words)
            row.setVisible(fits)
            if fits:
                groups.add(row.setting.group)
        for group, heading in self._headings.items():
            heading.setVisible(group in groups)
        for group, button in self._buttons:
            button.setVisible(group in groups)
        self._none.setVisible(not groups)

    def _fit(self) -> None:
        """The rows end under the search field's end, whether there is a scroll bar beside them or not."""
        bar = self._area.verticalScrollBar()
        before, after = Space.XL, Space.XL - (bar.sizeHint().width() if bar.maximum() > 0 else 0)
        if self.isRightToLeft():
            before, after = after, before
        self.column.setContentsMargins(before, 0, after, Space.XL)

    def _restyle(self) -> None:
        for heading in self._headings.values():
            heading.setFont(self._theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
        for row in self.rows:
            row.restyle()
        self._keep_whole()

    def _keep_whole(self) -> None:
        """Never narrower than its widest row: there is no scrolling to the side."""
        bar = self._area.verticalScrollBar().sizeHint().width()
        needed = self.column.minimumSize().width() + bar
        self.setMinimumWidth(min(needed, self.screen().availableGeometry().width()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._keep_whole()


class _Table:
    """The settings themselves, as rows see them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def get(self, setting: Setting[Any]) -> Any:
        return self._settings[setting]

    def put(self, setting: Setting[Any], value: Any) -> None:
        if setting.problem(value) is None:  # a spin box may show a rounding of what was there
            self._settings[setting] = value

    def is_changed(self, setting: Setting[Any]) -> bool:
        return self._settings.is_changed(setting)

    def restore(self, setting: Setting[Any]) -> None:
        self._settings.restore(setting)


class OwnValues:
    """What one conversation does otherwise; what it does not say is as in the settings."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings

    def get(self, setting: Setting[Any]) -> Any:
        manner = self._session.manner
        if setting is SYSTEM_PROMPT:
            return self._settings[SYSTEM_PROMPT] if manner.system is None else manner.system
        return value_of(setting, manner, self._settings)

    def put(self, setting: Setting[Any], value: Any) -> None:
        manner = self._session.manner
        if setting is SYSTEM_PROMPT:
            self._session.manner = replace(manner, system=value)
        else:
            self._session.manner = replace(manner, sampling={**manner.sampling, setting.key: value})

    def is_changed(self, setting: Setting[Any]) -> bool:
        manner = self._session.manner
        return manner.system is not None if setting is SYSTEM_PROMPT else setting.key in manner.sampling

    def restore(self, setting: Setting[Any]) -> None:
        manner = self._session.manner
        if setting is SYSTEM_PROMPT:
            self._session.manner = replace(manner, system=None)
        else:
            rest = {key: value for key, value in manner.sampling.items() if key != setting.key}
            self._session.manner = replace(manner, sampling=rest)


def settings_page(theme: Theme, settings: Settings, parent: QWidget) -> SettingsPage:
    """All settings."""
    return SettingsPage(theme, _tr("Settings"), TABLE, _Table(settings), parent)


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings_page", text)
