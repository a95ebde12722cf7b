"""The conversation as one document: shows messages, follows a reply as it is written, offers what can be done.
Knows nothing of engines; is told text and notes, and asks by signals, which name a message by its key.

No turn of the event loop sets more than a frame has time for, whatever was written: the rest waits for the next turns,
and of a very long message only the beginning is shown until more is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, QRectF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QTextBrowser, QToolTip, QWidget

from tern.markup.blocks import THOUGHT_LINK
from tern.ui.shared.announcer import Announcer
from tern.ui.style.icons import action_icon
from tern.ui.style.number_text import count_text
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.style.timing import PAUSE_MS
from tern.ui.transcript.backgrounds import Backgrounds
from tern.ui.transcript.clipboard import code_text, selected_text
from tern.ui.transcript.column import Column
from tern.ui.transcript.context_line import ContextLine
from tern.ui.transcript.document import AT_ONCE, DocumentWriter
from tern.ui.transcript.fade import Fade
from tern.ui.transcript.find_bar import FindBar
from tern.ui.transcript.formats import FORMULA
from tern.ui.transcript.formulas import Formulas
from tern.ui.transcript.hover_bars import HoverBars
from tern.ui.transcript.items import ATTACHMENT_LINK, MODELS_LINK, MORE_LINK, Item, Messages, Shown
from tern.ui.transcript.wide_code import is_wide

_NEAR_BOTTOM = 12
_MODELS_PAGE = "Models page"  # as the guide calls it, which speaks English only
# Steps of setting, a few microseconds each: of a frame, and of the first one, which most conversations fit into.
FRAME, FIRST_FRAME = 1500, 8000
# From so many characters or messages on the end of a conversation is set first.
_LONG_CHARACTERS, _LONG_COUNT = 30_000, 60
_END_CHARACTERS, _END_COUNT = 5000, 12  # of it, to fill the window


class Transcript(QTextBrowser):
    """A conversation is shown at once; its last reply may grow. Selections and the scroll position are the person's."""

    link_activated = Signal(str)
    attachment_requested = Signal(int, int)  # key, which of its attachments
    edit_requested = Signal(int)
    regenerate_requested = Signal(int)
    rewrite_requested = Signal(int)  # a reply is to be edited
    file_requested = Signal(int, str)  # a reply is to be printed ("print"), or saved ("pdf", "html")
    other_way_requested = Signal(int, QPoint)  # regenerate in another way: from a menu to be shown there
    continue_requested = Signal()
    branch_requested = Signal(int, int)  # key, -1 or +1
    delete_requested = Signal(int)
    models_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._writer = DocumentWriter(self.document(), theme)
        self.backgrounds = Backgrounds(theme)
        self.column = Column(theme, self)
        self._context_line = ContextLine(self.document())
        self.formulas = Formulas(self.document(), theme, self)
        self._before_formulas: tuple[QTextCursor, int] | None = None
        self.formulas.placing.connect(self._note_place)
        self.formulas.placed.connect(self._keep_place)
        self._dropped = 0  # of the messages, which the model no longer sees
        self._on_show = Messages()
        self._queue: deque[Shown] = deque()  # what is still to be set
        self._gap: QTextCursor | None = None  # the line in the place of messages that are not set yet
        self._end_from = 0  # the first of the messages under it
        self._wanted: tuple[Shown, Sequence[str]] | None = None  # to be brought into view once it is set
        # Which message is to stay where, px, while all is set anew, and where it was scrolled to for that.
        self._kept: tuple[Shown, int] | None = None
        self._kept_at: int | None = None
        self._going_on = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._going_on.timeout.connect(lambda: self._work(FRAME))
        self._stick = True
        self._edited: int | None = None  # key of the message that is being edited
        self._caret = QRect()
        self._announcer = Announcer(self)

        self.setObjectName("transcript")
        self.setAccessibleName(self.tr("Conversation"))
        self.setAccessibleDescription(self.tr("What you and the model wrote, oldest first."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        encoded = QUrl.ComponentFormattingOption.FullyEncoded
        self.anchorClicked.connect(lambda url: self._activate(url.toString(encoded)))

        self._jump = QPushButton(self.tr("Jump to latest"), self)
        self._jump.setObjectName("jumpButton")
        self._jump.setProperty("kind", "floating")
        self._jump.setAccessibleDescription(self.tr("Scrolls to the end of the chat."))
        self._jump.clicked.connect(self.jump_to_latest)
        self._jump.hide()

        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._range_changed)
        sideways = self.horizontalScrollBar()  # wide code scrolls by itself
        sideways.rangeChanged.connect(lambda: sideways.setRange(0, 0))
        self._bars = HoverBars(theme, self, self._on_show, self.column, self.backgrounds)
        self._bars.edit_requested.connect(self.edit_requested)
        self._bars.regenerate_requested.connect(self.regenerate_requested)
        self._bars.continue_requested.connect(self.continue_requested)
        self._bars.rewrite_requested.connect(self.rewrite_requested)
        self._bars.other_way_requested.connect(self.other_way_requested)
        self._bars.branch_requested.connect(self.branch_requested)
        self._bars.code_rewrapped.connect(self._stay)
        self.find_bar = FindBar(theme, self, self)
        self.find_bar.room_wanted.connect(self._leave_room)
        self._fade = Fade(theme, self)
        theme.changed.connect(self._rebuild)
        self._rebuild()

    # What is shown

    @property
    def messages(self) -> Sequence[Shown]:
        """Those on show, first to last."""
        return self._on_show.all

    @property
    def dropped(self) -> int:
        """How many of the oldest the model no longer sees."""
        return self._dropped

    def set_idle(self, idle: bool) -> None:
        """Whether the conversation can be changed now: no reply is on its way in it."""
        self._bars.idle = idle
        self._bars.place()

    def set_edited(self, key: int | None) -> None:
        """Which of the person's messages is being edited: it has a line around it."""
        self._edited = key
        self.viewport().update()

    def bring_into_view(self, key: int) -> None:
        """Scroll to a message that is not in view at all."""
        shown = next((shown for shown in self._on_show.all if shown.item.key == key), None)
        if shown is not None and not (shown.placed and self._in_view(shown)):
            self.reveal(key)

    def _in_view(self, shown: Shown) -> bool:
        """Whether something of a message is."""
        end = QTextCursor(self.document())
        end.setPosition(self._end_of(shown))
        top, bottom = self.cursorRect(shown.slot.start).top(), self.cursorRect(end).bottom()
        return bottom > 0 and top < self.viewport().height()

    def set_read_only(self) -> None:
        """Nothing in the conversation can be changed, ever: it is only read and copied from."""
        self._bars.read_only = True
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)  # the arrow keys scroll

    def show_items(self, items: Sequence[Item], last_open: bool = False) -> None:
        """Show a conversation, its end in view. ``last_open``: its last message is a reply that still grows."""
        self._on_show.all = [Shown(item, n, [item.text], item.note) for n, item in enumerate(items)]
        if self._on_show.all:
            self._on_show.all[-1].note = self._on_show.all[-1].whole_note
        self._on_show.open = self._on_show.all[-1] if last_open else None
        self._announcer.finish()
        self._stick = True
        self._dropped = 0
        self._wanted = None
        self._rebuild()
        self.jump_to_latest()

    def begin_turn(self, question: Item, reply: Item) -> None:
        """Add a question and open the empty reply to it, and follow the end from here on."""
        if self._on_show.all:
            self._drop_figures(self._on_show.all[-1])
        for item in (question, reply):
            self._on_show.all.append(Shown(item, len(self._on_show.all), [item.text]))
        self._on_show.open = self._on_show.all[-1]
        self._queue.extendleft(self._on_show.all[:-3:-1])
        self.jump_to_latest()
        self._work(FRAME)
        self._update_caret()
        self._bars.place()

    def _drop_figures(self, shown: Shown) -> None:
        """A reply is the newest no longer: its figures are there where the pointer is."""
        if not shown.user and shown.note != shown.item.note:
            shown.note = shown.item.note
            if shown.placed:
                self._writer.set_note(shown.slot, shown.note)

    def append(self, text: str) -> None:
        """Add a piece to the open reply."""
        if self._on_show.open is None or not text:
            return
        self._on_show.open.pieces.append(text)
        self._announcer.add(text)
        if self._on_show.open.setter is not None:
            self._on_show.open.setter.add(text)
        self._work(FRAME)
        self._update_caret()

    def set_dropped(self, message_count: int) -> None:
        """The model no longer sees so many of the oldest messages."""
        old, self._dropped = self._dropped, max(0, min(message_count, len(self._on_show.all)))
        if self._dropped < old:
            self._rebuild()
        elif self._dropped > old:
            top = self.cursorForPosition(QPoint(0, 0))
            stood = self.cursorRect(top).top()
            self._draw_context_line(old)
            self._stay(self.cursorRect(top).top() - stood)
            self._update_caret()
            self._bars.place()

    def _draw_context_line(self, dimmed: int) -> None:
        """``dimmed``: how many of the messages are dimmed already."""
        if self._dropped <= dimmed or len(self._on_show.placed) < len(self._on_show.all):
            return  # it is drawn when all are set
        first = self._on_show.all[dimmed].slot.start.position()
        rest = self._on_show.all[self._dropped :]
        end = rest[0].slot.start.position() if rest else self.document().characterCount()
        self._context_line.draw(first, end, self._writer.formats)

    def set_status(self, text: str) -> None:
        """Show what the open reply waits for, in the place of its note."""
        if self._on_show.open is not None and self._on_show.open.note != text:
            self._on_show.open.note = text
            if self._on_show.open.placed:
                self._writer.set_note(self._on_show.open.slot, text)

    def finish_reply(self, item: Item) -> None:
        """Close the open reply with the quiet line under it."""
        if self._on_show.open is None:
            return
        shown, self._on_show.open = self._on_show.open, None
        shown.item = item
        shown.note = shown.whole_note
        if shown.setter is not None:
            shown.setter.end()
        if shown not in self._queue:
            self._queue.appendleft(shown)
        self._work(FRAME)
        if shown.placed:
            self._writer.set_note(shown.slot, shown.note)
        self._announcer.finish()
        self._update_caret()
        QTimer.singleShot(0, self, self._bars.place)

    def last_reply(self) -> str:
        """The newest reply, without what the model thought; empty when there is none."""
        return next((shown.said for shown in reversed(self._on_show.all) if not shown.user), "")

    def reveal(self, key: int, words: Sequence[str] = ()) -> None:
        """Bring a message into view, and select the first of ``words`` in it."""
        shown = next((shown for shown in self._on_show.all if shown.item.key == key), None)
        if shown is None:
            return
        self._stick = False
        if shown in self._queue and shown is not self._on_show.open:
            self._queue.remove(shown)
            self._queue.appendleft(shown)
            self._wanted = shown, words
            self._work(FIRST_FRAME)
        else:
            self._reveal(shown, words)

    def _reveal(self, shown: Shown, words: Sequence[str]) -> None:
        end = self._end_of(shown)
        start = QTextCursor(shown.slot.start)
        start.setPosition(start.position())
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect(start).top() - Space.XL)
        for word in words:
            found = self.document().find(word, start)
            if not found.isNull() and found.position() <= end:
                self.setTextCursor(found)
                return
        for word in words:
            for start_of_line, _, link in self.folded(word):
                if start.position() <= start_of_line <= end:
                    self._wanted = shown, words
                    self.unfold(link)
                    return
        cut = shown.cut()
        if any(word.casefold() in shown.source[cut:].casefold() for word in words):
            self._wanted = shown, words
            self._show_more(shown)

    def _end_of(self, shown: Shown) -> int:
        """The last position of a message."""
        after = self._on_show.first_after(shown.number)
        if after < len(self._on_show.placed):
            return self._on_show.placed[after].slot.start.position() - 1
        return self.document().characterCount() - 1

    def _show_more(self, shown: Shown) -> None:
        """Show more of a very long message."""
        shown.more += 1
        self._stick = False
        self._rebuild()

    def _activate(self, link: str) -> None:
        """Show what is on show here, or ask for a link, whoever wrote it and whatever it is."""
        ours = link.startswith((ATTACHMENT_LINK, MORE_LINK, MODELS_LINK))
        for shown in self._on_show.all if ours else ():
            if shown.item.guide and link == f"{MODELS_LINK}{shown.item.key}":
                self.models_requested.emit()
                return
            if link == f"{MORE_LINK}{shown.item.key}":
                self._show_more(shown)
                return
            for number, one in enumerate(shown.attached if shown.user else ()):
                if one.link == link:
                    self.attachment_requested.emit(shown.item.key, number)
                    return
        if not self.unfold(link):
            self.link_activated.emit(link)

    def folded(self, words: str) -> list[tuple[int, int, str]]:
        """The thoughts with ``words`` in them that are folded: where the line of each stands, and what opens it."""
        asked = words.casefold()
        found = []
        for shown in self._on_show.placed if asked else ():
            for link, text in shown.folded(shown is self._on_show.open):
                if asked in text.casefold() and (place := self._place_of_link(shown, link)) is not None:
                    found.append((*place, link))
        return found

    def _place_of_link(self, shown: Shown, link: str) -> tuple[int, int] | None:
        """From where to where the line of a message stands that is a link."""
        block, end = self.document().findBlock(shown.slot.start.position()), self._end_of(shown)
        while block.isValid() and block.position() <= end:
            if not (first := block.begin()).atEnd() and first.fragment().charFormat().anchorHref() == link:
                return block.position(), block.position() + block.length() - 1
            block = block.next()
        return None

    def unfold(self, link: str) -> bool:
        """Open a thought, or fold it again; what is being read stays where it is. Whether ``link`` is of one."""
        key, _, number = link.removeprefix(THOUGHT_LINK).partition("/")
        for shown in self._on_show.all if link.startswith(THOUGHT_LINK) else ():
            if str(shown.item.key) == key and number.isdecimal():
                shown.turned ^= {int(number)}
                self._stick = False
                self._rebuild()
                return True
        return False

    @property
    def following(self) -> bool:
        """Whether the end stays in view as text arrives."""
        return self._stick

    def hold(self) -> None:
        """Stay with what is read, though the end goes on."""
        self._stick = False

    def jump_to_latest(self) -> None:
        self._stick = True
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._jump.hide()

    # Setting, a frame at a time

    @property
    def settled(self) -> bool:
        """Whether all that is known stands in the document."""
        return not self._queue and (
            self._on_show.open is None
            or (self._on_show.open.setter is not None and self._on_show.open.setter.done)
        )

    def _work(self, steps: int) -> None:
        """Set what waits, as much of it as ``steps`` allow; the rest in the next turns of the event loop."""
        bar = self.verticalScrollBar()
        top = None if self._stick or self._kept is not None else self.cursorForPosition(QPoint(0, 0))
        stood = self.cursorRect(top).top() if top is not None else 0
        steps = self._write_on(steps)
        ended: list[Shown] = []
        # One layout for what stands together, and not for more: what stands between would be laid out, too.
        edit = QTextCursor(self.document())
        edit.beginEditBlock()
        while steps > 0 and self._queue:
            shown = self._queue[0]
            if ended and shown.number < ended[-1].number:
                edit.endEditBlock()
                edit.beginEditBlock()
            steps = self._set(shown, steps)
            if self._queue and self._queue[0] is shown:
                break
            ended.append(shown)
        edit.endEditBlock()
        self._write_on(steps)  # it may have got its place just now
        if len(self._on_show.placed) == len(self._on_show.all):
            if self._gap is not None:
                self._writer.remove_block(self._gap)
                self._gap = None
            self._draw_missing_context_line()
        if top is not None:  # what is being read stays where it is
            bar.setValue(bar.value() + self.cursorRect(top).top() - stood)
        self._keep()
        for shown in ended:
            self._has_set(shown)
        if not self.settled:
            self._going_on.start()
        elif ended:
            QTimer.singleShot(0, self, self._bars.place)

    def _set(self, shown: Shown, steps: int) -> int:
        """Go on with the first message of the queue; when it is done, it leaves. Returns the steps left."""
        if not shown.placed:
            steps -= 20 + self._give_place(shown) // 10
        if shown.user:
            while shown.slot.waiting and steps > 0:
                steps -= self._writer.add_lines(shown.slot) // 10
            if shown.slot.waiting:
                return 0
        elif shown.setter is not None and shown is not self._on_show.open:
            steps = shown.setter.work(steps)
            if not shown.setter.done:
                return 0
            shown.setter = None
            self.formulas.add(self._writer.formulas(shown.slot))
            shown.slot.written.clear()
            self._writer.highlighter.settle()
        self._queue.popleft()
        total = len(shown.source)
        if shown is not self._on_show.open and (cut := shown.cut()) < total:
            words = self.tr("Show more ({0} of {1} characters are shown)").format(
                count_text(cut), count_text(total)
            )
            self._writer.add_elision(shown.slot, shown.item.key, words, f"{MORE_LINK}{shown.item.key}")
        return steps

    def _give_place(self, shown: Shown) -> int:
        """Give a message its place in the document, with as much of it as is set at once; returns about how many
        characters those are."""
        at = self._on_show.first_after(shown.number)
        after: int | None = None
        if self._gap is not None and shown.number < self._end_from:
            first_of_end = (
                at == len(self._on_show.placed) or self._on_show.placed[at].number >= self._end_from
            )
            after = (
                self._gap.position() - 1
                if first_of_end
                else self._on_show.placed[at].slot.start.position() - 1
            )
        elif at < len(self._on_show.placed):
            after = self._on_show.placed[at].slot.start.position() - 1
        text = shown.source if shown is self._on_show.open else shown.source[: shown.cut()]
        if shown.user:
            shown.slot = self._writer.add_user(text, self.column.width, shown.attached, after, shown.item.day)
        else:
            shown.slot = self._writer.add_reply(after)
            shown.slot.day = shown.item.day
            from tern.ui.transcript.reply_setter import ReplySetter

            shown.setter = ReplySetter(
                self._writer, shown.slot, shown.reader(), text, growing=shown is self._on_show.open
            )
            self._writer.set_note(shown.slot, shown.note)
        shown.placed = True
        self._on_show.placed.insert(at, shown)
        return min(len(text), AT_ONCE) if shown.user else 0

    def _write_on(self, steps: int) -> int:
        """Go on with the open reply; returns the steps left."""
        shown = self._on_show.open
        if shown is None or shown.setter is None or shown.setter.done:
            return steps
        cursor = self.textCursor()
        selection = (cursor.anchor(), cursor.position()) if cursor.hasSelection() else None
        steps = shown.setter.work(steps)
        shown.setter.show_rest()
        if selection is not None:
            self._restore_selection(*selection)
        return steps

    def _note_place(self) -> None:
        """Formulas are about to be placed: what is read stays where it is."""
        top = self.cursorForPosition(QPoint(0, 0))
        self._before_formulas = None if self._stick else (top, self.cursorRect(top).top())

    def _keep_place(self) -> None:
        if self._before_formulas is not None:
            top, stood = self._before_formulas
            self._stay(self.cursorRect(top).top() - stood)
        self._update_caret()
        self._bars.place()
        self.viewport().update()

    def _keep(self) -> None:
        """While all is set anew, the message that was at the top of the window stays where it was, unless the person
        scrolls."""
        bar = self.verticalScrollBar()
        if self._kept is None or (self._kept_at is not None and bar.value() != self._kept_at):
            self._kept = None
            return
        shown, stood = self._kept
        if shown.placed:
            bar.setValue(bar.value() + self.cursorRect(shown.slot.start).top() - stood)
        self._kept_at = bar.value()
        if not self._queue:
            self._kept = None

    def _has_set(self, shown: Shown) -> None:
        """A message has just been set."""
        if shown.item.guide and shown is not self._on_show.open:
            self._link_models(shown)
        if self._wanted is not None and self._wanted[0] is shown:
            (_, words), self._wanted = self._wanted, None
            self._reveal(shown, words)

    def _link_models(self, shown: Shown) -> None:
        """Make the page that the guide names a link to it. The words themselves stay as they are."""
        fmt = QTextCharFormat()
        fmt.setAnchor(True)
        fmt.setAnchorHref(f"{MODELS_LINK}{shown.item.key}")
        fmt.setForeground(self._theme.color("accent"))
        fmt.setFontUnderline(True)
        end = self._end_of(shown)
        found = self.document().find(_MODELS_PAGE, shown.slot.start.position())
        while not found.isNull() and found.position() <= end:
            found.mergeCharFormat(fmt)
            found = self.document().find(_MODELS_PAGE, found.position())

    def _restore_selection(self, anchor: int, position: int) -> None:
        cursor = self.textCursor()
        if cursor.position() - cursor.anchor() == position - anchor:
            return  # it is where it was, or moved with its text
        end = self.document().characterCount() - 1
        cursor.setPosition(min(anchor, end))
        cursor.setPosition(min(position, end), QTextCursor.MoveMode.KeepAnchor)
        scrolled = self.verticalScrollBar().value()
        self.setTextCursor(cursor)  # makes the cursor visible, which nobody asked for
        self.verticalScrollBar().setValue(scrolled)

    def _rebuild(self) -> None:
        """Write everything anew: the look has changed, or the conversation."""
        bar = self.verticalScrollBar()
        scrolled = bar.value()
        self._writer.restyle()
        self.backgrounds.restyle()
        self._bars.forget()
        self._kept = None
        if not self._stick and (kept := self._at_top()) is not None:
            self._kept = kept, self.cursorRect(kept.slot.start).top()
            self._kept_at = None
        # Clearing takes their frames away, and the scroll bar, which resizes this: none may be asked meanwhile.
        messages, self._on_show.all = self._on_show.all, []
        still_open, self._on_show.open = self._on_show.open, None
        self._on_show.placed, self._gap = [], None
        self._queue.clear()
        self._writer.clear()
        self._context_line.forget()
        self.formulas.forget()
        self._fit_column()
        self._on_show.all, self._on_show.open = messages, still_open
        for shown in messages:
            shown.placed, shown.setter = False, None
        self._line_up()
        self._work(FIRST_FRAME)
        self._jump.setIcon(action_icon("arrow-down", self._theme))
        if self._stick:
            bar.setValue(bar.maximum())
        elif self.settled:
            bar.setValue(scrolled)
        self._update_caret()
        QTimer.singleShot(0, self, self._bars.place)

    def _line_up(self) -> None:
        """Say in which order the messages are set: of many or long ones first those that will be in view."""
        messages = self._on_show.all
        self._end_from = 0
        sizes = [min(len(shown.source), shown.cut()) for shown in messages]
        if sum(sizes) > _LONG_CHARACTERS or len(messages) > _LONG_COUNT:
            if self._kept is not None:
                self._end_from = self._kept[0].number
            else:
                self._end_from, room = len(messages), _END_CHARACTERS
                least = max(0, len(messages) - _END_COUNT)
                while self._end_from > least and room > 0:
                    self._end_from -= 1
                    room -= sizes[self._end_from]
        if self._end_from:
            self._gap = self._writer.add_gap(self.tr("Loading earlier messages…"))
        self._queue.extend([*messages[self._end_from :], *messages[: self._end_from]])

    def _at_top(self) -> Shown | None:
        """The message at the top of the window."""
        first = self._on_show.placed[0] if self._on_show.placed else None
        return self._on_show.at(self.cursorForPosition(QPoint(0, 0)).position()) or first

    def _draw_missing_context_line(self) -> None:
        if self._dropped and not self._context_line.drawn:
            self._draw_context_line(0)

    # Copying

    def copy(self) -> None:
        """Put the selection on the clipboard. As text, which the clipboard owns: it outlives Python at exit."""
        if self.textCursor().hasSelection():
            QGuiApplication.clipboard().setText(selected_text(self.textCursor(), self._elided))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """The selection with list marks, without notes."""
        data = QMimeData()
        data.setText(selected_text(self.textCursor(), self._elided))
        return data

    def _elided(self, key: int) -> str:
        """What is not shown of a message."""
        return "".join(shown.source[shown.cut() :] for shown in self._on_show.all if shown.item.key == key)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_at(event.pos()).popup(event.globalPos())

    def menu_at(self, point: QPoint) -> QMenu:
        """What can be done with what stands at a place of the viewport."""
        shown, code = self._bars.at(point)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(self.tr("Copy"), QKeySequence(QKeySequence.StandardKey.Copy), self.copy)
        copy.setEnabled(self.textCursor().hasSelection())
        if (link := self.anchorAt(point)).startswith(ATTACHMENT_LINK):
            menu.addAction(self.tr("Show attachment"), lambda: self._activate(link))
        block = self.cursorForPosition(point).block()
        if block.blockFormat().hasProperty(FORMULA):
            tex = str(block.blockFormat().property(FORMULA))
            menu.addAction(self.tr("Copy formula (TeX)"), lambda: QGuiApplication.clipboard().setText(tex))
        if code is not None:
            text = code_text(code)
            menu.addAction(self.tr("Copy code"), lambda: QGuiApplication.clipboard().setText(text))
            label = self.tr("Wrap long lines") if is_wide(code) else self.tr("Do not wrap long lines")
            menu.addAction(label, lambda: self._bars.turn_wrapping(code))
        if shown is not None:
            self._add_message_actions(menu, shown)
        menu.addSeparator()
        menu.addAction(
            self.tr("Select all"), QKeySequence(QKeySequence.StandardKey.SelectAll), self.selectAll
        )
        return menu

    def _add_message_actions(self, menu: QMenu, shown: Shown) -> None:
        idle, key = self._bars.idle, shown.item.key
        label = self.tr("Copy message") if shown.user else self.tr("Copy reply")
        menu.addAction(label, lambda: QGuiApplication.clipboard().setText(shown.said))
        if self._bars.read_only:
            return
        menu.addSeparator()
        if shown.user:
            changes = [menu.addAction(self.tr("Edit and send again"), lambda: self.edit_requested.emit(key))]
        else:
            changes = [menu.addAction(self.tr("Regenerate"), lambda: self.regenerate_requested.emit(key))]
            changes.append(
                menu.addAction(self.tr("Edit this reply"), lambda: self.rewrite_requested.emit(key))
            )
            if shown.item.unfinished and shown is self._on_show.all[-1]:
                changes.append(menu.addAction(self.tr("Continue"), self.continue_requested.emit))
            here = QCursor.pos()
            changes.append(
                menu.addAction(
                    self.tr("Regenerate with another model or preset…"),
                    lambda: self.other_way_requested.emit(key, here),
                )
            )
            for name, kind in (
                (self.tr("Print…"), "print"),
                (self.tr("Save as PDF…"), "pdf"),
                (self.tr("Save as HTML…"), "html"),
            ):
                menu.addAction(name, partial(self.file_requested.emit, key, kind))
        number, total = shown.item.place
        if total > 1:
            step = self.branch_requested
            back = menu.addAction(self.tr("Previous version"), lambda: step.emit(key, -1))
            forth = menu.addAction(self.tr("Next version"), lambda: step.emit(key, 1))
            back.setEnabled(idle and number > 1)
            forth.setEnabled(idle and number < total)
        delete = menu.addAction(self.tr("Delete from here on"), lambda: self.delete_requested.emit(key))
        for action in (*changes, delete):
            action.setEnabled(idle)

    # The pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if event.buttons() == Qt.MouseButton.NoButton:
            self._bars.point_at(event.position().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._bars.leave()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        across = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if across and self._bars.scroll_sideways(event.position().toPoint(), across):
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.details_at(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    def details_at(self, point: QPoint) -> str:
        """The numbers of the reply whose note stands at a place of the viewport."""
        cursor = self.cursorForPosition(point)
        shown = self._on_show.at(cursor.position())
        if shown is None or shown.slot.note is None:
            return ""
        return shown.item.details if cursor.block() == shown.slot.note.block() else ""

    # Geometry

    def _fit_column(self) -> None:
        """Centre the column in the whole widget, so that a scroll bar's coming moves nothing."""
        column = self.column.width
        left = self.column.left
        self._writer.column(left, max(0.0, self.viewport().width() - left - column), Space.XXL)

    def resizeEvent(self, event: QResizeEvent) -> None:
        column = self.column.width
        self._fit_column()
        for shown in self._on_show.placed:
            if shown.user:
                self._writer.fit_bubble(shown.slot, column)
        super().resizeEvent(event)
        self._writer.fit_tables()  # the document has its width only now
        self._fade.place()
        self._place_jump()
        self._update_caret()
        self._bars.place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_column()  # a scroll bar that went while it was hidden announced no new size

    def _leave_room(self, height: int) -> None:
        """Have nothing under the find bar, not even the first message; what is read stays where it is."""
        stick, scrolled = self._stick, self.verticalScrollBar().value()
        added = height - self.viewportMargins().top()
        self.setViewportMargins(0, height, 0, 0)
        if stick:
            self.jump_to_latest()
        else:
            self.verticalScrollBar().setValue(scrolled + added)
        if not height:
            self._scrolled()  # what was found may be the end

    def _place_jump(self) -> None:
        size = self._jump.sizeHint()
        self._jump.resize(size)
        left = round(self.column.left + self.column.width) + Space.M
        if left + size.width() > self.viewport().width():
            left = (self.width() - size.width()) // 2  # no room beside the text: over it
        elif self.isRightToLeft():
            left = self.width() - left - size.width()
        self._jump.move(left, self.height() - size.height() - Space.M)

    def _range_changed(self) -> None:
        self._fit_column()  # a scroll bar that comes before the window is shown announces no new size
        if self._stick:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._show_jump()

    def _scrolled(self) -> None:
        bar = self.verticalScrollBar()
        self._stick = bar.value() >= bar.maximum() - _NEAR_BOTTOM
        self._bars.place()
        self._show_jump()

    def _show_jump(self) -> None:
        wanted = not self._stick
        self._fade.setVisible(wanted)
        if wanted and not self._jump.isVisible():
            self._place_jump()
            self._jump.raise_()
        self._jump.setVisible(wanted)

    def _stay(self, moved: int) -> None:
        """What is being read stays where it is, though it has moved."""
        if not self._stick:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + moved)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        offset = self.column.offset
        clip = QRectF(event.rect()).translated(offset)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        # From a little higher: what is painted above a block may be all of it that shows.
        first = self.cursorForPosition(QPoint(0, max(0, event.rect().top() - 60))).block()
        edited = [shown.slot.bubble for shown in self._on_show.placed if shown.item.key == self._edited]
        self.backgrounds.outlined = edited[0] if edited else 0
        cursor = self.textCursor()
        self.backgrounds.selected = cursor.selectionStart(), cursor.selectionEnd()
        self.backgrounds.paint(painter, first, clip, self.column.width)
        painter.end()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-offset)
        left = self.column.left
        self.backgrounds.paint_over(painter, first, clip, left, self.column.width, self.viewport().width())
        painter.end()
        if self._on_show.open is not None and not self._caret.isNull():
            painter = QPainter(self.viewport())
            painter.fillRect(self._caret, self._theme.color("accent"))
            painter.end()

    def _update_caret(self) -> None:
        """Keep the thin mark at the end of the reply that is being written."""
        old = self._caret
        self._caret = QRect()
        if self._on_show.open is not None and self._on_show.open.placed:
            cursor = QTextCursor(self.document())
            cursor.setPosition(self._on_show.open.slot.end)
            rect = self.cursorRect(cursor)
            height = round(self._theme.px(Size.BODY) * 1.25)
            self._caret = QRect(rect.left() + 2, rect.bottom() - height - 1, 2, height)
        self.viewport().update(old.united(self._caret).adjusted(-1, -1, 1, 1))
