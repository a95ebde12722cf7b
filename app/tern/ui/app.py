"""Starts the window: application, look, model, and what to do with Ctrl+C and with errors nobody caught."""

from __future__ import annotations

import gc
import importlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import (
    QEvent,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from tern import log as logs
from tern import paths
from tern.chat.store import Store
from tern.data_lock import DataLock, Hold
from tern.engine.types import EngineOptions, Kernels, KVType
from tern.engine.worker import BUG_SENTENCE
from tern.errors import UserError
from tern.metrics.thread_choice import thread_count
from tern.settings import CONTEXT_SIZE, KEEP_DELETED, KERNELS, KV_TYPE, LANGUAGE, THEME, Settings
from tern.ui.settings import language
from tern.ui.shared.jobs import Job
from tern.ui.shared.translate_errors import said
from tern.ui.single_instance import Doorbell, Visit, take_or_visit
from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from tern.ui.window.models_controller import ModelsController

log = logging.getLogger(__name__)
_SETTLED_MS = 3000
_PAINT_PATIENCE_MS = 500  # as when it starts minimized
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the window opens with: ``model`` None is the built-in guide."""

    model: Path | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)
    self_test: bool = False  # try everything, say how it went on standard output, and end


def run(options: WindowOptions | None = None, on_display: Callable[[], None] = lambda: None) -> int:
    """Show the window and serve it until it is closed; returns the exit status.

    ``on_display`` is called once Qt has its screen. Raises UserError when another window has the folder and could not
    do what was asked.
    """
    options = options or WindowOptions()
    qInstallMessageHandler(_log_qt)
    app = QApplication.instance() or Application(sys.argv[:1])
    assert isinstance(app, QApplication)
    on_display()
    app.setApplicationName("Tern")
    app.setApplicationDisplayName("Tern")
    app.setDesktopFileName("tern")
    app.setWindowIcon(app_icon())
    folder = paths.data_dir()
    lock = DataLock(folder)
    hold = take_or_visit(folder, lock, options.model)
    if hold is Hold.OTHERS:
        return 0
    try:
        return _serve(app, options, folder, lock.problem)
    finally:
        if hold is Hold.OURS:
            lock.release()


def _serve(app: QApplication, options: WindowOptions, folder: Path, unlocked: str) -> int:
    """The window from its start to its end, in a folder that no other window has.

    ``unlocked`` is a sentence where one might have it all the same.
    """
    settings = Settings.load()
    language.install(app, settings[LANGUAGE])
    store, warning = _open_store(folder, settings)
    theme = Theme(app, Mode(settings[THEME]))
    window = MainWindow(theme, store, settings, lambda: _save(settings, window))
    window.settings_controller.apply()
    window.queue.expect_model()
    if options.model is not None:
        window.expect_model(options.model)
    if sentences := [said(each) for each in (store.warning, *settings.warnings, warning, unlocked) if each]:
        window.notice.show_message("\n".join(sentences), lasting=True)
    with _interruptible(window), _last_resort(window), _kept_up(window):
        window.show()
        models: list[ModelsController] = []
        visits: list[Visit] = []  # that came before a model could be opened

        def visited(visit: Visit) -> None:
            window.come_up()
            visit.greet()
            if visit.model is None:
                visit.answer()
            elif models:
                models[0].open_asked(visit.model, visit.answer)
            else:
                visits.append(visit)

        doorbells: list[Doorbell] = []

        def answer_the_door() -> None:
            doorbell = Doorbell(folder, app)
            doorbell.rung.connect(visited)
            doorbells.append(doorbell)

        files: list[Path] = []  # that were opened before a model could be
        if isinstance(app, Application):
            app.file_given.connect(
                lambda path: models[0].open_asked(path, _unheard) if models else files.append(path)
            )

        def open_first() -> None:
            """After the first paint: the window can be written in while the model loads."""
            from tern.ui.window.models_controller import ModelsController

            host = ModelsController(
                window,
                theme,
                settings,
                lambda: _save(settings, window),
                lambda: _engine_options(options, settings),
            )
            models.append(host)
            host.prove_answers()
            host.open_first(options.model)
            for visit in visits:
                visited(visit)
            for path in files:
                host.open_asked(path, _unheard)

        rest = Job("libraries", _import_the_rest, window)
        rest.ended.connect(open_first)
        after_paint = _AfterPaint(window)
        after_paint.painted.connect(gc.enable)  # the command line put it off
        after_paint.painted.connect(answer_the_door)
        after_paint.painted.connect(rest.start)
        after_paint.painted.connect(lambda: _tell_of_crash(window, theme))
        # What is here when all has come up stays: no garbage collection needs to walk it again, which would cost
        # the longest frames while a reply streams (25-35 ms).
        QTimer.singleShot(_SETTLED_MS, gc.freeze)
        if options.self_test:
            from tern.ui.self_test import SelfTest

            SelfTest(window)
        status = app.exec()
        rest.wait()
        for host in models:
            host.close()
    for doorbell in doorbells:
        doorbell.close()
    if (clipboard := app.clipboard()).supportsSelection() and clipboard.ownsSelection():
        clipboard.clear(clipboard.Mode.Selection)  # made in Python, which Qt must not ask once it is gone
    return status


def _tell_of_crash(window: MainWindow, theme: Theme) -> None:
    """Once: that the Tern before this one crashed, and what was recovered."""
    if (report := logs.previous_crash()) is None or window.notice.isVisible():
        return  # what is said already matters more; the next start tells of it
    from tern.ui.window.crash_page import CrashPage, recovered

    sentence = recovered(window.store.cut_off)
    seen = logs.crash_seen() or report
    window.notice.show_message(
        sentence,
        QApplication.translate("CrashPage", "Details"),
        lambda: CrashPage(theme, seen, sentence, window).show(),
        tone="calm",
        lasting=True,
    )


def _import_the_rest(told: Callable[[float], None]) -> None:
    """What models and replies need, on a thread: a fifth of a second in which the window already answers. Without Qt,
    whose classes are made on Qt's thread."""
    for name in ("tern.engine.gguf.reader", "tern.library.hub_find", "tern.markup.incremental"):
        importlib.import_module(name)


def _engine_options(options: WindowOptions, settings: Settings) -> EngineOptions:
    """What the settings say now; what the command line said wins where the settings leave it open."""
    return EngineOptions(
        threads=thread_count(settings) or options.engine.threads,
        kv_type=cast(KVType, settings[KV_TYPE]),
        context_size=settings[CONTEXT_SIZE] or options.engine.context_size,
        exact_head=options.engine.exact_head,
        kernels=cast(Kernels, settings[KERNELS]),
    )


def _open_store(folder: Path, settings: Settings) -> tuple[Store, str]:
    """The conversations, and a sentence when they cannot be kept this time."""
    try:
        return Store.open(folder, alone=True, keep_deleted_days=settings[KEEP_DELETED]), ""
    except UserError as error:
        log.warning("nothing is kept: %s", error)
        return Store.in_memory(), error.sentence


def _save(settings: Settings, window: MainWindow) -> None:
    known = len(settings.warnings)
    try:
        settings.save()
    except UserError as error:
        window.show_error(error.sentence)
    for sentence in settings.warnings[known:]:  # what has come into the file meanwhile
        window.show_error(sentence)


@contextmanager
def _kept_up(window: MainWindow) -> Iterator[None]:
    """Backups are made and old deletions erased in the background; closing the store waits for that."""
    window.upkeep.start()
    try:
        yield
    finally:
        window.upkeep.close()
        window.store.close()


@contextmanager
def _interruptible(window: MainWindow) -> Iterator[None]:
    """Ctrl+C ends Tern. Python runs its handler only when something wakes the event loop: the socket
    that Python writes each signal to does, so that no timer has to tick for it."""
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)

    def take() -> None:
        with suppress(BlockingIOError):  # another turn of the loop took it
            reader.recv(64)

    notifier.activated.connect(take)
    old_handler = signal.signal(signal.SIGINT, lambda *_: window.tray.quit())
    old_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(old_fd)
        signal.signal(signal.SIGINT, old_handler)
        notifier.setEnabled(False)
        reader.close()
        writer.close()


