"""Switching models in a conversation, foreign templates and their consent, the log of connections and the token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.foreign import write_foreign
from engine.test_llama_engine import with_template
from library.test_token import MemoryKeyring
from tern import paths
from tern.engine import can_chat
from tern.engine.convert import recode
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.fake_engine import FakeEngine
from tern.engine.gguf.reader import GGUFFile
from tern.engine.types import EngineOptions
from tern.library import hub_token, importing, network, shelf
from tern.library.download_id import DownloadId
from tern.library.running import keep_running, ran_at_the_end
from tern.library.unfinished import unfinished
from tern.settings import DOWNLOAD_LIMIT, FILE_NAME, MODEL_PATH, OFFLINE, Settings
from tern.ui.settings.network_section import NetworkSection
from tern.ui.sidebar.download_ring import RingButton
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController
from tools.local_hub import LocalHub

from ..conftest import WindowMaker
from ..samples import EVERYTHING
from ..test_frames import CALLS, Work

pytestmark = pytest.mark.slow

SECRET = "hf_AbCdEfGhIjKlMnOpQrSt"
FOREIGN = "{% for m in messages %}({{ m['role'] }}) {{ m['content'] }} {% endfor %}(assistant)"


@pytest.fixture(autouse=True)
def no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "hf-token"))
    monkeypatch.setattr(hub_token, "_known", [])


@pytest.fixture
def window(make_window: WindowMaker) -> MainWindow:
    return make_window(load=False)


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def host(window: MainWindow, theme: Theme, settings: Settings) -> Iterator[ModelsController]:
    made = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    yield made
    made.close()


@pytest.fixture
def tiny(tmp_path: Path) -> shelf.Installed:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    return importing.take(tmp_path / "tiny.gguf", True, "tiny", "Tiny")


def menu_action(window: MainWindow, title: str) -> QWidget:
    window.header.model_menu.aboutToShow.emit()
    return next(action for action in window.header.model_menu.actions() if action.text() == title)


def answers(window: MainWindow, path: Path) -> bool:
    return window.queue.info is not None and window.queue.info.path == path


def ask(qtbot: QtBot, window: MainWindow, text: str) -> None:
    window.chat.send(text)
    qtbot.waitUntil(lambda: not window.session.busy)


def test_the_palette_switches_to_an_installed_model(
    host: ModelsController, window: MainWindow, tiny: shelf.Installed, qtbot: QtBot
) -> None:
    host.open_first()
    qtbot.waitUntil(lambda: answers(window, paths.guide_model()))
    assert not window.area.chat.guide_bar._needed, "another model is here"
    window.show_palette()
    QTest.keyClicks(window.palette_.field, "tiny")
    assert window.palette_.list.item(0).text() == "Tiny"
    QTest.keyClick(window.palette_.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: answers(window, tiny.path))
    assert window.composer.editor.placeholderText() == "Ask anything. It stays on this computer."


def test_a_conversation_goes_on_with_another_model(
    host: ModelsController, window: MainWindow, settings: Settings, tiny: shelf.Installed, qtbot: QtBot
) -> None:
    host.open_first()
    guide = paths.guide_model()
    qtbot.waitUntil(lambda: answers(window, guide))
    ask(qtbot, window, "What are you?")
    conversation = window.session.conversation
    assert menu_action(window, "Tern's guide").isChecked()
    menu_action(window, "Tiny").trigger()
    qtbot.waitUntil(lambda: answers(window, tiny.path))
    assert settings[MODEL_PATH] == str(tiny.path)
    assert menu_action(window, "Tiny").isChecked()
    ask(qtbot, window, "And now?")
    assert window.session.conversation == conversation
    replies = [entry for entry in window.session.path if entry.role == "assistant"]
    assert [entry.state.value for entry in replies] == ["done", "done"]
    tiny_name = window.queue.info.name
    assert [entry.model for entry in replies] == ["Tern guide", tiny_name]
    assert replies[1].stats.prompt_tokens > 30  # it read the whole conversation
    menu_action(window, "Tern's guide").trigger()
    qtbot.waitUntil(lambda: answers(window, guide))
    assert settings[MODEL_PATH] == ""
    ask(qtbot, window, "Why is ternary fast?")
    assert window.session.path[-1].state.value == "done"


def test_a_switch_while_a_reply_is_written(
    host: ModelsController, window: MainWindow, tiny: shelf.Installed, qtbot: QtBot
) -> None:
    """The reply under way ends as it stands or is finished; the next one is the new model's."""
    host.open_first()
    qtbot.waitUntil(lambda: answers(window, paths.guide_model()))
    window.chat.send("Why is ternary fast?")
    qtbot.waitUntil(lambda: bool(window.transcript.last_reply()))
    host.use(tiny)
    qtbot.waitUntil(lambda: answers(window, tiny.path) and not window.session.busy)
    assert window.session.path[-1].content
    ask(qtbot, window, "And now?")
    assert window.session.path[-1].state.value == "done"


