"""Conversations to files and back: asks for a file in a dialog that blocks nothing, and says how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.atomic import replacing
from tern.chat.export import Kind, Progress, export
from tern.chat.store import Store
from tern.errors import UserError

_UNFIT = str.maketrans(dict.fromkeys('/\\:*?"<>|\n\t', "-"))


def ask_where_to(parent: QWidget, title: str, then: Callable[[Path], object]) -> None:
    """Let the person name a file to export to; ``title`` is offered as its name."""
    dialog = _dialog(parent, _tr("Export"), then)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    kinds = {
        _tr("Markdown (*.md)"): "md",
        _tr("Plain text (*.txt)"): "txt",
        _tr("Everything, as JSON (*.json)"): "json",
    }
    dialog.setNameFilters(list(kinds))
    dialog.filterSelected.connect(lambda name: dialog.setDefaultSuffix(kinds[name]))
    dialog.setDefaultSuffix("md")
    dialog.selectFile(title.translate(_UNFIT).strip(" .…") or "Tern")
    dialog.open()


def ask_where_from(parent: QWidget, then: Callable[[Path], object]) -> None:
    """Let the person choose a file to import."""
    dialog = _dialog(parent, _tr("Import conversations"), then)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("Conversations (*.json *.chat)"), _tr("All files (*)")])
    dialog.open()


def write(
    store: Store, conversations: Sequence[int], path: Path, told: Progress = lambda fraction: None
) -> None:
    """Export to ``path``, in the format that its name says. Raises UserError when the disk refuses."""
    kinds = {f".{kind}": kind for kind in Kind}
    text = export(store, conversations, kinds.get(path.suffix.lower(), Kind.MARKDOWN), told)
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise UserError(_tr("{0} could not be written ({1}).").format(path.name, error.strerror)) from error


def _dialog(parent: QWidget, title: str, then: Callable[[Path], object]) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda name: then(Path(name)))
    return dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("files", text)
