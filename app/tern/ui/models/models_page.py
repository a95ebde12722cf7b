"""The models page: what is here, what can be had, and everything one can do with either. The library does the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern import paths
from tern.errors import UserError
from tern.library import catalog, shelf
from tern.library.catalog import CatalogEntry
from tern.library.download_id import DownloadId
from tern.library.network import NetworkOptions
from tern.library.shelf import Installed
from tern.library.unfinished import Unfinished, unfinished
from tern.metrics.forecast import Forecast
from tern.settings import READING_PACE
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import Downloads, DownloadTask
from tern.ui.models.hub_search import HubSearch
from tern.ui.models.model_actions import ModelActions, Saying
from tern.ui.models.model_cards import (
    EntryCard,
    GuideCard,
    HeroCard,
    InstalledCard,
    JobCard,
    UnfinishedCard,
    drop,
)
from tern.ui.models.model_row import ModelRow
from tern.ui.models.template_page import TemplatePage
from tern.ui.models.trouble import Trouble
from tern.ui.shared.labels import button, text
from tern.ui.shared.notice import Notice
from tern.ui.shared.translate_errors import said
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import size_text
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.style.timing import UNDO_S

_WIDEST = 760
_NARROW = 560


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
        self._forecast: Forecast | None = None
        self._pace = READING_PACE.default
        self._unfolded: set[str] = set()  # rows whose details are open, by object name
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
        self._top, self._here, self._there, self._folded = (QVBoxLayout() for _ in range(4))
        for column in self._columns:
            column.setSpacing(0)
        self.trouble = Trouble(theme, middle)
        self.trouble.retried.connect(self.reload)
        self._more = QToolButton(middle)
        self._more.setObjectName("moreModelsButton")
        self._more.setProperty("kind", "more")
        self._more.setCheckable(True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._more.setAccessibleDescription(self.tr("Models for research and conversion."))
        self._more.toggled.connect(self.reload)
        self.search = HubSearch(theme, options, middle)
        self.repository = self.search.field
        here, there, else_ = self._headings = [
            text(theme, words, Size.BODY, middle)
            for words in (
                self.tr("On this computer"),
                self.tr("Available to download"),
                self.tr("Find on Hugging Face"),
            )
        ]
        self._there_heading = there
        self._middle = outer = QVBoxLayout(middle)
        outer.setSpacing(Space.S)
        outer.addWidget(self.trouble)
        outer.addLayout(self._top)
        outer.addLayout(_beside(here, self._import_button(middle)))
        outer.addWidget(self._total)
        outer.addLayout(self._here)
        outer.addSpacing(Space.L)
        outer.addWidget(there)
        outer.addLayout(self._there)
        outer.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addLayout(self._folded)
        outer.addSpacing(Space.L)
        log = button(
            middle,
            "networkButton",
            self.tr("Network log"),
            self.tr("every connection made, and your access token"),
            self.network_requested.emit,
        )
        outer.addLayout(_beside(else_, log))
        outer.addWidget(self.search)
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
        self.search.shown.connect(self._show_found)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def _columns(self) -> tuple[QVBoxLayout, ...]:
        return self._top, self._here, self._there, self._folded

    def show_forecast(self, forecast: Forecast, pace: int = READING_PACE.default) -> None:
        """Say how fast the model that Tern is made for will be here; ``pace``: words a minute that the person reads."""
        self._forecast, self._pace = forecast, pace
        for hero in self._page.findChildren(HeroCard):
            hero.show_forecast(forecast, pace)

    def forget_troubles(self) -> None:
        """The network is another now: what went wrong may be past."""
        self.search.forget_trouble()

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
        card: QWidget | None = had.parentWidget()
        while card is not None and not isinstance(card, ModelRow | HeroCard):
            card = card.parentWidget()
        if card is None:
            if had.isVisible():  # of the page itself
                had.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if not had.objectName():
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
        for column in self._columns:
            while (item := column.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()
        try:
            here = [model for model in shelf.installed() if not self.acts.is_going(model)]
            left = unfinished()
            used, prepared = shelf.disk_used()
        except UserError as error:
            self.trouble.tell(self.tr("Your models could not be listed"), said(error))
            return
        self.trouble.clear()
        if self.acts.job is not None and not self.acts.busy_with:
            self._add(self._here, JobCard(self._theme, self.acts.job, self._page))
        origins = {model.origin for model in here}
        names = {model.name for model in here}
        hero = catalog.entries()[0]
        offered = [
            entry
            for entry in catalog.entries()
            if entry.name not in names and f"{entry.repo}/{entry.file}" not in origins
        ]
        self._list_unfinished(left, {f"{entry.repo}/{entry.file}" for entry in offered})
        here.sort(key=lambda model: model.origin != f"{hero.repo}/{hero.file}")
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
        self._list_offered(hero, offered)
        self._show_total(here, used, prepared)

    def _list_offered(self, hero: CatalogEntry, offered: list[CatalogEntry]) -> None:
        """The hero first; what is for research and conversion behind a button, unless it is under way."""
        folded = 0
        for entry in offered:
            task = self._downloads.of_entry(entry)
            if entry is hero:
                self._add(
                    self._top, HeroCard(self._theme, entry, task, self._forecast, self._page, self._pace)
                )
                self._top.addSpacing(Space.L)
                continue
            begun = task.running or task.progress is not None
            folded += entry.folded
            if entry.folded and not begun and not self._more.isChecked():
                continue
            card = EntryCard(self._theme, entry, task, self._page)
            card.files_requested.connect(self._list_files)
            self._add(self._folded if entry.folded else self._there, card)
        self._there_heading.setVisible(any(entry is not hero for entry in offered))
        self._more.setVisible(folded > 0)
        self._more.setText(self.tr("More models ({0})").format(folded))
        caret = "caret-down" if self._more.isChecked() else "caret-right"
        self._more.setIcon(action_icon(caret, self._theme, "quiet"))

    def _list_files(self, repo: str) -> None:
        self.repository.setText(repo)
        self.search.list_files(repo)

    def _show_found(self) -> None:
        """Bring what was found into view, from the field on."""
        self._middle.activate()
        self._area.ensureWidgetVisible(self.search)
        self._area.ensureWidgetVisible(self.repository)

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
        free = self.tr("{0} free").format(size_text(shutil.disk_usage(shelf.models_dir()).free, rough=True))
        if not here and not used:
            self._total.setText(self.tr("Only the built-in guide so far · {0}").format(free))
            return
        count = QCoreApplication.translate(
            "ModelsPage", "%n model(s)", "", len(here)
        )  # tr() of a class with heirs does not find plurals
        taken = self.tr("{0} used").format(size_text(used + prepared))
        if prepared > 1e7:
            taken = self.tr("{0} used, including {1} of speed cache").format(
                size_text(used + prepared), size_text(prepared)
            )
        self._total.setText(" · ".join((count, taken, free)))

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

    def _import_button(self, parent: QWidget) -> QPushButton:
        made = button(parent, "importButton", self.tr("Import…"), self.tr("models you already have"))
        menu = QMenu(made)
        menu.setObjectName("importMenu")
        menu.setAccessibleName(self.tr("Import…"))
        for name, words, act in (
            ("importFileAction", self.tr("GGUF file…"), self.acts.ask_import),
            ("importFolderAction", self.tr("Folder of safetensors…"), self.acts.ask_import_folder),
        ):
            menu.addAction(words, act).setObjectName(name)
        made.clicked.connect(lambda: drop(menu, made))
        return made

    def _add(self, column: QVBoxLayout, card: QWidget) -> None:
        column.addWidget(card)
        if isinstance(card, ModelRow):
            name = card.objectName()
            if name in self._unfolded:
                card.unfold()
            card.unfolded.connect(lambda opened: self._keep_unfolded(name, opened))
        card.show()  # at once: a click may come before the layout's own turn

    def _keep_unfolded(self, name: str, opened: bool) -> None:
        (self._unfolded.add if opened else self._unfolded.discard)(name)

    def _fetch(self, repo: str, file: str) -> None:
        task = self._downloads.of_repository(repo, file)
        self._asked[task.id] = task
        task.start()
        self.reload()
        for card in self._page.findChildren(QFrame):
            if (
                isinstance(card, ModelRow | HeroCard)
                and card.isVisible()
                and any(row.task is task for row in card.findChildren(DownloadRow))
            ):
                self._middle.activate()  # the card that is to be seen has no place yet
                self._area.ensureWidgetVisible(card)

    def _arrived(self, model: Installed) -> None:
        self.reload()
        self.say(Saying(self.tr("{0} is ready (hash verified).").format(model.title)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Less margin where there is little room."""
        side = Space.XL if self.width() >= _NARROW else Space.L
        self._middle.setContentsMargins(side, Space.XL, side, Space.XL)

    def _restyle(self) -> None:
        self._fit()
        for heading in self._headings:
            heading.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        self._total.setFont(self._theme.font(Size.SMALL, tabular=True))
        self._more.setIconSize(self._theme.icon_size)
        self.reload()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.import_path(path)


def _beside(heading: QLabel, act: QWidget) -> QHBoxLayout:
    """A heading with a button at its other end."""
    row = QHBoxLayout()
    row.setSpacing(Space.S)
    row.addWidget(heading, 1)
    row.addWidget(act, 0, Qt.AlignmentFlag.AlignVCenter)
    return row


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
