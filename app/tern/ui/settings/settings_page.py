"""The settings, made from the typed table, on a sheet with a list of sections; and what one conversation does
otherwise. Every change applies at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tern.chat.reply_options import value_of
from tern.chat.session import Session
from tern.settings import SECTIONS, SYSTEM_PROMPT, TABLE, Setting, Settings
from tern.ui.settings.setting_rows import SettingRow, Values, translated
from tern.ui.shared.sheet import Sheet
from tern.ui.shared.synonyms import synonyms
from tern.ui.style.theme import Size, Space, Theme

_SIZE = QSize(820, 600)  # px at scale 1
_LIST_WIDTH, _LIST_INDENT = 184, 14  # px; as tabs their words stand under the title
_TABS_BELOW = 640  # px of sheet, at scale 1, from which the sections stand beside


class SettingsList(QScrollArea):
    """Rows for ``table`` over ``values``. ``changed`` carries the setting."""

    changed = Signal(object)

    def __init__(
        self,
        theme: Theme,
        title: str,
        table: Sequence[Setting[Any]],
        values: Values,
        parent: QWidget,
        margin: int = Space.XL,
    ) -> None:
        super().__init__(parent)
        self._theme, self._margin = theme, margin
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body = QWidget(self)
        self.body.setObjectName("settingsBody")
        self.body.setAccessibleName(title)
        self.column = QVBoxLayout(self.body)
        self.column.setSpacing(0)
        self.rows: list[SettingRow] = []
        self._headings: dict[str, QLabel] = {}
        for setting in table:
            if setting.label:
                row = SettingRow(theme, setting, values, self.body)
                row.changed.connect(self.changed)
                self.rows.append(row)
        self.column.addStretch(1)
        self.setWidget(self.body)
        self.verticalScrollBar().rangeChanged.connect(self._fit)
        theme.changed.connect(self._restyle)
        self._fit()

    def stack(self, heading: str, widgets: Sequence[QWidget]) -> None:
        """Put ``widgets`` below what is there, under ``heading``, which is to be shown by :meth:`show_heading`."""
        label = QLabel(heading, self.body)
        label.setContentsMargins(0, Space.L, 0, Space.XS)
        label.hide()
        self._headings[heading] = label
        for widget in (label, *widgets):
            self.column.insertWidget(self.column.count() - 1, widget)
        self._restyle()

    def show_heading(self, heading: str, shown: bool) -> None:
        self._headings[heading].setVisible(shown)

    def load(self) -> None:
        """Show the values in force: they were changed elsewhere."""
        for row in self.rows:
            row.load()

    def _fit(self) -> None:
        """The rows end at the same edge, whether there is a scroll bar beside them or not."""
        bar = self.verticalScrollBar()
        before, after = self._margin, self._margin - (bar.sizeHint().width() if bar.maximum() > 0 else 0)
        if self.isRightToLeft():
            before, after = after, before
        self.column.setContentsMargins(before, 0, max(0, after), Space.XL)

    def _restyle(self) -> None:
        for heading in self._headings.values():
            heading.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        for row in self.rows:
            row.restyle()


@dataclass(frozen=True, slots=True)
class _Part:
    """Something in a section: a row, or what is no setting of the table. ``words``: what the search goes by."""

    section: str
    widget: QWidget
    words: str


class _Sections(QListWidget):
    """Their names, one below the other, or as tabs in as many lines as they need."""

    def lay_out(self, tabs: bool, width: int) -> None:
        self.setFlow(QListView.Flow.LeftToRight if tabs else QListView.Flow.TopToBottom)
        self.setWrapping(tabs)
        if tabs:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16_777_215)
            self.setFixedHeight(self._lines() * self.sizeHintForRow(0))
        else:
            self.setFixedWidth(max(width, self.sizeHintForColumn(0) + Space.S))
            self.setMinimumHeight(0)
            self.setMaximumHeight(16_777_215)

    def _lines(self) -> int:
        lines, taken = 1, 0
        for row in range(self.count()):
            wide = self.sizeHintForIndex(self.indexFromItem(self.item(row))).width()
            if taken and taken + wide > self.width():
                lines, taken = lines + 1, 0
            taken += wide
        return lines

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isWrapping():
            self.setFixedHeight(self._lines() * self.sizeHintForRow(0))


class SettingsPage(Sheet):
    """Every setting of ``table`` in its section, with a search field over all of them. ``changed`` carries the
    setting.
    """

    changed = Signal(object)

    def __init__(
        self, theme: Theme, title: str, table: Sequence[Setting[Any]], values: Values, parent: QWidget
    ) -> None:
        super().__init__(theme, title, parent, _SIZE)
        self.setObjectName("settingsPage")
        self.search = QLineEdit(self.body)
        self.search.setObjectName("settingsSearch")
        self.search.setPlaceholderText(self.tr("Search the settings"))
        self.search.setAccessibleName(self.tr("Search the settings"))
        self.search.setAccessibleDescription(self.tr("Shows only the settings that have these words."))
        self.search.setClearButtonEnabled(False)
        self.search.textChanged.connect(self._show_parts)
        self._none = QLabel(self.tr("No matches."), self.body)
        self._none.setProperty("kind", "quiet")
        self._none.setContentsMargins(Space.XL, Space.S, Space.XL, 0)
        self.sections = _Sections(self.body)
        self.sections.setObjectName("settingsSections")
        self.sections.setAccessibleName(self.tr("Sections"))
        self.sections.setAccessibleDescription(self.tr("Its settings are shown beside it."))
        self.sections.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sections.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list = SettingsList(theme, title, table, values, self.body)
        self.list.changed.connect(self.changed)
        self.rows = self.list.rows
        self._section = SECTIONS[0]
        self._parts: list[_Part] = []
        for section in SECTIONS:
            self.sections.addItem(translated(section))
            rows = [row for row in self.rows if row.setting.section == section]
            self._parts += [_Part(section, row, _words(row)) for row in rows]
            self.list.stack(translated(section), rows)
        self.sections.setCurrentRow(0)
        self.sections.currentRowChanged.connect(self._choose)
        self.sections.itemClicked.connect(lambda: self._choose(self.sections.currentRow()))
        top = QVBoxLayout()
        top.setContentsMargins(Space.XL, 0, Space.XL, 0)
        top.addWidget(self.search)
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._beside.setSpacing(0)
        self._sections_row = QVBoxLayout()
        self._sections_row.addWidget(self.sections)
        self._beside.addLayout(self._sections_row)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._none)
        right.addWidget(self.list, 1)
        self._beside.addLayout(right, 1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addLayout(top)
        column.addLayout(self._beside, 1)
        self.begin_with(self.search)
        self._show_parts()

    def add_part(self, section: str, widget: QWidget, words: str) -> None:
        """What is no setting of the table, at the end of its section; born as a child of :attr:`list`.body."""
        last = max(index for index, part in enumerate(self._parts) if part.section == section)
        place = self.list.column.indexOf(self._parts[last].widget)
        self.list.column.insertWidget(place + 1, widget)
        self._parts.insert(last + 1, _Part(section, widget, f"{words} {translated(section)}".casefold()))
        self._show_parts()

    @property
    def section(self) -> str:
        """The section on show."""
        return self._section

    def show_section(self, section: str) -> None:
        self.search.clear()
        self._section = section
        self.sections.setCurrentRow(SECTIONS.index(section))
        self._show_parts()

    def show_setting(self, setting: Setting[Any]) -> None:
        """Show where it is set, with the keyboard there."""
        self.search.clear()
        self.show_section(setting.section)
        for row in self.rows:
            if row.setting is setting:
                self.list.column.activate()
                self.list.ensureWidgetVisible(row)
                row.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def disable(self, setting: Setting[Any], why: str) -> None:
        """This system cannot do what ``setting`` asks for; ``why`` says so in place of its sentence."""
        for row in self.rows:
            if row.setting is setting:
                row.disable(why)

    def load(self) -> None:
        """Show the values in force: they were changed elsewhere."""
        self.list.load()

    def _choose(self, row: int) -> None:
        if row < 0:
            return
        self._section = SECTIONS[row]
        if self.search.text():
            self.search.clear()  # which shows it
        else:
            self._show_parts()
        self.list.verticalScrollBar().setValue(0)

    def _show_parts(self) -> None:
        """Those of the section, or of all sections what has the words that are searched for."""
        words = self.search.text().casefold().split()
        found = set()
        for part in self._parts:
            fits = all(word in part.words for word in words) if words else part.section == self._section
            part.widget.setVisible(fits)
            if fits:
                found.add(part.section)
        for section in SECTIONS:
            self.list.show_heading(translated(section), bool(words) and section in found)
        self._none.setVisible(not found)
        self.sections.blockSignals(True)
        self.sections.setCurrentRow(-1 if words else SECTIONS.index(self._section))
        self.sections.blockSignals(False)
        # A list that Tab comes to chooses its first row, which would end the search.
        self.sections.setFocusPolicy(Qt.FocusPolicy.NoFocus if words else Qt.FocusPolicy.StrongFocus)

    def fit(self) -> None:
        super().fit()
        tabs = self.surface.width() < _TABS_BELOW * self._theme.scale
        way = QBoxLayout.Direction
        self._beside.setDirection(way.TopToBottom if tabs else way.LeftToRight)
        self._beside.setSpacing(Space.S if tabs else 0)
        before, after = _LIST_INDENT if tabs else Space.L, 0
        if self.isRightToLeft():
            before, after = after, before
        self._sections_row.setContentsMargins(before, 0, after, 0)
        self.sections.lay_out(tabs, round(_LIST_WIDTH * self._theme.scale))


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


def _words(row: SettingRow) -> str:
    """What finds it: its own words, and others that people have for it."""
    return f"{row.words} {synonyms(row.setting.key)}".casefold()


def settings_page(theme: Theme, settings: Settings, parent: QWidget) -> SettingsPage:
    """All settings."""
    return SettingsPage(theme, _tr("Settings"), TABLE, _Table(settings), parent)


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings_page", text)
