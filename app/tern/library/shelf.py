"""What is installed: one small record a model, beside the models. Fetched files and files linked in place alike.

A record believes its file only while size and time are those of the last verification. What a file is follows from
its bytes, whatever it is called. Knows no network.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import filelock

from tern import derived_files, paths
from tern.atomic import replacing
from tern.errors import UserError
from tern.library import catalog, models_folder
from tern.library.part_file import hash_file

log = logging.getLogger(__name__)

_VERSION = 1
SPEEDS_KEPT = 5
SPARE = 64 << 20  # bytes of the disk that stay free whatever is put on the shelf
# In small letters: how most models are called, and what they may hold.
MODEL_SUFFIXES = (
    ".gguf",
    ".safetensors",
)
_GGUF = b"GGUF"
_HEADER = 8  # bytes of a safetensors' first number: the length of the JSON after it
_LONGEST_NAME = 120  # bytes
_NOT_A_FILE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # to Windows, whatever follows
_LOCK_S = 30.0
_OF_THE_FORMAT = re.compile(r"[-_.]gguf$", re.IGNORECASE)  # as repositories are called, and no model
_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Installed:
    """One model on this computer. Times are UTC (ISO 8601). ``blocks`` are SHA-256 of everything up to the end of
    each ``block`` bytes, by which damage is found; empty where they are not known. ``linked``: the file is the
    person's own, elsewhere. ``commit``: the hub's revision it came from. ``template_allowed``: the person lets the chat
    template in the file be run. ``speeds``: tokens a second of its last replies on this computer, the newest last.
    ``parts``: name, bytes and SHA-256 of the files beside it that belong to it, of a model in several."""

    name: str
    title: str
    path: Path
    size: int
    sha256: str
    origin: str
    added: str
    linked: bool = False
    verified_at: str | None = None
    modified_ns: int = 0  # of the file when it was verified
    block: int = 0
    blocks: tuple[str, ...] = ()
    commit: str = ""
    template_allowed: bool = False
    speeds: tuple[float, ...] = ()
    parts: tuple[tuple[str, int, str], ...] = ()

    @property
    def files(self) -> list[tuple[Path, int, str]]:
        """Path, bytes and SHA-256 ("" where none is known) of each of its files, the first first."""
        others = [(self.path.with_name(name), size, sha256) for name, size, sha256 in self.parts]
        return [(self.path, self.size, self.sha256), *others]

    @property
    def total(self) -> int:
        """Bytes of all its files."""
        return self.size + sum(size for _, size, _ in self.parts)

    @property
    def speed(self) -> float | None:
        """Tokens a second here, the median of its last replies; None before the first."""
        return median(self.speeds) if self.speeds else None

    @property
    def damaged(self) -> bool:
        """Whether the last verification found other bytes than there should be."""
        return self.verified_at is None and self.present

    @property
    def from_hub(self) -> bool:
        """Whether it came from a repository of the hub, which can be asked for it again."""
        return self.origin.count("/") >= 2

    @property
    def repository(self) -> tuple[str, str]:
        """OWNER/NAME and the file in it, of a model :attr:`from_hub`."""
        owner, name, file = self.origin.split("/", 2)
        return f"{owner}/{name}", file

    @property
    def gguf(self) -> bool:
        """Whether the file is one that can be chatted with, and not the stuff to make one of."""
        kind = kind_of(self.path)
        return kind == "gguf" or (not kind and self.path.suffix.lower() != ".safetensors")

    @property
    def present(self) -> bool:
        """Whether the file is there, as large as it should be, and its other parts."""
        try:
            return all(path.stat().st_size == size for path, size, _ in self.files)
        except OSError:
            return False

    @property
    def verified(self) -> bool:
        """Whether the file has been hashed and has not been touched since."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return self.verified_at is not None and self.present and status.st_mtime_ns == self.modified_ns


