"""Every connection that was ever made, and the person's token for the hub: the end of the settings' section Network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tern.errors import UserError
from tern.library import hub_token, network
from tern.library.hub_token import Status
from tern.library.network import Connection
from tern.ui.shared import translate_errors
from tern.ui.shared.jobs import Job, Work
from tern.ui.shared.labels import button, text
from tern.ui.style.number_text import size_text
from tern.ui.style.theme import Size, Space, Theme

_MOST = 2000  # of the newest; the whole is in the file
_ROWS = 8


class NetworkSection(QWidget):
    """Call :meth:`reload` when it comes into view."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._job: Job | None = None
        self._next: tuple[Work, Callable[[], object]] | None = None
        self.setObjectName("networkSection")
        self.setAccessibleName(self.tr("Network log"))
        self.summary = text(theme, "", Size.CONTROL, self)
        self.summary.setObjectName("connectionsSummary")
        self.table = self._table()
        self.token = QLineEdit(self)
        self.token.setObjectName("tokenField")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText(self.tr("hf_…"))
        self.token.setAccessibleName(self.tr("Token for Hugging Face"))
        self.token.setAccessibleDescription(self.tr("Only private and gated models need one."))
        self.token.returnPressed.connect(self._keep)
        self.token_status = text(theme, "", Size.SMALL, self, quiet=True)
        self.token_status.setObjectName("tokenStatus")
        self._keep_button = button(self, "keepTokenButton", self.tr("Save"), self.tr("the token"), self._keep)
        self._forget_button = button(
            self, "forgetTokenButton", self.tr("Remove"), self.tr("the token"), self._forget
        )
        self._forget_button.setEnabled(False)
        self._headings = [
            text(theme, words, Size.CONTROL, self)
            for words in (self.tr("Network log"), self.tr("Token for private and gated models"))
        ]
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.token, 1)
        row.addWidget(self._keep_button)
        row.addWidget(self._forget_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.S, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(self._headings[0])
        column.addWidget(self.summary)
        column.addWidget(self.table)
        column.addSpacing(Space.M)
        column.addWidget(self._headings[1])
        column.addLayout(row)
        column.addWidget(self.token_status)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, 5, self)
        table.setObjectName("connectionsTable")
        table.setAccessibleName(self.tr("Connections, newest first"))
        names = [self.tr("When"), self.tr("Where"), self.tr("Why"), self.tr("Answer"), self.tr("Received")]
        table.setHorizontalHeaderLabels(names)
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setFixedHeight(32)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        for section in range(5):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        return table

    def reload(self) -> None:
        """Read the log again, and ask where the token comes from."""
        try:
            found = network.connections()
        except UserError as error:
            self.summary.setText(translate_errors.said(error))
            found = []
        else:
            self.summary.setText(self._summary(found))
        newest = found[::-1][:_MOST]
        self.table.setRowCount(len(newest))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for row, line in enumerate(newest):
            amount = size_text(line.received)
            for column, words in enumerate((_local(line.when), line.host, line.why, line.result, amount)):
                item = QTableWidgetItem(words)
                item.setToolTip(words)
                if column == 4:
                    item.setTextAlignment(right)
                self.table.setItem(row, column, item)
        self.table.setVisible(bool(newest))
        self._fit()
        self._run(lambda progress: hub_token.status())

    def close_section(self) -> None:
        """Wait for a question to the keyring."""
        self._next = None
        if self._job is not None:
            self._job.wait()

    def _fit(self) -> None:
        """As many rows as there are, up to what can be looked over; the others scroll."""
        rows = min(self.table.rowCount(), _ROWS)
        bar = self.table.horizontalScrollBar().sizeHint().height()
        row = self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(self.table.horizontalHeader().height() + rows * row + bar + 2)

    def _summary(self, found: list[Connection]) -> str:
        if not found:
            return self.tr("Tern has never opened a connection.")
        hosts = sorted({line.host for line in found})
        named = ", ".join(hosts[:4]) + (", …" if len(hosts) > 4 else "")
        received = size_text(sum(line.received for line in found))
        words = self.tr(
            "%n connection(s) to {0}; {1} received. A search is listed with the words that were sent.",
            "",
            len(found),
        )
        return words.format(named, received)

    def _keep(self) -> None:
        value = self.token.text()

        def work(progress: object) -> Status:
            hub_token.keep(value)
            return hub_token.status()

        self._run(work, self.token.clear)

    def _forget(self) -> None:
        def work(progress: object) -> Status:
            hub_token.forget()
            return hub_token.status()

        self._run(work)

    def _run(self, work: Work, then: Callable[[], object] = lambda: None) -> None:
        """Ask the keyring beside the window's work: it may ask the person to unlock it. One question at a time, of
        those that wait the newest."""
        if self._job is not None:
            self._next = (work, then)
            return
        self.token_status.setText(self.tr("Asking the system's keyring…"))
        job = Job("", work, self)
        job.ended.connect(self._answered)
        job.done.connect(self._show_status)
        job.done.connect(lambda _: then())
        job.failed.connect(self.token_status.setText)
        self._job = job
        job.start()

    def _answered(self) -> None:
        self._job = None
        if self._next is not None:
            (work, then), self._next = self._next, None
            self._run(work, then)

    def _show_status(self, status: Status) -> None:
        said = {
            "HF_TOKEN": self.tr("In use: the token in the variable HF_TOKEN."),
            "keyring": self.tr("In use: the token kept in the system's keyring ({0})."),
            "hugging face": self.tr("In use: the token of your Hugging Face login on this computer."),
            "": self.tr(
                "None is in use, and most models need none. It would be kept in the system's keyring ({0})."
            ),
        }[status.source].format(status.keyring)
        if status.silent:
            said = self.tr(
                "The system's keyring does not answer, so nothing is known of a token in it. Unlock it, then open the "
                "settings again."
            )
        elif not status.keyring:
            if not status.source:
                said = self.tr("None is in use, and most models need none.")
            said += " " + self.tr(
                "This system has no keyring, so Tern keeps no token: set HF_TOKEN, or run `hf auth login`."
            )
        self.token_status.setText(said)
        self.token.setEnabled(bool(status.keyring) or status.silent)
        self._keep_button.setEnabled(bool(status.keyring) or status.silent)
        self._forget_button.setEnabled(status.source == "keyring")

    def _restyle(self) -> None:
        for heading in self._headings:
            heading.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        self.table.setFont(self._theme.font(Size.SMALL, tabular=True))
        self.table.verticalHeader().setDefaultSectionSize(round(1.9 * self._theme.px(Size.SMALL)))
        self._fit()
        surface, ink, line, quiet, chosen = (
            self._theme.color(role).name() for role in ("surface", "ink", "line", "quiet", "chosen")
        )
        self.table.setStyleSheet(
            f"QTableWidget {{ background: {surface}; color: {ink}; border: 1px solid {line}; border-radius: 8px;"
            f" selection-background-color: {chosen}; selection-color: {ink}; }}"
            "QAbstractScrollArea::corner { background: transparent; border: none; }"
            "QTableWidget { outline: none; } QTableWidget::item { padding: 0 6px; border: none; }"
            f"QHeaderView, QHeaderView::section {{ background: {surface}; color: {quiet}; border: none;"
            f" border-bottom: 1px solid {line}; padding: 0 6px; }}"
        )


def _local(utc: str) -> str:
    try:
        return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return utc