def test_the_speed_here_is_remembered(
    host: ModelsController, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    mine = importing.take(paths.guide_model(), False, "mine", "Mine")
    host.use(mine)
    qtbot.waitUntil(lambda: answers(window, mine.path))
    ask(qtbot, window, "Why is ternary fast?")
    reply = window.session.path[-1].stats
    assert reply.tokens >= 16
    assert shelf.need("mine").speed == pytest.approx(reply.decode_tokens_per_s, abs=0.01)
    host.show_page()
    assert host.page is not None
    card = host.page.findChild(QWidget, "model_mine")
    assert "tokens/s here" in card.accessibleDescription()


def test_a_removed_model_lets_go_and_comes_back(
    host: ModelsController, window: MainWindow, settings: Settings, tiny: shelf.Installed, qtbot: QtBot
) -> None:
    host.use(tiny)
    qtbot.waitUntil(lambda: answers(window, tiny.path))
    host.show_page()
    assert host.page is not None
    host.page.acts.remove(tiny)
    qtbot.waitUntil(lambda: answers(window, paths.guide_model()))
    assert settings[MODEL_PATH] == ""
    undo = host.page.notice.findChild(QPushButton, "noticeButton")
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert [model.name for model in shelf.installed()] == ["tiny"]


def test_what_cannot_chat_is_not_offered_and_says_why(
    host: ModelsController, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    """Put on the shelf by an older Tern: the page says why, the header's menu does not offer it, nothing is opened."""
    path = write_foreign(tmp_path / "words.gguf", "bert")
    model = importing.take(path, True, "words", "Words")
    sentence = can_chat.problem(path)
    assert "embedding model" in sentence
    host.open_first()
    qtbot.waitUntil(lambda: answers(window, paths.guide_model()))
    window.header.model_menu.aboutToShow.emit()
    assert "Words" not in [action.text() for action in window.header.model_menu.actions()]
    host.show_page()
    assert host.page is not None
    card = host.page.findChild(QWidget, "model_words")
    assert sentence in [label.text() for label in card.findChildren(QLabel)]
    host.use(model)
    assert sentence in window.notice.message
    assert answers(window, paths.guide_model())


def test_importing_what_cannot_chat_says_why(host: ModelsController, tmp_path: Path, qtbot: QtBot) -> None:
    path = write_foreign(tmp_path / "words.gguf", "t5")
    host.show_page()
    assert host.page is not None
    page = host.page
    page.acts.import_path(path)
    qtbot.waitUntil(lambda: page.acts.job is None)
    assert can_chat.problem(path) in page.notice.message
    assert not shelf.installed()


def foreign(tmp_path: Path, template: str) -> shelf.Installed:
    """A model of another kind, with a template that llama.cpp does not know."""
    write_synthetic(tmp_path / "one.gguf", SHAPES["tiny"])
    with GGUFFile.open(tmp_path / "one.gguf") as source:
        recode.write_recoded(source, tmp_path / "export.gguf", "tq2_0", for_llama_cpp=True)
    made = with_template(tmp_path / "export.gguf", tmp_path / "made.gguf", template)
    return importing.take(made, True, "foreign", "Foreign")


def test_a_foreign_template_is_asked_about(
    host: ModelsController,
    window: MainWindow,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = foreign(tmp_path, FOREIGN)
    # Tern's own engine runs this architecture; here it stands for one that only llama.cpp does.
    for module in ("tern.engine.llama_engine", "tern.open_engine"):
        monkeypatch.setattr(f"{module}.ARCHITECTURES", ("bitnet-b1.58", "bitnet-25"))
    host.open_first()
    qtbot.waitUntil(lambda: answers(window, paths.guide_model()))
    host.use(model)
    assert host.page is not None
    (allow,) = window.findChildren(QPushButton, "allowButton")
    assert FOREIGN in window.findChild(QWidget, "templateText").toPlainText()
    (refuse,) = window.findChildren(QPushButton, "refuseButton")
    qtbot.mouseClick(refuse, Qt.MouseButton.LeftButton)
    assert not shelf.need("foreign").template_allowed
    assert answers(window, paths.guide_model())
    qtbot.waitUntil(lambda: not window.findChildren(QPushButton, "allowButton"))
    host.use(model)
    (allow,) = window.findChildren(QPushButton, "allowButton")
    qtbot.mouseClick(allow, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: answers(window, model.path))
    assert shelf.need("foreign").template_allowed
    ask(qtbot, window, "Hi")
    assert window.session.path[-1].state.value == "done"
    assert shelf.template_trusted(model.path)


class SlowLock(KeyringBackend):
    """A keyring that refuses, as a locked one does."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("locked")


@pytest.fixture
def system() -> Iterator[MemoryKeyring]:
    before, made = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def connections(theme: Theme, qtbot: QtBot, system: MemoryKeyring) -> Iterator[NetworkSection]:
    page = NetworkSection(theme)
    qtbot.addWidget(page)
    yield page
    page.close_section()


def test_connections_are_listed_and_the_token_is_kept(
    connections: NetworkSection, system: MemoryKeyring, qtbot: QtBot, data_dir: Path
) -> None:
    page = connections
    page.reload()
    assert "never opened a connection" in page.summary.text()
    network.note("hub.example", "look up owner/model", "200", 0)
    network.note("cdn.example", "fetch owner/model/m.gguf", "206", 1_234_567)
    page.show()
    page.reload()
    row = [page.table.item(0, column).text() for column in range(1, 5)]
    assert row == ["cdn.example", "fetch owner/model/m.gguf", "206", "1.2\u2009MB"]
    assert "2 connection(s) to cdn.example, hub.example; 1.2\u2009MB received" in page.summary.text()
    network.note("hub.example", "search: What are you?", "200", 99)
    page.reload()
    # What was typed and sent, in so many words.
    assert page.table.item(0, 2).text() == "search: What are you?"
    assert "Nothing" not in page.summary.text()
    assert "the words that were sent" in page.summary.text()
    qtbot.waitUntil(lambda: "None is in use" in page.token_status.text())
    qtbot.keyClicks(page.token, SECRET)
    keep = page.findChild(QPushButton, "keepTokenButton")
    qtbot.mouseClick(keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "In use: the token kept" in page.token_status.text())
    assert list(system.kept.values()) == [SECRET]
    assert page.token.text() == ""
    assert not [
        path for path in data_dir.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    forget = page.findChild(QPushButton, "forgetTokenButton")
    qtbot.mouseClick(forget, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "None is in use" in page.token_status.text())
    assert system.kept == {}


def test_a_keyring_that_refuses_and_none_at_all(connections: NetworkSection, qtbot: QtBot) -> None:
    page = connections
    page.show()
    keyring.set_keyring(SlowLock())
    page.reload()
    qtbot.keyClicks(page.token, SECRET)
    qtbot.keyClick(page.token, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "refused the token" in page.token_status.text())
    assert SECRET not in page.token_status.text()
    keyring.set_keyring(NoKeyring())
    hub_token._known.clear()
    page.reload()
    qtbot.waitUntil(lambda: "has no keyring" in page.token_status.text())
    assert not page.token.isEnabled()
    assert "hf auth login" in page.token_status.text()


class SilentKeyring(KeyringBackend):
    """Says nothing until it is let."""

    priority = 0  # type: ignore[assignment]  # else it would be found and asked in other tests, too

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.free.wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.free.wait()


def test_a_keyring_that_says_nothing(
    connections: NetworkSection, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and lives."""
    silent = SilentKeyring()
    keyring.set_keyring(silent)
    monkeypatch.setattr(hub_token, "ANSWER_S", 0.05)
    monkeypatch.setattr(hub_token, "UNLOCK_S", 0.05)
    monkeypatch.setattr(hub_token, "_asking", [])
    page = connections
    page.show()
    page.reload()
    assert "Asking the system's keyring" in page.token_status.text()
    qtbot.waitUntil(lambda: "does not answer, so nothing is known" in page.token_status.text())
    qtbot.keyClicks(page.token, SECRET)
    qtbot.keyClick(page.token, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "does not answer. Unlock it" in page.token_status.text())
    assert page.token.text() == SECRET  # not lost
    silent.free.set()
    hub_token._asking[0].join()


def test_every_control_says_what_it_is(
    host: ModelsController, window: MainWindow, tiny: shelf.Installed, qtbot: QtBot
) -> None:
    host.show_page()
    window.settings_controller.show_network()
    assert host.page is not None
    pages = [host.page, window.settings_controller.network, host.page.show_template(tiny, FOREIGN, True)]
    for page in pages:
        for control in page.findChildren(QPushButton):
            assert control.objectName()
            assert control.accessibleName() or control.text() or not control.isVisible()
    menus = host.page.findChildren(QMenu, "moreMenu")
    assert menus
    assert all(action.text() for menu in menus for action in menu.actions() if not action.isSeparator())
    assert all(page.accessibleName() for page in pages)


def test_offline_stops_what_is_under_way(
    window: MainWindow,
    host: ModelsController,
    settings: Settings,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "hub" / "owner" / "big-gguf" / "big.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(20_000_000))
    with LocalHub(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.faults.rate = 5e6
        task = host.downloads.of_repository("owner/big-gguf", "big.gguf")
        task.start()
        qtbot.waitUntil(lambda: task.progress is not None and task.progress.done > 1e6)
        settings[DOWNLOAD_LIMIT] = 0.5
        window.settings_controller.take(DOWNLOAD_LIMIT)
        assert task._download is not None
        assert task._download.limit == 500_000
        settings[OFFLINE] = True
        with qtbot.waitSignal(task.paused):
            window.settings_controller.take(OFFLINE)
        assert hub.sent < 15e6
        assert not Settings.load()[OFFLINE]  # what counts is what the window is set to, kept or not
        asked = len(hub.tokens)
        with qtbot.waitSignal(task.failed) as failed:
            task.start()
        assert "set to work offline" in failed.args[0]
        assert len(hub.tokens) == asked


def network_says(window: MainWindow) -> str:
    return window.findChild(QPushButton, "networkReadout").text()


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub with one model, the guide with a long tail."""
    path = tmp_path / "hub" / "owner" / "big-gguf" / "big.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(paths.guide_model().read_bytes() + bytes(8_000_000))
    with LocalHub(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield hub


def test_the_word_of_the_readout_bar_is_what_the_network_did(
    host: ModelsController, window: MainWindow, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    """Nothing, off, looked up, downloading, downloaded; and a click shows more of it."""
    host.open_first()
    assert network_says(window) == "No network used"
    settings[OFFLINE] = True
    window.settings_controller.take(OFFLINE)
    assert network_says(window) == "Network off"
    settings[OFFLINE] = False
    window.settings_controller.take(OFFLINE)
    readout = window.findChild(QPushButton, "networkReadout")
    qtbot.mouseClick(readout, Qt.MouseButton.LeftButton)
    assert window.settings_controller.network is not None
    assert window.settings_controller.network.isVisible()
    network.note("hub.example", "search: What are you?", "200", 10)
    assert network_says(window) == "Searched just now"
    assert "hub.example" in readout.toolTip()
    network.note("hub.example", "search: What are you?", "no network", 0)
    assert network_says(window) == "No answer just now"

    big.faults.rate = 2e6
    task = host.downloads.of_repository("owner/big-gguf", "big.gguf")
    seen: list[str] = []
    host._watch.changed.connect(lambda word: seen.append(word.text))
    task.start()
    assert network_says(window) == "Downloading…"
    qtbot.waitUntil(lambda: "MB/s" in network_says(window))
    assert network_says(window).startswith("Downloading ")
    assert "%" in network_says(window)
    qtbot.mouseClick(readout, Qt.MouseButton.LeftButton)
    assert host.page is not None
    assert host.page.isVisible()
    big.faults.rate = None
    qtbot.waitUntil(lambda: not task.running)
    assert network_says(window) == "Downloaded just now"
    assert not any(word in ("Offline", "No network used") for word in seen)
    host.close()  # and no connection that is made later finds a listener that is gone
    network.note("hub.example", "late", "200", 1)
    assert network_says(window) == "Downloaded just now"


def test_no_turn_of_the_event_loop_is_long_while_a_download_runs_on_the_open_page_and_a_reply_comes(
    host: ModelsController, window: MainWindow, big: LocalHub, qtbot: QtBot
) -> None:
    window.open_model(lambda progress: FakeEngine([EVERYTHING * 3], token_seconds=0.004))
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.chat.send("Go")
    window.actions_["models"].trigger()
    assert host.page is not None
    big.faults.rate = 2e6
    task = host.downloads.of_repository("owner/big-gguf", "big.gguf")
    task.start()
    qtbot.waitUntil(lambda: task.progress is not None and task.progress.done > 0)
    work, turns = Work(), []

    def turn() -> None:
        turns.append(work.calls)
        work.calls = 0

    beat = QTimer(interval=0)  # once in every turn
    beat.timeout.connect(turn)
    before = task.progress.done
    with work.counted():
        beat.start()
        qtbot.waitUntil(lambda: not window.session.busy)
        beat.stop()
    big.faults.rate = None
    assert host.page.isVisible()
    assert before < task.progress.done or not task.running
    assert len(window.transcript.last_reply()) > 1000
    assert len(turns) > 100
    assert max(turns) < CALLS // 4
    qtbot.waitUntil(lambda: not task.running)


def ring(window: MainWindow) -> RingButton:
    return window.findChild(RingButton, "sidebar-models")


@pytest.mark.parametrize("arrived", [True, False])
def test_what_ran_at_the_end_goes_on_by_itself(
    arrived: bool, window: MainWindow, theme: Theme, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    """With something of it here, and before anything had come; the sidebar and the readout bar show it."""
    big.faults.rate = 2e6
    if arrived:
        first = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
        task = first.downloads.of_repository("owner/big-gguf", "big.gguf")
        task.start()
        qtbot.waitUntil(lambda: task.progress is not None and task.progress.done > 5e6)
        first.close()
        qtbot.waitUntil(lambda: not task.running)
        assert ran_at_the_end() == [task.id]
    else:
        keep_running([DownloadId("owner/big-gguf", "big.gguf")])
    assert bool(unfinished()) is arrived
    later = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    later.open_first()
    assert later.downloads.running
    assert window.notice.isHidden()
    qtbot.waitUntil(lambda: (ring(window).part or 0) > 0)
    assert "Downloading" in ring(window).accessibleDescription()
    qtbot.waitUntil(lambda: network_says(window).startswith("Downloading "))
    big.faults.rate = None
    qtbot.waitUntil(lambda: [model.name for model in shelf.installed()] == ["big"])
    qtbot.waitUntil(lambda: ring(window).part is None)
    assert "Downloading" not in ring(window).accessibleDescription()
    qtbot.waitUntil(lambda: ran_at_the_end() == [])
    later.close()


@pytest.mark.parametrize("why", ["offline", "settings unreadable", "paused by the person"])
def test_what_may_not_go_on_by_itself_does_not(
    why: str, window: MainWindow, theme: Theme, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    first = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    big.faults.rate = 2e6
    task = first.downloads.of_repository("owner/big-gguf", "big.gguf")
    task.start()
    qtbot.waitUntil(lambda: task.progress is not None and task.progress.done > 5e6)
    if why == "paused by the person":
        task.pause()
        qtbot.waitUntil(lambda: not task.running)
    first.close()
    qtbot.waitUntil(lambda: not task.running)
    asked, now = len(big.tokens), settings
    if why == "offline":
        now[OFFLINE] = True
    elif why == "settings unreadable":
        paths.config_dir().mkdir(parents=True, exist_ok=True)
        (paths.config_dir() / FILE_NAME).write_text("{broken")
        now = Settings.load()
    later = ModelsController(window, theme, now, lambda: None, lambda: EngineOptions(threads=1))
    later.open_first()
    assert not later.downloads.running
    assert ring(window).part is None
    assert "The download of big is paused at " in window.notice.message
    offered = window.findChild(QPushButton, "noticeButton").text()
    assert offered == ("Resume" if why == "paused by the person" else "Models")
    qtbot.wait(200)
    assert len(big.tokens) == asked
    later.close()


def test_an_error_is_forgotten_when_its_cause_is_gone(
    host: ModelsController, window: MainWindow, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    """On the page, in the search, and in the notice over the chat."""
    settings[OFFLINE] = True
    window.settings_controller.take(OFFLINE)
    task = host.downloads.of_repository("owner/big-gguf", "big.gguf")
    task.start()
    qtbot.waitUntil(lambda: bool(task.error))
    qtbot.waitUntil(lambda: window.notice.message == task.error and window.notice.isVisible())
    host.show_page()
    assert host.page is not None
    qtbot.keyClicks(host.page.repository, "big")
    qtbot.keyClick(host.page.repository, Qt.Key.Key_Return)
    qtbot.waitUntil(host.page.search.trouble.isVisible)
    settings[OFFLINE] = False
    window.settings_controller.take(OFFLINE)
    assert task.error == ""
    assert window.notice.isHidden()
    assert host.page.search.trouble.isHidden()


def test_an_unfinished_download_is_said_at_the_next_start_and_resumed_with_a_click(
    window: MainWindow, theme: Theme, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    def started() -> ModelsController:
        return ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))

    first = started()
    big.faults.rate = 2e6
    task = first.downloads.of_repository("owner/big-gguf", "big.gguf")
    task.start()
    qtbot.waitUntil(lambda: task.progress is not None and task.progress.done > 5e6)
    first.close()
    qtbot.waitUntil(lambda: not task.running)
    big.faults.rate = None
    asked = len(big.tokens)
    settings[OFFLINE] = True
    second = started()
    second.open_first()
    assert "is paused at" in window.notice.message
    # Forbidden: it does not even offer.
    assert window.findChild(QPushButton, "noticeButton").text() == "Models"
    second.close()
    window.notice.hide()
    settings[OFFLINE] = False
    third = started()
    third.open_first()
    assert "The download of big is paused at " in window.notice.message
    assert network_says(window).startswith("Download paused at ")
    assert len(big.tokens) == asked, "nothing goes on by itself"
    resume = window.findChild(QPushButton, "noticeButton")
    assert resume.text() == "Resume"
    qtbot.mouseClick(resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [model.name for model in shelf.installed()] == ["big"])
    qtbot.waitUntil(lambda: "is ready (hash verified)" in window.notice.message)
    third.close()


def test_a_download_that_fails_is_said_where_the_person_is(
    host: ModelsController, window: MainWindow, big: LocalHub, qtbot: QtBot
) -> None:
    """In the window of the chat, unless the page that shows it is in front."""
    big.faults.api_status = [404] * 50
    task = host.downloads.of_repository("owner/big-gguf", "big.gguf")
    task.start()
    qtbot.waitUntil(lambda: bool(task.error))
    qtbot.waitUntil(lambda: window.notice.message == task.error)
    qtbot.mouseClick(window.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert host.page is not None
    assert host.page.isVisible()
    assert window.notice.isHidden()
    task.start()
    qtbot.waitUntil(lambda: not task.running)
    assert task.error
    assert window.notice.isHidden()


def test_two_unfinished_downloads_are_one_notice(
    window: MainWindow, theme: Theme, settings: Settings, big: LocalHub, qtbot: QtBot
) -> None:
    second = big.folder / "owner" / "more-gguf" / "more.gguf"
    second.parent.mkdir()
    second.write_bytes((big.folder / "owner" / "big-gguf" / "big.gguf").read_bytes()[:-1])
    first = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    big.faults.rate = 2e6
    tasks = [first.downloads.of_repository(f"owner/{name}-gguf", f"{name}.gguf") for name in ("big", "more")]
    for task in tasks:
        task.start()
    qtbot.waitUntil(lambda: all(task.progress and task.progress.done > 5e6 for task in tasks))
    for task in tasks:
        task.pause()
    qtbot.waitUntil(lambda: not first.downloads.running)
    first.close()
    qtbot.waitUntil(lambda: not first.downloads.running)
    later = ModelsController(window, theme, settings, lambda: None, lambda: EngineOptions(threads=1))
    later.open_first()
    assert window.notice.message == "2 download(s) are paused."
    qtbot.mouseClick(window.findChild(QPushButton, "noticeButton"), Qt.MouseButton.LeftButton)
    assert later.page is not None
    assert later.page.isVisible()
    later.close()


def test_a_model_without_an_ending_is_offered(
    host: ModelsController, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    """As other programs keep them, and as some repositories call them."""
    for name in ("sha256-0123", "MODEL.GGUF"):
        (tmp_path / name).write_bytes(paths.guide_model().read_bytes())
        importing.take(tmp_path / name, True)
    menu_action(window, "MODEL").trigger()
    qtbot.waitUntil(lambda: answers(window, tmp_path / "MODEL.GGUF"))
    menu_action(window, "sha256-0123").trigger()
    qtbot.waitUntil(lambda: answers(window, tmp_path / "sha256-0123"))
