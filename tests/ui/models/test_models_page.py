"""The models page with real clicks, against a real local hub."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.convert.test_recode import NAMES, _folder
from tern import paths
from tern.engine.convert import recode
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf import ternary_bytes
from tern.engine.gguf.reader import GGUFFile, TensorType
from tern.engine.types import EngineOptions
from tern.library import catalog, hub_find, shelf
from tern.library.download_id import DownloadId
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.unfinished import unfinished
from tern.metrics.forecast import Forecast
from tern.settings import MODEL_PATH, Settings
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import Downloads
from tern.ui.models.models_page import ModelsPage
from tern.ui.style.theme import Theme
from tern.ui.window.models_controller import ModelsController
from tools import local_hub
from tools.local_hub import LocalHub, sha256_of

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

SIZE = 9_000_000


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    official = catalog.entries()[0]
    served = tmp_path / "hub" / official.repo / official.file
    served.parent.mkdir(parents=True)
    served.write_bytes(np.random.default_rng(2).bytes(SIZE))
    entry = replace(official, size=SIZE, sha256=sha256_of(served))
    monkeypatch.setattr(catalog, "entries", lambda: (entry,))
    with LocalHub(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def page(hub: LocalHub, qtbot: QtBot, theme: Theme) -> Iterator[ModelsPage]:
    downloads = Downloads(lambda: NetworkOptions(endpoint=hub.url, backoff_s=0.01, tries=3))
    options = lambda: NetworkOptions(endpoint=hub.url, backoff_s=0.01, tries=2)  # noqa: E731
    made = ModelsPage(theme, downloads, options=options, undo_s=0.3)
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
    """Once it is there: a page lists its cards anew after what they are about has changed."""
    qtbot.waitUntil(lambda: [c for c in page.findChildren(QPushButton, name) if c.isVisible()] != [])
    qtbot.mouseClick(button(page, name), Qt.MouseButton.LeftButton)


def status(page: ModelsPage) -> str:
    return page.notice.message if page.notice.isVisible() else ""


def act(qtbot: QtBot, page: ModelsPage, name: str) -> None:
    """Choose from the menu of the only model here."""
    qtbot.waitUntil(lambda: page.acts.job is None and not page._downloads.running)
    there = lambda: [c for c in page.findChildren(QToolButton, "moreButton") if c.isVisible()]  # noqa: E731
    qtbot.waitUntil(lambda: there() != [])
    (more,) = there()
    menu = more.findChild(QMenu, "moreMenu")  # its platform here cannot show it
    action = next(action for action in menu.actions() if action.objectName() == name)
    assert action.isEnabled()
    action.trigger()


def here(page: ModelsPage) -> list[str]:
    return [model.name for model in shelf.installed()]


def test_download_pause_go_on_and_chat(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.rate = 4e6
    click(qtbot, page, "downloadButton")
    bar = page.findChild(QProgressBar, "downloadProgress")
    qtbot.waitUntil(lambda: bar.isVisible() and bar.value() > 100)
    label = page.findChild(QLabel, "downloadStatus")
    qtbot.waitUntil(lambda: "MB/s" in label.text() and "left" in label.text())
    page.activateWindow()
    button(page, "pauseButton").setFocus()
    qtbot.keyClick(button(page, "pauseButton"), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "Paused at" in label.text())
    assert here(page) == []
    hub.faults.rate = None
    assert button(page, "downloadButton").text() == "Resume"
    assert button(page, "downloadButton").hasFocus()  # and not what deletes
    qtbot.keyClick(button(page, "downloadButton"), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"])
    qtbot.waitUntil(lambda: "is ready (hash verified)" in status(page))
    assert hub.asked[-1].status in (200, 206)
    with qtbot.waitSignal(page.model_chosen) as chosen:
        click(qtbot, page, "useButton")
    assert chosen.args[0].path.stat().st_size == SIZE
    act(qtbot, page, "verifyAction")
    qtbot.waitUntil(lambda: "is intact" in status(page))


def test_cancel_deletes(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.rate = 4e6
    click(qtbot, page, "downloadButton")
    bar = page.findChild(QProgressBar, "downloadProgress")
    qtbot.waitUntil(lambda: bar.value() > 100)
    click(qtbot, page, "cancelButton")
    qtbot.waitUntil(lambda: not bar.isVisible())
    assert [path.name for path in shelf.models_dir().rglob("*") if path.is_file()] == []
    assert button(page, "downloadButton").text() == "Download"


def test_a_failure_is_said_and_the_button_goes_on(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    hub.faults.cdn_status = [503] * 9
    click(qtbot, page, "downloadButton")
    label = page.findChild(QLabel, "downloadStatus")
    qtbot.waitUntil(lambda: "fault of its own" in label.text() and "tries again" not in label.text())
    qtbot.waitUntil(lambda: button(page, "downloadButton").text() == "Try again")
    assert page.findChild(QLabel, "downloadHeadline").text() == "Download stopped"
    assert page.findChild(QLabel, "downloadHeadline").isVisible()
    hub.faults.cdn_status = []
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"])


def test_any_repository(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    other = hub.folder / "owner" / "other-gguf" / "other.gguf"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x" * 5000)
    click(qtbot, page, "fetchButton")
    assert "OWNER/REPO" in shown(page)
    qtbot.keyClicks(page.repository, "nonsense")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "No matches." in shown(page))
    assert status(page) == ""
    assert not page.search.trouble.isVisible()  # nothing went wrong
    page.repository.clear()
    qtbot.keyClicks(page.repository, "owner/other-gguf")
    click(qtbot, page, "fetchButton")
    qtbot.waitUntil(lambda: offered(page) == ["Download: other.gguf"])
    click(qtbot, page, "fileButton")
    qtbot.waitUntil(lambda: here(page) == ["other"])


def offered(page: ModelsPage) -> list[str]:
    return [b.accessibleName() for b in page.findChildren(QPushButton, "fileButton") if b.isVisible()]


def shown(page: ModelsPage) -> str:
    return "\n".join(label.text() for label in page.search.findChildren(QLabel) if label.isVisible())


@pytest.mark.parametrize("typed", ["owner/one-gguf", "owner/one-gguf/ONE.GGUF", "one"])
def test_an_only_file_is_shown_before_a_byte_of_it_comes(
    typed: str, page: ModelsPage, hub: LocalHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, licence and whether it fits; then a button."""
    folder = hub.folder / "owner" / "one-gguf"
    folder.mkdir(parents=True)
    (folder / "ONE.GGUF").write_bytes(b"GGUF" + bytes(2_000_000))
    (folder / "README.md").write_text("One.")
    hub.faults.licence = "apache-2.0"
    qtbot.keyClicks(page.repository, typed)
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    if typed == "one":
        qtbot.waitUntil(lambda: bool(page.findChildren(QPushButton, "hitButton")))
        click(qtbot, page, "hitButton")
    qtbot.waitUntil(lambda: offered(page) == ["Download: ONE.GGUF"])
    assert "owner/one-gguf · licence: apache-2.0" in shown(page)
    assert "ONE.GGUF\n2.0\u2009MB · fits this computer" in shown(page)
    assert hub.asked == []
    assert not page._downloads.running
    click(qtbot, page, "fileButton")
    qtbot.waitUntil(lambda: here(page) == ["one"])


