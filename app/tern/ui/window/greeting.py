"""The empty conversation: one sentence from the model and four questions to click. Where these stand depends on the
window alone: what comes under them later, or grows there, moves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Size, Space, Theme

_MARK = 56
_LOW = 520  # px of the window's height under which the questions matter more than the mark
_AROUND = 200  # px of it that are not the greeting's
_BELOW = 13  # lines of text that are kept free under the guide's questions, for the card that offers the real model
_ABOVE = 0.4  # of the room that is left, stands above
# Not translated: the guide understands only English, and so does the real model best.
_GUIDE_QUESTIONS = (
    "What are you?",
    "Why is ternary fast?",
    "Is what I write private?",
    "How do I get the big model?",
)
_QUESTIONS = (
    "Why is the sky blue?",
    "Write a haiku about the sea.",
    "What can I cook with eggs?",
    "How do I reverse a list in Python?",
)


class Greeting(QScrollArea):
    """``question_chosen`` carries a question to be sent as if typed."""

    question_chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Welcome"))

        page = QWidget(self)
        page.setObjectName("greeting")
        page.setAccessibleName(self.tr("Welcome"))
        self._mark = QLabel(page)
        self._mark.setAccessibleName(self.tr("The Tern logo"))
        self._title = QLabel(page)
        self._title.setObjectName("greetingTitle")
        self._sentence = QLabel(page)
        self._sentence.setObjectName("greetingSentence")
        for label in (self._title, self._sentence):
            label.setWordWrap(True)
        self._cards = [QPushButton(page) for _ in _QUESTIONS]
        for card in self._cards:
            card.setProperty("kind", "card")
            card.setAutoDefault(False)
            card.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # English, wherever the window begins
            card.setCursor(Qt.CursorShape.PointingHandCursor)
            card.setAccessibleDescription(self.tr("Sends this question."))
            card.clicked.connect(partial(self._choose, card))

        self._grid = QGridLayout()
        self._grid.setSpacing(Space.M)
        self._column = QWidget(page)
        words = QVBoxLayout()
        words.setContentsMargins(Space.L, 0, Space.L, Space.XL)  # under each other with those of the cards
        words.setSpacing(0)
        words.addWidget(self._mark)
        words.addSpacing(Space.L)
        words.addWidget(self._title)
        words.addSpacing(Space.S)
        words.addWidget(self._sentence)
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(words)
        column.addLayout(self._grid)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._below)
        self._outer = QVBoxLayout(page)
        self._outer.addWidget(self._column, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._outer.addStretch(1)
        self.setWidget(page)
        self._guide = True
        self._assistant: tuple[str, tuple[str, ...]] = ("", ())
        self.set_guide(True)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_guide(self, guide: bool) -> None:
        """Speak as the built-in guide, or for a real model, with questions that suit it."""
        self._guide = guide
        if guide:
            title = self.tr("Hi, I'm Tern's built-in guide.")
            sentence = self.tr("I'm tiny; I can tell you about Tern. For real conversations, get BitNet.")
        else:
            title = self.tr("What would you like to know?")
            sentence = self.tr("What you write stays on this computer. Ask one of these, or anything.")
        if self._assistant[1]:
            title, sentence = self._assistant[0], self.tr("Ask one of these, or anything.")
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._show_questions()

    def set_assistant(self, name: str, questions: Sequence[str]) -> None:
        """Open with an assistant's own questions; with none, with those of the model."""
        if (name, tuple(questions)) != self._assistant:
            self._assistant = name, tuple(questions)
            self.set_guide(self._guide)

    def _show_questions(self) -> None:
        own = self._assistant[1]
        questions = own or (_GUIDE_QUESTIONS if self._guide else _QUESTIONS)
        for number, card in enumerate(self._cards):
            card.setText(questions[number] if number < len(questions) else "")
            card.setVisible(number < len(questions))
        self._arrange()

    @property
    def column(self) -> QWidget:
        """What stands on the page; the parent of whatever comes under the questions."""
        return self._column

    def add_below(self, widget: QWidget) -> None:
        """Put ``widget``, a child of :attr:`column`, under the questions."""
        self._below.addSpacing(Space.XL)
        self._below.addWidget(widget)
        widget.show()

    def _choose(self, card: QPushButton) -> None:
        self.question_chosen.emit(card.text())

    def _restyle(self) -> None:
        self._mark.setPixmap(app_icon().pixmap(QSize(_MARK, _MARK), self.devicePixelRatioF()))
        self._title.setFont(self._theme.font(Size.TITLE, weight=self._title.font().Weight.DemiBold))
        self._sentence.setFont(self._theme.font(Size.BODY))
        self._arrange()

    def _arrange(self) -> None:
        # By the width of this and not of the viewport, by the height of the window and not of this: a scroll bar, a
        # notice or a second line in the composer moves nothing.
        width, height = self.width(), self.window().height()
        self._mark.setVisible(height >= _LOW)
        room = width - Space.S - max(Space.S, self.verticalScrollBar().sizeHint().width())
        column_width = int(max(200, min(self._theme.column_width() + 2 * Space.L, room)))
        self._column.setFixedWidth(column_width)
        widest = max(card.sizeHint().width() for card in self._cards)
        columns = 2 if 2 * widest + self._grid.spacing() <= column_width else 1
        for index, card in enumerate(self._cards):
            self._grid.addWidget(card, index // columns, index % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        side = Space.S if column_width >= room else (width - column_width) // 2
        below = _BELOW * self._sentence.fontMetrics().lineSpacing() if self._guide else 0
        above = round(_ABOVE * (height - _AROUND - self._own_height(column_width - 2 * Space.L) - below))
        self._outer.setContentsMargins(side, max(Space.L, above), 0, Space.L)

    def _own_height(self, width: int) -> int:
        """Of everything down to the questions, px."""
        height = Space.S + Space.XL + self._grid.sizeHint().height()
        if not self._mark.isHidden():
            height += _MARK + Space.L
        return height + sum(label.heightForWidth(width) for label in (self._title, self._sentence))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
