"""The real window with the real guide, used by chance as a person would, until it is killed:
``python -m faults.busy_window FOLDER SEED``. Says what it promises (promises.py) and prints "up" when it can be used.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from faults.busy_core import SAMPLE
from faults.promises import Promises
from tern import log, paths
from tern.chat.export import ExportFormat
from tern.chat.session import Session
from tern.engine.convert.recode import write_recoded
from tern.engine.gguf.reader import GGUFFile
from tern.engine.types import ModelInfo
from tern.errors import UserError
from tern.library import importing, shelf
from tern.progress import OnProgress
from tern.settings import DENSITY, FONT_SIZE, THEME
from tern.ui import app
from tern.ui.shared.jobs import Job
from tern.ui.window.main_window import MainWindow

QUESTIONS = ("What are you?", "Tell me a short story", "Why is ternary fast?", "Was ist Tern?")
EVERY_MS = 60


class BusyWindow(MainWindow):
    """A window that uses itself."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.folder, self.chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
        self.promises = Promises(self.folder)
        self.made = 0
        self.queue.model_loaded.connect(self._up)
        self.queue.ended.connect(self._ended)
        self.acts = [
            self.ask, self.ask, self.ask, self.stop, self.regenerate, self.conversations.new, self.look_for,
            self.show_one, self.delete, self.undo, self.rename, self.set, self.write_a_draft, self.bring_in,
            self.take_out, self.convert, self.erase,
        ]  # fmt: skip

    def _up(self, info: ModelInfo) -> None:
        print("up", flush=True)
        timer = QTimer(self, interval=EVERY_MS)
        timer.timeout.connect(lambda: self.chance.choice(self.acts)())
        timer.start()

    def ask(self) -> None:
        session = self.session
        if session.busy:
            return
        text = f"{self.chance.choice(QUESTIONS)} {self.chance.randrange(10**9)}"
        self.chat.send(text)
        if self.session.busy:
            question = self.session.path[-2]
            self.promises.did("ask", conversation=self.session.conversation, id=question.id, text=text)

    def _ended(self, session: Session, sentence: str) -> None:
        reply = session.path[-1]
        self.promises.did(
            "reply",
            conversation=session.conversation,
            id=reply.id,
            length=len(reply.content),
            state=reply.state,
        )

    def stop(self) -> None:
        if self.session.busy and self.chance.random() < 0.2:
            self.chat.stop()

    def regenerate(self) -> None:
        self.chat.regenerate_last()

    def look_for(self) -> None:
        self.sidebar.search.setText(self.chance.choice(["tern", "sto", "fast zzz", "", ""]))

    def _one(self) -> int | None:
        found = self.store.summaries()
        return self.chance.choice(found).id if found else None

    def show_one(self) -> None:
        if (number := self._one()) is not None:
            self.conversations.show(number)

    def delete(self) -> None:
        if self.chance.random() < 0.3 and (number := self._one()) is not None:
            self.promises.will("delete", conversation=number)
            self.conversations.delete(number)
            self.promises.did("delete", conversation=number)

    def undo(self) -> None:
        for one in self.store.deleted():
            self.promises.will("restore", conversation=one.conversation.id)
        self.conversations.deletions.undo()

    def erase(self) -> None:
        if self.chance.random() < 0.2 and (found := self.store.deleted()):
            for one in found[1:3]:
                self.promises.will("erase", conversation=one.conversation.id)
            self.conversations.deletions.erase([one.conversation.id for one in found[1:3]])

    def rename(self) -> None:
        if (number := self._one()) is not None:
            title = f"Title {self.chance.randrange(10**6)}"
            self.promises.will("rename", conversation=number, title=title)
            self.conversations.rename(number, title)
            self.promises.did("rename", conversation=number, title=title)

    def set(self) -> None:
        setting = self.chance.choice([THEME, FONT_SIZE, DENSITY])
        value = self.chance.choice([one for one, _ in setting.choices] or [13, 14, 15, 16])
        self.promises.will("set", key=setting.key, value=value)
        self._settings[setting] = value
        self._save_settings()
        self.promises.did("set", key=setting.key, value=value)

    def write_a_draft(self) -> None:
        self.composer.editor.setPlainText("not sent yet " * self.chance.randrange(1, 40))

    def bring_in(self) -> None:
        if self.chance.random() < 0.3:
            self.transfer.import_from(SAMPLE)

    def take_out(self) -> None:
        if self.chance.random() < 0.3 and (number := self._one()) is not None:
            self.transfer.export_to([number], self.folder / "out.json", ExportFormat.JSON)

    def convert(self) -> None:
        """The guide in another encoding, put on the shelf, as the models page does it: on a thread."""
        if self.made >= 3 or self.chance.random() < 0.6:
            return
        self.made += 1
        name = f"guide-{self.made}"

        def work(told: OnProgress) -> shelf.Installed:
            target = self.folder / f"{name}.gguf"
            with GGUFFile.open(paths.guide_model()) as file:
                write_recoded(file, target, "tq2_0", progress=told)
            return importing.take(target, link=False, name=name)

        job = Job(name, work, self)
        job.done.connect(lambda model: self.promises.did("model", name=model.name))
        job.start()


def main() -> None:
    paths.set_data_dir(sys.argv[1])
    log.start()
    app.MainWindow = BusyWindow  # type: ignore[misc]
    try:
        raise SystemExit(app.run())
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
