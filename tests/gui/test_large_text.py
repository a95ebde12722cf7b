"""The largest text in the smallest window: nothing lies over anything else, and what marks things grows along."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget

from tern.settings import FONT_SIZE, Settings
from tern.ui.controls import Tick
from tern.ui.theme import Theme

from .conftest import WindowMaker


def test_nothing_overlaps(make_window: WindowMaker, theme: Theme) -> None:
    settings = Settings()
    settings[FONT_SIZE] = int(FONT_SIZE.high or 0)
    window = make_window(settings=settings)
    window.apply_settings()
    window.resize(480, 420)
    QApplication.processEvents()
    for holder in (window.header, window.composer, window.readouts):
        shown = [
            each for each in holder.findChildren(QWidget) if each.isVisible() and each.parent() is holder
        ]
        assert len(shown) >= 2
        for index, first in enumerate(shown):
            assert holder.rect().contains(first.geometry()), first.objectName()
            for second in shown[index + 1 :]:
                overlap = first.geometry().intersected(second.geometry())
                assert overlap.isEmpty(), (first.objectName(), second.objectName(), overlap)
    window.show_settings()
    page = window._settings_page
    assert page is not None
    ticks = page.findChildren(Tick)
    assert ticks
    assert all(tick.sizeHint().width() > 30 for tick in ticks)
    assert page.width() >= min(1200, page.screen().availableGeometry().width())