def kind_of(path: Path) -> str:
    """ "gguf" or "safetensors", by the first bytes of the file; empty for anything else, or what cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            head = file.read(_HEADER + 1)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return ""
    if head.startswith(_GGUF):
        return "gguf"
    if len(head) > _HEADER and head[_HEADER:] == b"{" and int.from_bytes(head[:_HEADER], "little") < size:
        return "safetensors"
    return ""


def is_model(path: Path) -> bool:
    """Whether the file belongs on the shelf: it is a model, or says that it is one."""
    return bool(kind_of(path)) or path.suffix.lower() in MODEL_SUFFIXES


def models_dir() -> Path:
    """Where fetched models lie; created when missing."""
    folder = models_folder.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            "Tern cannot create {folder} ({reason}). Choose another place with --data-dir DIR.",
            folder=folder,
            reason=error.strerror,
        ) from error
    return folder


def now() -> str:
    """The time, as records keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def installed() -> list[Installed]:
    """Every record, by name. One that cannot be read is passed over."""
    found = []
    for path in sorted(models_dir().glob("*.json")):
        try:
            found.append(_read(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("record %s not read: %s", path, error)
    return found


def find(name: str) -> Installed | None:
    """The model called ``name``: its own name, the catalogue's, its file's, or the only one that begins so."""
    shelf = installed()
    entry = catalog.find(name)
    name = unicodedata.normalize("NFC", name)
    wanted = {name.lower(), *((entry.name,) if entry else ())}
    for model in shelf:
        if (
            model.name.lower() in wanted
            or model.path.name.lower() in wanted
            or model.origin.lower() in wanted
        ):
            return model
    near = [model for model in shelf if model.name.lower().startswith(name.lower())]
    return near[0] if len(near) == 1 and name else None


def at(path: Path) -> Installed | None:
    """The model whose file is at ``path``."""
    return next((model for model in installed() if model.path == path), None)


def need(name: str) -> Installed:
    """As :func:`find`, or a sentence that says what is there."""
    found = find(name)
    if found is not None:
        return found
    names = ", ".join(model.name for model in installed())
    entry = catalog.find(name)
    if entry is not None:
        raise UserError(
            "{title} is not on this computer yet. Fetch it with: tern models fetch {name}",
            title=entry.title,
            name=entry.name,
        )
    if names:
        raise UserError("There is no model called {name} here. There is: {names}.", name=name, names=names)
    raise UserError(
        "There is no model called {name} here. Nothing is installed yet; see what there is with: tern models list",
        name=name,
    )


def add(model: Installed) -> Installed:
    """Write the record; a record of the same file is replaced, another of the same name makes way by a number."""
    with _alone():
        here = installed()
        taken = {other.name: other.path for other in here}
        same = [other for other in here if other.path == model.path]
        for other in same:
            if other.sha256 == model.sha256:  # what is known of these very bytes stays known
                model = replace(model, template_allowed=other.template_allowed, speeds=other.speeds)
        name, number = model.name, 2
        while name in taken and taken[name] != model.path:
            name, number = f"{model.name}-{number}", number + 1
        model = replace(model, name=name)
        _write(model)
        for other in same:  # only now: whoever looks meanwhile finds the model under one name or the other
            if other.name != name:
                _record_path(other.name).unlink(missing_ok=True)
        return model


def verify(
    model: Installed,
    progress: Callable[[int], None] = lambda done: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool | None:
    """Hash the file and remember that it is right; False when it is not, None when stopped. UserError: no file."""
    if not model.path.is_file():
        raise UserError(
            "The file of {name} is gone from {path}. Fetch or import it again.",
            name=model.name,
            path=model.path,
        )
    try:
        modified = model.path.stat().st_mtime_ns
        before, right = 0, model.present
        for path, size, sha256 in model.files if right else ():
            found = hash_file(path, _after(before, progress), should_stop)
            if found is None:
                return None
            right = right and sha256 in (found, "")
            before += size
    except OSError as error:
        raise UserError(
            "{path} cannot be read ({reason}).", path=model.path, reason=error.strerror
        ) from error
    _change(model, verified_at=now() if right else None, modified_ns=modified)
    return right


def _after(before: int, progress: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: progress(before + done)


def template_trusted(path: Path) -> bool:
    """Whether the chat template in the file at ``path`` may be run: of the catalogue's own files while they are what
    they were, and of those that the person allowed it for."""
    known = {f"{entry.repo}/{entry.file}" for entry in catalog.entries()}
    return any(
        model.path == path and (model.template_allowed or (model.origin in known and model.verified))
        for model in installed()
    )


def allow_template(model: Installed, allowed: bool = True) -> None:
    """Remember whether the chat template in the model's file may be run."""
    _change(model, template_allowed=allowed)


def rename(model: Installed, title: str) -> None:
    """Call the model ``title`` from now on, wherever people read of it; its name stays what commands take."""
    _change(model, title=readable(title).strip() or title_of(model.origin if model.from_hub else model.name))


def title_of(repo: str) -> str:
    """What a model of the repository OWNER/NAME[/FILE] is called where nobody has given it a title: its NAME."""
    parts = repo.split("/", 2)
    tail = parts[min(1, len(parts) - 1)]
    return _OF_THE_FORMAT.sub("", tail) or tail


def note_speed(path: Path, tokens_per_s: float) -> None:
    """Remember how fast a reply of the model at ``path`` came; nothing happens for one that is not on the shelf."""
    for model in installed():
        if model.path == path:
            speeds = (*model.speeds, round(tokens_per_s, 2))[-SPEEDS_KEPT:]
            _change(model, speeds=speeds)


def disk_used() -> tuple[int, int]:
    """Bytes that Tern's own models folder takes, what is still arriving and what was put aside included; and bytes of
    what was prepared from models in the cache, which can always be made again."""
    folders = (models_dir(), paths.cache_dir())
    models, prepared = (
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) for folder in folders
    )
    return models, prepared


def _change(model: Installed, **values: Any) -> None:
    """Write a changed record; what others changed in it meanwhile stays."""
    path = _record_path(model.name)
    with _alone():
        try:
            model = _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("record %s not read: written anew", path)
        _write(replace(model, **values))


def remove(model: Installed, for_good: bool = False) -> None:
    """Move the file to the system's trash (or delete it) and forget the record. A linked file is only forgotten.

    What Tern made of a file that is gone, to run it faster, goes too.
    """
    there = [] if model.linked else [path for path, _, _ in model.files if path.exists()]
    if there:
        try:
            if for_good:
                for path in there:
                    path.unlink()
            else:
                from send2trash import send2trash

                send2trash(there)
        except OSError as error:
            raise UserError(
                "{path} could not be moved to the trash ({error}). Delete it for good with: "
                "tern models remove {name} --delete",
                path=model.path,
                error=error,
                name=model.name,
            ) from error
    _record_path(model.name).unlink(missing_ok=True)
    for folder in (derived_files.PREPARED, derived_files.RECODED):
        derived_files.forget_gone(paths.cache_dir() / folder)


def slug(text: str) -> str:
    """``text`` as a name that a terminal and a file system like: letters, digits and signs of any script, small."""
    small = unicodedata.normalize("NFC", text.lower())
    kept = (char if char == "." or _is_in_a_name(char) else "-" for char in small)
    name = re.sub("-+", "-", "".join(kept)).encode()[:_LONGEST_NAME].decode(errors="ignore").strip("-.")
    return f"{name}-model" if _NOT_A_FILE.match(name) else name or "model"


def _is_in_a_name(char: str) -> bool:
    """Letters with their marks, numbers, pictures; no lone surrogate, which is a byte of no text."""
    kind = unicodedata.category(char)
    return kind[0] in "LMN" or kind == "So"


def readable(text: str) -> str:
    """``text`` with a replacement sign for each byte that was none of a text (a file's name need not be one)."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else, in this process or another, changes a record meanwhile."""
    lock = filelock.FileLock(models_dir() / ".records.lock", timeout=_LOCK_S)
    with _lock:
        try:
            lock.acquire()
        except filelock.Timeout:
            raise UserError(
                "Another Tern is changing the list of models and does not finish. Close it, then try again."
            ) from None
        except NotImplementedError:  # a disk that has no locks
            yield
            return
        except OSError as error:
            raise UserError(
                "Tern could not write in {folder} ({reason}).", folder=models_dir(), reason=error.strerror
            ) from error
        try:
            yield
        finally:
            lock.release()


def _record_path(name: str) -> Path:
    return models_dir() / f"{name}.json"


def _write(model: Installed) -> None:
    values: dict[str, Any] = {**asdict(model), "version": _VERSION, "path": str(model.path)}
    folder = models_dir()
    if model.path.is_relative_to(folder):  # so that the whole folder can be moved
        values["path"] = model.path.relative_to(folder).as_posix()
    path = _record_path(model.name)
    try:
        with replacing(path) as file:
            file.write(json.dumps(values, indent=1).encode())  # ASCII: it keeps a path that is no UTF-8
    except OSError as error:
        raise UserError(
            "Tern could not write {path} ({reason}).", path=path, reason=error.strerror
        ) from error


def _read(path: Path) -> Installed:
    values = json.loads(path.read_bytes())
    if values.pop("version") != _VERSION:
        raise ValueError("written by another version")
    values["path"] = path.parent / values["path"]  # an absolute path stays one
    for name in ("blocks", "speeds"):
        values[name] = tuple(values.get(name, ()))
    values["parts"] = tuple(
        (str(name), int(size), str(found)) for name, size, found in values.get("parts", ())
    )
    known = {item.name for item in fields(Installed)}  # a newer Tern may have written more
    model = Installed(**{name: value for name, value in values.items() if name in known})
    texts = (model.name, model.title, model.sha256, model.origin, model.commit)
    numbers = (model.size, model.modified_ns, model.block, *model.speeds)
    if not all(isinstance(text, str) for text in texts) or not all(
        isinstance(number, int | float) for number in numbers
    ):
        raise ValueError("a value of another kind")
    if model.from_hub and model.title == model.origin:  # as earlier versions called it
        return replace(model, title=title_of(model.origin))
    return model
