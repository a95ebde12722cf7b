"""Help, Look for a newer version: asks once, says what it found, opens the page; nothing is asked without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from library.test_newer_version import PAGE, Publisher
from tern import __version__
from tern.library import newer_version
from tern.settings import OFFLINE, Settings
from tern.ui.window.main_window import MainWindow
from tern.ui.window.newer_version_page import NewerVersionPage

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    made = Publisher()
    monkeypatch.setattr(newer_version, "releases_address", lambda: made.address)
    yield made
    made.server.shutdown()
    made.server.server_close()


def _look(window: MainWindow) -> NewerVersionPage:
    window.actions_["newer"].trigger()
    page = window.newer_page
    assert page is not None
    assert page.isVisible()
    return page


def test_a_newer_one_is_said_with_its_notes_and_its_page_opens(
    qtbot: QtBot, make_window: WindowMaker, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    publisher.publish(body="- faster\n- smaller")
    window = make_window()
    page = _look(window)
    qtbot.waitUntil(page.open_button.isVisible)
    assert page.said.text() == f"Tern 9.8.7 is available. This is {__version__}."
    assert page.notes.toPlainText() == "- faster\n- smaller"
    assert page.page.text().replace("\u200b", "") == PAGE
    assert opened == [], "nothing opens by itself"
    QTest.mouseClick(page.open_button, Qt.MouseButton.LeftButton)
    assert opened == [PAGE]
    assert len(publisher.asked) == 1
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert not page.isVisible()


def test_the_newest_says_so(qtbot: QtBot, make_window: WindowMaker, publisher: Publisher) -> None:
    publisher.publish(tag_name=f"v{__version__}")
    page = _look(make_window())
    qtbot.waitUntil(lambda: page.said.text() == f"Tern {__version__} is the newest version.")
    assert not page.open_button.isVisible()


def test_what_failed_is_said_and_tried_again(
    qtbot: QtBot, make_window: WindowMaker, publisher: Publisher
) -> None:
    settings = Settings()
    settings[OFFLINE] = True
    page = _look(make_window(settings=settings))
    qtbot.waitUntil(page.again_button.isVisible)
    assert "offline" in page.said.text()
    assert publisher.asked == []
    settings[OFFLINE] = False
    publisher.publish()
    QTest.mouseClick(page.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.open_button.isVisible)


def test_a_copy_that_knows_no_address_says_so(
    make_window: WindowMaker, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newer_version, "releases_address", lambda: "")
    page = _look(make_window())
    assert "does not know where newer ones are published" in page.said.text()
    assert publisher.asked == []
