"""Find a model on the hub: a repository by its name, or by words; its files with size, licence and whether they fit
this computer. Nothing is fetched before its button is pressed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import psutil
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from tern.library import hub_client, shelf
from tern.library.hub_client import HubHit, Repository
from tern.library.network import NetworkOptions
from tern.library.shards import shards
from tern.library.shelf import SPARE
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.style.theme import Size, Space, Theme

_MOST = 12
_PAGE = "https://huggingface.co/"
_BESIDE = 1.1  # of a file's bytes: the memory that it takes with a conversation, at least


class HubSearch(QWidget):
    """``fetch_requested`` carries the repository and the file."""

    fetch_requested = Signal(str, str)
    said = Signal(str)

    def __init__(self, theme: Theme, options: Callable[[], NetworkOptions], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._options = theme, options
        self._job: Job | None = None
        self.field = QLineEdit(self)
        self.field.setObjectName("repositoryField")
        self.field.setPlaceholderText(self.tr("Words to search for, or OWNER/REPO"))
        self.field.setAccessibleName(self.tr("Find a model on the hub"))
        self.field.setAccessibleDescription(
            self.tr("Words of a model's name, or OWNER/REPO, or OWNER/REPO/FILE.gguf as on its page.")
        )
        self.field.returnPressed.connect(self.go)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.field, 1)
        row.addWidget(button(self, "fetchButton", self.tr("Find"), self.tr("a model on the hub"), self.go))
        self._found = QVBoxLayout()
        self._found.setSpacing(Space.XS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addLayout(self._found)

    def go(self) -> None:
        """Search for the words, or show what is in the repository that is named."""
        wanted = self.field.text().strip().removeprefix(_PAGE).strip("/")
        owner, _, rest = wanted.partition("/")
        if not wanted:
            self.said.emit(self.tr("Write words of a model's name, or OWNER/REPO as on its page."))
        elif not rest:
            self._search(wanted)
        else:
            repo, _, file = rest.partition("/")
            file = file.removeprefix("resolve/main/").removeprefix("blob/main/")
            self._list(f"{owner}/{repo}", file)

    def close_search(self) -> None:
        """Wait for a question under way."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _search(self, words: str) -> None:
        def show(found: object) -> None:
            hits = cast(list[HubHit], found)
            for hit in hits:
                about = self.tr("{0} · {1:,} downloads").format(hit.repo, hit.downloads)
                self._row(about, "hitButton", self.tr("Files"), hit.repo, partial(self._list, hit.repo))
            if not hits:
                self.said.emit(self.tr("The hub has no GGUF with these words. Try fewer."))

        options = self._options()
        self._ask(words, lambda progress: hub_client.search(options, words, _MOST), show)

    def _list(self, repo: str, only: str = "") -> None:
        """The models of a repository, or the one file that is asked for."""

        def show(found: object) -> None:
            there = cast(Repository, found)
            models = [name for name in hub_client.models(list(there.files)) if name.lower().endswith(".gguf")]
            if only:
                models = [only] if only in there.files else []
            if not models:
                words = self.tr("{0} has no file {1}.") if only else self.tr("{0} has no GGUF file.")
                self.said.emit(words.format(repo, only))
                return
            licence = there.licence or self.tr("not stated")
            about = self.tr("{0} · licence: {1}").format(repo, licence)
            heading = text(self._theme, about, Size.SMALL, self, quiet=True)
            self._found.addWidget(heading)
            heading.show()
            for name in models:
                whole = sum(there.files.get(part) or 0 for part in shards(name))
                about = f"{name} · {_size(whole)} · {self._fit(whole)}" if whole else name
                act = partial(self.fetch_requested.emit, repo, name)
                self._row(about, "fileButton", self.tr("Download"), name, act)

        options = self._options()
        self._ask(repo, lambda progress: hub_client.repository(options, repo), show)

    def _fit(self, size: int) -> str:
        """Whether a file of ``size`` bytes has room here."""
        free, memory = shutil.disk_usage(shelf.models_dir()).free, psutil.virtual_memory().total
        if size + SPARE > free:
            return self.tr("too large for the disk: {0} free").format(_size(free))
        if size * _BESIDE > memory:
            return self.tr("too large for this computer's memory: {0}").format(_size(memory))
        return self.tr("fits this computer")

    def _ask(self, what: str, question: Callable[[Any], object], show: Callable[[object], None]) -> None:
        if self._job is not None:
            return
        self._clear()
        self._found.addWidget(text(self._theme, self.tr("Asking the hub…"), Size.SMALL, self, quiet=True))
        job = Job(what, question, self)
        job.ended.connect(self._answered)
        job.done.connect(show)
        job.failed.connect(self.said)
        self._job = job
        job.start()

    def _answered(self) -> None:
        self._job = None
        self._clear()

    def _row(self, about: str, name: str, words: str, what: str, act: Callable[[], object]) -> None:
        place = QWidget(self)
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(text(self._theme, about, Size.SMALL, place), 1)
        row.addWidget(button(place, name, words, what, act))
        self._found.addWidget(place)
        place.show()

    def _clear(self) -> None:
        while (item := self._found.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


def _size(count: int) -> str:
    if count >= 1e9:
        return f"{count / 1e9:,.2f}\u2009GB"
    return f"{count / 1e6:,.0f}\u2009MB" if count >= 1e6 else f"{max(count / 1e3, 1):,.0f}\u2009KB"