def test_what_does_not_fit_is_said(
    page: ModelsPage, hub: LocalHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hub.folder / "owner" / "huge-gguf"
    folder.mkdir(parents=True)
    with (folder / "huge.gguf").open("wb") as file:
        file.truncate(3_000_000)
    sizes = {"size": 3_000_000}
    real = local_hub._Hub._sibling
    monkeypatch.setattr(
        local_hub._Hub, "_sibling", lambda self, folder, path: {**real(self, folder, path), **sizes}
    )
    for size, words in ((9 << 50, "too large for the disk"), (3_000_000, "fits this computer")):
        sizes["size"] = size
        page.repository.clear()
        qtbot.keyClicks(page.repository, "owner/huge-gguf")
        qtbot.keyClick(page.repository, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda words=words: words in shown(page))
    assert "licence: not stated" in shown(page)
    monkeypatch.setattr("tern.ui.models.fit.SPARE", -(9 << 50))
    sizes["size"] = psutil.virtual_memory().total
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "too large for this computer's memory" in shown(page))
    qtbot.mouseClick(page.repository, Qt.MouseButton.LeftButton)
    page.repository.clear()
    qtbot.keyClicks(page.repository, "owner/huge-gguf/no.gguf")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "owner/huge-gguf has no file no.gguf" in shown(page))


