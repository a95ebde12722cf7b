"""The find bar: one field over the top of the conversation that marks every place with its words, counts them and goes
from one to the next. Reads the document and never changes it; what is drawn are extra selections.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QTextEdit, QToolButton

from tern.ui.shared.announcer import Announcer
from tern.ui.shared.closables import Closables, Layer
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.transcript.formats import ASIDE, ATTACHMENT

_MOST = 2000  # matches that are told apart: more help nobody, and looking at each of them takes time
_LOOK_MS = 120  # between two looks at a document that is being written
_WIDTH = 420  # px at scale 1
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")  # two UTF-16 units, as a document counts
_KEYS = (
    QKeySequence.StandardKey.FindNext,
    QKeySequence.StandardKey.FindPrevious,
)  # F3 and Shift+F3, or the system's


class Searched(Protocol):
    """The text that is searched: some of it may be folded, and its end may be followed."""

    @property
    def settled(self) -> bool:
        """Whether all of the text stands there."""
        ...

    def folded(self, words: str) -> list[tuple[int, int, str]]:
        """The lines that have ``words`` folded in them: from where to where each stands, and what opens it."""
        ...

    def unfold(self, link: str) -> object: ...

    def hold(self) -> None:
        """Follow the end no longer."""
        ...


class FindBar(QFrame):
    """Lies over ``view``, hidden until :meth:`open`. Positions are those of the view's document.

    A fold with the words in it is one match, until Enter opens it. ``room_wanted`` carries the height of what it
    covers of the view, px.
    """

    room_wanted = Signal(int)

    def __init__(self, theme: Theme, view: QTextEdit, searched: Searched) -> None:
        super().__init__(view)
        self._theme, self._view, self._searched = theme, view, searched
        self._folded: dict[tuple[int, int], str] = {}  # of the matches, those whose words are folded
        self._unfolding = (
            False  # the document is being set anew, and the current match is the first in the fold
        )
        self._matches: Sequence[tuple[int, int]] = ()
        self._at = -1  # which of them is the current one
        self._here = (
            QTextCursor()
        )  # moves with the text: where the current one stands, or where the search began
        self.setObjectName("findBar")
        self.setAccessibleName(self.tr("Find in this chat"))
        self.field = QLineEdit(self)
        self.field.setObjectName("findField")
        self.field.setPlaceholderText(self.tr("Find in this chat"))
        self.field.setAccessibleName(self.tr("Find in this chat"))
        self.field.setAccessibleDescription(
            self.tr("Enter goes to the next match, Shift and Enter to the previous one, Escape closes.")
        )
        self.count = QLabel(self)
        self.count.setObjectName("findCount")
        self.count.setProperty("kind", "quiet")
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.previous_button = self._button("findPrevious", self.tr("Previous match"), "Shift+Enter")
        self.next_button = self._button("findNext", self.tr("Next match"), "Enter")
        self.close_button = self._button("findClose", self.tr("Close"), "Esc")
        self.close_button.setAccessibleDescription(self.tr("Closes the find bar."))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S, Space.XS, Space.XS, Space.XS)
        row.setSpacing(Space.XS)
        row.addWidget(self.field, 1)
        row.addSpacing(Space.XS)
        row.addWidget(self.count)
        for button in (self.previous_button, self.next_button, self.close_button):
            row.addWidget(button)
        self._look = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._look.timeout.connect(self._search)
        self.field.textChanged.connect(self._written)
        self.field.installEventFilter(self)
        self.next_button.clicked.connect(partial(self.go, +1))
        self.previous_button.clicked.connect(partial(self.go, -1))
        self.close_button.clicked.connect(self.leave)
        self._keys = [QAction(self), QAction(self)]
        for action, keys, step in zip(self._keys, _KEYS, (+1, -1), strict=True):
            action.setShortcuts(keys)
            action.triggered.connect(partial(self.go, step))
            action.setEnabled(False)  # while nothing is looked for
        view.window().addActions(self._keys)
        view.installEventFilter(self)
        view.document().contentsChange.connect(self._changed)
        view.verticalScrollBar().valueChanged.connect(self._mark)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def _button(self, name: str, text: str, keys: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("kind", "small")
        button.setAccessibleName(text)
        button.setAccessibleDescription(self.tr("Key: {0}.").format(keys))
        button.setToolTip(f"{text} ({keys})")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    # What it is asked

    def open(self) -> None:
        """Show it, with the words that are selected or were looked for last."""
        Closables.of(self).opened(self, Layer.BAR, self.leave)
        chosen = self._view.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.field.setText(chosen)
        self._here = self._view.cursorForPosition(QPoint(0, 0))
        if not self.isVisible():
            self._place()
            self.show()
            self.raise_()
            self.room_wanted.emit(self.geometry().bottom() + Space.S)
            for action in self._keys:
                action.setEnabled(True)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._at = -1
        self._search(follow=True)

    def leave(self) -> None:
        """Close it; the keyboard goes back to where it was."""
        Closables.of(self).closed(self)
        self.hide()

    def go(self, step: int) -> None:
        """To the next match (+1) or the previous one (-1); after the last comes the first."""
        if self._look.isActive():
            self._search()
        if not self._matches or self._unfolding:
            return
        if self._at < 0:
            self._at = self._first()
        elif self._matches[self._at] not in self._folded:
            self._at = (self._at + step) % len(self._matches)
        if (link := self._folded.get(self._matches[self._at])) is not None:
            self._unfolding = True
            self._searched.unfold(link)
            self._look.start()
            return
        self._bring_into_view()
        self._show(announce=True)

    # Looking

    def _written(self) -> None:
        self._at, self._unfolding = -1, False
        self._search(follow=True)

    def _changed(self, position: int, removed: int, added: int) -> None:
        if self.isVisible() and (removed or added) and not self._look.isActive():
            self._look.start()

    def _search(self, follow: bool = False) -> None:
        """Look anew. ``follow``: bring the first match from here on into view."""
        self._look.stop()
        if not self.isVisible():
            return
        if self._unfolding and not self._searched.settled:
            self._look.start()
            return
        words = self.field.text()
        folded = self._searched.folded(words)
        self._folded = {(start, end): link for start, end, link in folded}
        self._matches = sorted([*matches(self._view.document(), words), *self._folded])
        if self._unfolding:
            self._unfolding = False
            self._at = min(self._at, len(self._matches) - 1)
            if self._at >= 0:
                self._bring_into_view()
            self._show(announce=True)
            return
        if self._at >= 0:  # it may have moved, and others may have come before it
            starts = [start for start, _ in self._matches]
            found = bisect_left(starts, self._here.selectionStart())
            same = found < len(starts) and starts[found] == self._here.selectionStart()
            self._at = found if same else min(self._at, len(starts) - 1)
        if follow and self._matches:
            self._at = self._first()
            self._bring_into_view()
        self._show(announce=follow)

    def _first(self) -> int:
        """The first match from where the search began, or else the first of all."""
        found = bisect_left(self._matches, (self._here.selectionStart(), 0))
        return found if found < len(self._matches) else 0

    def _bring_into_view(self) -> None:
        self._searched.hold()
        start, end = self._matches[self._at]
        self._here = self._cursor(start, end)
        view, bar = self._view, self._view.verticalScrollBar()
        place = view.cursorRect(self._cursor(start, start))
        if place.top() < Space.S or place.bottom() > view.viewport().height() - Space.L:
            bar.setValue(bar.value() + place.top() - view.viewport().height() // 3)

    # What is seen

    def _show(self, announce: bool = False) -> None:
        count, many = len(self._matches), len(self._matches) >= _MOST
        if not self.field.text():
            text = ""
        elif not count:
            text = self.tr("No matches")
        else:
            most = f"{_MOST:,}+" if many else f"{count:,}"
            text = self.tr("{0} of {1}").format(f"{max(0, self._at) + 1:,}", most)
        if text != self.count.text():
            self.count.setText(text)
            self.count.setAccessibleName(text)
            if announce and text:
                Announcer(self).say(text)
        for button in (self.previous_button, self.next_button):
            button.setEnabled(count > 0)
        self._mark()

    def _mark(self) -> None:
        """Colour those in view; all of them, a document of thousands would be slow to paint."""
        if not self.isVisible() or not self._matches:
            self._view.setExtraSelections([])
            return
        view = self._view
        size = view.viewport().size()
        first = view.cursorForPosition(QPoint(0, 0)).block().position()
        last_block = view.cursorForPosition(QPoint(size.width(), size.height())).block()
        last = last_block.position() + last_block.length()
        begin = bisect_left(self._matches, (first, 0))
        end = bisect_right(self._matches, (last, 0))
        marks = []
        for number in range(begin, end):
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._cursor(*self._matches[number])
            mark.format = self._current if number == self._at else self._other
            marks.append(mark)
        view.setExtraSelections(marks)

    def _cursor(self, start: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self._view.document())
        last = self._view.document().characterCount() - 1  # it may have become shorter since the last look
        cursor.setPosition(min(start, last))
        cursor.setPosition(min(end, last), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _restyle(self) -> None:
        self._other, self._current = QTextCharFormat(), QTextCharFormat()
        self._other.setBackground(self._theme.color("selection"))
        self._other.setForeground(self._theme.color("ink"))
        self._current.setBackground(self._theme.color("accent"))
        self._current.setForeground(self._theme.color("on_accent"))
        self.field.setFont(self._theme.font(Size.CONTROL))
        self.count.setFont(self._theme.font(Size.SMALL, tabular=True))
        texts = (self.tr("{0} of {1}").format(88, 888), self.tr("No matches"))
        self.count.setMinimumWidth(max(self.count.fontMetrics().horizontalAdvance(text) for text in texts))
        for button, icon in (
            (self.previous_button, "caret-up"),
            (self.next_button, "caret-down"),
            (self.close_button, "x"),
        ):
            button.setIcon(action_icon(icon, self._theme))
            button.setIconSize(self._theme.icon_size * 0.8)
        self._place()

    def _place(self) -> None:
        """At the top, where a browser has it; over all of a narrow conversation."""
        view = self._view
        bar = view.verticalScrollBar().sizeHint().width()
        width = min(round(_WIDTH * self._theme.scale), view.width() - 2 * Space.M - bar)
        left = Space.M + bar if view.isRightToLeft() else view.width() - width - Space.M - bar
        self.setGeometry(left, Space.S, width, self.sizeHint().height())

    def hideEvent(self, event: QEvent) -> None:
        self._look.stop()
        for action in self._keys:
            action.setEnabled(False)
        self._view.setExtraSelections([])
        if self.isHidden():  # and not only what it lies on
            self.room_wanted.emit(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view and event.type() == QEvent.Type.Resize:
            self._place()
            self._mark()
        if watched is self.field and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            self.style().unpolish(self)
            self.style().polish(self)
        if watched is not self.field or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()  # Escape closes this before it stops a reply
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        match event.key():
            case Qt.Key.Key_Escape:
                self.leave()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else +1)
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self.go(-1 if event.key() == Qt.Key.Key_Up else +1)
            case _:
                return False
        return True


def matches(document: QTextDocument, words: str) -> list[tuple[int, int]]:
    """Where ``words`` stand in whatever case, as positions from and to; the first 2,000. What is no part of the
    conversation (notes, labels) is passed over."""
    if not words:
        return []
    text = document.toRawText()  # a character a position
    astral = [found.start() for found in _ASTRAL.finditer(text)]
    found = []
    for match in re.finditer(re.escape(words), text, re.IGNORECASE):
        start = match.start() + bisect_left(astral, match.start())
        fmt = document.findBlock(start).blockFormat()
        if fmt.property(ASIDE) and not fmt.property(ATTACHMENT):
            continue
        found.append((start, match.end() + bisect_left(astral, match.end())))
        if len(found) == _MOST:
            break
    return found
