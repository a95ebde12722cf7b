"""The log file, and the trace of a crash that the next start can show. Knows no window.

No question, reply or file content is ever logged: the log can be sent to someone who helps.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tern import paths

log = logging.getLogger(__name__)

FILE_NAME = "tern.log"
_LAST_CRASH = "last-crash.log"
_SEEN_CRASH = "seen-crash.log"
_MAX_BYTES = 1 << 20
_KEPT = 3

_crash_file: IO[str] | None = None
_handler: logging.Handler | None = None
_withheld = False


class _Formatter(logging.Formatter):
    """Of an exception, while words are withheld, only the kind and the place."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's, in full
        return super().format(record)

    def formatException(self, ei: Any) -> str:
        return _told_of(*ei)


def withhold_words(withheld: bool) -> None:
    """Whether to write of an exception only its kind and its place: its words may quote what must not be kept, as
    while a private chat is open."""
    global _withheld
    _withheld = withheld


def _told_of(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> str:
    lines = traceback.format_tb(trace) if _withheld else traceback.format_exception(kind, error, trace)
    return "".join([*lines, kind.__name__] if _withheld else lines).rstrip("\n")


def start(level: int = logging.INFO) -> None:
    """Log to a rotating file from now on, and catch what would end the process unseen. Safe to call twice.

    A crash of an earlier process is set aside for :func:`previous_crash`. A log folder that cannot be written
    never keeps Tern from starting.
    """
    global _crash_file, _handler
    if _handler is not None:
        return
    folder = paths.log_dir()
    try:
        _handler = logging.handlers.RotatingFileHandler(
            folder / FILE_NAME,
            maxBytes=_MAX_BYTES,
            backupCount=_KEPT,
            encoding="utf-8",
            errors="backslashreplace",  # names of files may hold bytes that are no text
        )
        _collect_crashes(folder)
        _crash_file = (folder / f"crash-{os.getpid()}.log").open("w", encoding="utf-8")
    except OSError:
        _handler = _handler or logging.NullHandler()
    _handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a full disk would put a traceback for each line on the terminal
    logging.getLogger("tern").setLevel(level)
    logging.getLogger().addHandler(_handler)  # other libraries' warnings, Qt's among them, go there too
    if _crash_file is not None:
        faulthandler.enable(_crash_file, all_threads=True)
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception


def stop() -> None:
    """Close the log and remove this process's crash file when nothing was written to it."""
    global _crash_file, _handler
    if _crash_file is not None:
        faulthandler.disable()
        path = Path(_crash_file.name)
        _crash_file.close()
        _crash_file = None
        with suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()
    if _handler is not None:
        logging.getLogger().removeHandler(_handler)
        _handler.close()
        _handler = None
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__


def clear() -> None:
    """Empty the log, which goes on."""
    if isinstance(_handler, logging.FileHandler):
        with suppress(OSError):
            _handler.flush()
            os.truncate(_handler.baseFilename, 0)


def previous_crash() -> Path | None:
    """The trace of a crash that nobody has been shown yet, or None."""
    path = paths.log_dir() / _LAST_CRASH
    return path if path.is_file() else None


def crash_seen() -> Path | None:
    """Do not show that crash again; where its trace stays, beside the log. None: it could not be moved."""
    folder = paths.log_dir()
    try:
        return (folder / _LAST_CRASH).replace(folder / _SEEN_CRASH)
    except OSError:
        return None


def _collect_crashes(folder: Path) -> None:
    """Keep the newest trace of a process that is gone; remove the empty ones."""
    for path in sorted(folder.glob("crash-*.log"), key=lambda path: path.stat().st_mtime):
        number = path.stem.partition("-")[2]
        if number.isdigit() and _is_running(int(number)):
            continue
        if path.stat().st_size:
            path.replace(folder / _LAST_CRASH)
        else:
            path.unlink()


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False  # the number was used before, or this process starts logging again
    import psutil

    return bool(psutil.pid_exists(pid))


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("unexpected error", exc_info=(kind, error, trace))
    if _crash_file is not None:
        print(_told_of(kind, error, trace), file=_crash_file)
        _crash_file.flush()


def _on_thread_exception(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread is not None else "a thread"
    if args.exc_value is not None:
        log.critical("%s ended unexpectedly", name)
        _on_exception(args.exc_type, args.exc_value, args.exc_traceback)
