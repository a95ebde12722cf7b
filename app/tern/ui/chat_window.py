"""The conversation on show: sending, changing, and what the engine says of it. Of other conversations it knows
only that they may be busy.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from tern.chat.session import Session
from tern.chat.store import Store
from tern.engine.types import ModelInfo, Stats
from tern.engine.worker import EngineFactory
from tern.errors import UserError
from tern.settings import Settings
from tern.ui.desk import Desk
from tern.ui.links import offer_link
from tern.ui.presenting import item_of, items_of
from tern.ui.theme import Theme
from tern.ui.window_frame import WindowFrame

UNDO_S = 10


class ChatWindow(WindowFrame):
    """One conversation of ``store`` at a time."""

    def __init__(self, theme: Theme, store: Store, settings: Settings) -> None:
        super().__init__(theme, settings)
        self.store = store
        self.desk = Desk(store, settings, self)
        self._session = Session(store)
        self._editing: int | None = None  # the question that the next one sent replaces

    def _connect_chat(self) -> None:
        self.composer.send_requested.connect(self.send)
        self.composer.stop_requested.connect(self.stop)
        self.composer.edit_last_requested.connect(self.edit_last)
        self.greeting.question_chosen.connect(self.send)
        self.transcript.link_activated.connect(lambda address: offer_link(address, self.notice))
        self.transcript.edit_requested.connect(self.edit)
        self.transcript.regenerate_requested.connect(self.regenerate)
        self.transcript.continue_requested.connect(self.go_on)
        self.transcript.branch_requested.connect(self.show_branch)
        self.transcript.delete_requested.connect(self.delete_from)
        self.desk.model_loading.connect(self._model_loading)
        self.desk.model_loaded.connect(self._model_loaded)
        self.desk.model_failed.connect(self._model_failed)
        self.desk.prefilling.connect(self._prefilling)
        self.desk.grew.connect(self._grew)
        self.desk.ended.connect(self._ended)
        self.desk.trouble.connect(self.show_error)

    # Writing, and what becomes of it

    def open_model(self, factory: EngineFactory) -> None:
        """Load a model in the background; messages sent meanwhile wait for it."""
        self.desk.open_model(factory)

    def send(self, text: str) -> None:
        session = self._session
        if session.busy:
            return
        before = self._editing
        if not self._do(lambda: self.desk.ask(session, text, before)):
            return
        self.composer.clear()
        self._stop_editing()
        question, reply = items_of(session)[-2:]
        if before is None:
            self.pages.setCurrentWidget(self.transcript)
            self.transcript.begin_turn(question, reply)
            self._replying()
        else:
            self._show_session()

    def stop(self) -> None:
        self.desk.stop(self._session)

    def escape(self) -> None:
        """Stop the reply, or give up editing, whichever is under way."""
        if self._session.busy:
            self.stop()
        elif self._editing is not None:
            self._stop_editing()
            self.composer.clear()

    def regenerate(self, reply: int) -> None:
        """Another reply beside that one."""
        if self._do(lambda: self.desk.regenerate(self._session, reply)):
            self._show_session()

    def regenerate_last(self) -> None:
        path = self._session.path
        if not self._session.busy and path and path[-1].role == "assistant":
            self.regenerate(path[-1].id)

    def go_on(self) -> None:
        """Continue the last reply where it ended too early."""
        if self._do(lambda: self.desk.go_on(self._session)):
            self._show_session()

    def edit(self, question: int) -> None:
        """Put a question into the composer again; sending it begins a new branch."""
        entry = next(entry for entry in self._session.path if entry.id == question)
        self._editing = question
        self.composer.set_text(entry.content)
        self.notice.show_message(
            self.tr("You are editing an earlier message. Sending it begins a new version; the old one stays."),
            self.tr("Cancel"), self.escape, tone="calm",
        )  # fmt: skip
        self.focus_composer()

    def edit_last(self) -> None:
        questions = [entry.id for entry in self._session.path if entry.role == "user"]
        if questions and not self._session.busy:
            self.edit(questions[-1])

    def _stop_editing(self) -> None:
        self._editing = None
        self.notice.hide()

    def show_branch(self, entry: int, step: int) -> None:
        """Show the version before or after that message."""
        session = self._session
        shown = next(candidate for candidate in session.path if candidate.id == entry)
        siblings = session.siblings(shown)
        number = siblings.index(shown) + step
        if 0 <= number < len(siblings) and self._do(lambda: session.choose(siblings[number].id)):
            self._show_session()

    def delete_from(self, entry: int) -> None:
        """Take that message and all after it away; it can be undone."""
        session = self._session

        def undo() -> None:
            if self._do(lambda: session.restore(removal)) and session is self._session:
                self._show_session()

        try:
            removal = session.delete_from(entry)
        except UserError as error:
            self.show_error(str(error))
            return
        self._show_session()
        count = len(removal.entries)
        said = self.tr("1 message deleted.") if count == 1 else self.tr("{0} messages deleted.").format(count)
        self.notice.show_message(said, self.tr("Undo"), undo, tone="calm", seconds=UNDO_S)

    def copy_last_reply(self) -> None:
        if reply := self.transcript.last_reply():
            QGuiApplication.clipboard().setText(reply)

    def focus_composer(self) -> None:
        self.composer.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # What is on show

    def _show_session(self) -> None:
        """Show the conversation as it stands."""
        session = self._session
        items = items_of(session)
        self.transcript.show_items(items, last_open=session.busy)
        self.pages.setCurrentWidget(self.transcript if items else self.greeting)
        self.readouts.finish()
        replies = [entry.stats for entry in session.path if entry.stats.context_size]
        self.readouts.show_last(replies[-1] if replies else None)
        self._show_title()
        if session.busy:
            self._replying()
        else:
            self.composer.set_busy(False)
            self.transcript.set_idle(True)
        self.focus_composer()

    def _replying(self) -> None:
        """A reply is on its way in the conversation on show."""
        self.composer.set_busy(True)
        self.transcript.set_idle(False)
        before = self.desk.waits_for(self._session)
        if self.desk.info is None:
            self.transcript.set_status(self.tr("Waiting for the model…"))
        elif before is not None and before.conversation is not None:
            title = self.store.summary(before.conversation).title
            self.transcript.set_status(self.tr("Waiting for the reply in “{0}”…").format(title))
        self.readouts.start()
        self.focus_composer()

    def _show_title(self) -> None:
        """Say which conversation this is, wherever it is said."""
        shown = self._session.conversation
        self.header.set_title(self.store.summary(shown).title if shown else self.tr("New chat"))

    def _do(self, act: Callable[[], object]) -> bool:
        """Whether ``act`` worked; if the disk refused, that is said."""
        try:
            act()
        except UserError as error:
            self.show_error(str(error))
            return False
        return True

    # What the engine says

    def _model_loading(self, fraction: float) -> None:
        percent = f"{fraction:.0%}" if fraction > 0 else ""
        self.header.set_model(self.tr("Loading the model… {0}").format(percent).rstrip())
        if self._session.busy:
            self.transcript.set_status(self.tr("Waiting for the model… {0}").format(percent).rstrip())

    def _model_loaded(self, info: ModelInfo) -> None:
        self.header.set_model(info.name)
        self.readouts.set_context_size(info.context_size)
        if self._session.busy:
            self.transcript.set_status("")

    def _model_failed(self, sentence: str) -> None:
        self.header.set_model(self.tr("No model"))
        self.readouts.set_context_size(0)
        self.notice.show_message(sentence, self.tr("Try again"), self.desk.reload)

    def _prefilling(self, session: Session, done: int, total: int) -> None:
        if session is self._session and done < total and total > 64:  # a short one is read too soon
            self.transcript.set_status(self.tr("Reading… {0:,} of {1:,} tokens").format(done, total))

    def _grew(self, session: Session, text: str, stats: Stats) -> None:
        if session is not self._session:
            return
        if text:
            self.transcript.set_status("")
            self.transcript.append(text)
        self.readouts.show_stats(stats)

    def _ended(self, session: Session, sentence: str) -> None:
        if session is not self._session:
            return
        reply = session.path[-1]
        self.transcript.finish_reply(item_of(session, reply))
        self.transcript.set_idle(True)
        self.readouts.finish()
        self.composer.set_busy(False)
        if sentence and self.desk.info is not None:  # else the notice about the model says it better
            self.notice.show_message(sentence, self.tr("Try again"), lambda: self.regenerate(reply.id))
        if self.isActiveWindow():
            self.focus_composer()

    def show_error(self, sentence: str) -> None:
        """Say that something went wrong; nothing is interrupted."""
        self.notice.show_message(sentence)
