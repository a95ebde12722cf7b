"""Icons: every name that the sources use is one of the family's, and each is drawn in the theme's colours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage

from patience import HANG_S
from tern.ui.style import icons
from tern.ui.style.icons import action_icon, app_icon
from tern.ui.style.theme import Mode, Theme

SIZE = QSize(36, 36)


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
