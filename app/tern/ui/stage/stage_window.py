"""The window of the stage: the whole screen, its keys, and what lies over the picture for a moment. Decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QPushButton, QStyle, QWidget

from tern.ui.stage.calibration import Calibration
from tern.ui.stage.canvas import StageCanvas
from tern.ui.stage.look import BLACK
from tern.ui.stage.prompt_editor import PromptEditor
from tern.ui.stage.stage_bar import KEYS, StageBar
from tern.ui.stage.stage_style import stage_sheet
from tern.ui.style.icons import app_icon
from tern.ui.style.tokens import Tokens

_STILL_MS = 3000  # of the pointer, after which it and the bar go
_LETTERS = {key.lower(): name for name, key in KEYS.items() if len(key) == 1}


class StageWindow(QWidget):
    """``asked`` carries the name of an action (those of the bar, ``prompt1`` to ``prompt5``, or empty for a key that
    means nothing here)."""

    asked = Signal(str)
    closed = Signal()

    def __init__(self, tokens: Tokens, font: QFont) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._tokens, self._font = tokens, font
        self._idle = True
        self.setObjectName("stage")
        self.setWindowTitle(self.tr("Tern: the stage"))
        self.setWindowIcon(app_icon())
        self.setAccessibleName(self.tr("Stage"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(
            Qt.WidgetAttribute.WA_QuitOnClose, False
        )  # Tern's window may be in the notification area
        self.setMouseTracking(True)
        self.canvas = StageCanvas(tokens, font, self)
        self.canvas.setMouseTracking(True)
        self.bar = StageBar(self)
        self.bar.asked.connect(self.asked)
        self._over: PromptEditor | Calibration | None = None
        self._still = QTimer(self, singleShot=True, interval=_STILL_MS)
        self._still.timeout.connect(self._hide_controls)
        self.set_look(tokens)

    def show_on(self, place: QWidget) -> None:
        """Take the whole of the screen that ``place`` is on."""
        self._take(place.screen().geometry())
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def next_screen(self) -> None:
        """Go to the next of the computer's screens."""
        screens = QGuiApplication.screens()
        at = screens.index(self.screen()) if self.screen() in screens else 0
        self.hide()
        self._take(screens[(at + 1) % len(screens)].geometry())

    def _take(self, screen: QRect) -> None:
        self.setGeometry(screen)
        self.showFullScreen()
        self.raise_()
        self.activateWindow()

    def set_look(self, tokens: Tokens) -> None:
        """Paper or black."""
        self._tokens = tokens
        self.canvas.set_look(tokens)
        self.bar.set_black(tokens.paper == BLACK.paper)
        self._restyle()

    def set_idle(self, idle: bool) -> None:
        """Whether nothing runs: then what can be done is always in sight."""
        if idle != self._idle:
            self._idle = idle
            if idle:
                self._show_controls()
            else:
                self._still.start()
                if not self.bar.isAncestorOf(self.focusWidget() or self):
                    self._hide_controls()

    # What lies over the picture

    @property
    def over(self) -> QWidget | None:
        """What lies over it now."""
        return self._over

    def lay_over(self, widget: PromptEditor | Calibration) -> None:
        """Show ``widget``, a child of this, until it closes."""
        self.close_over()
        self._over = widget
        widget.closed.connect(self.close_over)
        self._place()
        widget.show()
        widget.raise_()
        if isinstance(widget, PromptEditor):
            widget.begin()
        else:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_controls()

    def close_over(self) -> None:
        """Take it away again."""
        over, self._over = self._over, None
        if over is not None:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
            over.hide()
            over.deleteLater()
            self._show_controls()

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(
            focus := self.focusWidget(), QPushButton
        ):
            focus.click()  # Enter, which Qt heeds in dialogs only
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_F11):
            self.asked.emit("leave")
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_5:
            self.asked.emit(f"prompt{key - Qt.Key.Key_0}")
        elif key == Qt.Key.Key_Space:
            self.asked.emit("back")
        elif key not in (Qt.Key.Key_Shift, Qt.Key.Key_AltGr):
            self.asked.emit(_LETTERS.get(event.text().lower(), ""))

    def focusNextPrevChild(self, forward: bool) -> bool:
        self._show_controls()  # Tab wants them
        return super().focusNextPrevChild(forward)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._show_controls()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.HoverMove or event.type() == QEvent.Type.MouseMove:
            self._show_controls()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._restyle()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._still.stop()
        self.close_over()
        self.unsetCursor()
        self.closed.emit()
        super().closeEvent(event)

    def _show_controls(self) -> None:
        self.unsetCursor()
        self.bar.setVisible(not isinstance(self._over, Calibration))
        if self._idle:
            self._still.stop()
        else:
            self._still.start()

    def _hide_controls(self) -> None:
        if self._idle or self._over is not None:
            return
        if self.bar.isAncestorOf(self.focusWidget() or self):
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.bar.hide()
        self.setCursor(Qt.CursorShape.BlankCursor)

    def _restyle(self) -> None:
        px = max(15, round(0.019 * min(self.height(), self.width() * 9 / 16)))
        self.setStyleSheet(stage_sheet(self._tokens, px))
        for child in (self.bar, *self.bar.buttons.values()):
            child.setFont(self._sized(px))
        self._place()

    def _sized(self, px: int) -> QFont:
        font = QFont(self._font)
        font.setPixelSize(px)
        return font

    def _place(self) -> None:
        self.canvas.setGeometry(self.rect())
        footer = self.canvas.footer.toAlignedRect()
        space = self.bar.buttons["leave"].style().pixelMetric(QStyle.PixelMetric.PM_ButtonMargin) + 6
        foot = footer.adjusted(-space, -4, space, 4)  # covers it; its words stand under the text
        foot.setBottom(max(foot.bottom(), foot.top() + self.bar.sizeHint().height()))
        self.bar.setGeometry(foot)
        if isinstance(self._over, Calibration):
            self._over.setGeometry(self.rect())
        elif self._over is not None:
            wanted = QSize(round(0.72 * self.width()), self._over.sizeHint().height())
            corner = (self.size() - wanted) / 2
            self._over.setGeometry(QRect(corner.width(), corner.height(), wanted.width(), wanted.height()))
