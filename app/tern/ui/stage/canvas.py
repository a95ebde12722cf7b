"""The picture of the stage on the screen: paints what of a scene has changed, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from PySide6.QtCore import QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from tern.ui.stage.look import Look
from tern.ui.stage.scene import Scene
from tern.ui.stage.scene_painter import ScenePainter
from tern.ui.style.tokens import Tokens


class StageCanvas(QWidget):
    """Shows one scene at a time."""

    def __init__(self, tokens: Tokens, font: QFont, parent: QWidget) -> None:
        super().__init__(parent)
        self._tokens, self._font = tokens, font
        self.scene = Scene()
        self._painter = self._made_painter()
        self.setObjectName("stageCanvas")
        self.setAccessibleName(self.tr("Stage"))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_look(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._painter = self._made_painter()
        self.update()

    def show_scene(self, scene: Scene) -> None:
        """Show it in the place of the one before."""
        before, self.scene = self.scene, scene
        if before is scene or before == scene:
            return
        for area in self._painter.changed(before, scene):
            self.update(area.toAlignedRect())
        if len(scene.lanes) != 1:
            self.setAccessibleDescription(scene.verdict or scene.prompt)
        elif not scene.lanes[0].writing:  # while it is written it is read out by the sentence
            self.setAccessibleDescription(scene.lanes[0].text)

    @property
    def footer(self) -> QRectF:
        """Where the last line stands."""
        return self._painter.frame(self.scene).footer

    def _made_painter(self) -> ScenePainter:
        return ScenePainter(Look(self._tokens, self._font, QSizeF(self.size())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._painter = self._made_painter()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for area in cast(Iterable[QRect], event.region()):
            painter.setClipRect(area)
            self._painter.paint(painter, self.scene, QRectF(area))


def picture(scene: Scene, tokens: Tokens, font: QFont, size: QSizeF, scale: float) -> QImage:
    """``scene`` as a picture of a stage of ``size``, ``scale`` pixels to each of its own."""
    image = QImage((size * scale).toSize(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.scale(scale, scale)
    ScenePainter(Look(tokens, font, size)).paint(painter, scene, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return image
