"""A sheet over the window: what one looks at for a while, in the middle, with the rest dimmed behind it."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractAnimation,
    QEasingCurve,
    QEvent,
    QMargins,
    QObject,
    QPoint,
    QPropertyAnimation,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern.ui.shared.closables import Closables, Layer
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

_RISE_MS, _RISE_PX = 140, 16
_DIM_LIGHT, _DIM_DARK = 0.28, 0.5  # of black over what is behind
_ROOM_WIDE, _ROOM_NARROW = 48, 8  # px around it
_NARROW = 640  # px of window


class Sheet(QWidget):
    """Covers the window of ``parent``; fill :attr:`body`. :meth:`show` opens it in the place of another sheet, and
    :meth:`close`, Escape, its button or a click beside it close it.

    ``size`` in px at scale 1, as far as the window has room; a height of 0 is what the content takes. Where there is
    less room than the content needs, it scrolls.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget, size: QSize) -> None:
        window = parent.window()
        super().__init__(window)
        self._theme, self._wanted = theme, size
        self._first: QWidget | None = None
        self.setAccessibleName(title)
        self.setWindowTitle(title)
        self.hide()
        self._surface = surface = QFrame(self)
        surface.setObjectName("sheet")
        surface.setAccessibleName(title)
        self.heading = QLabel(title, surface)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.close_button = QToolButton(surface)
        self.close_button.setObjectName("sheetClose")
        self.close_button.setAccessibleName(self.tr("Close"))
        self.close_button.setAccessibleDescription(self.tr("Closes this. Key: Escape."))
        self.close_button.setToolTip(self.tr("Close (Esc)"))
        self.close_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.close_button.clicked.connect(self.close)
        head = QHBoxLayout()
        head.setContentsMargins(Space.XL, Space.L, Space.M, Space.S)
        head.addWidget(self.heading, 1)
        head.addWidget(self.close_button)
        self.area = QScrollArea(surface)
        self.area.setObjectName("sheetArea")
        self.area.setAccessibleName(title)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body = QWidget(self.area)
        self.body.setObjectName("sheetBody")
        self.body.setAccessibleName(title)
        self.area.setWidget(self.body)
        self._column = column = QVBoxLayout(surface)
        column.setContentsMargins(1, 1, 1, Space.S)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        self._rise = QPropertyAnimation(surface, b"pos", self)
        self._rise.setDuration(_RISE_MS)
        self._rise.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._rise.valueChanged.connect(self.update)
        window.installEventFilter(self)
        theme.changed.connect(self._restyle_sheet)
        self._restyle_sheet()

    def begin_with(self, widget: QWidget) -> None:
        """``widget`` has the keyboard when the sheet opens."""
        self._first = widget

    @property
    def surface(self) -> QRect:
        """Where it lies in the window."""
        return self._surface.geometry()

    @property
    def rising(self) -> bool:
        return self._rise.state() is QAbstractAnimation.State.Running

    @property
    def narrow(self) -> bool:
        """Whether the window leaves little room beside it."""
        return self.width() < _NARROW * self._theme.scale

    def fit(self) -> None:
        """Take the size that the window has room for."""
        self._rise.stop()
        self.setGeometry(self.window().rect())
        room = _ROOM_NARROW if self.narrow else _ROOM_WIDE
        most = self.size().shrunkBy(QMargins(room, room, room, room))
        width = min(round(self._wanted.width() * self._theme.scale), most.width())
        height = round(self._wanted.height() * self._theme.scale) or self._height_of_content(width)
        height = min(height, most.height())
        self._surface.setGeometry((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        self._column.activate()
        metrics = self.heading.fontMetrics()
        self.heading.setText(
            metrics.elidedText(self.windowTitle(), Qt.TextElideMode.ElideRight, self.heading.width())
        )

    def _height_of_content(self, width: int) -> int:
        inside = width - 2
        layout = self.body.layout()
        tall = layout.totalHeightForWidth(inside) if layout is not None and layout.hasHeightForWidth() else -1
        if tall < 0:
            tall = self.body.sizeHint().height()
        return self._surface.sizeHint().height() - self.area.sizeHint().height() + tall

    def setVisible(self, visible: bool) -> None:
        # The keyboard is taken before it shows and given back before it hides: Qt would choose somebody itself.
        closables = Closables.of(self)
        if visible and self not in closables:
            closables.close_from(Layer.SHEET)
            closables.opened(self, Layer.SHEET, self.close)
            self.fit()
            self.raise_()
            super().setVisible(True)
            self.fit()  # what shows has its fonts, and with them its size
            self._start_rising()
            first = self._first if self._first is not None else next(iter(self._stops()), self.close_button)
            first.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if not visible:
            closables.closed(self)
        super().setVisible(visible)

    def _start_rising(self) -> None:
        if self._theme.still or not self.window().isVisible():
            return
        place = self._surface.pos()
        self._rise.setStartValue(place + QPoint(0, _RISE_PX))
        self._rise.setEndValue(place)
        self._surface.move(self._rise.startValue())
        self._rise.start()

    def _stops(self) -> list[QWidget]:
        """What Tab goes through, in its order, the close button last."""
        found: list[QWidget] = []
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            tabbed = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
            usable = widget.isVisibleTo(self) and widget.isEnabled() and widget.focusProxy() is None
            if tabbed and usable and self.isAncestorOf(widget):
                found.append(widget)
            widget = widget.nextInFocusChain()
        if self.close_button in found:
            found.remove(self.close_button)
            found.append(self.close_button)
        return found

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays within the sheet."""
        stops, here = self._stops(), QApplication.focusWidget()
        if not stops:
            return True
        step = 1 if forward else -1
        at = stops.index(here) + step if here in stops else (0 if forward else -1)
        to = stops[at % len(stops)]
        to.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        parent = to.parentWidget()
        while parent is not None and parent is not self:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(to)
            parent = parent.parentWidget()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()  # what nobody in it takes is not for what lies behind it

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._surface.geometry().contains(event.position().toPoint()):
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parent() and self.isVisible():
            self.fit()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dim = _DIM_DARK if self._theme.dark else _DIM_LIGHT
        if self.rising:
            dim *= self._rise.currentTime() / _RISE_MS
        painter.fillRect(self.rect(), QColor.fromRgbF(0, 0, 0, dim))

    def _restyle_sheet(self) -> None:
        self.heading.setFont(self._theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
        self.close_button.setIcon(action_icon("x", self._theme))
        self.close_button.setIconSize(self._theme.icon_size)
        if self.isVisible():
            self.fit()