class Application(QApplication):
    """``file_given`` carries the path of each file that the system opens with Tern, as macOS does with an event."""

    file_given = Signal(object)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_given.emit(Path(event.file()))
            return True
        return super().event(event)


def _unheard(sentence: str) -> None:
    """Nobody waits for the answer; the window says what failed."""


class _AfterPaint(QObject):
    """``painted`` fires once, when ``window`` has been painted; or after a while, if it never is."""

    painted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._timer = QTimer(self, singleShot=True, interval=_PAINT_PATIENCE_MS)
        self._timer.timeout.connect(self._fire)
        self._timer.start()
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._timer.start(0)
        return False

    def _fire(self) -> None:
        self._window.removeEventFilter(self)
        self.painted.emit()


class _CaughtErrors(QObject):
    """Carries a sentence from whatever thread to the window."""

    raised = Signal(object)  # Sentence


@contextmanager
def _last_resort(window: MainWindow) -> Iterator[None]:
    """An exception that nobody caught is logged and said in one sentence; the window lives on."""
    report = _CaughtErrors()
    report.raised.connect(window.show_error)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught", exc_info=(kind, error, trace))
        report.raised.emit(BUG_SENTENCE)

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            hook(args.exc_type, args.exc_value, args.exc_traceback)

    old_hooks = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = hook, thread_hook
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = old_hooks


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)
