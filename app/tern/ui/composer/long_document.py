"""The line over the message while what is attached is longer than the context: what can be done with it, and what will
be told of it. Decides nothing; asks by signals.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from tern.ui.shared.announcer import Announcer
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import count_text
from tern.ui.style.theme import Size, Space, Theme


class LongDocument(QFrame):
    """Hidden until :meth:`offer`; after :meth:`show_parts` it says what is told."""

    parts_requested = Signal(bool)  # have the parts that fit used, or not any more
    parts_opened = Signal()  # show them
    summary_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("longDocument")
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.use = self._button(
            "usePartsButton",
            self.tr("Use the parts that fit the question"),
            self.tr("Sends the passages that your question is about instead of the whole text."),
        )
        self.show_parts_button = self._button(
            "showPartsButton",
            self.tr("Show"),
            self.tr("Shows the passages that will be sent, and where they stand."),
        )
        self.summarize = self._button(
            "summarizeButton",
            self.tr("Summarize in pieces"),
            self.tr("Reads all of it, piece by piece, and ends with a summary of the whole."),
        )
        self._stop = QToolButton(self)
        self._stop.setObjectName("wholeTextButton")
        self._stop.setProperty("kind", "chip")
        self._stop.setToolTip(self.tr("Do not use parts"))
        self._stop.setAccessibleName(self.tr("Do not use parts"))
        self._stop.setAccessibleDescription(self.tr("Goes back to the whole text."))
        self._buttons = (self.use, self.show_parts_button, self.summarize, self._stop)
        acts = QHBoxLayout()
        acts.setSpacing(Space.S)
        for button in self._buttons:
            acts.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        acts.addStretch(1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(Space.M, Space.XS, Space.XS, Space.XS)
        self._row.setSpacing(Space.XS)
        self._row.addWidget(self._words, 1)
        self._row.addLayout(acts)
        self.use.clicked.connect(lambda: self.parts_requested.emit(True))
        self._stop.clicked.connect(lambda: self.parts_requested.emit(False))
        self.show_parts_button.clicked.connect(self.parts_opened)
        self.summarize.clicked.connect(self.summary_requested)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def offer(self, tokens: int, limit: int) -> None:
        """What is attached takes ``tokens`` of the ``limit`` that the model can read at once."""
        self._say(
            self.tr("Too long to read at once: {0} tokens, {1} fit.").format(
                count_text(tokens), count_text(limit)
            )
        )
        self._arrange(parts=False)

    def show_reading(self) -> None:
        """The passages are being looked for."""
        self._say(self.tr("Looking for the passages that fit…"))
        self._arrange(parts=True)
        self.show_parts_button.setEnabled(False)

    def wait_for_question(self) -> None:
        """Nothing is asked yet."""
        self._say(self.tr("Now write your question."))
        self._arrange(parts=True)
        self.show_parts_button.setEnabled(False)

    def show_parts(self, passages: int, tokens: int) -> None:
        """So many passages will be told instead of the whole."""
        if not passages:
            words = self.tr("There is no room for any passage: shorten your message.")
        elif passages == 1:
            words = self.tr("1 passage fits · {0} tokens")
        else:
            words = self.tr("{1} passages fit · {0} tokens")
        self._say(words.format(count_text(tokens), count_text(passages)))
        self._arrange(parts=True)
        self.show_parts_button.setEnabled(bool(passages))

    def put_away(self) -> None:
        self._words.clear()
        self.hide()

    def _say(self, words: str) -> None:
        if words != self._words.text():
            self._words.setText(words)
            Announcer(self).say(words)

    def _arrange(self, parts: bool) -> None:
        self.use.setVisible(not parts)
        self.show_parts_button.setVisible(parts)
        self._stop.setVisible(parts)
        self._turn()
        self.show()

    def _turn(self) -> None:
        """The buttons beside the words, or under them where there is no room."""
        shown = [button for button in self._buttons if not button.isHidden()]
        wanted = self._words.fontMetrics().horizontalAdvance(self._words.text()) + Space.XL
        wanted += sum(button.sizeHint().width() + Space.S for button in shown)
        beside = wanted <= self.width()
        ways = QBoxLayout.Direction
        self._row.setDirection(ways.LeftToRight if beside else ways.TopToBottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _button(self, name: str, words: str, description: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("kind", "floating")
        button.setAutoDefault(False)
        button.setAccessibleName(words)
        button.setAccessibleDescription(description)
        button.setToolTip(description)
        return button

    def _restyle(self) -> None:
        self._words.setFont(self._theme.font(Size.SMALL, tabular=True))
        self._stop.setIcon(action_icon("x", self._theme, "quiet"))
        self._stop.setIconSize(self._theme.icon_size * 0.8)
