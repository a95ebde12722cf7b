"""Windows for the tests: the real one, on an engine that says what it is told to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from patience import PatientBot
from tern.chat.store import Store
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Engine
from tern.settings import Settings
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow

WindowMaker = Callable[..., MainWindow]


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    return PatientBot(request)


@pytest.fixture(scope="session")
def session_theme(qapp: QApplication) -> Theme:
    return Theme(qapp, Mode.LIGHT)


@pytest.fixture
def theme(session_theme: Theme) -> Iterator[Theme]:
    session_theme.set_still(True)  # what slides is tested where it slides
    yield session_theme
    session_theme.set_mode(Mode.LIGHT)
    session_theme.set_scale(1.0)
    session_theme.set_accent("blue")


@pytest.fixture
def make_window(qtbot: QtBot, theme: Theme) -> Iterator[WindowMaker]:
    """Show a window whose model is ``engine`` (a FakeEngine with the given options when there is none)."""
    windows: list[MainWindow] = []

    def make(
        engine: Engine | None = None,
        load: bool = True,
        store: Store | None = None,
        settings: Settings | None = None,
        **options: object,
    ) -> MainWindow:
        window = MainWindow(theme, store, settings)
        windows.append(window)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        if load:
            made = engine or FakeEngine(**options)  # type: ignore[arg-type]
            window.open_model(lambda progress: made)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()], "a window was left open"
