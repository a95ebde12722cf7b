"""Ticks, numbers and choices can be seen, in light and dark, and are used as always."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tern.ui.style.accents import contrast
from tern.ui.style.controls import Choice, Number, Real, Tick
from tern.ui.style.theme import Mode, Theme


@pytest.mark.parametrize("kind", [Tick, Number, Real, Choice])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_its_outline_has_enough_contrast(qtbot: QtBot, theme: Theme, kind: type[QWidget], mode: Mode) -> None:
    theme.set_mode(mode)
    control = kind()
    qtbot.addWidget(control)
    control.resize(120, 30)
    image = control.grab().toImage()
    middle = image.height() // 2
    row = [image.pixelColor(x, middle).name() for x in range(image.width())]
    best = max(contrast(color, theme.tokens.paper) for color in row)
    assert best >= 3, f"{kind.__name__}: {best:.2f}"


def test_a_tick_is_ticked_by_key_and_click(qtbot: QtBot, theme: Theme) -> None:
    tick = Tick()
    qtbot.addWidget(tick)
    tick.show()
    before = tick.grab().toImage()
    QTest.mouseClick(tick, Qt.MouseButton.LeftButton)
    assert tick.isChecked()
    assert tick.grab().toImage() != before
    QTest.keyClick(tick, Qt.Key.Key_Space)
    assert not tick.isChecked()
    tick.setEnabled(False)
    QTest.mouseClick(tick, Qt.MouseButton.LeftButton)
    assert not tick.isChecked()
