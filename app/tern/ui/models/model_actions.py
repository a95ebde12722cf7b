"""What can be done with a model in the window: verify, mend, update, convert, export, import, remove. The library and
the engine do the work; this file asks for a place, starts a job, and says how it went. Draws nothing but dialogs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.engine import can_chat
from tern.engine.convert.from_safetensors import write_gguf
from tern.engine.convert.recode import Encoding, write_recoded
from tern.engine.gguf.reader import GGUFFile
from tern.errors import UserError
from tern.library import hub_find, importing, shelf
from tern.library.hub_client import RemoteFile
from tern.library.network import NetworkOptions
from tern.library.shelf import Installed
from tern.ui.models.downloads import Downloads, title_in_file
from tern.ui.shared.jobs import Job, Work
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import size_text
from tern.ui.style.timing import UNDO_S


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence for the person, and what it offers."""

    text: str
    button: str = ""
    act: Callable[[], object] | None = None
    tone: str = "calm"
    seconds: float = 0.0


class ModelActions(QObject):
    """One job at a time. ``parent`` is the widget that dialogs belong to."""

    said = Signal(object)  # Saying
    changed = Signal()  # the shelf, or what runs
    leaving = Signal(object)  # Installed: it is about to be removed; whoever uses it should let go

    def __init__(
        self,
        downloads: Downloads,
        options: Callable[[], NetworkOptions],
        parent: QWidget,
        undo_s: float = UNDO_S,
    ) -> None:
        super().__init__(parent)
        self._downloads, self._options, self._widget, self._undo_s = downloads, options, parent, undo_s
        self.job: Job | None = None
        self.busy_with = ""  # the name of the model that the job is about; empty for an import
        self._going: dict[str, tuple[Installed, QTimer]] = {}

    def is_going(self, model: Installed) -> bool:
        """Whether it was removed and may still be had back."""
        return model.name in self._going

    # -- one model -----------------------------------------------------------------------------------------------

    def verify(self, model: Installed) -> None:
        """Hash the file and compare."""

        def work(progress: Callable[[float], None]) -> bool:
            return bool(shelf.verify(model, lambda done: progress(done / max(model.total, 1))))

        def tell(right: object) -> None:
            if right:
                self.say(self.tr("{0} is intact (hash verified).").format(model.title))
            elif model.from_hub and not model.linked:
                self._say_damaged(model)
            else:
                text = self.tr("{0} is damaged: its file has changed. Import an intact copy.")
                self.fail(text.format(model.title))

        self._run(self.tr("Verifying {0}…").format(model.title), work, tell, model.name)

    def _say_damaged(self, model: Installed) -> None:
        text = self.tr("{0} is damaged: its file has changed. Only the damaged parts need downloading again.")
        mend = partial(self.mend, model)
        self.said.emit(Saying(text.format(model.title), self.tr("Repair"), mend, "error"))

    def mend(self, model: Installed) -> None:
        """Fetch the damaged parts again; shown as a download."""
        self._downloads.of_repair(model).start()
        self.changed.emit()

    def look_for_update(self, model: Installed) -> None:
        """Ask the hub, this once, whether it has another file."""

        def tell(remote: object) -> None:
            if remote is None:
                self.say(self.tr("{0} is up to date.").format(model.title))
                return
            found = cast(RemoteFile, remote)
            text = self.tr("A newer version of {0} is available ({1}). It replaces this one.")
            self.said.emit(
                Saying(
                    text.format(model.title, size_text(found.size)),
                    self.tr("Download"),
                    lambda: self._update(model),
                )
            )

        label = self.tr("Looking for a newer version of {0}…").format(model.title)
        options = self._options()
        self._run(label, lambda progress: hub_find.newer(model, options), tell, model.name)

    def _update(self, model: Installed) -> None:
        self._downloads.of_update(model).start()
        self.changed.emit()

    def ask_convert(self, model: Installed, encoding: Encoding, export: bool) -> None:
        """Ask for a file to write the model to in another encoding; ``export``: as stock llama.cpp wants it."""
        title = self.tr("Export for llama.cpp") if export else self.tr("Convert")
        dialog = QFileDialog(self._widget, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("Models (*.gguf)")])
        dialog.setDefaultSuffix("gguf")
        dialog.selectFile(f"{model.name}-{encoding.replace('_', '')}.gguf")
        self._open(dialog, lambda path: self.convert(model, path, encoding, export))

    def convert(self, model: Installed, path: Path, encoding: Encoding, export: bool = False) -> None:
        """Write the model to ``path`` in another encoding; it is read back and compared."""

        def work(progress: Callable[[float], None]) -> int:
            if path.exists() and path.samefile(model.path):
                raise UserError("That is the model itself. Choose another file.")
            with GGUFFile.open(model.path) as file:
                importing.need_room(path, file.size)
                write_recoded(file, path, encoding, export, progress)
            return path.stat().st_size

        def tell(size: object) -> None:
            text = self.tr("{0} written ({1}). Every weight and scale was read back and is identical.")
            self.say(text.format(path.name, size_text(cast(int, size))))

        self._run(self.tr("Writing {0}…").format(path.name), work, tell, model.name)

    def copy_in(self, model: Installed) -> None:
        """Copy a linked file into Tern's own folder; the person's file stays."""

        def work(progress: Callable[[float], None]) -> Installed:
            copy = importing.take(model.path, False, model.name, model.title, progress)
            shelf.remove(model)  # a linked file is only forgotten
            return copy

        def tell(found: object) -> None:
            self.say(
                self.tr("{0} was copied into Tern's folder. Your file stays where it is.").format(model.title)
            )

        self._run(self.tr("Copying {0}…").format(model.title), work, tell, model.name)

    def rename(self, model: Installed, title: str) -> None:
        """Call the model something else; an empty title brings back the one that it came with."""
        if title.strip() == model.title:
            return
        try:
            shelf.rename(model, title.strip() or title_in_file(model.path))
        except UserError as error:
            self.fail(said(error))
        self.changed.emit()

    def remove(self, model: Installed) -> None:
        """Take it from the list; its file goes to the trash when the time to undo is over."""
        timer = QTimer(self, singleShot=True, interval=round(1000 * self._undo_s))
        timer.timeout.connect(lambda: self._remove_now(model))
        self._going[model.name] = (model, timer)
        timer.start()
        self.leaving.emit(model)
        self.changed.emit()
        text = (
            self.tr("{0} removed from the list. Your file stays where it is.")
            if model.linked
            else self.tr("{0} moved to trash.")
        )
        undo = partial(self._undo, model.name)
        self.said.emit(Saying(text.format(model.title), self.tr("Undo"), undo, seconds=self._undo_s))

    def _undo(self, name: str) -> None:
        if (going := self._going.pop(name, None)) is not None:
            going[1].stop()
            self.changed.emit()

    def _remove_now(self, model: Installed) -> None:
        going = self._going.pop(model.name, None)
        if going is None:
            return
        going[1].stop()
        try:
            shelf.remove(model)
        except UserError as error:
            self.fail(said(error))
        self.changed.emit()

    # -- what is on this disk already ----------------------------------------------------------------------------

    def ask_import(self) -> None:
        """Ask for a GGUF file."""
        dialog = QFileDialog(self._widget, self.tr("Import a model"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf *.GGUF sha256-*)"), self.tr("All files (*)")])
        self._open(dialog, self.import_path)

    def ask_import_folder(self) -> None:
        """Ask for a folder of safetensors."""
        dialog = QFileDialog(self._widget, self.tr("Import a folder of safetensors"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        self._open(dialog, self.import_path)

    def import_path(self, path: Path) -> None:
        """Link a GGUF to the shelf, or make one of a folder of safetensors."""
        path = importing.meant(path)

        def work(progress: Callable[[float], None]) -> Installed:
            if path.is_dir():
                return importing.make(path, "", write_gguf, progress)
            can_chat.check(path)
            return importing.take(path, True, "", title_in_file(path), progress)

        def tell(found: object) -> None:
            model = cast(Installed, found)
            self.say(self.tr("{0} is ready (hash verified).").format(model.title))

        label = self.tr("Making a GGUF of {0}…") if path.is_dir() else self.tr("Hashing {0}…")
        self._run(label.format(path.name), work, tell)

    # -- jobs ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop what runs, carry out what was only waiting to be undone, and wait."""
        for model, _ in list(self._going.values()):
            self._remove_now(model)
        if self.job is not None:
            self.job.cancel()
            self.job.wait()

    def say(self, text: str) -> None:
        self.said.emit(Saying(text))

    def fail(self, text: str) -> None:
        self.said.emit(Saying(text, tone="error"))

    def _run(self, label: str, work: Work, tell: Callable[[object], None], name: str = "") -> None:
        if self.job is not None:
            self.fail(self.tr("Another task is still running. Wait for it, or cancel it."))
            return
        job = Job(label, work, self)
        job.done.connect(tell)
        job.failed.connect(self.fail)
        job.cancelled.connect(lambda: self.say(self.tr("Cancelled. Nothing was changed.")))
        job.ended.connect(self._ended)
        self.job, self.busy_with = job, name
        job.start()
        self.changed.emit()

    def _ended(self) -> None:
        if self.job is not None:
            self.job.deleteLater()
        self.job, self.busy_with = None, ""
        self.changed.emit()

    def _open(self, dialog: QFileDialog, then: Callable[[Path], object]) -> None:
        """A dialog that blocks nothing."""
        dialog.setObjectName("modelFileDialog")
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
