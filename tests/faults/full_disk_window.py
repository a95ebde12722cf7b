"""A window on a disk that is filled while it is used: ``python -m faults.full_disk_window FOLDER``. Prints as JSON what
was said, what stood in the composer, and what came to be kept when there was room again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop
from PySide6.QtWidgets import QApplication

from tern import paths
from tern.chat.store import Store
from tern.engine.fake_engine import FakeEngine
from tern.settings import FONT_SIZE, Settings
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow

LONG = "a word " * 400


def fill(disk: Path) -> Path:
    """Take all the room that there is."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


def until(come: Callable[[], object]) -> None:
    while not come():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def main() -> None:
    disk = Path(sys.argv[1])
    paths.set_data_dir(disk)
    app = QApplication(sys.argv[:1])
    settings = Settings.load()
    store = Store.open(paths.data_dir())
    window = MainWindow(Theme(app, Mode.LIGHT), store, settings, lambda: _save(window, settings))
    window.show()
    window.open_model(
        lambda progress: FakeEngine(
            replies=["Fine.", LONG, "Kept."], token_seconds=0.002, context_size=1 << 20
        )
    )
    until(lambda: window.queue.info)
    window.chat.send("before")
    until(lambda: not window.session.busy)
    found: dict[str, object] = {}

    window.chat.send("on its way " * 3000)  # kept; then the disk fills up under the reply
    filler = fill(disk)
    until(lambda: not window.session.busy)
    found["during a reply"] = window.notice.message
    shown = window.session.conversation

    window.notice.hide()
    window.composer.editor.setPlainText("not lost " * 2000)
    window.composer.send_requested.emit(window.composer.message)
    until(lambda: window.notice.isVisible())
    found["sending"] = window.notice.message
    found["in the composer"] = window.composer.message.text.strip() == ("not lost " * 2000).strip()

    window.notice.hide()
    settings[FONT_SIZE] = 20
    _save(window, settings)
    found["setting"] = window.notice.message if window.notice.isVisible() else ""

    filler.unlink()
    until(lambda: not window.queue._unkept)
    window.composer.send_requested.emit(window.composer.message)
    until(lambda: window.session.busy)
    until(lambda: not window.session.busy)
    _save(window, settings)
    window.close()
    store.close()
    again = Store.open(paths.data_dir())
    kept = [entry.content for entry in again.entries(shown or 0)]
    found["kept"] = [
        any(text in entry for entry in kept) for text in ("before", LONG.strip()[:2000], "not lost", "Kept.")
    ]
    found["setting kept"] = Settings.load()[FONT_SIZE]
    again.close()
    print(json.dumps(found), flush=True)


def _save(window: MainWindow, settings: Settings) -> None:
    window.notice.attempt(settings.save)


if __name__ == "__main__":
    main()
