"""The cards of the models page: one that is here, one that can be had, one still on its way. They ask by signals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, Qt, Signal
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tern.engine import can_chat
from tern.engine.convert.recode import ENCODINGS, Encoding
from tern.library.catalog import CatalogEntry
from tern.library.shelf import Installed
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import DownloadTask
from tern.ui.models.model_actions import ModelActions
from tern.ui.shared.job_row import JobRow
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.shared.reveal import reveal
from tern.ui.shared.translate_errors import said
from tern.ui.style.theme import Size, Space, Theme


class Card(QFrame):
    """A title, a few quiet facts, and room for what can be done."""

    def __init__(self, theme: Theme, name: str, title: str, about: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName(f"model_{name}")
        self.setAccessibleName(title)
        self.setAccessibleDescription(about)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, Space.M, 0, Space.M)
        self.column.setSpacing(Space.XS)
        heading = text(theme, title, Size.BODY, self)
        heading.setFont(theme.font(Size.BODY, weight=QFont.Weight.DemiBold))
        self.column.addWidget(heading)
        if about:
            self.column.addWidget(text(theme, about, Size.SMALL, self, quiet=True))


class InstalledCard(Card):
    """A model that is here. ``job`` and ``task``: what is being done with it, if anything; ``used``: it answers now."""

    use_requested = Signal(object)  # Installed
    template_requested = Signal(object)  # Installed

    def __init__(
        self,
        theme: Theme,
        model: Installed,
        acts: ModelActions,
        used: bool,
        task: DownloadTask | None,
        parent: QWidget,
    ) -> None:
        super().__init__(theme, model.name, model.title, facts(model), parent)
        self._model, self._acts = model, acts
        job = acts.job if acts.busy_with == model.name else None
        if job is not None:
            self.column.addWidget(JobRow(theme, job, self))
        if task is not None:
            self.column.addWidget(DownloadRow(theme, task, self))
            task.cancelled.connect(self._look_again)
        here = model.present and not model.damaged and model.path.suffix == ".gguf"
        if here and (problem := can_chat.problem(model.path)):
            self.column.addWidget(text(theme, said(problem), Size.SMALL, self))
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        if model.damaged or (not model.present and model.from_hub and not model.linked):
            mend = button(self, "mendButton", _tr("Mend it"), model.title, partial(acts.mend, model))
            mend.setEnabled(model.from_hub and not model.linked and task is None)
            row.addWidget(mend)
        else:
            words = _tr("In use") if used else _tr("Chat with it")
            use = button(self, "useButton", words, model.title, partial(self.use_requested.emit, model))
            use.setEnabled(model.present and not used)
            row.addWidget(use)
        verify = button(self, "verifyButton", _tr("Verify"), model.title, partial(acts.verify, model))
        verify.setEnabled(model.present and acts.job is None)
        row.addWidget(verify)
        row.addWidget(self._more(model))
        row.addStretch(1)
        self.column.addSpacing(Space.XS)
        self.column.addLayout(row)

    def _look_again(self) -> None:
        """Nothing is left of the download, and a file that was to be mended is back in its place."""
        self._acts.changed.emit()

    def _more(self, model: Installed) -> QPushButton:
        more = button(self, "moreButton", _tr("More"), model.title)
        more.setAccessibleDescription(_tr("Opens the list of what else can be done with this model."))
        menu = QMenu(more)
        more.clicked.connect(lambda: drop(menu, more))
        menu.setObjectName("moreMenu")
        menu.setAccessibleName(model.title)
        acts, here = self._acts, model.present
        gguf = model.gguf
        update = _add(menu, "updateAction", _tr("Look for a newer version"), acts.look_for_update, model)
        update.setEnabled(model.from_hub)
        if gguf:
            _add(
                menu, "templateAction", _tr("Chat template…"), self.template_requested.emit, model
            ).setEnabled(here)
            menu.addSeparator()
            for encoding in ENCODINGS:
                words = _tr("Convert to {0}…").format(encoding.upper())
                convert = partial(_convert, acts, encoding, False)
                _add(menu, f"convert_{encoding}", words, convert, model).setEnabled(here)
            export = partial(_convert, acts, "tq2_0", True)
            _add(menu, "exportAction", _tr("Export for llama.cpp…"), export, model).setEnabled(here)
        else:
            make = _add(
                menu, "makeAction", _tr("Make a GGUF of it"), lambda m: acts.import_path(m.path.parent), model
            )
            make.setEnabled(here)
        menu.addSeparator()
        _add(menu, "revealAction", _tr("Show the file"), lambda m: reveal(m.path), model).setEnabled(here)
        if model.linked:
            _add(menu, "copyAction", _tr("Copy into Tern's folder"), acts.copy_in, model).setEnabled(here)
        remove = _tr("Forget it") if model.linked else _tr("Move to the trash")
        _add(menu, "removeAction", remove, acts.remove, model)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda place: menu.popup(self.mapToGlobal(place)))
        return more


class GuideCard(Card):
    """The built-in guide: always there, never removed."""

    use_requested = Signal()

    def __init__(self, theme: Theme, path: Path, used: bool, parent: QWidget) -> None:
        size = path.stat().st_size / 1e6 if path.is_file() else 0.0
        about = _tr("{0:,.0f} MB · built in · answers questions about Tern, and nothing else").format(size)
        super().__init__(theme, "guide", _tr("Tern's guide"), about, parent)
        words = _tr("In use") if used else _tr("Chat with it")
        use = button(self, "useGuideButton", words, _tr("Tern's guide"), self.use_requested.emit)
        use.setEnabled(not used)
        row = QHBoxLayout()
        row.addWidget(use)
        row.addStretch(1)
        self.column.addSpacing(Space.XS)
        self.column.addLayout(row)


class EntryCard(Card):
    """A model of the catalogue."""

    def __init__(self, theme: Theme, entry: CatalogEntry, task: DownloadTask, parent: QWidget) -> None:
        size = _tr("{0:,.0f} MB").format(entry.size / 1e6) if entry.size else _tr("size: asked of the hub")
        runs = {
            "tern": _tr("runs in Tern's own engine"),
            "llama.cpp": _tr("runs through llama.cpp"),
            "convert": _tr("becomes a GGUF on this computer"),
        }[entry.runs]
        facts = (
            size,
            _tr("about {0:,.1f} GB of memory").format(entry.memory / 1e9),
            _tr("context {0:,}").format(entry.context) if entry.context else _tr("context: as its file says"),
            _of_catalogue(entry.languages),
            entry.licence,
            runs,
            _tr("checked by Tern's makers")
            if entry.status == "verified here"
            else _tr("listed, not tried here"),
        )
        super().__init__(
            theme, entry.name, entry.title, f"{_of_catalogue(entry.good_for)}\n{' · '.join(facts)}", parent
        )
        self.column.addSpacing(Space.XS)
        self.column.addWidget(DownloadRow(theme, task, self))


class UnfinishedCard(Card):
    """A download of a model that is neither here nor in the catalogue. ``damaged``: it lies aside to be mended."""

    def __init__(self, theme: Theme, task: DownloadTask, damaged: bool, parent: QWidget) -> None:
        about = f"{task.id.repo} · {task.id.file}"
        if damaged:
            about += "\n" + _tr("It arrived damaged; only the damaged parts are fetched again.")
        super().__init__(theme, f"unfinished_{task.name}", task.title, about, parent)
        self.column.addWidget(DownloadRow(theme, task, self))


class JobCard(Card):
    """Something under way that is about no model yet."""

    def __init__(self, theme: Theme, job: Job, parent: QWidget) -> None:
        super().__init__(theme, "job", job.label, "", parent)
        self.column.addWidget(JobRow(theme, job, self))


def facts(model: Installed) -> str:
    """``1,188 MB · verified today at 14:05 · 42.1 tokens/s here``, and where it came from."""
    if model.verified:
        state = _tr("verified {0}").format(when(model.verified_at or ""))
    elif model.damaged:
        state = _tr("damaged")
    else:
        state = _tr("changed since it was verified") if model.present else _tr("its file is missing")
    parts = [_tr("{0:,.0f} MB").format(model.total / 1e6), state]
    if model.speed is not None:
        parts.append(_tr("{0:,.1f} tokens/s here").format(model.speed))
    if model.linked:
        parts.append(_tr("your own file"))
    where = str(model.path) if model.linked else model.origin
    return f"{' · '.join(parts)}\n{where}"


def when(utc: str) -> str:
    """A record's time as the person's system writes it: today only the hour."""
    try:
        at = datetime.fromisoformat(utc).astimezone()
    except ValueError:
        return utc
    moment = QDateTime.fromSecsSinceEpoch(int(at.timestamp()))
    short = QLocale.FormatType.ShortFormat
    if at.date() == datetime.now().astimezone().date():
        return _tr("today at {0}").format(QLocale().toString(moment.time(), short))
    return _tr("on {0}").format(QLocale().toString(moment.date(), short))


def drop(menu: QMenu, below: QWidget) -> None:
    """Open ``menu`` under a widget, without waiting for the choice."""
    menu.popup(below.mapToGlobal(below.rect().bottomLeft()))


def _add(menu: QMenu, name: str, words: str, act: Callable[[Installed], object], model: Installed) -> QAction:
    action = QAction(words, menu)
    action.setObjectName(name)
    action.triggered.connect(lambda: act(model))
    menu.addAction(action)
    return action


def _convert(acts: ModelActions, encoding: Encoding, export: bool, model: Installed) -> None:
    acts.ask_convert(model, encoding, export)


def _of_catalogue(words: str) -> str:
    return QCoreApplication.translate("catalogue", words)


def _tr(words: str) -> str:
    return QCoreApplication.translate("model_cards", words)
