"""The models page: what is here, what can be had, and everything one can do with either. The library does the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tern import paths
from tern.errors import UserError
from tern.library import catalog, shelf
from tern.library.download_id import DownloadId
from tern.library.network import NetworkOptions
from tern.library.shelf import Installed
from tern.library.unfinished import Unfinished, unfinished
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import Downloads, DownloadTask
from tern.ui.models.hub_search import HubSearch
from tern.ui.models.model_actions import ModelActions, Saying
from tern.ui.models.model_cards import (
    Card,
    EntryCard,
    GuideCard,
    InstalledCard,
    JobCard,
    UnfinishedCard,
)
from tern.ui.models.template_page import TemplatePage
from tern.ui.shared.labels import button, text
from tern.ui.shared.notice import Notice
from tern.ui.shared.translate_errors import said
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.style.timing import UNDO_S

_WIDEST = 760


class ModelsPage(QWidget):
    """``model_chosen`` carries the :class:`Installed` model to chat with, None for the built-in guide."""

    model_chosen = Signal(object)
    template_requested = Signal(object)  # Installed
    network_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        downloads: Downloads,
        options: Callable[[], NetworkOptions],
        parent: QWidget | None = None,
        undo_s: float = UNDO_S,
    ) -> None:
        super().__init__(parent)
        self._theme, self._downloads = theme, downloads
        self._current: Path | None = None
        self._asked: dict[DownloadId, DownloadTask] = {}  # on this page
        self.setObjectName("modelsPage")
        self.setAccessibleName(self.tr("Models"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.acts = ModelActions(downloads, options, self, undo_s)
        area = QScrollArea(self)
        area.setAccessibleName(self.tr("Models"))
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # its keys scroll
        self._area = area
        self._page = QWidget(area)
        self._page.setObjectName("greeting")  # the same paper
        self._page.setAccessibleName(self.tr("Models"))
        middle = QWidget(self._page)
        middle.setMaximumWidth(_WIDEST)
        self._total = text(theme, "", Size.SMALL, middle, quiet=True)
        self._total.setObjectName("diskUsed")
        self._here, self._there = QVBoxLayout(), QVBoxLayout()
        for column in (self._here, self._there):
            column.setSpacing(Space.XS)
        self.search = HubSearch(theme, options, middle)
        self.repository = self.search.field
        self._headings = [
            text(theme, words, Size.LARGE, middle)
            for words in (
                self.tr("Models"),
                self.tr("On this computer"),
                self.tr("To download"),
                self.tr("Find on the hub"),
            )
        ]
        title, here, there, else_ = self._headings
        self._middle = outer = QVBoxLayout(middle)
        outer.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        outer.setSpacing(Space.S)
        for item in (title, self._total, self._foot(middle), _gap(middle), here):
            outer.addWidget(item)
        outer.addLayout(self._here)
        for item in (_gap(middle), else_, self.search, _gap(middle), there):
            outer.addWidget(item)
        outer.addLayout(self._there)
        outer.addStretch(1)
        row = QHBoxLayout(self._page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(middle, 1000)
        row.addStretch(1)
        area.setWidget(self._page)
        self.notice = Notice(theme, self)
        bottom = QVBoxLayout()
        bottom.setContentsMargins(Space.L, 0, Space.L, Space.S)
        bottom.addWidget(self.notice)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(area, 1)
        whole.addLayout(bottom)
        downloads.installed.connect(self._arrived)
        self.acts.said.connect(self.say)
        self.acts.changed.connect(self.reload)
        self.search.fetch_requested.connect(self._fetch)
        self.search.said.connect(lambda sentence: self.say(Saying(sentence, tone="error")))
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_current(self, path: Path | None) -> None:
        """Say which file answers now."""
        if path != self._current:
            self._current = path
            self.reload()

    def say(self, saying: Saying) -> None:
        """Show a sentence at the foot of the page."""
        self.notice.show_message(saying.text, saying.button, saying.act, saying.tone, saying.seconds)

    def reload(self) -> None:
        """Look again at what is here."""
        had: QWidget | None = self.focusWidget()
        if had is not None and not self.search.isAncestorOf(had) and self._page.isAncestorOf(had):
            self._rest()  # or a card that goes hands it to the next field, which is the network's
        else:
            had = None
        self._list()
        if had is not None:
            self._return_to(had)

    def _rest(self) -> None:
        """Give the keyboard to what does nothing with it but scroll. Never by itself to the search field: what a
        person types believing to be elsewhere would be sent to the hub."""
        self._area.setFocus(Qt.FocusReason.OtherFocusReason)

    def _return_to(self, had: QWidget) -> None:
        """Give the keyboard back to what does the same on the card that took the place of the old one."""
        card = had.parentWidget()
        while card is not None and not isinstance(card, Card):
            card = card.parentWidget()
        if card is None or not had.objectName():
            return
        for new in self._page.findChildren(QWidget, card.objectName()):
            if new is card or new.isHidden():
                continue
            for same in new.findChildren(QWidget, had.objectName()):
                if same.isVisible() and same.isEnabled():
                    same.setFocus(Qt.FocusReason.OtherFocusReason)
                    return

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rest()

    def _list(self) -> None:
        for column in (self._here, self._there):
            while (item := column.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()
        try:
            here = [model for model in shelf.installed() if not self.acts.is_going(model)]
            left = unfinished()
            used, prepared = shelf.disk_used()
        except UserError as error:
            self.say(Saying(said(error), tone="error"))
            return
        if self.acts.job is not None and not self.acts.busy_with:
            self._add(self._here, JobCard(self._theme, self.acts.job, self._page))
        origins = {model.origin for model in here}
        names = {model.name for model in here}
        offered = [
            entry
            for entry in catalog.entries()
            if entry.name not in names and f"{entry.repo}/{entry.file}" not in origins
        ]
        self._list_unfinished(left, {f"{entry.repo}/{entry.file}" for entry in offered})
        for model in here:
            task = self._downloads.running_for(model.name)
            card = InstalledCard(self._theme, model, self.acts, model.path == self._current, task, self._page)
            card.use_requested.connect(self.model_chosen)
            card.template_requested.connect(self.template_requested)
            self._add(self._here, card)
        guide = paths.guide_model()
        guide_card = GuideCard(self._theme, guide, guide == self._current, self._page)
        guide_card.use_requested.connect(lambda: self.model_chosen.emit(None))
        self._add(self._here, guide_card)
        for entry in offered:
            task = self._downloads.of_entry(entry)
            self._add(self._there, EntryCard(self._theme, entry, task, self._page))
        self._show_total(here, used, prepared)

    def _list_unfinished(self, left: list[Unfinished], offered: set[str]) -> None:
        """A card for each download that no other card shows: not those of what the catalogue offers, nor updates and
        repairs, which the installed model's own card shows."""
        on_disk = {item.id for item in left}
        listed = [
            (task, False)
            for key, task in self._asked.items()
            if key not in on_disk and (task.running or task.error)  # of which nothing has come yet
        ]
        listed += [(self._downloads.of_unfinished(item), item.damaged) for item in left]
        for task, damaged in listed:
            if task.id.kind == "fetch" and task.id.label not in offered:
                self._add(self._here, UnfinishedCard(self._theme, task, damaged, self._page))

    def _show_total(self, here: list[Installed], used: int, prepared: int) -> None:
        free = shutil.disk_usage(shelf.models_dir()).free / 1e9
        if not here and not used:
            words = self.tr(
                "Only the built-in guide is on this computer yet; {0:,.0f} GB of the disk are free."
            )
            self._total.setText(words.format(free))
            return
        count = self.tr("%n model(s)", "", len(here))
        words = self.tr("{0} · {1:,.0f} MB of the disk used, {2:,.0f} GB free")
        total = words.format(count, (used + prepared) / 1e6, free)
        if prepared > 1e7:
            total += "\n" + self.tr(
                "{0:,.0f} MB of that were prepared here, so that models start and talk faster."
            ).format(prepared / 1e6)
        self._total.setText(total)

    def import_path(self, path: Path) -> None:
        """Put the GGUF, or the folder of safetensors, at ``path`` on the shelf."""
        self.acts.import_path(path)

    def show_template(self, model: Installed, template: str, known: bool) -> TemplatePage:
        """Ask whether the template of ``model`` may be run, and remember the answer."""
        page = TemplatePage(self._theme, model, template, known, self)

        def remember(allowed: bool) -> None:
            shelf.allow_template(model, allowed)
            self.reload()

        page.answered.connect(remember)
        page.show()
        return page

    def close_page(self) -> None:
        """Stop what runs beside and wait for it."""
        for page in self.window().findChildren(TemplatePage):
            page.close()
        self.acts.close()
        self.search.close_search()

    def _foot(self, parent: QWidget) -> QWidget:
        place = QWidget(parent)
        self._buttons = row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        acts = self.acts
        for name, words, about, act in (
            ("importButton", self.tr("Import a file…"), self.tr("a GGUF of yours"), acts.ask_import),
            (
                "importFolderButton",
                self.tr("Import a folder…"),
                self.tr("safetensors of BitNet 2B4T"),
                acts.ask_import_folder,
            ),
            (
                "networkButton",
                self.tr("Connections…"),
                self.tr("every connection that was made, and your token for the hub"),
                self.network_requested.emit,
            ),
        ):
            row.addWidget(button(place, name, words, about, act), 0, Qt.AlignmentFlag.AlignLeft)
        row.addStretch(1)
        return place

    def _add(self, column: QVBoxLayout, card: QWidget) -> None:
        column.addWidget(card)
        card.show()  # at once: a click may come before the layout's own turn

    def _fetch(self, repo: str, file: str) -> None:
        task = self._downloads.of_repository(repo, file)
        self._asked[task.id] = task
        task.start()
        self.reload()
        for card in self._page.findChildren(Card):
            if card.isVisible() and any(row.task is task for row in card.findChildren(DownloadRow)):
                self._middle.activate()  # the card that is to be seen has no place yet
                self._area.ensureWidgetVisible(card)

    def _arrived(self, model: Installed) -> None:
        self.reload()
        self.say(Saying(self.tr("{0} is here and verified.").format(model.title)))

    def _fit(self) -> None:
        """The buttons beside each other, or where that is too wide below each other."""
        found = [item.widget() for at in range(self._buttons.count()) if (item := self._buttons.itemAt(at))]
        wide = sum(one.sizeHint().width() + Space.S for one in found if one is not None)
        beside = wide <= min(self.width(), _WIDEST) - 2 * Space.XL - Space.L
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._buttons.setDirection(way)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _restyle(self) -> None:
        self._fit()
        for heading, size in zip(self._headings, (Size.TITLE, *[Size.LARGE] * 3), strict=True):
            heading.setFont(self._theme.font(size, weight=QFont.Weight.DemiBold))
        self._total.setFont(self._theme.font(Size.SMALL, tabular=True))
        self.reload()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.import_path(path)


def _gap(parent: QWidget) -> QLabel:
    """A hairline between two parts."""
    line = QLabel(parent)
    line.setFixedHeight(Space.L)
    return line


def _dropped(event: QDropEvent) -> Path | None:
    for url in event.mimeData().urls():
        path = Path(url.toLocalFile()) if url.isLocalFile() else None
        if path is None:
            continue
        if path.suffix.lower() == ".safetensors":  # the whole folder is meant
            return path.parent
        if path.is_dir() or shelf.is_model(path):
            return path
    return None
