"""The empty conversation: one sentence from the model and four questions to click."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Size, Space, Theme

_MARK = 56
_NARROW = 560
_LOW = 320  # px of height under which the questions matter more than the mark
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
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._mark)
        column.addSpacing(Space.L)
        column.addWidget(self._title)
        column.addSpacing(Space.S)
        column.addWidget(self._sentence)
        column.addSpacing(Space.XL)
        column.addLayout(self._grid)
        self._outer = QVBoxLayout(page)
        self._outer.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        centre = QHBoxLayout()
        centre.addStretch(1)
        centre.addWidget(self._column)
        centre.addStretch(1)
        self._outer.addStretch(2)
        self._outer.addLayout(centre)
        self._outer.addStretch(3)
        self.setWidget(page)
        self.set_guide(True)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_guide(self, guide: bool) -> None:
        """Speak as the built-in guide, or for a real model, with questions that suit it."""
        if guide:
            title = self.tr("Hello, I am Tern's little guide.")
            sentence = self.tr(
                "A tiny ternary network that came with the app: every weight I have is −1, 0 or +1, "
                "and what you write stays on this computer. Ask me one of these, or anything."
            )
        else:
            title = self.tr("What would you like to know?")
            sentence = self.tr("What you write stays on this computer. Ask one of these, or anything.")
        self._title.setText(title)
        self._sentence.setText(sentence)
        for card, question in zip(self._cards, _GUIDE_QUESTIONS if guide else _QUESTIONS, strict=True):
            card.setText(question)
        self._arrange()

    @property
    def column(self) -> QWidget:
        """What stands on the page; the parent of whatever comes under the questions."""
        return self._column

    def add_below(self, widget: QWidget) -> None:
        """Put ``widget``, a child of :attr:`column`, under the questions."""
        layout = self._column.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addSpacing(Space.XL)
        layout.addWidget(widget)
        widget.show()

    def _choose(self, card: QPushButton) -> None:
        self.question_chosen.emit(card.text())

    def _restyle(self) -> None:
        self._mark.setPixmap(app_icon().pixmap(QSize(_MARK, _MARK), self.devicePixelRatioF()))
        self._title.setFont(self._theme.font(Size.TITLE, weight=self._title.font().Weight.DemiBold))
        self._sentence.setFont(self._theme.font(Size.BODY))
        self._arrange()

    def _arrange(self) -> None:
        width = self.viewport().width()
        narrow = width < _NARROW
        self._mark.setVisible(self.height() >= _LOW)
        padding = Space.L if narrow else Space.XL
        self._outer.setContentsMargins(padding, Space.L, padding, Space.L)
        column_width = int(max(200, min(self._theme.column_width(), width - 2 * padding)))
        self._column.setFixedWidth(column_width)
        widest = max(card.sizeHint().width() for card in self._cards)
        columns = 2 if 2 * widest + self._grid.spacing() <= column_width else 1
        for index, card in enumerate(self._cards):
            self._grid.addWidget(card, index // columns, index % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
