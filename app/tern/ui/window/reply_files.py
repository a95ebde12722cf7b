"""A reply printed, or saved as PDF or HTML."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QObject
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.atomic import replacing
from tern.ui.shared.notice import Notice

_DOTS = 300  # an inch
_MARGIN_MM = 18


class ReplyFiles(QObject):
    """Asks where, and writes; says so in ``notice``."""

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._notice = notice

    def save(self, html: str, name: str, ending: str) -> None:
        """Ask for a place and save the page there; ``ending``: pdf or html."""
        kind = self.tr("PDF files") if ending == "pdf" else self.tr("HTML files")
        dialog = QFileDialog(
            self._window, self.tr("Save this reply"), f"{name}.{ending}", f"{kind} (*.{ending})"
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.fileSelected.connect(lambda path: self.write(html, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, html: str, path: Path) -> None:
        """Write the page to ``path``, as what its ending says."""
        try:
            with replacing(path) as file:
                file.write(_pdf(html) if path.suffix.lower() == ".pdf" else html.encode())
        except OSError as error:
            reason = error.strerror or str(error)
            self._notice.show_message(self.tr("{0} could not be written ({1}).").format(path.name, reason))
        else:
            self._notice.show_message(self.tr("Saved as {0}.").format(path.name), tone="calm", seconds=6)

    def print(self, html: str) -> None:
        """Let the person choose a printer, and print the page."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # late: it looks for printers

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self._window)
        dialog.accepted.connect(lambda: _document(html).print_(printer))
        dialog.finished.connect(dialog.deleteLater)
        dialog.setModal(True)
        dialog.show()


def _document(html: str) -> QTextDocument:
    document = QTextDocument()
    document.setHtml(html)
    return document


def _pdf(html: str) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setCreator("Tern")
    writer.setResolution(_DOTS)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    _document(html).print_(writer)
    buffer.close()
    return bytes(data.data())
