"""Icons: every name that the sources use is one of the family's, and each is drawn in the theme's colours.

The application's own is held to what makes it a tern at every size: one shape, a forked tail, a red bill.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication

from patience import HANG_S
from tern.ui.style import icons
from tern.ui.style.accents import contrast
from tern.ui.style.icons import action_icon, app_icon
from tern.ui.style.theme import DARK, LIGHT, Mode, Theme, Tokens

pytestmark = pytest.mark.slow

SIZE = QSize(36, 36)
BILL = "#D9482B"
Point = tuple[int, int]
at_each_size = pytest.mark.parametrize("pixels", [16, 20, 24, 32, 48, 512])


def _colors(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> set[str]:
    image = icon.pixmap(SIZE, mode).toImage().convertToFormat(QImage.Format.Format_ARGB32)
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {color.name() for x, y in points if (color := image.pixelColor(x, y)).alpha() == 255}


def test_an_icon_is_drawn_in_its_colour(theme: Theme) -> None:
    for mode in (Mode.LIGHT, Mode.DARK):
        theme.set_mode(mode)
        icon = action_icon("copy", theme)
        assert _colors(icon) == {theme.color("ink").name()}
        assert _colors(icon, QIcon.Mode.Disabled) == {theme.color("quiet").name()}
        assert _colors(action_icon("copy", theme, "accent")) == {theme.color("accent").name()}
    assert len(_colors(app_icon())) > 5


def test_two_icons_are_not_the_same(theme: Theme) -> None:
    first, second = (action_icon(name, theme).pixmap(SIZE).toImage() for name in ("copy", "x"))
    assert first != second


def test_every_name_in_the_sources_is_known() -> None:
    folder = Path(icons.__file__).parents[1]
    names = set()
    for path in folder.rglob("*.py"):
        names |= set(re.findall(r'action_icon\(\s*"([\w-]+)"', path.read_text(encoding="utf-8")))
    assert len(names) > 5
    assert names <= set(icons._glyphs())


def _image(pixels: int, ratio: float = 1.0) -> QImage:
    """The application's icon, ``pixels`` wide on a screen with ``ratio`` pixels to a point."""
    side = round(pixels / ratio)
    return app_icon().pixmap(QSize(side, side), ratio).toImage().convertToFormat(QImage.Format.Format_ARGB32)


def _whole(image: QImage) -> dict[Point, str]:
    """Colours of the pixels that the icon covers whole."""
    data, width = image.constBits().tobytes(), image.width()
    found = ((at // 4, data[at : at + 4]) for at in range(0, len(data), 4))
    return {
        (at % width, at // width): f"#{r:02x}{g:02x}{b:02x}" for at, (b, g, r, alpha) in found if alpha == 255
    }


@cache
def _inside(pixels: int) -> dict[Point, str]:
    return _whole(_image(pixels))


def _ground(pixels: int) -> str:
    """What the bird is seen on: the icon's colour at the lower right, where no part of it is."""
    return _inside(pixels)[int(0.85 * pixels), int(0.85 * pixels)]


@cache
def _bird(pixels: int) -> frozenset[Point]:
    """The pixels that stand out from the icon's ground: half covered, or more."""
    ground = _ground(pixels)
    ratio = cache(lambda color: contrast(color, ground))
    return frozenset(point for point, color in _inside(pixels).items() if ratio(color) >= 2)


def _shapes(points: set[Point], corners: bool) -> int:
    """How many connected shapes ``points`` are; with ``corners`` two that touch at one are connected."""
    around = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    if corners:
        around += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    left, count = set(points), 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            x, y = edge.pop()
            found = {(x + dx, y + dy) for dx, dy in around} & left
            left -= found
            edge += found
    return count


def _is_red(name: str) -> bool:
    pairs = zip(bytes.fromhex(name[1:]), bytes.fromhex(BILL[1:]), strict=True)
    return max(abs(one - other) for one, other in pairs) <= 24


@at_each_size
def test_the_tern_is_one_shape_without_a_hole(qapp: QApplication, pixels: int) -> None:
    bird = _bird(pixels)
    field = {(x, y) for x in range(-1, pixels + 1) for y in range(-1, pixels + 1)}
    assert _shapes(set(bird), corners=True) == 1
    assert _shapes(field - bird, corners=False) == 1, "a gap between wings, body or tail has run together"


@at_each_size
def test_the_tern_fills_its_square_evenly(qapp: QApplication, pixels: int) -> None:
    bird = _bird(pixels)
    for axis in (0, 1):
        first, last = min(point[axis] for point in bird), max(point[axis] for point in bird)
        assert last - first + 1 >= 0.75 * pixels
        assert abs(first - (pixels - 1 - last)) <= max(1, 0.04 * pixels)
    assert 0.15 <= len(bird) / pixels**2 <= 0.4  # less is a smudge of hairs, more a blot


@at_each_size
def test_the_terns_tail_is_forked(qapp: QApplication, pixels: int) -> None:
    """A line across the tail, at the lower left, crosses it twice."""
    tail = {(x, y) for x, y in _bird(pixels) if x < 0.2 * pixels and y >= 0.5 * pixels}
    runs = [_shapes({point for point in tail if point[0] == x}, corners=False) for x in range(pixels)]
    assert 2 in runs


@at_each_size
def test_the_terns_bill_is_the_one_red_mark(qapp: QApplication, pixels: int) -> None:
    inside = _inside(pixels)
    red = {point for point, color in inside.items() if _is_red(color)}
    assert len(red) >= max(2, pixels**2 / 300)
    assert _shapes(red, corners=True) == 1
    assert min(x for x, _ in red) >= 0.7 * pixels
    assert contrast(BILL, _ground(pixels)) >= 3, "hue alone is not seen by everybody"


@at_each_size
@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=("light", "dark"))
def test_the_icon_is_seen_in_front_of_light_and_dark(qapp: QApplication, pixels: int, tokens: Tokens) -> None:
    inside = _inside(pixels)
    bird = _bird(pixels)
    body = Counter(inside[point] for point in bird).most_common(1)[0][0]
    assert contrast(body, _ground(pixels)) >= 3
    seen = {name for name in (body, _ground(pixels)) if contrast(name, tokens.paper) >= 3}
    assert seen, "neither the bird nor what it is on stands out"


def test_small_means_few_pixels_not_few_points(qapp: QApplication) -> None:
    """A title bar of a fine screen has the pixels for the full drawing."""
    assert _whole(_image(32, ratio=2.0)) == _inside(32)
    for pixels, small in ((16, True), (24, True), (25, False), (64, False)):
        assert ((0, pixels // 2) in _inside(pixels)) is small  # the small one has no margin


END = """
import sys
from PySide6.QtWidgets import QApplication
from tern.ui.window.main_window import MainWindow
from tern.ui.style.theme import Mode, Theme

def main():
    application = QApplication([])
    theme = Theme(application, Mode.LIGHT)
    for mode in (Mode.LIGHT, Mode.DARK):
        theme.set_mode(mode)
        window = MainWindow(theme)
        window.show()
        application.processEvents()
        window.close()
        theme.set_mode(Mode.LIGHT)

main()  # what it leaves over is collected after it, by Python's end
"""


def test_python_ends_well_with_windows_left_over() -> None:
    """An icon that Python and Qt both held was freed twice: every end of the program was a crash."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run([sys.executable, "-c", END], env=environment, timeout=HANG_S, check=False)
    assert ran.returncode == 0
