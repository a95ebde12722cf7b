"""Conversations to files and back: asks for the file in a dialog that blocks nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.chat.export import ExportFormat

_UNFIT = str.maketrans(dict.fromkeys('/\\:*?"<>|\n\t', "-"))


def ask_where_to(parent: QWidget, title: str, then: Callable[[Path, ExportFormat], object]) -> None:
    """Let the person name a file to export to, and its format; ``title`` is offered as its name."""
    kinds = {
        _tr("Markdown (*.md)"): ExportFormat.MARKDOWN,
        _tr("Plain text (*.txt)"): ExportFormat.TEXT,
        _tr("Everything, as JSON (*.json)"): ExportFormat.JSON,
    }

    def named(name: str) -> None:
        kind = kinds.get(dialog.selectedNameFilter(), ExportFormat.MARKDOWN)
        then(with_suffix(Path(name), kind), kind)

    def renamed(chosen: str) -> None:
        """The name offered follows the format."""
        dialog.setDefaultSuffix(kinds[chosen])
        for name in dialog.selectedFiles()[:1]:
            if (path := Path(name)).suffix[1:] in set(kinds.values()):
                dialog.selectFile(f"{path.stem}.{kinds[chosen]}")

    dialog = _dialog(parent, _tr("Export"), named)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(kinds))
    dialog.filterSelected.connect(renamed)
    dialog.setDefaultSuffix(ExportFormat.MARKDOWN)
    # Its suffix stands in it: of "Version 1.2" the dialog would take the 2 for one.
    dialog.selectFile(f"{title.translate(_UNFIT).strip(' .…') or 'Tern'}.{ExportFormat.MARKDOWN}")
    dialog.open()


def with_suffix(path: Path, kind: ExportFormat) -> Path:
    """``path`` with the suffix of ``kind``. Where that makes another name of it, which the dialog has not asked about,
    no file that is there is written over."""
    if path.suffix.lower() == f".{kind}":
        return path
    wanted = path.with_name(f"{path.name}.{kind}")
    number = 2
    while wanted.exists():
        wanted = path.with_name(f"{path.name} ({number}).{kind}")
        number += 1
    return wanted


def ask_where_from(parent: QWidget, then: Callable[[Path], object]) -> None:
    """Let the person choose a file to import."""
    dialog = _dialog(parent, _tr("Import chats"), lambda name: then(Path(name)))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("Chats (*.json *.zip *.chat)"), _tr("All files (*)")])
    dialog.open()


def _dialog(parent: QWidget, title: str, then: Callable[[str], object]) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(then)
    return dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("files", text)
