"""What stands on the models page: the hero, a model that is here, one that can be had, one still on its way. They ask
by signals.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFont, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tern import paths
from tern.engine import can_chat
from tern.engine.convert.recode import ENCODINGS, Encoding
from tern.library import catalog
from tern.library.catalog import CatalogEntry
from tern.library.shelf import Installed
from tern.metrics.forecast import Forecast
from tern.settings import READING_PACE
from tern.ui.models.download_row import DownloadRow
from tern.ui.models.downloads import DownloadTask
from tern.ui.models.fit import fit_of_entry
from tern.ui.models.model_actions import ModelActions
from tern.ui.models.model_row import Fact, ModelRow, TitleEdit, details
from tern.ui.shared.job_row import JobRow
from tern.ui.shared.jobs import Job
from tern.ui.shared.labels import button, text
from tern.ui.shared.pace_words import forecast_words
from tern.ui.shared.reveal import reveal
from tern.ui.shared.translate_errors import said
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import count_text, size_text, speed_text
from tern.ui.style.theme import Size, Space, Theme

_BETWEEN = 40  # px from one figure of the hero to the next


class HeroCard(QFrame):
    """The model that Tern is made for, while it is not here: what it is good and bad at, what it takes, how fast it
    will be, and the one button of the page in the accent colour."""

    def __init__(
        self,
        theme: Theme,
        entry: CatalogEntry,
        task: DownloadTask,
        forecast: Forecast | None,
        parent: QWidget,
        pace: int = READING_PACE.default,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName(f"model_{entry.name}")
        self.setProperty("kind", "hero")
        self.setAccessibleName(entry.title)
        good = _of_catalogue(entry.good_for)
        weak = _tr("Weak at: {0}").format(_of_catalogue(entry.weak_at))
        self.setAccessibleDescription(f"{good}\n{weak}")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        column.setSpacing(Space.XS)
        heading = text(theme, entry.title, Size.LARGE, self)
        heading.setFont(theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
        column.addWidget(heading)
        column.addWidget(text(theme, good, Size.BODY, self))
        column.addWidget(text(theme, weak, Size.CONTROL, self, quiet=True))
        column.addSpacing(Space.M)
        self._speed = self._value("")
        self._speed.setObjectName("heroSpeed")
        self._figures = [
            self._figure(_tr("Download"), self._value(size_text(entry.size or 0))),
            self._figure(_tr("Memory"), self._value(size_text(entry.memory, rough=True))),
            self._figure(_tr("Licence"), self._value(entry.licence)),
            self._figure(_tr("Speed here"), self._speed),
        ]
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(_BETWEEN)
        self._grid.setVerticalSpacing(Space.M)
        column.addLayout(self._grid)
        self._beside = text(theme, "", Size.SMALL, self, quiet=True)
        self._beside.setObjectName("heroPace")
        self._beside.setMinimumHeight(self._beside.fontMetrics().lineSpacing())  # its place is kept
        column.addWidget(self._beside)
        column.addSpacing(Space.M)
        fit = fit_of_entry(entry)
        note = _tr("Takes {0} of disk in all, then works without a network.").format(
            size_text(entry.disk or 0, rough=True)
        )
        facts = note if fit.fits else f"{fit.words[:1].upper()}{fit.words[1:]}."
        column.addWidget(DownloadRow(theme, task, self, facts, prominent=True))
        self.show_forecast(forecast, pace)
        self._arrange()

    def show_forecast(self, forecast: Forecast | None, pace: int) -> None:
        """Say how fast it will be here, also beside someone who reads ``pace`` words a minute; nothing while that is
        not known. Its place is kept."""
        known = forecast is not None
        beside = forecast_words(forecast, pace) if forecast is not None else ""
        self._beside.setText(_tr("On this computer it writes {0}.").format(beside) if beside else "")
        words = _words_per_s(forecast.words_per_s) if forecast is not None else ""
        self._speed.setText(words)
        figure = self._figures[-1]
        for label in figure.findChildren(QLabel):
            label.setVisible(known)

    def _value(self, words: str) -> QLabel:
        label = text(self._theme, words, Size.BODY, self)
        label.setFont(self._theme.font(Size.BODY, weight=QFont.Weight.DemiBold, tabular=True))
        label.setWordWrap(False)
        return label

    def _figure(self, name: str, value: QLabel) -> QWidget:
        made = QWidget(self)
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        label = text(self._theme, name, Size.SMALL, made, quiet=True)
        label.setWordWrap(False)
        value.setParent(made)
        for part in (label, value):
            keep = part.sizePolicy()
            keep.setRetainSizeWhenHidden(True)
            part.setSizePolicy(keep)
            column.addWidget(part)
        return made

    def _arrange(self) -> None:
        """All figures in a line, or by two."""
        wanted = sum(figure.sizeHint().width() + _BETWEEN for figure in self._figures) - _BETWEEN
        columns = len(self._figures) if self.width() - 2 * Space.XL >= wanted else 2
        for number, figure in enumerate(self._figures):
            self._grid.addWidget(figure, number // columns, number % columns)
        for number in range(len(self._figures)):
            self._grid.setColumnStretch(number, int(number == columns - 1))

    def minimumSizeHint(self) -> QSize:
        """As wide as two figures, or a line of all could never become two."""
        widest = max(figure.sizeHint().width() for figure in self._figures)
        wide = 2 * (widest + Space.XL) + _BETWEEN
        return QSize(min(wide, super().minimumSizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


class InstalledCard(ModelRow):
    """A model that is here. ``task``: what is being fetched for it, if anything; ``used``: it answers now."""

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
        super().__init__(theme, model.name, model.title, parent)
        self._model, self._acts, self._task = model, acts, task
        line = facts(model)
        self.setAccessibleDescription(line)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self.heading)
        words.addWidget(text(theme, line, Size.SMALL, self, quiet=True))
        self._words = words
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addLayout(words, 1)
        row.addWidget(self._first_button(used))
        row.addWidget(self._more(model))
        self.body.addLayout(row)
        here = model.present and not model.damaged and model.path.suffix == ".gguf"
        if here and (problem := can_chat.problem(model.path)):
            self.body.addWidget(text(theme, said(problem), Size.SMALL, self))
        if acts.job is not None and acts.busy_with == model.name:
            self.body.addWidget(JobRow(theme, acts.job, self))
        if task is not None:
            self.body.addWidget(DownloadRow(theme, task, self))
            task.cancelled.connect(self._look_again)
        self.with_details(self._make_details)

    def _first_button(self, used: bool) -> QPushButton:
        model, acts = self._model, self._acts
        if model.damaged or (not model.present and model.from_hub and not model.linked):
            mend = button(self, "mendButton", _tr("Repair"), model.title, partial(acts.mend, model))
            mend.setEnabled(model.from_hub and not model.linked and self._task is None)
            return mend
        words = _tr("In use") if used else _tr("Chat with it")
        use = button(self, "useButton", words, model.title, partial(self.use_requested.emit, model))
        use.setProperty("kind", "small" if used else "floating")
        use.setEnabled(model.present and not used)
        return use

    def _look_again(self) -> None:
        """Nothing is left of the download, and a file that was to be mended is back in its place."""
        self._acts.changed.emit()

    def _make_details(self) -> QWidget:
        model, acts = self._model, self._acts
        entry = _entry_of(model)
        found: list[Fact] = []
        if entry is not None:
            found += [(_tr("Licence"), entry.licence), (_tr("Memory"), size_text(entry.memory, rough=True))]
        if model.from_hub:
            found.append((_tr("Repository"), model.repository[0]))
        found += [
            (_tr("File"), str(model.path)),
            (_tr("SHA-256"), model.sha256),
            (_tr("State"), _state(model)),
        ]
        if proved := answers_verified():
            found.append((_tr("Kernels"), proved))
        verify = button(self, "verifyButton", _tr("Verify"), model.title, partial(acts.verify, model))
        verify.setEnabled(model.present and acts.job is None)
        show = button(self, "revealButton", _tr("Show the file"), model.title, partial(reveal, model.path))
        show.setEnabled(model.present)
        return details(self._theme, found, [verify, show, _copy_hash(self, model.title, model.sha256)], self)

    def start_renaming(self) -> None:
        """Let the person type another title over this one."""
        field = TitleEdit(self._model.title, self)
        field.setFont(self.heading.font())
        self._words.insertWidget(0, field)
        self.heading.hide()

        def left() -> None:
            had = field.hasFocus()
            field.hide()
            field.deleteLater()
            self.heading.show()
            if had:
                self._toggle.setFocus(Qt.FocusReason.OtherFocusReason)

        field.left.connect(left)
        field.given.connect(lambda title: self._acts.rename(self._model, title))
        field.show()
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        field.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.start_renaming()
        else:
            super().keyPressEvent(event)

    def _more(self, model: Installed) -> QToolButton:
        more = QToolButton(self)
        more.setObjectName("moreButton")
        more.setProperty("kind", "bare")
        more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        more.setIcon(action_icon("dots-three", self._theme))
        more.setIconSize(self._theme.icon_size)
        more.setAccessibleName(_tr("More: {0}").format(model.title))
        more.setAccessibleDescription(_tr("Opens this model's menu."))
        menu = QMenu(more)
        more.clicked.connect(lambda: drop(menu, more))
        menu.setObjectName("moreMenu")
        menu.setAccessibleName(model.title)
        acts, here = self._acts, model.present
        _add(menu, "renameAction", _tr("Rename") + "\tF2", lambda m: self.start_renaming(), model)
        verify = _add(menu, "verifyAction", _tr("Verify"), acts.verify, model)
        verify.setEnabled(here and acts.job is None)
        update = _add(menu, "updateAction", _tr("Check for a newer version"), acts.look_for_update, model)
        update.setEnabled(model.from_hub)
        _add(menu, "revealAction", _tr("Show the file"), lambda m: reveal(m.path), model).setEnabled(here)
        menu.addSeparator()
        if model.gguf:
            template = _add(
                menu, "templateAction", _tr("Chat template…"), self.template_requested.emit, model
            )
            template.setEnabled(here)
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
        if model.linked:
            _add(menu, "copyAction", _tr("Copy into Tern's folder"), acts.copy_in, model).setEnabled(here)
        remove = _tr("Remove from the list") if model.linked else _tr("Move to trash")
        _add(menu, "removeAction", remove, acts.remove, model)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda place: menu.popup(self.mapToGlobal(place)))
        return more


class GuideCard(ModelRow):
    """The built-in guide: always there, never removed."""

    use_requested = Signal()

    def __init__(self, theme: Theme, path: Path, used: bool, parent: QWidget) -> None:
        super().__init__(theme, "guide", _tr("Tern's guide"), parent)
        size = path.stat().st_size if path.is_file() else 0
        line = _tr("{0} · built in · answers questions about Tern only").format(size_text(size))
        if proved := answers_verified():
            line = f"{line} · {proved}"
        self.setAccessibleDescription(line)
        words = _tr("In use") if used else _tr("Chat with it")
        use = button(self, "useGuideButton", words, _tr("Tern's guide"), self.use_requested.emit)
        use.setProperty("kind", "small" if used else "floating")
        use.setEnabled(not used)
        about = QVBoxLayout()
        about.setSpacing(Space.XS)
        about.addWidget(self.heading)
        about.addWidget(text(theme, line, Size.SMALL, self, quiet=True))
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addLayout(about, 1)
        row.addWidget(use)
        self.body.addLayout(row)
        self.indent()


class EntryCard(ModelRow):
    """A model of the catalogue. ``files_requested`` carries its repository, of one whose size only the hub knows."""

    files_requested = Signal(str)

    def __init__(self, theme: Theme, entry: CatalogEntry, task: DownloadTask, parent: QWidget) -> None:
        super().__init__(theme, entry.name, entry.title, parent)
        self._entry = entry
        parts = [size_text(entry.size) if entry.size else _tr("size on request")]
        if entry.runs == "convert":
            parts.append(_tr("becomes a GGUF on this computer"))
        else:
            parts.append(_tr("{0} of memory").format(size_text(entry.memory, rough=True)))
        parts.append(fit_of_entry(entry).words)
        line = " · ".join(parts)
        self.setAccessibleDescription(f"{_of_catalogue(entry.good_for)}\n{line}")
        if entry.size or task.running or task.progress is not None or task.error:
            row = DownloadRow(theme, task, self, line)
            row.column.insertWidget(0, self.heading)
            self.body.addWidget(row)
            self.close_bar()
        else:
            words = QVBoxLayout()
            words.setSpacing(Space.XS)
            words.addWidget(self.heading)
            words.addWidget(text(theme, line, Size.SMALL, self, quiet=True))
            files = button(
                self,
                "filesButton",
                _tr("Files"),
                entry.title,
                partial(self.files_requested.emit, entry.repo),
            )
            beside = QHBoxLayout()
            beside.setSpacing(Space.S)
            beside.addLayout(words, 1)
            beside.addWidget(files)
            self.body.addLayout(beside)
        self.with_details(self._make_details)

    def _make_details(self) -> QWidget:
        entry = self._entry
        runs = {
            "tern": _tr("Tern's own engine"),
            "llama.cpp": _tr("llama.cpp"),
            "convert": _tr("Tern's own engine, after conversion"),
        }[entry.runs]
        found: list[Fact] = [(_tr("Good at"), _of_catalogue(entry.good_for))]
        if entry.disk:
            found.append((_tr("Disk"), _of_disk(entry)))
        found += [
            (_tr("Languages"), _of_catalogue(entry.languages)),
            (_tr("Licence"), entry.licence),
            (_tr("Runs in"), runs),
        ]
        if entry.context:
            found.append((_tr("Context"), _tr("{0} tokens").format(count_text(entry.context))))
        found += [(_tr("Repository"), entry.repo), (_tr("File"), entry.file)]
        actions = []
        if entry.sha256:
            found.append((_tr("SHA-256"), entry.sha256))
            actions.append(_copy_hash(self, entry.title, entry.sha256))
        return details(self._theme, found, actions, self)


class UnfinishedCard(ModelRow):
    """A download of a model that is neither here nor in the catalogue. ``damaged``: it lies aside to be mended."""

    def __init__(self, theme: Theme, task: DownloadTask, damaged: bool, parent: QWidget) -> None:
        super().__init__(theme, f"unfinished_{task.name}", task.title, parent)
        self._task = task
        row = DownloadRow(theme, task, self)
        row.column.insertWidget(0, self.heading)
        self.body.addWidget(row)
        self.close_bar()
        if damaged:
            about = _tr("It arrived damaged. Only the damaged parts are downloaded again.")
            self.setAccessibleDescription(about)
            self.body.addWidget(text(theme, about, Size.SMALL, self, quiet=True))
        self.with_details(self._make_details)

    def _make_details(self) -> QWidget:
        found = [(_tr("Repository"), self._task.id.repo), (_tr("File"), self._task.id.file)]
        return details(self._theme, found, [], self)


class JobCard(ModelRow):
    """Something under way that is about no model yet."""

    def __init__(self, theme: Theme, job: Job, parent: QWidget) -> None:
        super().__init__(theme, "job", job.label, parent)
        self.heading.hide()
        self.body.addWidget(JobRow(theme, job, self))
        self.indent()


def facts(model: Installed) -> str:
    """``1.19 GB · 42.1 tokens/s here``, and what is wrong with it."""
    parts = [size_text(model.total)]
    if (entry := _entry_of(model)) is not None:
        parts.append(_tr("{0} of memory").format(size_text(entry.memory, rough=True)))
    if model.speed is not None:
        parts.append(_tr("{0} here").format(speed_text(model.speed)))
    if model.linked:
        parts.append(_tr("your own file"))
    if not model.verified:
        parts.append(_state(model))
    return " · ".join(parts)


def _state(model: Installed) -> str:
    """What is known of the file's bytes."""
    if model.verified:
        return _tr("verified {0}").format(when(model.verified_at or ""))
    if model.damaged:
        return _tr("damaged")
    return _tr("changed since it was verified") if model.present else _tr("its file is missing")


def answers_verified() -> str:
    """When the kernels and the guide's known answer were found right on this computer; empty while they were not."""
    from tern.engine import proof

    known = proof.remembered(paths.guide_model(), paths.cache_dir())
    if known is None or not known.right or not known.answer:
        return ""
    return _tr("answers verified on this computer {0}").format(when(known.when))


def _entry_of(model: Installed) -> CatalogEntry | None:
    """The catalogue's entry of an installed model."""
    return next((each for each in catalog.entries() if f"{each.repo}/{each.file}" == model.origin), None)


def _of_disk(entry: CatalogEntry) -> str:
    """What it takes in the end, and why that is more than the download."""
    size, disk = entry.size or 0, entry.disk or 0
    if entry.prepared and entry.prepared == size:
        return _tr("{0}: needs twice its size on disk").format(size_text(disk, rough=True))
    return size_text(disk, rough=True)


def _words_per_s(count: int) -> str:
    return QCoreApplication.translate("model_cards", "about %n word(s)/s", "", count)


def _copy_hash(parent: QWidget, title: str, sha256: str) -> QPushButton:
    copy = button(parent, "copyHashButton", _tr("Copy hash"), title)
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(sha256))
    return copy


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
