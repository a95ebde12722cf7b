"""One download as it is seen: a button that becomes a bar with rate, time left, Pause and Cancel, in the same place and
height. Decides nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tern.library.hub_progress import DownloadProgress, amounts, figures, phase_words
from tern.ui.models.downloads import DownloadTask
from tern.ui.shared.job_row import bar_style
from tern.ui.shared.labels import breakable, show_trouble_icon, trouble_icon
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import localized
from tern.ui.style.theme import Size, Space, Theme

_STEPS = 1000
_WORDS = 170  # px at scale 1 that the words beside the buttons need; else the buttons go below them


class DownloadRow(QWidget):
    """Shows ``task`` and asks it to start, pause, resume or cancel.

    ``facts`` stand where the progress will be. ``prominent``: the button comes first and is the view's accent.
    """

    ended = Signal()  # well or not: the list around it may want to look again

    def __init__(
        self,
        theme: Theme,
        task: DownloadTask,
        parent: QWidget | None = None,
        facts: str = "",
        prominent: bool = False,
    ) -> None:
        super().__init__(parent)
        self._theme, self.task = theme, task
        self._facts, self._prominent = facts, prominent
        self.download_button = self._button("downloadButton", self.tr("Download"))
        self.pause_button = self._button("pauseButton", self.tr("Pause"))
        self.cancel_button = self._button("cancelButton", self.tr("Cancel"))
        self.pause_button.setAccessibleDescription(
            self.tr("Stops fetching {0}; what has arrived is kept.").format(task.title)
        )
        if prominent:
            self.download_button.setProperty("kind", "accent")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("downloadProgress")
        self.bar.setAccessibleName(self.tr("Progress of {0}").format(task.title))
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(Space.S if prominent else Space.XS)
        self.headline = self._label("downloadHeadline")
        self.label = self._label("downloadStatus")
        self._icon = trouble_icon(theme, self.tr("Error"), self)
        self.column = QVBoxLayout()  # what a card puts above the words goes here
        self.column.setSpacing(Space.XS)
        self._lay_out()
        self.download_button.clicked.connect(task.start)
        self.pause_button.clicked.connect(task.pause)
        self.cancel_button.clicked.connect(task.cancel)
        task.progressed.connect(self._show_progress)
        task.state_changed.connect(self._show_state)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._show_state()

    def _lay_out(self) -> None:
        if self._prominent:
            self.column.addStretch(1)
            self.column.addWidget(self.bar)
            self.column.addWidget(self.headline)
            self.column.addWidget(self.label)
            self.column.addStretch(1)
        else:
            self.headline.hide()
            self.column.addWidget(self.label)
            keep = self.bar.sizePolicy()
            keep.setRetainSizeWhenHidden(True)  # so that nothing below moves when it begins
            self.bar.setSizePolicy(keep)
            self.column.addWidget(self.bar)
        middle = QHBoxLayout()
        middle.setSpacing(Space.S)
        middle.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        middle.addLayout(self.column, 1)
        self._last = last = QHBoxLayout()
        last.setSpacing(Space.S)
        if not self._prominent:
            last.addWidget(self.download_button)
        last.addWidget(self.pause_button)
        last.addWidget(self.cancel_button)
        self._line = line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.M if self._prominent else Space.S)
        if self._prominent:
            line.addWidget(self.download_button, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addLayout(middle, 1)
        line.addLayout(last)

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        if name == "downloadStatus":
            label.setProperty("kind", "quiet")
        return label

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setProperty("kind", "floating")
        button.setAutoDefault(False)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(f"{text}: {self.task.title}")
        return button

    def _rename(self, button: QPushButton, text: str, description: str) -> None:
        button.setText(text)
        button.setAccessibleName(f"{text}: {self.task.title}")
        button.setAccessibleDescription(description.format(self.task.title))

    def _show_state(self) -> None:
        task = self.task
        begun = task.progress is not None
        buttons = (self.download_button, self.pause_button, self.cancel_button)
        had = next((button for button in buttons if button.hasFocus()), None)
        words = self.tr("Try again") if task.error else self.tr("Resume") if begun else self.tr("Download")
        self._rename(self.download_button, words, self.tr("Fetches {0}."))
        self.download_button.setVisible(not task.running)
        self.pause_button.setVisible(task.running)
        self._rename(
            self.cancel_button,
            self.tr("Cancel") if task.running else self.tr("Discard download"),
            self.tr("Stops fetching {0} and deletes what has arrived.")
            if task.running
            else self.tr("Deletes what has arrived of {0}."),
        )
        self.cancel_button.setVisible(task.running or begun)
        if had is not None and (had is not self.cancel_button or had.isHidden()):
            # Not on to the next button, which deletes, nor to the next card's, which downloads something else.
            (self.pause_button if task.running else self.download_button).setFocus()
        self.bar.setVisible((task.running or begun) and not (self._prominent and task.error))
        self._icon.setVisible(bool(task.error))
        self.headline.setVisible(self._prominent and bool(task.error))
        self.headline.setText(self.tr("Download stopped"))
        if task.progress is not None:
            self.bar.setValue(round(_STEPS * task.progress.fraction))
        if task.error:
            self._say(task.error)
        elif task.running:
            self._say(self.tr("Looking up the file…"))
        elif task.progress is not None:
            self._say(self.tr("Paused at {0}").format(localized(amounts(task.progress, _of_downloads))))
        else:
            self._say(self._facts)
        self._arrange()
        if not task.running:
            self.ended.emit()

    def _show_progress(self, progress: DownloadProgress) -> None:
        self.bar.setValue(round(_STEPS * progress.fraction))
        note = said(progress.note) if progress.note else localized(figures(progress, _of_downloads))
        self._say(phase_words(progress, _of_downloads) or note)

    def _say(self, words: str) -> None:
        self.label.setText(breakable(words))

    def _restyle(self) -> None:
        self.label.setFont(self._theme.font(Size.SMALL, tabular=True))
        self.headline.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        self.bar.setStyleSheet(bar_style(self._theme))
        show_trouble_icon(self._icon, self._theme)
        if self._prominent:  # room for all that may come
            line, head = (each.fontMetrics().lineSpacing() for each in (self.label, self.headline))
            self.setMinimumHeight(head + Space.XS + 2 * line)
        self._arrange()

    def _arrange(self) -> None:
        """The buttons beside the words, or where they are too wide, below them."""
        buttons = (self.download_button, self.pause_button, self.cancel_button)
        wide = sum(each.sizeHint().width() + Space.S for each in buttons if not each.isHidden())
        beside = self.width() >= wide + _WORDS * self._theme.scale
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        self._line.setDirection(way)
        below = 0 if beside or self._prominent else Space.S
        self._line.setContentsMargins(0, 0, 0, below)
        side = Qt.AlignmentFlag.AlignVCenter if beside else Qt.AlignmentFlag.AlignLeft
        self._line.setAlignment(self._last, side)
        if self._prominent:
            self._line.setAlignment(self.download_button, side)

    def minimumSizeHint(self) -> QSize:
        """As wide as one button, or those beside each other could never go below the words."""
        buttons = (self.download_button, self.pause_button, self.cancel_button)
        wide = max(each.sizeHint().width() for each in buttons)
        return QSize(wide, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _of_downloads(text: str) -> str:
    """The words that hub_progress has for both windows and terminals."""
    return QCoreApplication.translate("downloads", text)
