"""The GIFs are read back by Qt's own reader, pixel by pixel."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QColor, QFont, QImage, QImageReader

from tern.engine.types import Stats
from tern.ui.stage.gif import GifWriter
from tern.ui.stage.look import PAPER
from tern.ui.stage.saving import save_animation, save_picture
from tern.ui.stage.scene import Facts, Lane, Scene

pytestmark = pytest.mark.usefixtures("qapp")

COLORS = [(n, 255 - n, n // 2) for n in range(256)]


def _frames(data: bytes) -> list[tuple[QImage, int]]:
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, b"gif")
    found = []
    for _ in range(reader.imageCount()):
        image = reader.read()
        found.append((image.convertToFormat(QImage.Format.Format_RGB32), reader.nextImageDelay()))
    return found


@pytest.mark.parametrize("colors", [2, 3, 16, 200, 256])
def test_noise_and_plains_come_back_pixel_by_pixel(colors: int) -> None:
    random.seed(colors)
    width, height = 97, 83  # noise enough to fill the table of codes twice
    noise = bytes(random.randrange(colors) for _ in range(width * height))
    file = io.BytesIO()
    writer = GifWriter(file, width, height, COLORS[:colors])
    writer.frame((0, 0, width, height), noise, 30)
    writer.frame((10, 20, 30, 5), bytes([1]) * 150, 50)
    writer.frame((96, 82, 1, 1), bytes([0]), 70)
    writer.close()
    frames = _frames(file.getvalue())
    assert [delay for _, delay in frames] == [300, 500, 700]
    expected = [list(noise[row * width : (row + 1) * width]) for row in range(height)]
    for number, (image, _) in enumerate(frames):
        if number == 1:
            for row in range(20, 25):
                expected[row][10:40] = [1] * 30
        elif number == 2:
            expected[82][96] = 0
        for y in range(height):
            for x in range(0, width, 3 if y % 5 else 1):
                assert image.pixelColor(x, y) == QColor(*COLORS[expected[y][x]]), (number, x, y)


def _scene(count: int) -> Scene:
    text = " ".join(f"word{number}" for number in range(count))
    lane = Lane(text, count, Stats(tokens=count, decode_tokens_per_s=20.0), 3, writing=count < 12)
    return Scene("Why?", (lane,), facts=Facts("A model", "A computer", cpu="CPU only"))


def test_a_run_is_saved_in_its_pace_and_ends_as_the_picture(tmp_path: Path) -> None:
    moments = [(100 + 0.066 * number, _scene(1 + number // 4)) for number in range(46)]
    told: list[float] = []
    gif, png = tmp_path / "run.gif", tmp_path / "run.png"
    save_animation(gif, moments, PAPER, QFont(), told.append)
    save_picture(png, moments[-1][1], PAPER, QFont())
    frames = _frames(gif.read_bytes())
    assert len(frames) > 10
    assert told == sorted(told)
    assert 2900 <= sum(delay for _, delay in frames[:-1]) + frames[-1][1] - 4000 <= 3300  # of 2.97 s
    last, picture = frames[-1][0], QImage(str(png))
    assert (picture.width(), picture.height()) == (1920, 1080)
    small = picture.scaled(last.size())
    inked = sum(
        small.pixelColor(x, y).lightness() < 128
        and any(last.pixelColor(x + dx, y + dy).lightness() < 200 for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        for x in range(2, 958, 3)
        for y in range(2, 538, 3)
    )
    dark = sum(small.pixelColor(x, y).lightness() < 128 for x in range(2, 958, 3) for y in range(2, 538, 3))
    assert dark > 50
    assert inked > 0.95 * dark
    assert not list(tmp_path.glob(".*"))
