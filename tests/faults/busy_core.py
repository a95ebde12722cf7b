"""Does all that writes to the disk, without a window and in the order of chance, until it is told to end or dies:
``python -m faults.busy_core FOLDER SEED STEPS``. Says what it promises (promises.py).
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from faults.promises import Promises
from tern import data_lock, paths
from tern.chat import database_file
from tern.chat.importing import import_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft
from tern.engine.types import FinishReason, Stats
from tern.library import importing, shelf
from tern.settings import DENSITY, FONT_SIZE, MAX_TOKENS, THEME, Settings

WORDS = ("tern", "ternary", "天気", "größer", "answer", "the", "of", "wing", "north", "🌿", "Москва")
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "exports" / "parents_only.json"


class BusyCore:
    """One Tern's worth of writing. ``step`` does one thing."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.promises = Promises(folder)
        self.store = Store.open(paths.data_dir())
        self.settings = Settings.load()
        self.session = Session(self.store, clock=self._clock)
        self.time = 0.0
        self.acts = [
            self.chat, self.chat, self.chat, self.chat, self.another, self.delete, self.restore, self.erase,
            self.rename, self.draft, self.set, self.set, self.back_up, self.bring_in, self.put_on_the_shelf,
            self.note_speed,
        ]  # fmt: skip

    def _clock(self) -> float:
        self.time += 0.3  # a checkpoint after each fourth piece
        return self.time

    def words(self, count: int) -> str:
        return " ".join(self.chance.choice(WORDS) for _ in range(count))

    def step(self) -> None:
        self.chance.choice(self.acts)()

    def chat(self) -> None:
        text = self.words(self.chance.choice([1, 5, 30, 2000]))
        self.session.ask(text)
        question, reply = self.session.path[-2:]
        number = self.session.conversation
        self.promises.did("ask", conversation=number, id=question.id, text=question.content)
        for _ in range(self.chance.randrange(12)):
            self.session.append(self.words(40), Stats(tokens=1))
        self.session.append("", Stats(finish_reason=FinishReason.END_OF_TURN))
        kept = self.session.path[-1]
        self.promises.did(
            "reply", conversation=number, id=reply.id, length=len(kept.content), state=kept.state
        )

    def another(self) -> None:
        self.session = Session(self.store, clock=self._clock)

    def _any(self) -> int | None:
        found = [one.id for one in self.store.summaries() if one.id != self.session.conversation]
        return self.chance.choice(found) if found else None

    def delete(self) -> None:
        if (number := self._any()) is not None:
            self.promises.will("delete", conversation=number)
            self.store.delete(number)
            self.promises.did("delete", conversation=number)

    def restore(self) -> None:
        if found := self.store.deleted():
            number = found[0].conversation.id
            self.promises.will("restore", conversation=number)
            self.store.restore(number)
            self.promises.did("restore", conversation=number)

    def erase(self) -> None:
        if found := self.store.deleted():
            number = found[0].conversation.id
            self.promises.will("erase", conversation=number)
            self.store.forget([number])
            database_file.erase_from_backups(paths.data_dir() / database_file.FILE_NAME)

    def rename(self) -> None:
        if (number := self._any()) is not None:
            title = self.words(3)
            self.promises.will("rename", conversation=number, title=title)
            self.store.rename(number, title)
            self.promises.did("rename", conversation=number, title=title)

    def draft(self) -> None:
        self.store.set_draft(self.session.conversation, Draft(self.words(20)))

    def set(self) -> None:
        setting = self.chance.choice([THEME, FONT_SIZE, DENSITY, MAX_TOKENS])
        value = self.chance.choice([one for one, _ in setting.choices] or [11, 12, 13, 20])
        self.promises.will("set", key=setting.key, value=value)
        self.settings[setting] = value
        self.settings.save()
        self.promises.did("set", key=setting.key, value=value)

    def back_up(self) -> None:
        database_file.back_up(paths.data_dir() / database_file.FILE_NAME)

    def bring_in(self) -> None:
        report = import_file(self.store, SAMPLE)
        self.promises.did("import", ids=list(report.ids))

    def put_on_the_shelf(self) -> None:
        name = f"model-{self.chance.randrange(10**6)}"
        source = self.folder.parent / f"{name}.gguf"
        source.write_bytes(b"GGUF" + self.chance.randbytes(self.chance.choice([100, 70_000])))
        try:
            model = importing.take(source, link=False, name=name)
        finally:
            source.unlink()
        self.promises.did("model", name=model.name)

    def note_speed(self) -> None:
        for model in shelf.installed()[:1]:
            shelf.note_speed(model.path, self.chance.uniform(1, 40))


def main() -> None:
    folder, seed, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    shutil.disk_usage(folder)
    paths.set_data_dir(folder)
    with data_lock.taken(paths.data_dir()):
        core = BusyCore(folder, random.Random(seed))
        for _ in range(steps):
            core.step()
        core.store.close()


if __name__ == "__main__":
    main()
