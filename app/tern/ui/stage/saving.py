"""A run as a file for a slide or a post: a picture (PNG), or an animation (GIF) in the pace in which it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QColor, QFont, QImage

from tern.atomic import replacing
from tern.errors import UserError
from tern.progress import OnProgress
from tern.ui.stage.canvas import picture
from tern.ui.stage.gif import Color, GifWriter
from tern.ui.stage.scene import LONGEST_S, Moment, Scene
from tern.ui.style.tokens import Tokens, mixed

SIZE = QSizeF(1920, 1080)  # of the stage that is drawn
_GIF_SCALE = 0.5  # of it, for an animation
_FRAMES_PER_S = 6
_END_S = 4.0  # that the last frame stands before it begins anew
_SHADES = {"ink": 56, "quiet": 40, "accent": 56, "mark": 48, "line": 8}  # from paper to each, with soft edges


def save_picture(path: Path, scene: Scene, tokens: Tokens, font: QFont) -> None:
    """Write ``scene`` as a PNG. Raises UserError where the file cannot be written."""
    image = picture(scene, tokens, font, SIZE, 1.0)
    if not image.save(str(path), "PNG"):  # type: ignore[call-overload]
        raise UserError("The picture could not be written to {path}. Choose another folder.", path=path)


def save_animation(
    path: Path, moments: Sequence[Moment], tokens: Tokens, font: QFont, progress: OnProgress
) -> None:
    """Write what was on the stage as a GIF. Raises OSError as the file system does."""
    frames = _sampled(moments)
    colors = _colors(tokens)
    table = [QColor(*color).rgb() for color in colors]
    width, height = int(SIZE.width() * _GIF_SCALE), int(SIZE.height() * _GIF_SCALE)
    with replacing(path) as file:
        writer = GifWriter(file, width, height, colors)
        before: NDArray[np.uint32] | None = None
        for number, (scene, stands) in enumerate(frames):
            progress(number / len(frames))
            image = picture(scene, tokens, font, SIZE, _GIF_SCALE)
            now = np.frombuffer(image.constBits(), np.uint32).reshape(height, width).copy()
            left, top, right, bottom = _changed(before, now)
            part = image.copy(left, top, right - left, bottom - top)
            indexed = part.convertToFormat(QImage.Format.Format_Indexed8, table)
            lines = np.frombuffer(indexed.constBits(), np.uint8).reshape(indexed.height(), -1)
            where = (left, top, right - left, bottom - top)
            writer.frame(where, lines[:, : indexed.width()].tobytes(), stands)
            before = now
        writer.close()


def _sampled(moments: Sequence[Moment]) -> list[tuple[Scene, int]]:
    """The scenes at an even pace, each with how long it stands, in hundredths of a second. One that does not change
    stands on."""
    step = 1 / _FRAMES_PER_S
    last = min(moments[-1][0], moments[0][0] + LONGEST_S)
    found: list[tuple[Scene, int]] = []
    at, index = moments[0][0], 0
    while at <= last:
        while index + 1 < len(moments) and moments[index + 1][0] <= at:
            index += 1
        scene, hundredths = moments[index][1], round(100 * step)
        if found and found[-1][0] == scene:
            found[-1] = scene, found[-1][1] + hundredths
        else:
            found.append((scene, hundredths))
        at += step
    end = moments[-1][1]
    if found[-1][0] != end:
        found.append((end, 0))
    found[-1] = end, found[-1][1] + round(100 * _END_S)
    return found


def _colors(tokens: Tokens) -> list[Color]:
    found: dict[Color, None] = {}
    for role, count in _SHADES.items():
        for number in range(count + 1):
            color = QColor(mixed(tokens.paper, getattr(tokens, role), number / count))
            found[(color.red(), color.green(), color.blue())] = None
    return list(found)[:256]


def _changed(before: NDArray[np.uint32] | None, now: NDArray[np.uint32]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs; a pixel where nothing does."""
    if before is None:
        return 0, 0, now.shape[1], now.shape[0]
    other = before != now
    rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
