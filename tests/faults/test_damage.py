"""Files come back from the disk as nobody wrote them: conversations, their journal and index, backups, settings,
records.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from faults.harness import Outcome, Row, check
from tern import paths
from tern.chat import database_file
from tern.chat.session import Session
from tern.chat.store import Store
from tern.engine.types import FinishReason, Stats
from tern.errors import UserError
from tern.library import importing, shelf
from tern.settings import FONT_SIZE, OFFLINE, Settings

pytestmark = pytest.mark.slow

ASKED = 30
_DAYS = ("20250101-120000", "20250102-120000", "20250103-120000")


@cache
def healthy() -> Path:
    """A data folder with conversations, three backups of them, settings and a model."""
    folder = Path(mkdtemp(prefix="tern-healthy-"))
    paths.set_data_dir(folder)
    for day in _DAYS:
        store = Store.open(folder / "data" if (folder / "data").is_dir() else paths.data_dir())
        for number in range(ASKED // 3):
            session = Session(store)
            session.ask(f"question {number} of {day} about the Arctic tern " + "and more " * 200)
            session.append("An answer.", Stats(finish_reason=FinishReason.END_OF_TURN))
        made = database_file.back_up(folder / "data" / database_file.FILE_NAME)
        assert made is not None
        made.rename(made.with_name(f"{day}.db"))
        store.close()
    settings = Settings.load()
    settings[FONT_SIZE], settings[OFFLINE] = 20, True
    settings.save()
    source = folder / "some.gguf"
    source.write_bytes(b"GGUF" + bytes(5000))
    importing.take(source, link=False, name="some")
    paths.set_data_dir(None)
    return folder


Damage = Callable[[Path, random.Random], None]


def _bytes(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 20])):
        at, length = chance.randrange(max(1, len(data))), chance.choice([1, 16, 512, 4096])
        data[at : at + length] = chance.randbytes(min(length, len(data) - at))
    path.write_bytes(data)


def _shorter(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(max(1, len(data)))])


def _empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def _zeros(path: Path, chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _gone(path: Path, chance: random.Random) -> None:
    path.unlink()


def _swapped(path: Path, chance: random.Random) -> None:
    others = [each for each in path.parents[1].rglob("*") if each.is_file() and each != path]
    other = chance.choice(sorted(others))
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _journal(path: Path, chance: random.Random) -> None:
    """A journal of another file beside it."""
    path.with_name(path.name + "-wal").write_bytes(chance.randbytes(40_000))


def _index(path: Path, chance: random.Random) -> None:
    """Pages of the words' index, which SQLite's own check does not look into."""
    with closing(sqlite3.connect(path)) as db:
        table = chance.choice(["message_words_data", "title_words_data"])
        rows = db.execute(f"SELECT id, block FROM {table}").fetchall()
        for number, block in chance.sample(rows, min(len(rows), chance.choice([1, 3]))):
            spoilt = chance.choice([b"", chance.randbytes(len(block)), block[: len(block) // 2]])
            db.execute(f"UPDATE {table} SET block = ? WHERE id = ?", (spoilt, number))
        if chance.random() < 0.2:
            db.execute("DELETE FROM message_words_idx")
        db.commit()


def _letters(path: Path, chance: random.Random) -> None:
    """Titles and messages with bytes in them that are no text; as SQLite keeps what it is given."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER IF EXISTS title_changed")
        db.execute("UPDATE conversation SET title = CAST(x'7465deff726e' AS TEXT) WHERE id % 3 = 0")
        db.commit()


def test_bytes_that_are_no_text_cost_only_themselves(tmp_path: Path) -> None:
    shutil.copytree(healthy(), tmp_path, dirs_exist_ok=True)
    _letters(tmp_path / "data" / database_file.FILE_NAME, random.Random(0))
    store = Store.open(tmp_path / "data")
    assert len(store.summaries()) == ASKED
    assert "te\ufffd\ufffdrn" in [one.title for one in store.summaries()]
    store.close()


def test_a_file_whose_very_names_are_damaged_gives_way_to_its_backup(tmp_path: Path) -> None:
    """What SQLite says of it quotes bytes that are no text."""
    shutil.copytree(healthy(), tmp_path, dirs_exist_ok=True)
    path = tmp_path / "data" / database_file.FILE_NAME
    data = path.read_bytes()
    at = data.index(b"CREATE TABLE message")
    path.write_bytes(data[: at - 8] + b"\xde\xff\xfe" * 6 + data[at + 10 :])
    store = Store.open(tmp_path / "data")
    assert len(store.summaries()) == ASKED
    assert "was damaged" in store.warning
    store.close()


DAMAGES: list[Damage] = [_bytes, _shorter, _empty, _zeros, _gone, _swapped]


def trial(folder: Path, number: int) -> Outcome:
    chance = random.Random(number)
    shutil.copytree(healthy(), folder, dirs_exist_ok=True)
    data = folder / "data"
    file, backups = data / database_file.FILE_NAME, data / database_file.BACKUPS
    record = next(iter(sorted((data / "models").glob("*.json"))))
    settings = folder / "config" / "settings.json"
    newest = backups / f"{_DAYS[-1]}.db"
    what: list[tuple[Path, Damage]] = [
        (chance.choice([file, newest, settings, record, file]), chance.choice(DAMAGES))
    ]
    if number % 4 == 1:
        what = [(file, chance.choice(DAMAGES)), (newest, chance.choice(DAMAGES))]
    elif number % 4 == 2:
        what = [(file, _index)]
    elif number % 8 == 3:
        what = [(file, _journal)]
    outcome = Outcome()
    for path, damage in what:
        if path.exists():
            damage(path, chance)
            outcome.count(f"{path.name if path != newest else 'a backup'}: {damage.__name__.strip('_')}")
    good = _good(backups)
    paths.set_data_dir(folder)
    try:
        outcome.problems += [f"{_named(what)}: {each}" for each in _survived(folder, good, chance)]
    finally:
        paths.set_data_dir(None)
    return outcome