@pytest.mark.parametrize("scale", [1.0, 32 / 15])
def test_whatever_a_file_is_called_its_button_is_in_view(
    scale: float, page: ModelsPage, hub: LocalHub, qtbot: QtBot, theme: Theme
) -> None:
    theme.set_scale(scale)
    page.resize(640, 640)
    name = "Long_named_model_without_any_hyphen_in_it_8B_Instruct_v0.3_Q4_K_M_imatrix_and_so_on.gguf"
    served = hub.folder / "owner" / "a_repository_that_has_no_hyphen_in_its_name_either_and_is_long" / name
    served.parent.mkdir(parents=True)
    served.write_bytes(bytes(5000))
    qtbot.keyClicks(page.repository, f"owner/{served.parent.name}")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: offered(page) == [f"Download: {name}"])
    hub.faults.rate = 1000
    click(qtbot, page, "fileButton")  # and its card, with the same name
    for one in page.findChildren(QPushButton):
        if one.isVisible():
            left = one.mapTo(page._area.viewport(), QPoint()).x()
            assert left >= 0, one.text()
            assert left + one.width() <= page._area.viewport().width(), one.text()


def test_search_and_choose_a_file(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    folder = hub.folder / "owner" / "many-gguf"
    folder.mkdir(parents=True)
    for name in ("big.gguf", "small.gguf", "README.md"):
        (folder / name).write_bytes(name.encode() * 500)
    qtbot.keyClicks(page.repository, "many")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(page.findChildren(QPushButton, "hitButton")))
    click(qtbot, page, "hitButton")

    qtbot.waitUntil(lambda: offered(page) == ["Download: big.gguf", "Download: small.gguf"])
    small = page.findChildren(QPushButton, "fileButton")[1]
    qtbot.mouseClick(small, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: here(page) == ["small"])


