"""A download in the terminal: one line that fills up, and Ctrl-C as pause."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from tern.cli.streams import note, screen
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import THIN_SPACE, DownloadProgress, figures, phase_words

_BAR = 24


class Bar:
    """Called with each :class:`DownloadProgress`. Without a terminal it prints only what matters: the waits."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._screen = screen()
        self._noted = ""

    def __call__(self, progress: DownloadProgress) -> None:
        if progress.note and progress.note != self._noted:
            self._noted = progress.note
            note(f"tern: {progress.note}")
        self._screen.draw(line(self._label, progress))

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.clear()


def line(label: str, progress: DownloadProgress) -> str:
    """``model.gguf ━━━━━╌╌╌╌  45%  540 MB of 1.19 GB · 12 MB/s · 52 s left``"""
    full = int(progress.fraction * _BAR)
    head = f"{label} {'━' * full}{'╌' * (_BAR - full)} {progress.fraction:>4.0%}"
    words = phase_words(progress) or figures(progress).replace(THIN_SPACE, " ")
    return f"{head}  {words}"


@contextmanager
def pause_on_interrupt(download: ModelDownload) -> Iterator[None]:
    """While entered, Ctrl-C (or being asked to end) pauses the download: it stops soon and keeps what there is."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        download.pause()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