def _named(what: list[tuple[Path, Damage]]) -> str:
    return ", ".join(f"{path.name} {damage.__name__.strip('_')}" for path, damage in what)


def _good(backups: Path) -> dict[Path, int]:
    return {path: held for path in backups.glob("*.db") if (held := database_file._held(path))}


def _survived(folder: Path, good: dict[Path, int], chance: random.Random) -> list[str]:
    data = folder / "data"
    problems = []
    before = {path.name: path.read_bytes() for path in data.glob("conversations.db*")}
    whole = _asked(data / database_file.FILE_NAME) == ASKED
    try:
        store = Store.open(data)
    except UserError as error:
        return [f"refused: {error}"]
    said = bool(store.warning)
    held = len(store.summaries())
    dated = [path for path in database_file.backups(data / database_file.BACKUPS) if path in good]
    best = good[dated[0]] if dated else 0  # the newest
    if "is older than" in store.warning:  # a sound file that a person may have put there
        best = held
    if held < (ASKED if whole and not said else best):
        problems.append(f"{held} conversations of {ASKED}; the best good backup has {best}")
    if held < ASKED and not said:
        problems.append(f"{held} conversations, and nobody is told")
    if said and "was damaged" in store.warning and not list(data.glob("conversations.damaged-*")):
        problems.append("what was damaged is not kept")
    if aside := [
        path for path in data.glob("conversations.damaged-*.db") if path.read_bytes() not in before.values()
    ]:
        problems.append(f"{aside[0].name} is not what was there")
    problems += _goes_on(store)
    store.close()
    if lost := [path.name for path in good if not database_file._held(path)]:
        problems.append(f"good backups are gone: {lost}")
    for _ in range(7):  # a week of backups of what there is now
        database_file.back_up(data / database_file.FILE_NAME)
    if (
        good
        and best > held
        and not any(database_file._held(path) >= best for path in (data / "backups").glob("*.db"))
    ):
        problems.append("the good backups were pushed out")
    again = Store.open(data)
    if again.warning:
        problems.append(f"said again: {again.warning}")
    if len(again.summaries()) < held:
        problems.append("the second start has fewer")
    again.close()
    settings = Settings.load()
    if (
        settings[FONT_SIZE] != 20
        and not settings.warnings
        and _is_of_settings(folder / "config" / "settings.json")
    ):
        problems.append("a setting is gone, and nobody is told")
    if settings.warnings and not settings[OFFLINE]:
        problems.append("what forbade connections is unknown, and they are allowed")
    shelf.installed()
    return problems


def _is_of_settings(path: Path) -> bool:
    """Whether a file says anything that a settings file of any Tern might."""
    return path.exists() and b"font_size" in path.read_bytes()


def _asked(path: Path) -> int:
    """How many conversations SQLite finds in a file, whatever it thinks of the rest; -1 when it cannot look."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM conversation WHERE deleted IS NULL").fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        return -1


def _goes_on(store: Store) -> list[str]:
    """A question can be kept, found, and deleted for good; what fails once may be said, and goes the second time."""
    for attempt in range(3):
        try:
            session = Session(store)
            session.ask("is it well again, penguin")
            session.append("Yes.", Stats(finish_reason=FinishReason.END_OF_TURN))
            if not store.search("penguin") or not (store.search("question") or len(store.summaries()) == 1):
                return ["what is there is not found"]
            assert session.conversation is not None
            store.delete(session.conversation)
            store.forget([session.conversation])
        except UserError as error:
            if attempt == 2:
                return [f"nothing can be kept: {error}"]
        else:
            return []
    return []


ROW = Row(
    "damage",
    "conversations, their journal or index, backups, settings, records damaged: random bytes, cut, empty, zeros, gone, "
    "swapped",
    "the original is put aside, the newest good backup is there, the person is told, good backups stay",
    400,
    trial,
)


def test_damaged_files_are_survived(tmp_path: Path) -> None:
    counted = check(ROW, tmp_path, range(40))
    assert len(counted) > 15, "many kinds"


def test_the_trial_notices_a_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Tern that takes an empty file for the person's own does not pass."""
    monkeypatch.setattr(database_file, "_filled", lambda folder: iter(()))
    shutil.copytree(healthy(), tmp_path, dirs_exist_ok=True)
    (tmp_path / "data" / database_file.FILE_NAME).write_bytes(b"")
    paths.set_data_dir(tmp_path)
    assert _survived(tmp_path, {tmp_path / "data" / "backups" / f"{_DAYS[0]}.db": 10}, random.Random(0))


def test_old_json_of_a_trial_is_read(tmp_path: Path) -> None:
    """A result is kept as JSON and read again."""
    outcome = Outcome(["one"], {"a": 1}, {"b": 0.5})
    assert Outcome(**json.loads(json.dumps(outcome.__dict__))) == outcome
