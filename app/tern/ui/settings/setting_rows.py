"""One row for each setting of the typed table: its label, its sentence, a control that fits its type, and Restore.
Knows settings only through :class:`Values`, so that a conversation's own values can stand in the same rows.
"""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern.chat.normalize import as_written
from tern.settings import ACCENT, LANGUAGE, Setting
from tern.ui.settings import language
from tern.ui.shared.field_text import written_in
from tern.ui.style.accents import ACCENTS
from tern.ui.style.controls import Choice, Number, Real, Tick
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

_CONTROL_WIDTH, _CONTROL_HEIGHT = 176, 30
_BESIDE = 2.6  # times the control's width that a row must have to hold words and control beside each other


class Values(Protocol):
    """Where a row reads and writes."""

    def get(self, setting: Setting[Any]) -> Any: ...

    def put(self, setting: Setting[Any], value: Any) -> None: ...

    def is_changed(self, setting: Setting[Any]) -> bool: ...

    def restore(self, setting: Setting[Any]) -> None: ...


class _NoWheel(QObject):
    """Scrolling the page must not turn the numbers it passes over."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class SettingRow(QWidget):
    """Applies at once what the person chooses; ``changed`` fires after that."""

    changed = Signal(object)  # Setting

    def __init__(self, theme: Theme, setting: Setting[Any], values: Values, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setting = setting
        self._values = values
        self._loading = False
        self._swatches: QComboBox | None = None
        label, sentence = translated(setting.label), translated(setting.help)
        self.words = f"{label} {sentence} {translated(setting.section)} {setting.key}".casefold()
        self._label = QLabel(label, self)
        self._help = QLabel(sentence, self)
        self._help.setProperty("kind", "quiet")
        for words in (self._label, self._help):
            words.setWordWrap(True)
        self.control = self._make_control()
        self.control.setObjectName(f"setting-{setting.key}")
        self.control.setAccessibleName(label)
        self.control.setAccessibleDescription(sentence)
        self._label.setBuddy(self.control)
        self._restore = QToolButton(self)
        self._restore.setObjectName(f"restore-{setting.key}")
        self._restore.setAccessibleName(self.tr("Restore {0}").format(label))
        self._restore.setAccessibleDescription(self.tr("Sets it back to its default."))
        self._restore.setToolTip(self.tr("Restore the default"))
        self._restore.clicked.connect(self._reset)
        policy = self._restore.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._restore.setSizePolicy(policy)

        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(self._label)
        left.addWidget(self._help)
        self._tools = tools = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        tools.setSpacing(Space.S)
        tools.addWidget(self._restore, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row = row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setSpacing(Space.S)
        row.addLayout(left, 1)
        row.addLayout(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.S, 0, Space.S)
        column.setSpacing(Space.XS)
        column.addLayout(row)
        if isinstance(self.control, QPlainTextEdit):
            column.addWidget(self.control)
        else:  # at the edge of the page, where all of them stand
            tools.addWidget(self.control, 1, Qt.AlignmentFlag.AlignVCenter)
        self._slider: QSlider | None = None
        if setting.ends[0] and isinstance(self.control, QDoubleSpinBox):
            column.addLayout(self._with_slider(self.control))
        self.restyle()
        self.load()

    def _with_slider(self, box: QDoubleSpinBox) -> QHBoxLayout:
        """A slider for the number of ``box``, between what its ends mean."""
        self._slider = slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName(f"slider-{self.setting.key}")
        slider.setAccessibleName(box.accessibleName())
        slider.setAccessibleDescription(box.accessibleDescription())
        slider.setRange(round(box.minimum() / box.singleStep()), round(box.maximum() / box.singleStep()))
        slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        slider.installEventFilter(_NoWheel(slider))
        box.valueChanged.connect(self._move_slider)
        slider.valueChanged.connect(lambda steps: box.setValue(steps * box.singleStep()))
        scale = QHBoxLayout()
        scale.setSpacing(Space.S)
        for part in (self.setting.ends[0], slider, self.setting.ends[1]):
            if isinstance(part, str):
                words = QLabel(translated(part), self)
                words.setProperty("kind", "quiet")
                scale.addWidget(words)
            else:
                scale.addWidget(part, 1)
        return scale

    def _move_slider(self, value: float) -> None:
        """Where the number is, to its nearest step; the number stays as exact as it is."""
        if self._slider is not None and isinstance(self.control, QDoubleSpinBox):
            self._slider.blockSignals(True)
            self._slider.setValue(round(value / self.control.singleStep()))
            self._slider.blockSignals(False)

    def _make_control(self) -> QWidget:
        setting = self.setting
        control: QWidget
        if choices := _choices(setting):
            control = box = Choice(self)
            for value, label in choices:
                box.addItem(label, value)
            if setting is ACCENT:
                self._swatches = box
            box.currentIndexChanged.connect(lambda: self._take(box.currentData()))
        elif setting.type is bool:
            control = check = Tick(self)
            check.toggled.connect(self._take)
        elif setting.type is int:
            control = number = Number(self)
            number.setRange(int(setting.low or 0), min(int(setting.high or 0), 2**31 - 1))
            number.setGroupSeparatorShown(True)
            number.valueChanged.connect(self._take)
        elif setting.type is float:
            control = real = Real(self)
            real.setRange(setting.low or 0.0, setting.high or 0.0)
            real.setSingleStep(0.05)
            real.setDecimals(2)
            real.valueChanged.connect(self._take)
        elif setting.lines == 1:
            control = line = QLineEdit(self)
            line.editingFinished.connect(lambda: self._take(line.text().strip()))
        else:
            control = text = QPlainTextEdit(self)
            text.setTabChangesFocus(True)
            text.setPlaceholderText(self.tr("None"))
            text.textChanged.connect(lambda: self._take(written_in(text.document())))
            text.setFixedHeight(setting.lines * text.fontMetrics().lineSpacing() + Space.L)
        if isinstance(control, QAbstractSpinBox):
            control.setKeyboardTracking(False)
            control.setLocale(QLocale())  # that of the language Tern speaks, not the system's
            control.setSpecialValueText(translated(setting.lowest))
        if isinstance(control, QAbstractSpinBox | QComboBox | QLineEdit):
            control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            control.installEventFilter(_NoWheel(control))
        return control

    @property
    def is_changed(self) -> bool:
        """Whether the value differs from the default."""
        return self._values.is_changed(self.setting)

    def load(self) -> None:
        """Show the value in force."""
        value = self._values.get(self.setting)
        self._loading = True
        control = self.control
        if isinstance(control, QComboBox):
            control.setCurrentIndex(control.findData(value))
        elif isinstance(control, QCheckBox):
            control.setChecked(value)
        elif isinstance(control, QSpinBox | QDoubleSpinBox):
            control.setValue(value)
        elif isinstance(control, QLineEdit):
            control.setText(value)
        elif isinstance(control, QPlainTextEdit) and written_in(control.document()) != as_written(value):
            control.setPlainText(value)
        self._loading = False
        self._restore.setVisible(self._values.is_changed(self.setting))

    def disable(self, why: str) -> None:
        self._help.setText(why)
        self.control.setAccessibleDescription(why)
        self.control.setEnabled(False)

    def restyle(self) -> None:
        self._label.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        if isinstance(self.control, QAbstractSpinBox | QComboBox | QLineEdit):
            self.control.setMinimumHeight(round(_CONTROL_HEIGHT * self._theme.scale))
        self._fit()
        self._restore.setIconSize(self._theme.icon_size)
        self._restore.setIcon(action_icon("arrow-counter-clockwise", self._theme, "quiet"))
        if (box := self._swatches) is not None:
            side = self._theme.px(Size.SMALL)
            box.setIconSize(QSize(side, side))
            for index in range(box.count()):
                pair = ACCENTS.get(box.itemData(index))
                box.setItemIcon(index, _swatch(pair[self._theme.dark], side) if pair else QIcon())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The control beside its words, or under them where that would leave those too little room."""
        if not isinstance(self.control, QAbstractSpinBox | QComboBox | QLineEdit):
            return
        under = self.width() < _BESIDE * _CONTROL_WIDTH * self._theme.scale
        self.control.setMinimumWidth(0 if under else round(_CONTROL_WIDTH * self._theme.scale))
        way = QBoxLayout.Direction
        self._row.setDirection(way.TopToBottom if under else way.LeftToRight)
        self._tools.setDirection(way.RightToLeft if under else way.LeftToRight)
        self._tools.setAlignment(
            self.control, Qt.AlignmentFlag(0) if under else Qt.AlignmentFlag.AlignVCenter
        )

    def _take(self, value: object) -> None:
        if self._loading:
            return
        self._values.put(self.setting, value)
        self._restore.setVisible(self._values.is_changed(self.setting))
        self.changed.emit(self.setting)

    def _reset(self) -> None:
        self._values.restore(self.setting)
        self.load()
        self.control.setFocus()
        self.changed.emit(self.setting)


def _choices(setting: Setting[Any]) -> list[tuple[Any, str]]:
    """(value, label) in the person's language."""
    if setting is LANGUAGE:
        system = QCoreApplication.translate("languages", "Same as the system")
        return [(language.SYSTEM, system), *language.offered()]
    return [(value, translated(label)) for value, label in setting.choices]


def _swatch(color: str, side: int) -> QIcon:
    pixmap = QPixmap(side, side)
    pixmap.fill(QColor(color))
    return QIcon(pixmap)


def translated(text: str) -> str:
    """A word or sentence of the settings table in the person's language."""
    return QCoreApplication.translate("settings", text) if text else ""
