"""The window: builds its parts and wires them to the engine's worker. Decides only what follows what."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from tern.chat.session import Session
from tern.engine.types import FinishReason, ModelInfo, Request, Stats
from tern.engine.worker import EngineFactory, EngineWorker
from tern.ui.bridge import Bridge
from tern.ui.composer import Composer
from tern.ui.figures import reply_text
from tern.ui.greeting import Greeting
from tern.ui.header import Header
from tern.ui.help_page import HelpPage
from tern.ui.icons import app_icon
from tern.ui.notice import Notice
from tern.ui.readouts import Readouts
from tern.ui.theme import Mode, Space, Theme
from tern.ui.transcript import Transcript

_START = QSize(1100, 760)
_SMALLEST = QSize(480, 420)


class MainWindow(QMainWindow):
    """One conversation with one model. Call :meth:`open_model` once the window is up."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._session = Session()
        self._reply_id: int | None = None
        self._info: ModelInfo | None = None
        self._factory: EngineFactory | None = None
        self._help: HelpPage | None = None
        self._bridge = Bridge(self)
        self._worker = EngineWorker(self._bridge.post)

        self.setWindowTitle("Tern")
        self.setWindowIcon(app_icon())
        self.resize(_START)
        self.setMinimumSize(_SMALLEST)
        self._build()
        self._connect()
        self._show_new_chat()

    def _build(self) -> None:
        centre = QWidget(self)
        centre.setObjectName("centre")
        self.header = Header(self._theme, self._actions(), centre)
        # Each part is born where it stays: a widget that changes its parent loses the fonts set on it (Qt 6).
        self.pages = QStackedWidget(centre)
        self.greeting = Greeting(self._theme, self.pages)
        self.transcript = Transcript(self._theme, self.pages)
        self.pages.addWidget(self.greeting)
        self.pages.addWidget(self.transcript)
        self._foot = QWidget(centre)
        self.notice = Notice(self._theme, self._foot)
        self.composer = Composer(self._theme, self._foot)
        self.readouts = Readouts(self._theme, centre)

        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(Space.S)
        foot.addWidget(self.notice)
        foot.addWidget(self.composer)
        middle = QHBoxLayout()
        middle.setContentsMargins(Space.S, Space.S, Space.S, Space.L)
        middle.addStretch(1)
        middle.addWidget(self._foot, 1000)
        middle.addStretch(1)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.pages, 1)
        column.addLayout(middle)
        column.addWidget(self.readouts)
        self.setCentralWidget(centre)
        self._fit_foot()
        for first, second in (
            (self.composer.editor, self.composer.send_button),
            (self.composer.send_button, self.composer.stop_button),
        ):
            QWidget.setTabOrder(first, second)

    def _connect(self) -> None:
        self.composer.send_requested.connect(self.send)
        self.composer.stop_requested.connect(self.stop)
        self.greeting.question_chosen.connect(self.send)
        self.transcript.link_activated.connect(self._offer_link)
        self._bridge.loading.connect(self._model_loading)
        self._bridge.loaded.connect(self._model_loaded)
        self._bridge.load_failed.connect(self._model_failed)
        self._bridge.prefilling.connect(self._prefilling)
        self._bridge.streamed.connect(self._streamed)
        self._bridge.failed.connect(self._reply_failed)
        self._theme.changed.connect(self._fit_foot)

    def _actions(self) -> list[QAction | QMenu | None]:
        new = self._action(self.tr("New chat"), "Ctrl+N", self.new_chat)
        copy = self._action(self.tr("Copy last reply"), "Ctrl+Shift+C", self.copy_last_reply)
        focus = self._action(self.tr("Write a message"), "Ctrl+L", self.focus_composer)
        stop = self._action(self.tr("Stop the reply"), "Esc", self.stop)
        keys = self._action(self.tr("Keyboard shortcuts"), "F1", self.show_help)
        self._keys = [
            (action.shortcut().toString(), action.text()) for action in (new, focus, stop, copy, keys)
        ]
        self._keys[1:1] = [("Enter", self.tr("Send")), ("Shift+Enter", self.tr("New line"))]
        quit_ = self._action(self.tr("Quit"), "Ctrl+Q", self.close)
        return [new, copy, None, self._look_menu(), keys, None, quit_]

    def _action(self, text: str, keys: str, act: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setIconVisibleInMenu(False)
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{text} ({shown})")
        action.triggered.connect(lambda: act())
        self.addAction(action)
        return action

    def _look_menu(self) -> QMenu:
        menu = QMenu(self.tr("Appearance"), self)
        group = QActionGroup(menu)
        for mode, text in (
            (Mode.SYSTEM, self.tr("Like the system")),
            (Mode.LIGHT, self.tr("Light")),
            (Mode.DARK, self.tr("Dark")),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(self._theme.mode is mode)
            action.triggered.connect(lambda _=False, mode=mode: self._theme.set_mode(mode))
            group.addAction(action)
        return menu

    # What the person does

    def open_model(self, factory: EngineFactory) -> None:
        """Load a model in the background; messages sent meanwhile wait for it."""
        self._factory = factory
        self._worker.load(factory)

    def send(self, text: str) -> None:
        if self._session.busy:
            return
        self.composer.clear()
        self.notice.hide()
        request = self._session.ask(text)
        if len(self._session.turns) == 1:
            self.header.set_title(text)
        self.pages.setCurrentWidget(self.transcript)
        self.transcript.add_user(text)
        self._submit(request)

    def stop(self) -> None:
        if self._session.busy:
            self._worker.stop()

    def new_chat(self) -> None:
        """Begin an empty conversation; a reply still running is let go."""
        if self._reply_id is not None:
            self._worker.stop()
            self._bridge.drop(self._reply_id)
            self._reply_id = None
        self._session = Session()
        self.notice.hide()
        self.readouts.finish()
        self.readouts.reset()
        self._show_new_chat()

    def retry(self) -> None:
        """Ask the last question once more."""
        if self._session.busy or not self._session.turns:
            return
        self.transcript.discard_last_reply()
        self._submit(self._session.ask_again())

    def copy_last_reply(self) -> None:
        if reply := self.transcript.last_reply():
            QGuiApplication.clipboard().setText(reply)

    def focus_composer(self) -> None:
        self.composer.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_help(self) -> None:
        if self._help is None:
            self._help = HelpPage(self._theme, self._keys, self)
        self._help.show()
        self._help.raise_()
        self._help.activateWindow()

    def show_error(self, sentence: str) -> None:
        """Say that something of our own went wrong; nothing is interrupted."""
        self.notice.show_message(sentence)

    def _submit(self, request: Request) -> None:
        self.transcript.begin_reply()
        if self._info is None:
            self.transcript.set_status(self.tr("Waiting for the model…"))
        self._reply_id = self._worker.submit(request)
        self._bridge.follow(self._reply_id)
        self.composer.set_busy(True)
        self.readouts.start()
        self.focus_composer()

    def _show_new_chat(self) -> None:
        self.transcript.clear_conversation()
        self.header.set_title(self.tr("New chat"))
        self.pages.setCurrentWidget(self.greeting)
        self.composer.set_busy(False)
        self.focus_composer()

    def _offer_link(self, address: str) -> None:
        """A link leaves this computer, so it is opened only by a second click."""
        url = QUrl(address)
        if url.scheme() not in ("http", "https", "mailto"):
            self.notice.show_message(self.tr("Tern does not open this kind of link: {0}").format(address))
            return
        self.notice.show_message(
            self.tr("Open {0} in your browser? That leaves this computer.").format(address),
            self.tr("Open"),
            lambda: QDesktopServices.openUrl(url),
            tone="calm",
        )

    # What the engine says

    def _model_loading(self, fraction: float) -> None:
        self._info = None
        percent = f"{fraction:.0%}" if fraction > 0 else ""
        self.header.set_model(self.tr("Loading the model… {0}").format(percent).rstrip())
        if self._session.busy:
            self.transcript.set_status(self.tr("Waiting for the model… {0}").format(percent).rstrip())

    def _model_loaded(self, info: ModelInfo) -> None:
        self._info = info
        self.header.set_model(info.name)
        self.readouts.set_context_size(info.context_size)
        if self._session.busy:
            self.transcript.set_status("")

    def _model_failed(self, sentence: str) -> None:
        self._info = None
        self.header.set_model(self.tr("No model"))
        self.readouts.set_context_size(0)
        self.notice.show_message(sentence, self.tr("Try again"), self._reload)

    def _reload(self) -> None:
        if self._factory is not None:
            self.open_model(self._factory)

    def _prefilling(self, reply_id: int, done: int, total: int) -> None:
        if total > 64 and done < total:  # a short prompt is read before one could read this
            self.transcript.set_status(self.tr("Reading… {0:,} of {1:,} tokens").format(done, total))

    def _streamed(self, reply_id: int, text: str, stats: Stats) -> None:
        self._session.append(text, stats)
        if text:
            self.transcript.set_status("")
            self.transcript.append(text)
        self.readouts.show_stats(stats)
        if stats.finish_reason is not None:
            self._end_reply(self._note(stats))

    def _reply_failed(self, reply_id: int, sentence: str) -> None:
        turn = self._session.fail(sentence)
        self._end_reply(self._note(turn.stats) if turn.stats.tokens else self.tr("No reply."))
        if self._info is None:  # the notice about the model says it better
            return
        self.notice.show_message(sentence, self.tr("Try again"), self.retry)

    def _end_reply(self, note: str) -> None:
        self._reply_id = None
        self.transcript.finish_reply(note)
        self.readouts.finish()
        self.composer.set_busy(False)
        if not self._help or not self._help.isActiveWindow():
            self.focus_composer()

    def _note(self, stats: Stats) -> str:
        words = {
            FinishReason.STOPPED: self.tr("Stopped."),
            FinishReason.MAX_TOKENS: self.tr("The length limit was reached."),
            FinishReason.CONTEXT_FULL: self.tr("The context is full: begin a new chat to go on."),
        }
        parts = [reply_text(stats)] if stats.tokens else []
        if stats.finish_reason in words:
            parts.insert(0, words[stats.finish_reason])
        return "  ".join(parts)

    # The window itself

    def _fit_foot(self) -> None:
        """The composer's text stands exactly under the conversation's."""
        self._foot.setMaximumWidth(round(self._theme.column_width()) + 2 * Space.L)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._bridge.close()
        self._worker.close()
        if self._help is not None:
            self._help.close()
        super().closeEvent(event)
