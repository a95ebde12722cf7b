"""An import in a process of its own: however large the file, reading it takes nothing from this process, where a window
draws a reply. :func:`import_apart` starts it, :func:`serve` is what happens inside.

Between them goes one JSON line in (what to import) and JSON lines out: how far it is, a few times a second, and at the
end the report or a sentence. The end of its input stops the process, which then takes back what it has added.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

from tern.chat import database_file
from tern.chat.import_report import Outcome, Report
from tern.chat.importing import import_file
from tern.chat.store import Store
from tern.errors import UserError, packed, unpacked
from tern.progress import OnProgress

RELAY = ("chats", "import", "--relay")  # arguments of a Tern that calls :func:`serve`
_BEAT_S = 0.1
_AT_ONCE = 500  # conversations in one line of the report: whoever reads it draws a window meanwhile
_PATIENCE_S = 10.0  # to take back what was added
_NICE = 5  # steps down in the queue for the processor: the reply under way goes first


class _StoppedError(Exception):
    """Raised within the import where it tells how far it is."""


def import_apart(command: Sequence[str], store: Path, path: Path, told: OnProgress) -> Report:
    """What ``import_file`` does with the file at ``path`` and the store at ``store``, by a process that ``command``
    starts and that calls :func:`serve`. ``told`` is called a few times a second; what it raises ends the work."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    except OSError as error:
        raise UserError(
            "Tern could not start the process that imports ({reason}).", reason=error.strerror
        ) from error
    assert process.stdin is not None
    assert process.stdout is not None
    outcomes: list[Outcome] = []
    try:
        with suppress(OSError):  # it has ended already: what it says tells more
            process.stdin.write(json.dumps({"store": str(store), "file": str(path)}) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            said = json.loads(line)
            if "part" in said:
                outcomes += Report.from_json(said["part"]).outcomes
            elif "trouble" in said:
                return Report(outcomes, unpacked(said["trouble"]))
            elif "sentence" in said:
                raise UserError("{problem}", problem=unpacked(said["sentence"]))
            else:
                told(said["done"])
    finally:
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
    raise UserError("The process that imports ended early ({code}). Try again.", code=process.returncode)


def serve(source: IO[str], out: IO[str]) -> None:
    """Inside the process: import what the line read from ``source`` names, and say on ``out`` how it goes."""
    with suppress(OSError, AttributeError):
        os.nice(_NICE)
    asked = json.loads(source.readline())
    stop, done, ended = threading.Event(), 0.0, threading.Event()

    def listen() -> None:
        source.read()
        stop.set()

    def tell(fraction: float) -> None:
        nonlocal done
        done = fraction
        if stop.is_set():
            raise _StoppedError

    def beat() -> None:
        while not ended.wait(_BEAT_S):
            say({"done": done})

    def say(what: dict[str, object]) -> None:
        with suppress(OSError):  # nobody listens any more: ``stop`` is set
            print(json.dumps(what), file=out, flush=True)

    for work in (listen, beat):
        threading.Thread(target=work, daemon=True).start()
    last: dict[str, object] = {}
    try:
        with closing(Store(database_file.connect(asked["store"]), Path(asked["store"]))) as store:
            report = import_file(store, Path(asked["file"]), tell)
        for start in range(0, len(report.outcomes), _AT_ONCE):
            say({"part": Report(report.outcomes[start : start + _AT_ONCE]).to_json()})
        last = {"trouble": packed(report.trouble)}
    except _StoppedError:
        pass
    except UserError as error:
        last = {"sentence": packed(error.sentence)}
    finally:
        ended.set()
    if last:
        say(last)
