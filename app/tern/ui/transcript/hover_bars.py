"""What floats over the transcript: the buttons of the message under the pointer, those of a code, and the sliders of
what is wider than the column. Asks by signals, which name a message by its key.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, Qt, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication, QTextBlock, QTextCursor, QTextTable
from PySide6.QtWidgets import QTextBrowser

from tern.ui.style.theme import Space, Theme
from tern.ui.transcript import tables
from tern.ui.transcript.backgrounds import Backgrounds
from tern.ui.transcript.clipboard import CopyButton, code_text
from tern.ui.transcript.code_bar import CodeBar, SideSlider
from tern.ui.transcript.column import Column
from tern.ui.transcript.formats import CODE, CODE_SIDE, PADDING
from tern.ui.transcript.items import Messages, Shown
from tern.ui.transcript.message_bar import MessageBar
from tern.ui.transcript.wide_code import is_wide, overflow, scroll_to, scrolled, set_wide


class HoverBars(QObject):
    """Over ``view``, which shows ``messages``; told by it where the pointer is."""

    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    continue_requested = Signal()
    rewrite_requested = Signal(int)  # a reply is to be edited
    other_way_requested = Signal(int, QPoint)  # regenerate in another way: from a menu to be shown there
    branch_requested = Signal(int, int)  # key, -1 or +1
    code_rewrapped = Signal(int)  # px by which what stands at the top of the view has moved down

    def __init__(
        self, theme: Theme, view: QTextBrowser, messages: Messages, column: Column, backgrounds: Backgrounds
    ) -> None:
        super().__init__(view)
        self._view, self._messages, self._column, self._backgrounds = view, messages, column, backgrounds
        self.read_only = False  # nothing in the conversation can be changed
        self.idle = True  # no reply is on its way: the conversation can be changed
        self._pointed: Shown | None = None
        self._code: QTextBlock | None = None  # under the pointer
        self._table: QTextTable | None = None
        self.question_bar = MessageBar(theme, True, view.viewport())
        self.reply_bar = MessageBar(theme, False, view.viewport())
        for bar in (self.question_bar, self.reply_bar):
            bar.copy_clicked.connect(partial(self._copy, bar))
            bar.branch_clicked.connect(partial(self._ask, bar, self.branch_requested))
        self.question_bar.change_clicked.connect(partial(self._ask, self.question_bar, self.edit_requested))
        self.reply_bar.change_clicked.connect(partial(self._ask, self.reply_bar, self.regenerate_requested))
        self.reply_bar.continue_clicked.connect(self.continue_requested)
        self.reply_bar.other_way_clicked.connect(self._ask_other_way)
        self.reply_bar.rewrite_clicked.connect(partial(self._ask, self.reply_bar, self.rewrite_requested))
        self._code_bar = CodeBar(theme, view.viewport())
        self._code_bar.copy_clicked.connect(self._copy_code)
        self._code_bar.wrap_clicked.connect(self._turn_wrapping_of_pointed)
        self._code_bar.scrolled.connect(self._scroll_code)
        self._theme = theme
        self._copies: list[CopyButton] = []  # one for each code in view that the pointer is not over
        self._copied: list[QTextBlock] = []  # and a line of that
        self._versions: list[MessageBar] = []  # of messages with several versions, the pointer elsewhere
        self._versioned: list[Shown] = []
        self._table_slider = SideSlider(self.tr("Scroll this table sideways"), view.viewport())
        self._table_slider.setObjectName("tableScrollBar")
        self._table_slider.valueChanged.connect(self._scroll_table)

    # Where the pointer is

    def at(self, point: QPoint) -> tuple[Shown | None, QTextBlock | None]:
        """The message and the code at a place of the viewport."""
        cursor = self._view.cursorForPosition(point)
        shown = self._messages.at(cursor.position())
        block = cursor.block()
        if _is_code(block) and self._surface(block).contains(QPointF(point) + self._column.offset):
            return shown, block
        return shown, None

    def point_at(self, point: QPoint) -> None:
        """The pointer has moved to a place of the viewport."""
        shown, code = self.at(point)
        pointed = shown if shown is not self._messages.open else None
        if pointed is not self._pointed:
            self._pointed = pointed
            self.place()
        self._code = code
        self._table = self._table_at(point)
        self._place_code_bar()

    def leave(self) -> None:
        """The pointer is elsewhere."""
        self._pointed = self._code = self._table = None
        self.place()

    def forget(self) -> None:
        """All is written anew: nothing under the pointer is known any more."""
        self._pointed = self._code = self._table = None
        self._table_slider.hide()
        self._code_bar.restyle()
        self._code_bar.put_away()
        self._copied, self._versioned = [], []
        for button in self._copies:
            button.restyle()
            button.hide()
        for versions in self._versions:
            versions.restyle()
            versions.hide()
        for bar in (self.question_bar, self.reply_bar):
            bar.restyle()
            bar.hide()

    def scroll_sideways(self, point: QPoint, by: int) -> bool:
        """Scroll what is wider than the column there; whether there is any."""
        _, code = self.at(point)
        if code is not None and is_wide(code):
            self._code = code
            self._scroll_code(scrolled(code) - by)
            return True
        if (table := self._table_at(point)) is not None:
            self._table = table
            self._scroll_table(tables.scrolled(table) - by)
            return True
        return False

    # Messages

    def place(self) -> None:
        """Put everything where it belongs now."""
        self._place_code_bar()
        for bar in (self.reply_bar, self.question_bar):
            self._place_bar(bar)
        self._place_versions()

    def _place_versions(self) -> None:
        """Beside each message in view that has several versions: which is shown, and the arrows."""
        taken = [self._barred(bar) for bar in (self.reply_bar, self.question_bar)]
        self._versioned = [
            shown
            for shown in (() if self.read_only else self._messages.placed)
            if shown.item.place[1] > 1 and shown not in taken and shown is not self._messages.open
        ]
        self._versioned = [shown for shown in self._versioned if self._end_in_view(shown) is not None]
        while len(self._versions) < len(self._versioned):
            bar = MessageBar(self._theme, True, self._view.viewport(), versions=True)
            bar.restyle()
            bar.branch_clicked.connect(partial(self._turn_version, len(self._versions)))
            self._versions.append(bar)
        for number, bar in enumerate(self._versions):
            if number >= len(self._versioned):
                bar.hide()
                continue
            shown = self._versioned[number]
            end = self._end_in_view(shown)
            assert end is not None
            bar.set_message(shown.item.place, self.idle, False)
            bar.place(*self._beside(shown, end))

    def _turn_version(self, number: int, step: int) -> None:
        if number < len(self._versioned):
            self.branch_requested.emit(self._versioned[number].item.key, step)

    def _end_in_view(self, shown: Shown) -> QRect | None:
        """Where the last line of a message stands; None where that is out of view."""
        last = QTextCursor(shown.slot.note or shown.slot.last)
        last.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        rect = self._view.cursorRect(last)
        return None if rect.bottom() < 0 or rect.top() > self._view.viewport().height() else rect

    def _beside(self, shown: Shown, end: QRect) -> tuple[QRect, int]:
        """What a message's buttons stand beside, and how far they may reach."""
        right = self._column.right
        if not shown.user:
            return end.translated(Space.S, 0), right
        beside = end.adjusted(0, PADDING, 0, PADDING)
        beside.moveRight(right + 1)  # no room beside a bubble: under it
        return beside, right

    def _barred(self, bar: MessageBar) -> Shown | None:
        """Whose buttons they are: of the message under the pointer; of replies, or else the last one."""
        pointed = self._pointed
        if pointed is not None and pointed.user is (bar is self.question_bar):
            return pointed
        return None if bar is self.question_bar else self._messages.last_settled

    def _place_bar(self, bar: MessageBar) -> None:
        shown = self._barred(bar)
        if shown is None or not shown.placed or self.read_only:
            bar.hide()
            return
        rect = self._end_in_view(shown)
        if rect is None:
            bar.hide()
            return
        last = shown is self._messages.all[-1]
        bar.set_message(shown.item.place, self.idle, shown.item.unfinished and last, shown.about(last))
        bar.copy.setVisible(bool(shown.source))
        bar.place(*self._beside(shown, rect))

    def _copy(self, bar: MessageBar) -> None:
        if (shown := self._barred(bar)) is not None:
            QGuiApplication.clipboard().setText(shown.said)
            bar.confirm_copy()

    def _ask_other_way(self, where: QPoint) -> None:
        if (shown := self._barred(self.reply_bar)) is not None:
            self.other_way_requested.emit(shown.item.key, where)

    def _ask(self, bar: MessageBar, signal: SignalInstance, *more: int) -> None:
        if (shown := self._barred(bar)) is not None:
            signal.emit(shown.item.key, *more)

    # Code

    def turn_wrapping(self, code: QTextBlock) -> None:
        """Wrap the lines of a code no longer, or again."""
        if not _is_code(code):
            return
        top = self._view.cursorForPosition(QPoint(0, 0))
        stood = self._view.cursorRect(top).top()
        set_wide(code, not is_wide(code))
        self.code_rewrapped.emit(self._view.cursorRect(top).top() - stood)
        self._place_code_bar()
        self._view.viewport().update()

    def _turn_wrapping_of_pointed(self) -> None:
        if self._code is not None:
            self.turn_wrapping(self._code)

    def _copy_code(self) -> None:
        if self._code is not None:
            QGuiApplication.clipboard().setText(code_text(self._code))
            self._code_bar.copy.confirm()
            self._code_bar.adjustSize()

    def _place_code_bar(self) -> None:
        self._place_table_slider()
        self._place_copies()
        code = self._code
        if code is None or not _is_code(code):
            self._code_bar.put_away()
            return
        rect = self._surface(code).translated(-self._column.offset)
        if rect.bottom() < self._code_bar.height() + Space.L or rect.top() > self._view.viewport().height():
            self._code_bar.put_away()  # scrolled away from under the pointer
            return
        most = overflow(code, _room(rect))
        self._code_bar.show_over(rect.toRect(), not is_wide(code), scrolled(code), most)

    def _place_copies(self) -> None:
        """A button to copy over each code in view; that under the pointer has its own bar."""
        view = self._view.viewport()
        block = self._view.cursorForPosition(QPoint(0, 0)).block()
        pointed = (
            self._code.blockFormat().property(CODE) if self._code is not None and _is_code(self._code) else 0
        )
        self._copied, seen = [], {pointed}
        rects = []
        layout, bottom = self._view.document().documentLayout(), self._column.offset.y() + view.height()
        while block.isValid() and layout.blockBoundingRect(block).top() <= bottom:
            number = block.blockFormat().property(CODE)
            if number and number not in seen:
                seen.add(number)
                rect = self._surface(block).translated(-self._column.offset).toRect()
                if rect.bottom() > 3 * Space.L:
                    self._copied.append(block)
                    rects.append(rect)
            block = block.next()
        while len(self._copies) < len(rects):
            button = CopyButton(self._theme, self.tr("Copy this code"), view)
            button.setObjectName("copyCodeInView")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.restyle()
            button.clicked.connect(partial(self._copy_in_view, len(self._copies)))
            self._copies.append(button)
        for button, rect in zip(self._copies, rects, strict=False):
            self._code_bar.put_over(button, rect)
        for button in self._copies[len(rects) :]:
            button.hide()

    def _copy_in_view(self, number: int) -> None:
        if number < len(self._copied) and _is_code(self._copied[number]):
            QGuiApplication.clipboard().setText(code_text(self._copied[number]))
            self._copies[number].confirm()

    def _scroll_code(self, to: float) -> None:
        if self._code is not None and _is_code(self._code):
            scroll_to(self._code, to, _room(self._surface(self._code)))
            self._place_code_bar()
            self._view.viewport().update()

    def _surface(self, code: QTextBlock) -> QRectF:
        return self._backgrounds.code_rect(code, self._column.width, self._column.in_view)

    # Tables

    def _table_at(self, point: QPoint) -> QTextTable | None:
        """The table at a place of the viewport, if it scrolls sideways."""
        table = self._view.cursorForPosition(point).currentTable()
        if table is None or not tables.overflow(table, self._column.width):
            return None
        surface = tables.surface(self._view.document(), table)
        return table if surface.top() <= point.y() + self._column.offset.y() <= surface.bottom() else None

    def _place_table_slider(self) -> None:
        """Under the table that is pointed at, or at the edge of the window that it goes beyond."""
        table, column = self._table, self._column
        most = tables.overflow(table, column.width) if table is not None else 0
        if table is None or most <= 0:
            self._table_slider.hide()
            return
        height = self._view.viewport().height()
        rect = tables.surface(self._view.document(), table).translated(-column.offset)
        bottom = min(rect.bottom() + self._table_slider.sizeHint().height(), height)
        if bottom < 0 or rect.top() > height:
            self._table_slider.hide()  # scrolled away from under the pointer
            return
        self._table_slider.show_at(
            int(column.left), int(bottom), int(column.width), tables.scrolled(table), most
        )

    def _scroll_table(self, to: float) -> None:
        if self._table is not None:
            tables.scroll_to(self._view.document(), self._table, to, self._column.width)
            self._place_table_slider()
            self._view.viewport().update()


def _is_code(block: QTextBlock) -> bool:
    """Whether it still is: what is being written may have been read as something else meanwhile."""
    return block.isValid() and block.blockFormat().hasProperty(CODE)


def _room(surface: QRectF) -> float:
    """For a line of code on its surface, px."""
    return surface.width() - 2 * CODE_SIDE
