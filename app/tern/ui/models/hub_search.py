"""Find a model on the hub: a repository by its name, or by words; its files with size, licence and whether they fit
this computer. Nothing is fetched before its button is pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from tern.library import hub_client, shelf
from tern.library.hub_client import HubHit, Repository
from tern.library.network import NetworkOptions
from tern.library.shards import shards
from tern.ui.models.fit import fit_of_file
from tern.ui.models.trouble import Trouble
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.style.number_text import count_text, size_text
from tern.ui.style.theme import Size, Space, Theme

_MOST = 12
_PAGE = "https://huggingface.co/"


class HubSearch(QWidget):
    """``fetch_requested`` carries the repository and the file."""

    fetch_requested = Signal(str, str)
    shown = Signal()  # what was found, or that there is none

    def __init__(self, theme: Theme, options: Callable[[], NetworkOptions], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._options = theme, options
        self._job: Job | None = None
        self._again: Callable[[], None] = lambda: None
        self.field = QLineEdit(self)
        self.field.setObjectName("repositoryField")
        self.field.setPlaceholderText(self.tr("Search words, or OWNER/REPO"))
        self.field.setAccessibleName(self.tr("Find a model on Hugging Face"))
        self.field.setAccessibleDescription(
            self.tr("Words of a model's name, or OWNER/REPO, or OWNER/REPO/FILE.gguf as on its page.")
        )
        self.field.returnPressed.connect(self.go)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.field, 1)
        row.addWidget(button(self, "fetchButton", self.tr("Find"), self.tr("a model on the hub"), self.go))
        self._found = QVBoxLayout()
        self._found.setSpacing(0)
        self.trouble = Trouble(theme, self)
        self.trouble.retried.connect(lambda: self._again())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self.trouble)
        column.addLayout(self._found)

    def go(self) -> None:
        """Search for the words, or show what is in the repository that is named."""
        wanted = self.field.text().strip().removeprefix(_PAGE).strip("/")
        owner, _, rest = wanted.partition("/")
        if not wanted:
            self._clear()
            self._quiet(self.tr("Type words of a model's name, or OWNER/REPO as on its page."))
        elif not rest:
            self._search(wanted)
        else:
            repo, _, file = rest.partition("/")
            file = file.removeprefix("resolve/main/").removeprefix("blob/main/")
            self.list_files(f"{owner}/{repo}", file)

    def forget_trouble(self) -> None:
        """The network is another now: what went wrong may be past."""
        self.trouble.clear()

    def close_search(self) -> None:
        """Wait for a question under way."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait()

    def _search(self, words: str) -> None:
        def show(found: object) -> None:
            hits = cast(list[HubHit], found)
            for hit in hits:
                owner = hit.repo.partition("/")[0]
                about = self.tr("{0} · {1} downloads").format(owner, count_text(hit.downloads))
                act = partial(self.list_files, hit.repo)
                title = shelf.title_of(hit.repo)
                self._row(title, about, "hitButton", self.tr("Files"), hit.repo, act)
            if not hits:
                self._quiet(self.tr("No matches. Try fewer words."))

        options = self._options()
        self._ask(
            words,
            lambda progress: hub_client.search(options, words, _MOST),
            show,
            self.tr("The search failed"),
            lambda: self._search(words),
        )

    def list_files(self, repo: str, only: str = "") -> None:
        """Show the models of a repository, or the one file that is asked for."""

        def show(found: object) -> None:
            there = cast(Repository, found)
            models = [name for name in hub_client.models(list(there.files)) if name.lower().endswith(".gguf")]
            if only:
                models = [only] if only in there.files else []
            if not models:
                words = self.tr("{0} has no file {1}.") if only else self.tr("{0} has no GGUF file.")
                self._quiet(words.format(repo, only))
                return
            licence = there.licence or self.tr("not stated")
            about = self.tr("{0} · licence: {1}").format(repo, licence)
            self._quiet(about)
            for name in models:
                whole = sum(there.files.get(part) or 0 for part in shards(name))
                about = f"{size_text(whole)} · {fit_of_file(whole).words}" if whole else ""
                act = partial(self.fetch_requested.emit, repo, name)
                self._row(name, about, "fileButton", self.tr("Download"), name, act)

        options = self._options()
        self._ask(
            repo,
            lambda progress: hub_client.repository(options, repo),
            show,
            self.tr("The files could not be listed"),
            lambda: self.list_files(repo, only),
        )

    def _ask(
        self,
        what: str,
        question: Callable[[Any], object],
        show: Callable[[object], None],
        headline: str,
        again: Callable[[], None],
    ) -> None:
        if self._job is not None:
            return
        self._clear()
        self._again = again
        self._quiet(self.tr("Asking Hugging Face…"))
        job = Job(what, question, self)
        job.ended.connect(self._answered)
        job.done.connect(show)
        job.done.connect(self.shown)
        job.failed.connect(lambda sentence: self.trouble.tell(headline, sentence))
        job.failed.connect(self.shown)
        self._job = job
        job.start()

    def _answered(self) -> None:
        self._job = None
        self._clear()

    def _quiet(self, words: str) -> None:
        label: QLabel = text(self._theme, words, Size.SMALL, self, quiet=True)
        label.setObjectName("searchNote")
        label.setContentsMargins(0, Space.XS, 0, Space.XS)
        self._found.addWidget(label)
        label.show()

    def _row(
        self, title: str, about: str, name: str, words: str, what: str, act: Callable[[], object]
    ) -> None:
        place = QFrame(self)
        place.setProperty("kind", "modelRow")
        row = QHBoxLayout(place)
        row.setContentsMargins(0, Space.S, Space.S, Space.S)
        row.setSpacing(Space.S)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(text(self._theme, title, Size.CONTROL, place))
        if about:
            lines.addWidget(text(self._theme, about, Size.SMALL, place, quiet=True))
        row.addLayout(lines, 1)
        row.addWidget(button(place, name, words, what, act))
        self._found.addWidget(place)
        place.show()

    def _clear(self) -> None:
        self.trouble.clear()
        while (item := self._found.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
