"""The models page with real clicks, against a real local hub."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from library.local_hub import LocalHub, sha256_of
from tern import paths
from tern.engine.types import EngineOptions
from tern.library import catalog, shelf
from tern.library.network import NetworkOptions
from tern.settings import MODEL_PATH, Settings
from tern.ui.downloads import Downloads
from tern.ui.models_host import ModelsHost
from tern.ui.models_page import ModelsPage
from tern.ui.theme import Theme

from .conftest import WindowMaker

SIZE = 9_000_000


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setenv("TERN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    official = catalog.entries()[0]
    served = tmp_path / "hub" / official.repo / official.file
    served.parent.mkdir(parents=True)
    served.write_bytes(np.random.default_rng(2).bytes(SIZE))
    entry = replace(official, size=SIZE, sha256=sha256_of(served))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    with LocalHub(tmp_path / "hub") as running:
        yield running
    paths.set_data_dir(None)


@pytest.fixture
def page(hub: LocalHub, qtbot: QtBot, theme: Theme) -> Iterator[ModelsPage]:
    downloads = Downloads(lambda: NetworkOptions(endpoint=hub.url, backoff_s=0.01, tries=3))
    made = ModelsPage(theme, downloads)
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.show()
    yield made
    downloads.close()
    made.close_page()


def button(page: QWidget, name: str) -> QPushButton:
    found = [child for child in page.findChildren(QPushButton, name) if child.isVisible()]
    assert len(found) == 1, f"{name}: {len(found)}"
    return found[0]


def click(qtbot: QtBot, page: QWidget, name: str) -> None:
    qtbot.mouseClick(button(page, name), Qt.MouseButton.LeftButton)


def status(page: ModelsPage) -> str:
    return page.findChild(QLabel, "modelsStatus").text()


def here(page: ModelsPage) -> list[str]:
    return [model.name for model in shelf.installed()]


def test_download_pause_go_on_and_chat(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.rate = 4e6
    click(qtbot, page, "downloadButton")
    bar = page.findChild(QProgressBar, "downloadProgress")
    qtbot.waitUntil(lambda: bar.isVisible() and bar.value() > 100, timeout=5000)
    label = page.findChild(QLabel, "downloadStatus")
    qtbot.waitUntil(lambda: "MB/s" in label.text() and "left" in label.text(), timeout=5000)
    click(qtbot, page, "pauseButton")
    qtbot.waitUntil(lambda: "Paused at" in label.text(), timeout=5000)
    assert here(page) == []
    hub.faults.rate = None
    assert button(page, "downloadButton").text() == "Go on"
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"], timeout=10000)
    qtbot.waitUntil(lambda: "is here and verified" in status(page), timeout=5000)
    assert hub.asked[-1].status in (200, 206)
    with qtbot.waitSignal(page.model_chosen) as chosen:
        click(qtbot, page, "useButton")
    assert chosen.args[0].path.stat().st_size == SIZE
    click(qtbot, page, "verifyButton")
    qtbot.waitUntil(lambda: status(page) == "The file is right.", timeout=5000)


def test_cancel_deletes(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.rate = 4e6
    click(qtbot, page, "downloadButton")
    bar = page.findChild(QProgressBar, "downloadProgress")
    qtbot.waitUntil(lambda: bar.value() > 100, timeout=5000)
    click(qtbot, page, "cancelButton")
    qtbot.waitUntil(lambda: not bar.isVisible(), timeout=5000)
    assert [path.name for path in shelf.models_dir().rglob("*") if path.is_file()] == []
    assert button(page, "downloadButton").text() == "Download"


def test_a_failure_is_said_and_the_button_goes_on(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.cdn_status = [503] * 9
    click(qtbot, page, "downloadButton")
    label = page.findChild(QLabel, "downloadStatus")
    qtbot.waitUntil(
        lambda: "fault of its own" in label.text() and "tries again" not in label.text(), timeout=5000
    )
    qtbot.waitUntil(lambda: button(page, "downloadButton").text() == "Go on", timeout=5000)
    hub.faults.cdn_status = []
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"], timeout=10000)


def test_any_repository(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    other = hub.folder / "owner" / "other-gguf" / "other.gguf"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x" * 5000)
    qtbot.keyClicks(page.repository, "nonsense")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    assert "OWNER/REPO" in status(page)
    page.repository.clear()
    qtbot.keyClicks(page.repository, "owner/other-gguf")
    click(qtbot, page, "fetchButton")
    qtbot.waitUntil(lambda: here(page) == ["other-gguf"], timeout=5000)


def test_import_and_remove(
    page: ModelsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.gguf"
    shutil.copy(paths.guide_model(), mine)
    page.import_file(mine)
    qtbot.waitUntil(lambda: here(page) == ["mine"], timeout=5000)
    qtbot.waitUntil(lambda: status(page) == "The file is right.", timeout=5000)
    click(qtbot, page, "removeButton")
    assert here(page) == []
    assert mine.exists()
    (tmp_path / "bad.gguf").write_bytes(b"<html>")
    page.import_file(tmp_path / "bad.gguf")
    qtbot.waitUntil(lambda: "web page" in status(page), timeout=5000)


def test_every_control_has_a_name(page: ModelsPage) -> None:
    buttons = page.findChildren(QPushButton)
    assert buttons
    for control in (*buttons, page.repository, *page.findChildren(QProgressBar)):
        assert control.objectName()
        assert control.accessibleName()


def test_first_run_from_the_card_to_a_chat_with_the_model(
    hub: LocalHub, qtbot: QtBot, theme: Theme, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub serves the guide under the official name: small, and it can talk."""
    official = catalog.entries()[0]
    served = hub.folder / official.repo / official.file
    shutil.copy(paths.guide_model(), served)
    entry = replace(official, size=served.stat().st_size, sha256=sha256_of(served))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    window, settings = make_window(), Settings()
    downloads = Downloads(lambda: NetworkOptions(endpoint=hub.url, backoff_s=0.01))
    host = ModelsHost(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1), downloads)
    try:
        assert host.card is not None
        assert host.card.isVisible()
        assert "GB of memory" in "".join(label.text() for label in host.card.findChildren(QLabel))
        click(qtbot, host.card, "downloadButton")
        qtbot.waitUntil(lambda: "is here and verified" in window.notice.message, timeout=15000)
        assert not host.card.isVisible()
        click(qtbot, window, "noticeButton")  # Chat with it
        (model,) = shelf.installed()
        qtbot.waitUntil(
            lambda: window.desk.info is not None and window.desk.info.path == model.path, timeout=15000
        )
        assert settings[MODEL_PATH] == str(model.path)
        window.send("What are you?")
        qtbot.waitUntil(lambda: len(window.transcript.last_reply() or "") > 10, timeout=20000)
        qtbot.waitUntil(lambda: not window._session.busy, timeout=20000)
        host.show_page()
        assert host.page is not None
        qtbot.waitUntil(host.page.isVisible)
        settings[MODEL_PATH] = str(model.path.with_name("gone.gguf"))
        host.open_first()
        assert "is gone" in window.notice.message
        qtbot.waitUntil(
            lambda: window.desk.info is not None and window.desk.info.path == paths.guide_model(),
            timeout=15000,
        )
    finally:
        host.close()