def test_a_download_asked_for_twice_is_one_card_that_is_in_view_and_stays(
    page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    """While nothing has come, while something comes, after it failed; of the catalogue's models, its own card."""
    official = catalog.entries()[0]
    for repo, file in (("owner/slow-gguf", "slow.gguf"), (official.repo, official.file)):
        served = hub.folder / repo / file
        if not served.exists():
            served.parent.mkdir(parents=True)
            served.write_bytes(np.random.default_rng(4).bytes(SIZE))
        page.repository.clear()
        qtbot.keyClicks(page.repository, f"{repo}/{file}")
        click(qtbot, page, "fetchButton")
        qtbot.waitUntil(lambda file=file: offered(page) == [f"Download: {file}"])
        hub.faults.rate = 100_000
        task = page._downloads.of_repository(repo, file)
        rows = lambda task=task: [  # noqa: E731
            row for row in page.findChildren(DownloadRow) if row.isVisible() and row.task is task
        ]
        click(qtbot, page, "fileButton")
        page.reload()
        assert len(rows()) == 1
        qtbot.waitUntil(lambda task=task: task.progress is not None and task.progress.done > 0)
        click(qtbot, page, "fileButton")
        assert len(rows()) == 1
        (row,) = rows()
        qtbot.waitUntil(lambda row=row: not row.visibleRegion().isEmpty())
        row.cancel_button.setFocus()
        qtbot.keyClick(row.cancel_button, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda task=task: not task.running)
        assert page.focusWidget() is row.download_button, "not that of another model"
    hub.faults.api_status = [500] * 50
    click(qtbot, page, "fileButton")
    qtbot.waitUntil(lambda: bool(task.error))
    page.reload()
    assert [row.label.text() for row in rows()] == [task.error]


def test_what_another_session_left_goes_on_or_is_deleted(
    page: ModelsPage, hub: LocalHub, qtbot: QtBot, theme: Theme
) -> None:
    served = hub.folder / "owner" / "left-gguf" / "left.gguf"
    served.parent.mkdir(parents=True)
    served.write_bytes(np.random.default_rng(3).bytes(SIZE))
    hub.faults.rate = 4e6
    qtbot.keyClicks(page.repository, "owner/left-gguf/left.gguf")
    click(qtbot, page, "fetchButton")
    qtbot.waitUntil(lambda: offered(page) == ["Download: left.gguf"])
    click(qtbot, page, "fileButton")
    bars = lambda of: [b for b in of.findChildren(QProgressBar, "downloadProgress") if b.isVisible()]  # noqa: E731
    qtbot.waitUntil(lambda: bool(bars(page)) and bars(page)[0].value() > 500)
    page._downloads.close()
    page.close_page()
    page.hide()
    hub.faults.rate = None
    options = lambda: NetworkOptions(endpoint=hub.url, backoff_s=0.01)  # noqa: E731
    downloads = Downloads(options)
    later = ModelsPage(theme, downloads, options=options)
    qtbot.addWidget(later)
    with qtbot.waitExposed(later):
        later.show()
    card = later.findChild(QWidget, "model_unfinished_left")
    assert "Paused at" in card.findChild(QLabel, "downloadStatus").text()
    sent = hub.sent
    qtbot.mouseClick(card.findChild(QPushButton, "downloadButton"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: here(page) == ["left"])
    assert hub.sent - sent < 0.7 * SIZE
    downloads.close()
    later.close_page()


def left_paused(kind: str, hub: LocalHub) -> tuple[shelf.Installed, bytes, bytes]:
    """An installed model whose update or repair an earlier session has paused, with its bytes before that, and those
    that it should have."""
    options = NetworkOptions(endpoint=hub.url, backoff_s=0.01)
    entry = catalog.entries()[0]
    served = hub.folder / entry.repo / entry.file
    model = hub_find.prepare(hub_find.look_up(options, entry), options, name=entry.name).run()
    assert model is not None
    right = served.read_bytes()
    if kind == "update":
        served.write_bytes(right[::-1])
    else:
        model.path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
        assert shelf.verify(model) is False
    before, now = model.path.read_bytes(), served.read_bytes()
    hub.faults.rate = 20e6

    def stop(progress: DownloadProgress) -> None:
        if progress.phase == "repairing" or progress.done > SIZE // 2:
            download.pause()

    if kind == "update":
        remote = hub_find.newer(model, options)
        assert remote is not None
        download = hub_find.prepare(remote, options, stop)
    else:
        download = hub_find.repair(shelf.need(entry.name), options, stop)
    assert download.run() is None
    hub.faults.rate = None
    return model, before, now


def rows(page: ModelsPage) -> list[DownloadRow]:
    return [row for row in page.findChildren(DownloadRow) if row.isVisible()]


@pytest.mark.parametrize("end", ["goes on", "deleted"])
@pytest.mark.parametrize("kind", ["update", "repair"])
def test_a_paused_update_or_repair_is_on_the_models_card_after_a_restart(
    kind: str, end: str, page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    """What an earlier session left of an installed model goes on there, or is deleted, and the model stays."""
    model, before, now = left_paused(kind, hub)
    assert kind not in {task.id.kind for task in page._downloads.tasks}  # as in a session that begins
    page.reload()
    (row,) = rows(page)
    assert row.task.id == DownloadId(*model.repository, kind)
    assert row.parentWidget().objectName() == f"model_{model.name}"
    assert "Paused at" in row.label.text()
    if end == "goes on":
        assert row.download_button.text() == "Resume"
        click(qtbot, page, "downloadButton")
        qtbot.waitUntil(lambda: model.path.exists() and model.path.read_bytes() == now)
        qtbot.waitUntil(lambda: "is ready (hash verified)" in status(page))
    else:
        assert row.cancel_button.text() == "Discard download"
        click(qtbot, page, "cancelButton")
        assert model.path.read_bytes() == before
    qtbot.waitUntil(lambda: rows(page) == [])
    assert [path.name for path in model.path.parent.iterdir()] == [model.path.name]
    assert here(page) == [model.name]
    assert unfinished() == []
    ready = button(page, "mendButton" if (kind, end) == ("repair", "deleted") else "useButton")
    assert ready.isEnabled()


def test_what_one_download_of_a_file_deletes_no_other_shows(page: ModelsPage, hub: LocalHub) -> None:
    """An update and a repair of a model arrive in the same place."""
    model, before, _ = left_paused("update", hub)
    page.reload()
    (row,) = rows(page)
    page._downloads.of_repair(model).cancel()
    assert (row.task.progress, row.cancel_button.isVisible()) == (None, False)
    assert unfinished() == []
    assert model.path.read_bytes() == before


def test_import_and_remove(
    page: ModelsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))  # where the trash is
    mine = tmp_path / "mine.gguf"
    shutil.copy(paths.guide_model(), mine)
    page.import_path(mine)
    qtbot.waitUntil(lambda: here(page) == ["mine"])
    qtbot.waitUntil(lambda: "is ready (hash verified)" in status(page))
    act(qtbot, page, "copyAction")
    qtbot.waitUntil(lambda: "into Tern's folder" in status(page))
    (copy,) = shelf.installed()
    assert copy.path.read_bytes() == mine.read_bytes()
    assert not copy.linked
    shelf.remove(copy, for_good=True)
    page.import_path(mine)
    qtbot.waitUntil(lambda: here(page) == ["mine"])
    act(qtbot, page, "removeAction")
    assert "Your file stays" in status(page)
    assert (
        page.findChild(QWidget, "model_mine") is None or not page.findChild(QWidget, "model_mine").isVisible()
    )
    click(qtbot, page, "noticeButton")  # Undo
    qtbot.waitUntil(lambda: here(page) == ["mine"])
    assert not any(timer.isActive() for timer in page.acts.findChildren(QTimer)), "it would be removed later"
    act(qtbot, page, "removeAction")
    qtbot.waitUntil(lambda: here(page) == [])
    assert mine.exists()
    (tmp_path / "bad.gguf").write_bytes(b"<html>")
    page.import_path(tmp_path / "bad.gguf")
    qtbot.waitUntil(lambda: "web page" in status(page))


def test_a_file_of_ours_goes_to_the_trash_when_the_window_closes(
    page: ModelsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"])
    (model,) = shelf.installed()
    with qtbot.waitSignal(page.acts.leaving):
        act(qtbot, page, "removeAction")
    assert "moved to trash." in status(page)
    assert model.path.exists()
    page.close_page()
    assert not model.path.exists()
    assert here(page) == []


def test_damage_is_found_and_mended(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: "is ready (hash verified)" in status(page))
    (model,) = shelf.installed()
    data = bytearray(model.path.read_bytes())
    data[5_000_000] ^= 1
    model.path.write_bytes(data)
    act(qtbot, page, "verifyAction")
    qtbot.waitUntil(lambda: "is damaged" in status(page))
    sent = hub.sent
    click(qtbot, page, "mendButton")
    qtbot.waitUntil(lambda: shelf.need(model.name).verified)
    assert hub.sent - sent <= 4 << 20  # the one bad block
    qtbot.waitUntil(lambda: button(page, "useButton").isEnabled())


def test_a_newer_version_is_looked_for_when_asked(page: ModelsPage, hub: LocalHub, qtbot: QtBot) -> None:
    click(qtbot, page, "downloadButton")
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"])
    api = len(hub.api)
    act(qtbot, page, "updateAction")
    qtbot.waitUntil(lambda: "is up to date" in status(page))
    assert len(hub.api) == api + 1
    (model,) = shelf.installed()
    owner, name, file = model.origin.split("/")
    (hub.folder / owner / name / file).write_bytes(b"newer" * 300_000)
    act(qtbot, page, "updateAction")
    qtbot.waitUntil(lambda: "A newer version of" in status(page))
    click(qtbot, page, "noticeButton")
    qtbot.waitUntil(lambda: model.path.read_bytes() == b"newer" * 300_000)
    qtbot.waitUntil(lambda: shelf.installed()[0].size == 1_500_000)


def test_verifying_can_be_cancelled(
    page: ModelsPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big.gguf"
    shutil.copy(paths.guide_model(), big)
    with big.open("r+b") as file:
        file.truncate(2 << 30)  # a hole: as long to hash, no room on the disk
    page.import_path(big)
    card = lambda: [b for b in page.findChildren(QPushButton, "jobCancel") if b.isVisible()]  # noqa: E731
    qtbot.waitUntil(lambda: bool(card()))
    bar = page.findChild(QProgressBar, "jobProgress")
    qtbot.waitUntil(lambda: bar.value() > 0)
    qtbot.mouseClick(card()[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Cancelled" in status(page))
    assert here(page) == []
    assert not card()


def test_convert_writes_beside_and_compares(page: ModelsPage, qtbot: QtBot, tmp_path: Path) -> None:
    tiny, out = tmp_path / "tiny.gguf", tmp_path / "tq1.gguf"
    write_synthetic(tiny, SHAPES["tiny"])
    page.import_path(tiny)
    qtbot.waitUntil(lambda: here(page) == ["tiny"])
    act(qtbot, page, "exportAction")
    dialog = page.findChild(QFileDialog, "modelFileDialog")
    assert dialog.isVisible()
    dialog.reject()
    page.acts.convert(shelf.need("tiny"), out, "tq1_0")
    qtbot.waitUntil(lambda: "was read back and is identical" in status(page))
    with GGUFFile.open(tiny) as first, GGUFFile.open(out) as second:
        recode.compare(first, second)


def test_a_dropped_folder_of_safetensors_becomes_a_model(
    page: ModelsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    """Codes and scales are those of the GGUF that the folder was made from; a drop is what a person does with it."""
    tiny = tmp_path / "tiny.gguf"
    write_synthetic(tiny, SHAPES["tiny"])
    folder = packed_folder(tiny, tmp_path / "packed")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder / "model.safetensors"))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(event)
    assert event.isAccepted()
    qtbot.waitUntil(lambda: here(page) == ["packed"])
    with GGUFFile.open(tiny) as wanted, GGUFFile.open(shelf.need("packed").path) as found:
        for name, info in wanted.tensors.items():
            if info.type is TensorType.I2_S:
                assert np.array_equal(found.data(name), wanted.data(name)), name


def packed_folder(model: Path, folder: Path) -> Path:
    """What transformers would have written of ``model``: four rows a byte, a scale beside."""
    tensors: dict[str, tuple[str, np.ndarray]] = {}
    with GGUFFile.open(model) as gguf:
        for name, info in gguf.tensors.items():
            if name.startswith("blk."):
                _, layer, stem, _ = name.split(".")
                theirs = f"model.layers.{layer}.{NAMES[stem]}.weight"
            else:
                theirs = {"token_embd.weight": "model.embed_tokens.weight"}.get(name, "model.norm.weight")
            if info.type is TensorType.I2_S:
                cols, rows = info.shape
                weights, scale = ternary_bytes.unpack(gguf.data(name), rows, cols)
                codes = (weights + 1).astype(np.uint8).reshape(4, rows // 4, cols)
                packed = codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6
                tensors[theirs] = ("U8", packed)
                tensors[f"{theirs}_scale"] = ("F32", np.array([scale], np.float32))
            else:
                kind = "F16" if info.type is TensorType.F16 else "F32"
                dtype = np.float16 if kind == "F16" else np.float32
                tensors[theirs] = (kind, gguf.data(name).view(dtype).reshape(info.shape[::-1]))
        return _folder(folder, tensors, gguf)


def rows_of(page: ModelsPage, kind: str = "modelRow") -> list[QWidget]:
    return [f for f in page.findChildren(QFrame) if f.isVisible() and f.property("kind") == kind]


def details(page: ModelsPage, name: str) -> QToolButton:
    (card,) = [card for card in page.findChildren(QWidget, f"model_{name}") if card.isVisible()]
    return card.findChild(QToolButton, "detailsButton")


@pytest.fixture
def many(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> tuple[catalog.CatalogEntry, ...]:
    """The hero, another model, and two that are folded; of the last one the size is not known."""
    (hero,) = catalog.entries()
    found = tuple(
        replace(hero, name=name, title=name.title(), repo=f"owner/{name}-gguf", folded=folded, size=size)
        for name, folded, size in (("other", False, SIZE), ("research", True, SIZE), ("sizeless", True, None))
    )
    for entry in found:
        served = hub.folder / entry.repo / entry.file
        served.parent.mkdir(parents=True)
        served.write_bytes(b"GGUF" + bytes(5000))
    monkeypatch.setattr(catalog, "entries", lambda: (hero, *found))
    return (hero, *found)


def test_one_hero_one_accent_and_nothing_moves(
    many: tuple[catalog.CatalogEntry, ...], page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    """What it is good and bad at, its figures, no speed before one is known; the button becomes the bar in its place,
    and the card stays as high as it was."""
    page.resize(852, 700)
    (hero,) = rows_of(page, "hero")
    words = [label.text() for label in hero.findChildren(QLabel) if label.isVisible()]
    assert many[0].title in words
    assert many[0].good_for in words
    assert any(many[0].weak_at in each for each in words)
    assert {"9.0\u2009MB", "930\u2009MB", "MIT"} <= set(words)
    assert not hero.findChild(QLabel, "heroSpeed").isVisible()
    accents = [b for b in page.findChildren(QPushButton) if b.isVisible() and b.property("kind") == "accent"]
    assert [b.text() for b in accents] == ["Download"]
    qtbot.waitUntil(lambda: hero.height() > 100)
    high, below = hero.height(), details(page, "other").mapTo(page, QPoint()).y()
    page.show_forecast(Forecast(40.0, "here"))
    assert hero.findChild(QLabel, "heroSpeed").isVisible()
    assert "30" in hero.findChild(QLabel, "heroSpeed").text()
    hub.faults.rate = 2e6
    qtbot.mouseClick(accents[0], Qt.MouseButton.LeftButton)
    bar = hero.findChild(QProgressBar, "downloadProgress")
    qtbot.waitUntil(lambda: bar.value() > 100)
    qtbot.wait(50)
    assert (hero.height(), details(page, "other").mapTo(page, QPoint()).y()) == (high, below)
    assert not accents[0].isVisible()
    click(qtbot, page, "pauseButton")
    qtbot.waitUntil(lambda: accents[0].isVisible() and accents[0].text() == "Resume")
    qtbot.wait(50)
    assert (hero.height(), details(page, "other").mapTo(page, QPoint()).y()) == (high, below)
    hub.faults.rate = None
    qtbot.mouseClick(accents[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: here(page) == ["bitnet-2b4t"])
    qtbot.waitUntil(lambda: rows_of(page, "hero") == [])
    assert button(page, "useButton").text() == "Chat with it"


def test_research_is_folded_and_a_size_is_said_before_a_byte_comes(
    many: tuple[catalog.CatalogEntry, ...], page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    page.reload()
    more = page.findChild(QToolButton, "moreModelsButton")
    assert more.text() == "More models (2)"
    names = lambda: [row.objectName() for row in rows_of(page) if row.objectName()]  # noqa: E731
    assert names() == ["model_guide", "model_other"]
    more.setFocus()
    qtbot.keyClick(more, Qt.Key.Key_Space)
    assert names() == ["model_guide", "model_other", "model_research", "model_sizeless"]
    assert page.focusWidget() is more
    assert "fits this computer" in page.findChild(QWidget, "model_other").accessibleDescription()
    click(qtbot, page, "filesButton")
    qtbot.waitUntil(lambda: offered(page) == [f"Download: {many[0].file}"])
    assert "fits this computer" in shown(page)
    assert hub.asked == []
    qtbot.keyClick(more, Qt.Key.Key_Space)
    assert names() == ["model_guide", "model_other"]


def test_details_open_by_a_click_or_a_key_and_stay_open(
    many: tuple[catalog.CatalogEntry, ...], page: ModelsPage, qtbot: QtBot
) -> None:
    page.reload()

    def said() -> set[str]:
        return {
            label.text().replace("\u200b", "") for label in page.findChildren(QLabel) if label.isVisible()
        }

    assert "owner/other-gguf" not in said()
    (card,) = [card for card in rows_of(page) if card.objectName() == "model_other"]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(60, 8))
    assert {"owner/other-gguf", many[1].file, many[1].licence, many[1].sha256} <= said()
    page.reload()
    assert "owner/other-gguf" in said()
    click(qtbot, page, "copyHashButton")
    assert QGuiApplication.clipboard().text() == many[1].sha256
    toggle = details(page, "other")
    toggle.setFocus()
    qtbot.keyClick(toggle, Qt.Key.Key_Space)
    assert "owner/other-gguf" not in said()


def test_a_model_is_renamed_with_f2(page: ModelsPage, qtbot: QtBot, tmp_path: Path) -> None:
    """Enter keeps it, Esc does not, and an empty title brings back the one in the file."""
    mine = tmp_path / "mine.gguf"
    shutil.copy(paths.guide_model(), mine)
    page.import_path(mine)
    qtbot.waitUntil(lambda: here(page) == ["mine"] and page.acts.job is None)
    original = shelf.need("mine").title

    def type_title(words: str, key: Qt.Key) -> None:
        qtbot.waitUntil(lambda: details(page, "mine") is not None)
        toggle = details(page, "mine")
        toggle.setFocus()
        qtbot.keyClick(toggle, Qt.Key.Key_F2)
        (field,) = [f for f in page.findChildren(QLineEdit, "renameField") if f.isVisible()]
        assert field.hasFocus()
        qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
        qtbot.keyClicks(field, words)
        qtbot.keyClick(field, key)

    page.activateWindow()
    for words, key, title in (
        ("My model", Qt.Key.Key_Return, "My model"),
        ("Another", Qt.Key.Key_Escape, "My model"),
        ("", Qt.Key.Key_Return, original),
    ):
        type_title(words, key)
        assert shelf.need("mine").title == title
        assert details(page, "mine").accessibleName() == f"Details of {title}"
        assert page.focusWidget() is details(page, "mine")


def test_a_model_of_the_hub_is_called_what_its_file_says(
    page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    """And while it is on its way, or where the file says nothing, what its repository is called."""
    folder = hub.folder / "owner" / "Named-Model-GGUF"
    folder.mkdir(parents=True)
    shutil.copy(paths.guide_model(), folder / "named.gguf")
    task = page._downloads.of_repository("owner/Named-Model-GGUF", "named.gguf")
    assert task.title == "Named-Model"
    task.start()
    qtbot.waitUntil(lambda: here(page) == ["named"])
    qtbot.waitUntil(lambda: "Tern guide is ready (hash verified)." in status(page))
    assert shelf.need("named").title == "Tern guide"
    nameless = hub.folder / "owner" / "nameless-gguf" / "nameless.gguf"
    nameless.parent.mkdir(parents=True)
    nameless.write_bytes(b"GGUF" + bytes(5000))
    page._downloads.of_repository("owner/nameless-gguf", "nameless.gguf").start()
    qtbot.waitUntil(lambda: "nameless is ready (hash verified)." in status(page))


def test_a_search_that_fails_says_why_in_its_place_and_tries_again(
    page: ModelsPage, hub: LocalHub, qtbot: QtBot
) -> None:
    served = hub.folder / "owner" / "many-gguf" / "m.gguf"
    served.parent.mkdir(parents=True)
    served.write_bytes(bytes(5000))
    hub.faults.api_status = [500] * 9
    qtbot.keyClicks(page.repository, "many")
    qtbot.keyClick(page.repository, Qt.Key.Key_Return)
    trouble = page.search.trouble
    qtbot.waitUntil(trouble.isVisible)
    assert trouble.findChild(QLabel, "troubleHeadline").text() == "The search failed"
    assert "fault of its own" in trouble.findChild(QLabel, "troubleSentence").text()
    assert status(page) == ""
    hub.faults.api_status = []
    click(qtbot, page, "retryButton")
    qtbot.waitUntil(lambda: "many" in shown(page))
    assert not trouble.isVisible()


def test_every_control_has_a_name(page: ModelsPage) -> None:
    buttons = [found for found in page.findChildren(QPushButton) if found.isVisible()]
    assert buttons
    for control in (*buttons, page.repository, *page.findChildren(QProgressBar)):
        assert control.objectName()
        assert control.accessibleName()


def test_at_480_pixels_nothing_is_cut(page: ModelsPage, qtbot: QtBot, tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    shutil.copy(paths.guide_model(), mine)
    page.import_path(mine)
    qtbot.waitUntil(lambda: here(page) == ["mine"])
    page.resize(480, 420)

    def cut() -> list[str]:
        shown = [control for control in page.findChildren(QPushButton) if control.isVisible()]
        return [
            control.accessibleName()
            for control in shown
            if control.mapTo(page, control.rect().topRight()).x() > 480
        ]

    qtbot.waitUntil(lambda: not cut())


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
    host = ModelsController(
        window, theme, settings, lambda: None, lambda: EngineOptions(threads=1), downloads
    )
    try:
        assert host.card is not None
        assert host.card.isVisible()
        assert "of memory" in "".join(label.text() for label in host.card.findChildren(QLabel))
        click(qtbot, host.card, "downloadButton")
        qtbot.waitUntil(lambda: "is ready (hash verified)" in window.notice.message)
        assert not host.card.isVisible()
        click(qtbot, window, "noticeButton")  # Chat with it
        (model,) = shelf.installed()
        qtbot.waitUntil(lambda: window.queue.info is not None and window.queue.info.path == model.path)
        assert settings[MODEL_PATH] == str(model.path)
        window.chat.send("What are you?")
        qtbot.waitUntil(lambda: len(window.transcript.last_reply() or "") > 10)
        qtbot.waitUntil(lambda: not window.session.busy)
        host.show_page()
        assert host.page is not None
        qtbot.waitUntil(host.page.isVisible)
        settings[MODEL_PATH] = str(model.path.with_name("gone.gguf"))
        host.open_first()
        assert "is gone" in window.notice.message
        qtbot.waitUntil(
            lambda: window.queue.info is not None and window.queue.info.path == paths.guide_model()
        )
    finally:
        host.close()
