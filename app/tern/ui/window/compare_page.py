"""Two versions of a reply beside each other, with the model that wrote each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tern.ui.shared.sheet import Sheet
from tern.ui.style.controls import Choice
from tern.ui.style.theme import Space, Theme
from tern.ui.transcript.items import Item
from tern.ui.transcript.transcript import Transcript


class ComparePage(Sheet):
    """``versions``: each with its name, oldest first. ``keep`` is called with the key of the one that is chosen."""

    def __init__(
        self,
        theme: Theme,
        versions: Sequence[tuple[Item, str]],
        shown: int,
        parent: QWidget,
        keep: Callable[[int], object],
    ) -> None:
        super().__init__(theme, self.tr("Compare versions"), parent, QSize(1060, 660))
        self.setObjectName("comparePage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._versions = versions
        self._keep = keep
        self.sides: list[tuple[Choice, Transcript]] = []
        row = QHBoxLayout(self.body)
        row.setContentsMargins(Space.L, 0, Space.L, Space.L)
        row.setSpacing(Space.L)
        at = next(number for number, (item, _) in enumerate(versions) if item.key == shown)
        other = at - 1 if at else at + 1
        for side, number in enumerate(sorted((at, other))):
            self._add_side(row, side, number)
        self.begin_with(self.sides[0][0])

    def _add_side(self, row: QHBoxLayout, side: int, number: int) -> None:
        choice = Choice(self.body)
        choice.setObjectName(f"compareChoice{side}")
        choice.setAccessibleName(
            self.tr("Version on the left") if side == 0 else self.tr("Version on the right")
        )
        choice.setAccessibleDescription(self.tr("Chooses which version stands here."))
        for place, (_, name) in enumerate(self._versions, 1):
            choice.addItem(f"{place}. {name}")
        transcript = Transcript(self._theme, self.body)
        transcript.setObjectName(f"compareTranscript{side}")
        transcript.setAccessibleName(choice.accessibleName())
        transcript.set_read_only()
        use = QPushButton(self.tr("Continue with this one"), self.body)
        use.setObjectName(f"compareUse{side}")
        use.setProperty("kind", "floating")
        use.setAccessibleDescription(self.tr("Shows this version in the chat; the other stays."))
        use.clicked.connect(lambda: self._use(choice))
        choice.currentIndexChanged.connect(lambda index: self._show(transcript, index))
        column = QVBoxLayout()
        column.setSpacing(Space.S)
        column.addWidget(choice)
        column.addWidget(transcript, 1)
        column.addWidget(use, 0, Qt.AlignmentFlag.AlignLeft)
        row.addLayout(column, 1)
        self.sides.append((choice, transcript))
        choice.setCurrentIndex(number)
        self._show(transcript, number)

    def _show(self, transcript: Transcript, index: int) -> None:
        item, _ = self._versions[index]
        transcript.show_items([replace(item, day="")])
        transcript.verticalScrollBar().setValue(0)

    def _use(self, choice: Choice) -> None:
        item, _ = self._versions[choice.currentIndex()]
        self.close()
        self._keep(item.key)
