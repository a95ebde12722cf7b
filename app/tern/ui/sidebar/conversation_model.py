"""The list of conversations as data: grouped by day, or found by a search. Draws nothing, reads no disk."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import (
    QCoreApplication,
    QDateTime,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QStringListModel,
    Qt,
)

from tern.chat.types import Hit, Summary

Index = QModelIndex | QPersistentModelIndex
ROW, OPEN = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class Row(NamedTuple):
    """A heading (``summary`` None) or a conversation, with the passage that a search found in it.

    A tuple, because ten thousand of them are made whenever a reply ends.
    """

    heading: str = ""
    summary: Summary | None = None
    hit: Hit | None = None
    busy: bool = False


class ConversationModel(QStringListModel):
    """Rows to show; the data of role ``ROW`` is the whole :class:`Row`, of ``OPEN`` whether it is on show.

    Qt asks for the index of each of ten thousand rows whenever it lays them out: its own list of strings answers that
    without calling Python.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._open: int | None = None

    @property
    def open(self) -> int | None:
        """The conversation that is on show."""
        return self._open

    def set_open(self, conversation: int | None) -> None:
        old, self._open = self._open, conversation
        for number in (self.row_of(old), self.row_of(conversation)):
            if number >= 0:
                index = self.index(number)
                self.dataChanged.emit(index, index, [OPEN])

    def row(self, number: int) -> Row:
        return self._rows[number]

    def show_all(self, summaries: Sequence[Summary], busy: set[int], today: dt.date) -> None:
        """Everything: the pinned ones, then by the day of the last message."""
        rows: list[Row] = []
        heading = ""
        pinned, wanted, since = self.tr("Pinned"), "", math.inf  # when what the heading stands for began
        for summary in summaries:
            if summary.pinned:
                wanted = pinned
            elif summary.updated < since or wanted == pinned:
                wanted, since = self._heading(summary, today)
            if wanted != heading:
                heading = wanted
                rows.append(Row(heading=heading))
            rows.append(Row(summary=summary, busy=summary.id in busy))
        self._replace(rows)

    def show_hits(self, hits: Iterable[Hit], busy: set[int]) -> None:
        """What a search found."""
        self._replace(
            [Row(summary=hit.conversation, hit=hit, busy=hit.conversation.id in busy) for hit in hits]
        )

    def row_of(self, conversation: int | None) -> int:
        """Where a conversation stands; -1 when it does not."""
        for number, row in enumerate(self._rows):
            if row.summary is not None and row.summary.id == conversation:
                return number
        return -1

    def rows_of(self, conversations: Iterable[int]) -> list[int]:
        """Where those stand that do."""
        wanted = set(conversations)
        return [
            number
            for number, row in enumerate(self._rows if wanted else ())
            if row.summary is not None and row.summary.id in wanted
        ]

    def _replace(self, rows: list[Row]) -> None:
        if rows == self._rows:
            return
        self._rows = rows
        self.setStringList([row.summary.title if row.summary else row.heading for row in rows])

    def _heading(self, summary: Summary, today: dt.date) -> tuple[str, float]:
        """What a conversation stands under, and since when (seconds since 1970) what is older does not."""
        day = dt.date.fromtimestamp(summary.updated)
        age = (today - day).days
        if age <= 0:
            return self.tr("Today"), _start(today)
        if age == 1:
            return self.tr("Yesterday"), _start(day)
        if age < 7:
            return self.tr("The last seven days"), _start(today - dt.timedelta(days=6))
        month = QLocale().standaloneMonthName(day.month)
        text = month if day.year == today.year else f"{month} {day.year}"
        return text, _start(day.replace(day=1))

    # What Qt asks

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not 0 <= index.row() < len(self._rows) or self._rows[index.row()].summary is None:
            return Qt.ItemFlag.NoItemFlags
        editable = Qt.ItemFlag.ItemIsEditable
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | editable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._rows):  # as it is being filled
            return None
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role == OPEN:
            return row.summary is not None and row.summary.id == self._open
        if row.summary is None:
            wanted = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
            return row.heading if role in wanted else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return row.summary.title
        if role == Qt.ItemDataRole.ToolTipRole:
            when = QLocale().toString(_moment(row.summary.updated), QLocale.FormatType.ShortFormat)
            return f"{row.summary.title}\n{self.tr('Last message: {0}').format(when)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = [row.summary.title]
            parts += [self.tr("open")] if row.summary.id == self._open else []
            parts += [self.tr("pinned")] if row.summary.pinned else []
            parts += [self.tr("a reply is on its way")] if row.busy else []
            parts += [row.hit.text] if row.hit is not None and row.hit.message is not None else []
            return ", ".join(parts)
        return None


def date_text(when: float, today: dt.date, recent: bool = False) -> str:
    """When it was (seconds since 1970), in a word; of the last two days only if nothing else says it (``recent``)."""
    day = dt.date.fromtimestamp(when)
    age = (today - day).days
    if age <= 1:
        if not recent:
            return ""
        return (
            _tr("Yesterday")
            if age == 1
            else QLocale().toString(_moment(when).time(), QLocale.FormatType.ShortFormat)
        )
    if age < 7:
        return QLocale().standaloneDayName(day.isoweekday(), QLocale.FormatType.ShortFormat)
    return QLocale().toString(_moment(when), _tr("d MMM") if day.year == today.year else _tr("d MMM yyyy"))


def _moment(when: float) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(round(when))


def _tr(text: str) -> str:
    return QCoreApplication.translate("conversation_dates", text)


def _start(day: dt.date) -> float:
    """When it begins here, seconds since 1970."""
    return dt.datetime.combine(day, dt.time()).timestamp()
