"""A file that is still arriving: the ``.part``, its journal, and the hash that grows with it. Knows no network.

The journal is a text that is only ever appended to: JSON lines say what is being fetched, plain lines are the
SHA-256 of everything up to the end of block 0, 1, 2... (taken from the running hash, so they cost nothing). After
a crash the file is believed as far as those lines agree with its bytes. Hashing runs on a thread of its own that
reads what was written back in whole blocks: the network neither waits for it nor shares buffers with it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tern.atomic import put_in_place, replacing

BLOCK = 4 << 20  # bytes between two lines of the journal: what a crash can cost
_READ = 1 << 20
_NICE = 10

Progress = Callable[[int], None]


class PartFile:
    """``target``.part and ``target``.part.journal. ``identity`` says what is being fetched (size, hash, ...).

    Call :meth:`resume`, then :meth:`write` from one thread, then :meth:`finish`. Raises OSError as the disk does.
    """

    def __init__(self, target: Path, identity: dict[str, Any], block: int = BLOCK) -> None:
        self.target = target
        self.path = part_of(target)
        self.journal = target.with_name(target.name + ".part.journal")
        self.identity = identity
        self.block = block
        self.notes: dict[str, Any] = {}  # what the journal says besides: the ETag
        self.offset = 0
        self.digests: list[str] = []
        self._hash = hashlib.sha256()
        self._file: Any = None
        self._lines: Any = None
        self._reader: Any = None
        self._more = threading.Condition()
        self._announced = 0  # bytes that may be hashed
        self._ending = False
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None

    def resume(self, progress: Progress = lambda done: None) -> int:
        """Believe what agrees with the journal, cut off the rest, and open for writing. Returns the bytes kept."""
        told, self.notes = read_journal(self.journal, self.identity, self.block)
        self._file = self.path.open("r+b" if self.path.exists() else "w+b", buffering=0)
        size = int(self.identity["size"])
        self.digests, self._hash = believed(self._file, told, self.block, size, progress)
        self.offset = min(len(self.digests) * self.block, size)
        self._file.truncate(self.offset)
        self._file.seek(self.offset)
        self._begin_journal()
        self._reader = self.path.open("rb", buffering=0)
        self._failed, self._announced, self._ending = None, self.offset, False
        self._thread = threading.Thread(target=self._hash_all, name="tern-hash", daemon=True)
        self._thread.start()
        return self.offset

    def note(self, **notes: Any) -> None:
        """Write something to remember (the ETag, whose file it is) into the journal."""
        if any(self.notes.get(key) != value for key, value in notes.items()):
            self.notes.update(notes)
            self._lines.write(json.dumps(notes, ensure_ascii=False) + "\n")

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``."""
        if self._failed is not None:
            raise self._failed
        view = memoryview(chunk)
        try:
            while view:
                view = view[self._file.write(view) :]
        finally:  # on a full disk what did fit counts
            self.offset += len(chunk) - len(view)
            if self.offset // self.block > self._announced // self.block:
                self._announce()

    def restart(self) -> None:
        """Forget everything: begin again at byte 0."""
        self.close()
        self.journal.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.notes = {}
        self._hash = hashlib.sha256()
        self.resume()

    def finish(self) -> str:
        """Wait for the hash and for the disk; returns the SHA-256 of the whole."""
        self._stop_hashing()
        if len(self.digests) * self.block < self.offset:  # the last block is a short one
            self.digests.append(self._hash.hexdigest())
            self._lines.write(self.digests[-1] + "\n")
        os.fsync(self._file.fileno())
        self._close_files()
        return self._hash.hexdigest()

    def publish(self) -> Path:
        """The whole, verified file takes its name. Call after :meth:`finish`."""
        put_in_place(self.path, self.target)
        self.journal.unlink(missing_ok=True)
        return self.target

    def close(self) -> None:
        """Leave everything as it is, to be resumed. Safe to call twice."""
        if self._thread is not None:
            self._stop_hashing(quiet=True)
        self._close_files()

    def discard(self) -> None:
        """Delete the part and its journal."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.journal.unlink(missing_ok=True)

    def _announce(self, ending: bool = False) -> None:
        with self._more:
            self._announced, self._ending = self.offset, ending
            self._more.notify()

    def _stop_hashing(self, quiet: bool = False) -> None:
        if self._thread is not None:
            self._announce(ending=True)
            self._thread.join()
            self._thread = None
        if self._failed is not None and not quiet:
            raise self._failed

    def _close_files(self) -> None:
        for file in (self._file, self._lines, self._reader):
            if file is not None:
                # On a full disk: a line that never got out is one that nobody believes.
                with suppress(OSError):
                    file.close()
        self._file = self._lines = self._reader = None

    def _hash_all(self) -> None:
        done, view = len(self.digests) * self.block, memoryview(bytearray(min(_READ, self.block)))
        _give_way()
        try:
            self._reader.seek(done)
            while (end := self._wait_for_more(done)) > done:
                while done < end:
                    count = self._reader.readinto(view[: min(end - done, self.block - done % self.block)])
                    if not count:
                        raise OSError(errno.EIO, f"{self.path.name} became shorter")
                    self._hash.update(view[:count])
                    done += count
                    if done % self.block == 0:
                        self.digests.append(self._hash.copy().hexdigest())
                        self._lines.write(self.digests[-1] + "\n")
        except BaseException as error:
            self._failed = error  # the writer learns of it at its next chunk

    def _wait_for_more(self, done: int) -> int:
        """To where may be hashed: whole blocks, until the end. ``done`` itself when there will be no more."""
        with self._more:
            while not self._ending and self._announced // self.block <= done // self.block:
                self._more.wait()
            return self._announced if self._ending else self._announced // self.block * self.block

    def _begin_journal(self) -> None:
        write_journal(self.journal, self.identity, self.block, self.digests, self.notes)
        self._lines = self.journal.open("a", encoding="utf-8", buffering=1)  # each line goes out at once


def _give_way() -> None:
    """The calling thread takes what processor time the others leave: a download, a reply, the window come first."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def read_journal(path: Path, identity: dict[str, Any], block: int) -> tuple[list[str], dict[str, Any]]:
    """The digests and notes of the journal at ``path``; none where it is missing or of something else."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # the last has no end: torn
        head = json.loads(lines[0])
        if head["identity"] != identity or head["block"] != block:
            return [], {}
        digests = []
        for line in lines[1:]:
            if line.startswith("{"):
                head.update(json.loads(line))
            else:
                digests.append(line)
    except (OSError, ValueError, LookupError, TypeError):
        return [], {}
    return digests, {key: value for key, value in head.items() if key not in ("identity", "block")}


def write_journal(
    path: Path, identity: dict[str, Any], block: int, digests: Sequence[str], notes: dict[str, Any]
) -> None:
    """Begin a journal at ``path`` that already knows these ``digests``."""
    head = json.dumps({"identity": identity, "block": block, **notes}, ensure_ascii=False)
    with replacing(path) as file:
        file.write("".join(line + "\n" for line in (head, *digests)).encode())


def read_notes(path: Path) -> dict[str, Any]:
    """What the journal at ``path`` says of its file, whatever that is: ``size`` and the notes. Empty: not readable."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        found = json.loads(lines[0])
        for line in lines[1:]:
            if line.startswith("{"):
                found.update(json.loads(line))
        return {**found, "size": int(found["identity"]["size"])}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def believed(
    file: Any, digests: list[str], block: int, size: int, progress: Progress
) -> tuple[list[str], Any]:
    """The leading ``digests`` that ``file`` (binary, open, ``size`` bytes when whole) agrees with, and the running
    hash after them."""
    running = hashlib.sha256()
    good: list[str] = []
    file.seek(0)
    for digest in digests:
        ahead = running.copy()
        left = min(block, size - len(good) * block)
        while left > 0 and (data := file.read(min(_READ, left))):
            ahead.update(data)
            left -= len(data)
        if left or ahead.hexdigest() != digest:
            break
        running = ahead
        good.append(digest)
        progress(min(len(good) * block, size))
    return good, running


def hash_file(
    path: Path, progress: Progress = lambda done: None, should_stop: Callable[[], bool] = lambda: False
) -> str | None:
    """SHA-256 of the file, None when stopped on the way. ``progress`` is told the bytes read so far."""
    running, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_READ):
            if should_stop():
                return None
            running.update(data)
            done += len(data)
            progress(done)
    return running.hexdigest()


def part_of(target: Path) -> Path:
    """Where ``target`` lies while it is arriving."""
    return target.with_name(target.name + ".part")


def arrived(target: Path) -> int:
    """Bytes of ``target`` that lie there while it is arriving."""
    part = part_of(target)
    return part.stat().st_size if part.is_file() else 0


def kept_aside(target: Path) -> Path:
    """Where a damaged file waits to be repaired."""
    return target.with_name(target.name + ".bad")


def journal_of(kept: Path) -> Path:
    """The journal of such a file."""
    return kept.with_name(kept.name + ".journal")
