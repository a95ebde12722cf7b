"""The window tries itself: it is painted, the guide is loaded, a question is sent, a reply comes and is kept."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tern.chat.types import State
from tern.engine.types import ModelInfo
from tern.ui.window.main_window import MainWindow

QUESTION = "What are you?"
_PATIENCE_MS = 300_000


class SelfTest(QObject):
    """Of ``window``, which has just been shown. Prints a line for each step and ends the application: 0 when every
    step came, 1 when one did not."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        sys.excepthook = self._crashed
        window.queue.model_loaded.connect(self._ask)
        window.chat.reply_ended.connect(self._read)
        QTimer.singleShot(_PATIENCE_MS, self, lambda: self._end("Nothing more came.", 1))

    def _ask(self, info: ModelInfo) -> None:
        picture = self._window.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        shades = len(set(bytes(picture.constBits())))
        if shades < 8:
            self._end("The window stays empty.", 1)
            return
        print(f"window: {picture.width()} x {picture.height()}, {shades} shades", flush=True)
        print(f"model: {info.name}", flush=True)
        self._window.chat.send(QUESTION)

    def _read(self) -> None:
        last = self._window.session.path[-1]
        print(f"reply: {last.content}", flush=True)
        works = last.state is State.DONE and bool(last.content.strip())
        self._end("Everything works." if works else "The reply is not whole.", 0 if works else 1)

    def _crashed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """What nobody caught. Where nobody sees the window, nobody would read the sentence in it."""
        traceback.print_exception(kind, error, trace)
        self._end("Something went wrong inside Tern.", 1)

    def _end(self, sentence: str, status: int) -> None:
        print(sentence, flush=True)
        QApplication.exit(status)
