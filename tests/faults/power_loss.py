"""What is on a disk when the power fails: made from a record of what was written (writes_log.c).

As a journalling file system has it: names (created, renamed, deleted) and lengths come to the disk in their order, at
the latest when anything is synced; the bytes of a file come when that file is synced. What was written since then may
be there, or not, or torn at a sector.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path

CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR = range(1, 8)
_HEAD = struct.Struct("<BQqQQQ")
_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Event:
    """One call that succeeded. ``at``: where it wrote, or the new length."""

    op: int
    inode: int
    at: int
    path: str
    other: str
    data: bytes


def read(log: Path) -> list[Event]:
    """All that was recorded."""
    raw, found, at = log.read_bytes(), [], 0
    while at + _HEAD.size <= len(raw):
        op, inode, where, n_path, n_other, n_data = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        path, other = raw[at : at + n_path], raw[at + n_path : at + n_path + n_other]
        data = raw[at + n_path + n_other : at + n_path + n_other + n_data]
        found.append(Event(op, inode, where, path.decode(), other.decode(), data))
        at += n_path + n_other + n_data
    return found


def after_the_loss(events: list[Event], cut: int, root: Path, into: Path, chance: random.Random) -> None:
    """Write below ``into`` what is on the disk when the power fails after the first ``cut`` events. ``root``: where
    they happened. The file of promises is as it was: it is the one who watches."""
    happened = events[:cut]
    any_sync = max((n for n, event in enumerate(happened) if event.op == SYNC), default=-1)
    journal = chance.randint(any_sync, len(happened))  # what comes after it of names and lengths is lost
    survival = chance.choice([0.0, 0.3, 0.7, 1.0])  # of a write that was not synced
    born: dict[int, int] = {}  # an inode's number is given again: which file it is now
    files: list[bytearray] = []
    last_sync: dict[int, int] = {}
    names: dict[str, int] = {}
    for number, event in enumerate(happened):  # first: when each file was synced last
        if event.op == CREATE:
            born[event.inode] = len(files)
            files.append(bytearray())
        elif event.op == SYNC and event.inode in born:
            last_sync[born[event.inode]] = number
    born, made = {}, 0
    for number, event in enumerate(happened):
        named = number <= journal
        match event.op:
            case 1:
                born[event.inode] = made
                made += 1
                if named:
                    names[event.path] = born[event.inode]
            case 2 if event.inode in born:
                file = born[event.inode]
                watcher = names.get(str(root / "promises.jsonl")) == file
                if watcher or number <= last_sync.get(file, -1):
                    _put(files[file], event.at, event.data)
                elif named and chance.random() < survival:
                    _put(files[file], event.at, _torn(event, chance))
            case 3 if event.inode in born and (named or number <= last_sync.get(born[event.inode], -1)):
                file = born[event.inode]
                del files[file][event.at :]
                files[file].extend(bytes(event.at - len(files[file])))
            case 5 if named and event.path in names:
                names[event.other] = names.pop(event.path)
            case 5 if named:  # a folder
                for path in [path for path in names if path.startswith(event.path + "/")]:
                    names[event.other + path[len(event.path) :]] = names.pop(path)
            case 6 if named:
                names.pop(event.path, None)
    for path, file in names.items():
        place = into / Path(path).relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files[file])


def _put(file: bytearray, at: int, data: bytes) -> None:
    if len(file) < at:
        file.extend(bytes(at - len(file)))
    file[at : at + len(data)] = data


def _torn(event: Event, chance: random.Random) -> bytes:
    """Whole, or as many sectors of it as were written."""
    if chance.random() < 0.6:
        return event.data
    first = (-event.at) % _SECTOR
    ends = range(first, len(event.data), _SECTOR)
    return event.data[: chance.choice(ends)] if len(ends) else b""
