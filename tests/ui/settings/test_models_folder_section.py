"""Moving the models in the settings: with the model that is open, while a download runs, without the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.types import EngineOptions
from tern.library import importing, models_folder, shelf
from tern.settings import MODEL_PATH, Settings
from tern.ui.settings.models_folder_section import ModelsFolderSection
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


@pytest.fixture
def window(make_window: WindowMaker) -> MainWindow:
    return make_window(load=False)


@pytest.fixture
def host(window: MainWindow, theme: Theme, tmp_path: Path) -> Iterator[ModelsController]:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    model = importing.take(tmp_path / "tiny.gguf", False, "tiny", "Tiny")
    settings = Settings()
    settings[MODEL_PATH] = str(model.path)
    made = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    made.open_first()
    yield made
    made.close()


def _section(window: MainWindow) -> ModelsFolderSection:
    window.settings_controller.show_page()
    section = window.settings_controller.models_folder
    assert section is not None
    return section


def test_the_model_that_is_open_is_opened_where_it_lies_now(
    host: ModelsController,
    window: MainWindow,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    qtbot.waitUntil(lambda: window.queue.info is not None)
    old = shelf.installed()[0].path
    section = _section(window)
    assert section.folder.text().replace("\u200b", "") == str(models_folder.usual())
    assert section.back_button.isHidden()
    (disk := tmp_path / "disk").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(disk))
    QTest.mouseClick(section.move_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: section.word.text() == "The models have been moved.")
    new = shelf.installed()[0].path
    assert new.is_relative_to(disk)
    assert not old.exists()
    assert host._settings[MODEL_PATH] == str(new)
    qtbot.waitUntil(lambda: window.queue.info is not None and window.queue.info.path == new)
    assert section.folder.text().replace("\u200b", "") == str(disk / models_folder.NAME)
    QTest.mouseClick(section.back_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.queue.info is not None and window.queue.info.path == old)
    assert models_folder.chosen() is None


def test_not_while_a_download_runs(
    host: ModelsController, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(host.downloads), "running", property(lambda self: True))
    section = _section(window)
    section.move_asked.emit(tmp_path / "disk")
    assert section.word.text() == "A download is running. Pause it first."
    assert models_folder.chosen() is None


def test_at_the_start_a_missing_disk_is_said(
    window: MainWindow, theme: Theme, tmp_path: Path, qtbot: QtBot
) -> None:
    models_folder._write_location(tmp_path / "unplugged" / models_folder.NAME)
    settings = Settings()
    settings[MODEL_PATH] = str(tmp_path / "unplugged" / models_folder.NAME / "tiny.gguf")
    host = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    host.open_first()
    assert "is not connected, so the built-in guide answers." in window.notice.message
    qtbot.waitUntil(lambda: window.queue.info is not None)
    host.close()


def test_a_disk_that_is_not_there_is_said(host: ModelsController, window: MainWindow, tmp_path: Path) -> None:
    models_folder._write_location(tmp_path / "unplugged" / models_folder.NAME)
    section = _section(window)
    assert section.word.text().startswith("That disk is not connected.")
    assert not section.move_button.isEnabled()
    models_folder._write_location(None)
