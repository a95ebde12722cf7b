"""The models page: what is here, what can be had, and everything one can do with either. The library does the work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tern.engine.gguf import GGUFFile
from tern.errors import TernError, UserError
from tern.library import catalog, importing, shelf
from tern.library.catalog import Entry
from tern.library.shelf import Installed
from tern.ui.download_row import DownloadRow
from tern.ui.downloads import Downloads
from tern.ui.theme import Size, Space, Theme

_WIDEST = 760


class ModelsPage(QScrollArea):
    """``model_chosen`` carries the :class:`Installed` model to chat with; ``trouble`` a sentence."""

    model_chosen = Signal(object)
    trouble = Signal(str)
    _done = Signal(str)  # sentence about something that ran beside; "" when it went well
    _hashing = Signal(int)  # percent

    def __init__(self, theme: Theme, downloads: Downloads, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._downloads = theme, downloads
        self._worker: threading.Thread | None = None
        self._closing = threading.Event()
        self.setObjectName("modelsPage")
        self.setAccessibleName(self.tr("Models"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAcceptDrops(True)
        self._page = QWidget(self)
        self._page.setObjectName("greeting")  # the same paper
        self._page.setAccessibleName(self.tr("Models"))
        self._column = QVBoxLayout()
        self._column.setSpacing(Space.M)
        middle = QWidget(self._page)
        middle.setMaximumWidth(_WIDEST)
        outer = QVBoxLayout(middle)
        outer.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        self._total = self._text("", Size.SMALL, quiet=True)
        self._total.setObjectName("diskUsed")
        self._status = self._text("", Size.SMALL, quiet=True)
        self._status.setObjectName("modelsStatus")
        outer.addWidget(self._text(self.tr("Models"), Size.TITLE))
        outer.addWidget(self._total)
        outer.addLayout(self._column)
        outer.addWidget(self._status)
        outer.addLayout(self._foot(middle))
        outer.addStretch(1)
        row = QHBoxLayout(self._page)
        row.addStretch(1)
        row.addWidget(middle, 100)
        row.addStretch(1)
        self.setWidget(self._page)
        downloads.installed.connect(self._arrived)
        self._done.connect(self._work_done)
        self._hashing.connect(lambda percent: self._status.setText(self.tr("Hashing… {0}%").format(percent)))
        self.reload()

    def reload(self) -> None:
        """Look again at what is here."""
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        try:
            here = shelf.installed()
        except UserError as error:
            here = []
            self.trouble.emit(str(error))
        names = {model.name for model in here}
        for model in here:
            self._add(self._installed_card(model))
        for entry in catalog.entries():
            if entry.name not in names and entry.runs != "convert":
                self._add(self._entry_card(entry))
        used = sum(model.size for model in here if model.present)
        count = len(here)
        self._total.setText(
            self.tr("{0} on this computer, {1:,.0f} MB together").format(count, used / 1e6)
            if here
            else self.tr("Only the built-in guide is on this computer yet.")
        )

    def import_file(self, path: Path) -> None:
        """Link the GGUF at ``path`` to the shelf, hashed beside the window's work."""

        def work() -> None:
            with GGUFFile.open(path) as file:
                title = file.get("general.name", str, "")
            importing.take(path, True, "", title, self._told)

        self._beside(work)

    def close_page(self) -> None:
        """Stop what runs beside and wait for it."""
        self._closing.set()
        if self._worker is not None:
            self._worker.join()

    def _add(self, card: QWidget) -> None:
        self._column.addWidget(card)
        card.show()  # at once: a click may come before the layout's own turn

    # -- cards ---------------------------------------------------------------------------------------------------

    def _installed_card(self, model: Installed) -> QWidget:
        state = (
            self.tr("verified {0}").format((model.verified_at or "")[:10])
            if model.verified
            else self.tr("not verified")
            if model.present
            else self.tr("its file is missing")
        )
        about = f"{model.size / 1e6:,.0f}\u2009MB · {state} · {model.origin}"
        card, column = self._card(model.name, model.title, about)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        for name, text, act in (
            ("useButton", self.tr("Chat with it"), lambda: self.model_chosen.emit(model)),
            ("verifyButton", self.tr("Verify"), lambda: self._verify(model)),
            ("revealButton", self.tr("Show file"), lambda: self._reveal(model)),
            ("removeButton", self.tr("Remove"), lambda: self._remove(model)),
        ):
            button = self._button(card, name, text, f"{text}: {model.title}", act)
            button.setEnabled(model.present or name == "removeButton")
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        return card

    def _entry_card(self, entry: Entry) -> QWidget:
        size = self.tr("{0:,.0f} MB").format(entry.size / 1e6) if entry.size else self.tr("size: on the hub")
        memory = self.tr("about {0:,.1f} GB of memory").format(entry.memory / 1e9)
        about = " · ".join((size, memory, entry.languages, entry.licence))
        card, column = self._card(entry.name, entry.title, f"{entry.good_for}\n{about}")
        column.addWidget(DownloadRow(self._theme, self._downloads.of_entry(entry), card))
        return card

    def _card(self, name: str, title: str, about: str) -> tuple[QFrame, QVBoxLayout]:
        card = QFrame(self._page)
        card.setObjectName(f"model_{name}")
        card.setAccessibleName(title)
        card.setFrameShape(QFrame.Shape.NoFrame)
        column = QVBoxLayout(card)
        column.setContentsMargins(0, Space.M, 0, Space.M)
        column.setSpacing(Space.XS)
        column.addWidget(self._text(title, Size.BODY))
        column.addWidget(self._text(about, Size.SMALL, quiet=True))
        return card, column

    def _foot(self, parent: QWidget) -> QHBoxLayout:
        self.repository = QLineEdit(parent)
        self.repository.setObjectName("repositoryField")
        self.repository.setPlaceholderText(
            self.tr("Any model of the hub: OWNER/REPO or OWNER/REPO/FILE.gguf")
        )
        self.repository.setAccessibleName(self.tr("Repository to fetch from"))
        self.repository.returnPressed.connect(self._fetch_repository)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.repository, 1)
        row.addWidget(
            self._button(
                parent, "fetchButton", self.tr("Fetch"), self.tr("Fetch from the hub"), self._fetch_repository
            )
        )
        row.addWidget(
            self._button(
                parent, "importButton", self.tr("Import a file…"), self.tr("Import a file"), self._choose_file
            )
        )
        return row

    def _text(self, text: str, size: Size, quiet: bool = False) -> QLabel:
        label = QLabel(text, self._page)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(self._theme.font(size, tabular=True))
        if quiet:
            label.setProperty("kind", "quiet")
        return label

    def _button(
        self, parent: QWidget, name: str, text: str, full: str, act: Callable[[], object]
    ) -> QPushButton:
        button = QPushButton(text, parent)
        button.setObjectName(name)
        button.setProperty("kind", "floating")
        button.setAccessibleName(full)
        button.setAccessibleDescription(full)
        button.clicked.connect(lambda: act())
        return button

    # -- what the person does ------------------------------------------------------------------------------------

    def _fetch_repository(self) -> None:
        owner, _, rest = self.repository.text().strip().removeprefix("https://huggingface.co/").partition("/")
        repo, _, file = rest.partition("/")
        if not owner or not repo:
            self._status.setText(self.tr("Write OWNER/REPO, as on the model's page."))
            return
        task = self._downloads.of_repository(f"{owner}/{repo}", file or None)
        card, column = self._card(task.name, task.title, "")
        column.addWidget(DownloadRow(self._theme, task, card))
        self._add(card)
        self.repository.clear()
        task.start()

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Import a model"), "", self.tr("Models (*.gguf)"))
        if name:
            self.import_file(Path(name))

    def _verify(self, model: Installed) -> None:
        def work() -> None:
            right = shelf.verify(
                model, lambda done: self._told(done / max(model.size, 1)), self._closing.is_set
            )
            if right is False:
                raise UserError(
                    f"{model.title} is damaged: its hash is not what it should be. Mend it with: tern models verify "
                    f"{model.name} --repair"
                )

        self._beside(work)

    def _reveal(self, model: Installed) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(model.path.parent)))

    def _remove(self, model: Installed) -> None:
        try:
            shelf.remove(model)
        except UserError as error:
            self._status.setText(str(error))
            return
        self.reload()
        self._status.setText(
            self.tr("{0} is forgotten; your file stays where it is.").format(model.title)
            if model.linked
            else self.tr("{0} is in the trash.").format(model.title)
        )

    def _arrived(self, model: Installed) -> None:
        self.reload()
        self._status.setText(self.tr("{0} is here and verified.").format(model.title))

    def _beside(self, work: Callable[[], None]) -> None:
        """Run ``work`` (hashing) on a thread; one at a time."""
        if self._worker is not None:
            self._status.setText(self.tr("Still hashing; one file at a time."))
            return

        def run() -> None:
            try:
                work()
            except TernError as error:
                self._done.emit(str(error))
            except OSError as error:
                self._done.emit(f"The file cannot be read ({error.strerror}).")
            else:
                self._done.emit("")

        self._worker = threading.Thread(target=run, name="tern-hash-page", daemon=True)
        self._worker.start()

    def _told(self, fraction: float) -> None:
        percent = int(100 * fraction)
        if percent != self._percent:
            self._percent = percent
            self._hashing.emit(percent)

    _percent = -1

    def _work_done(self, sentence: str) -> None:
        if self._worker is not None:
            self._worker.join()
            self._worker = None
        self.reload()
        self._status.setText(sentence or self.tr("The file is right."))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.import_file(path)


def _dropped(event: QDropEvent) -> Path | None:
    for url in event.mimeData().urls():
        if url.isLocalFile() and url.toLocalFile().endswith(".gguf"):
            return Path(url.toLocalFile())
    return None
