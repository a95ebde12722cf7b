"""The conversation on show: sending, changing, and what the engine says of it. Of other conversations it knows
only that they may be busy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from tern.chat.attachments import Attachment
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Manner
from tern.engine.types import ModelInfo, Stats
from tern.engine.worker import EngineFactory
from tern.errors import UserError
from tern.settings import Settings
from tern.ui.composer.attach_files import AttachFiles
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.composer.context_fit import Fitting
from tern.ui.composer.drafts import Drafts
from tern.ui.reply_queue import Desk
from tern.ui.shared.links import offer_link
from tern.ui.style.theme import Theme
from tern.ui.transcript.items_of_session import item_of, items_of
from tern.ui.window.main_area import WindowFrame

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
        self.fitting = Fitting(self.desk, self.composer, self._session)
        self.files = AttachFiles(self._theme, self.composer, self.centre)
        self.drafts = Drafts(self.store, self.composer, lambda: self._session.conversation, self._do)
        self.fitting.allowed.connect(self._send_written)
        self.fitting.refused.connect(self._refuse)
        self.fitting.waiting.connect(self._say_it_waits)
        self.files.trouble.connect(self.show_error)
        self.files.tag = lambda: self.drafts.place
        self.files.read_late.connect(self.drafts.add)
        self.composer.send_requested.connect(self._may_send)
        self.composer.stop_requested.connect(self.stop)
        self.composer.recall_requested.connect(self.recall)
        self.composer.preset_button.chosen.connect(self._set_manner)
        self.greeting.question_chosen.connect(self.send)
        self.transcript.link_activated.connect(lambda address: offer_link(address, self.notice))
        self.transcript.attachment_requested.connect(self.show_attachment)
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
        """Load a model in the background, once the reply under way has ended; messages sent meanwhile wait for it."""
        if self.desk.busy:
            self.header.set_model(self.tr("After this reply…"))
        self.desk.open_model(factory)

    def send(self, text: str) -> None:
        """Send ``text``; what is written in the composer stays there."""
        was_new = self._session.conversation is None
        if self._ask(text) and was_new:
            self.drafts.forget(None)  # what is written belongs to the conversation that has begun
            self.drafts.keep()

    def _may_send(self) -> None:
        if not self._session.busy:
            self.fitting.ask()

    def _send_written(self) -> None:
        shown, text = self._session.conversation, self.composer.text.strip()
        if not self._ask(text, self._editing, self.composer.attachments):
            return
        if self._editing is None:
            self.drafts.forget(shown)
            self.composer.clear()
        self._stop_editing()

    def _ask(self, text: str, before: int | None = None, attachments: Sequence[Attachment] = ()) -> bool:
        session = self._session
        if session.busy or not self._do(lambda: self.desk.ask(session, text, before, attachments)):
            return False
        self.notice.clear()
        question, reply = items_of(session)[-2:]
        if before is None:
            self.pages.setCurrentWidget(self.transcript)
            self.transcript.begin_turn(question, reply)
            self._replying()
        else:
            self._show_session()
        return True

    def _refuse(self, sentence: str, settings_help: bool) -> None:
        """What is written cannot be sent; it stays."""
        button = self.tr("Settings") if settings_help else ""
        self.notice.show_message(sentence, button, self.actions_["settings"].trigger)

    def _say_it_waits(self) -> None:
        self.notice.show_message(self.tr("Your message goes as soon as the model is ready."), tone="calm")

    def stop(self) -> None:
        if self.desk.stop(self._session):  # a step of a long reading can take seconds to end
            self.composer.set_stopping()
            self.transcript.set_status(self.tr("Stopping…"))

    def escape(self) -> None:
        """Stop the reply, or give up editing, whichever is under way."""
        if self._session.busy:
            self.stop()
        else:
            self._stop_editing()

    def regenerate(self, reply: int) -> None:
        """Another reply beside that one."""
        if not self._session.busy and self._do(lambda: self.desk.regenerate(self._session, reply)):
            self.notice.clear()
            self._show_session()

    def regenerate_last(self) -> None:
        path = self._session.path
        if not self._session.busy and path and path[-1].role == "assistant":
            self.regenerate(path[-1].id)

    def go_on(self) -> None:
        """Continue the last reply where it ended too early."""
        if not self._session.busy and self._do(lambda: self.desk.go_on(self._session)):
            self.notice.clear()
            self._show_session()

    def edit(self, question: int) -> None:
        """Put a question into the composer again; sending it begins a new branch."""
        entry = next(entry for entry in self._session.path if entry.id == question)
        self._editing = question
        self.drafts.edit(entry)
        self.fitting.show(self._session, question)
        self.notice.show_message(
            self.tr("You are editing an earlier message. Sending it begins a new version; the old one stays."),
            self.tr("Cancel"), self.escape, tone="calm",
        )  # fmt: skip
        self.focus_composer()

    def show_attachment(self, question: int, number: int) -> None:
        """What the model was told of an attachment that was sent."""
        entry = next(entry for entry in self._session.path if entry.id == question)
        AttachmentPage(self._theme, entry.attachments[number], self).show()

    def edit_last(self) -> None:
        self.recall(-1)

    def recall(self, step: int) -> None:
        """Edit the question before (-1) or after (+1) the one that is edited now; after the last, none."""
        questions = [entry.id for entry in self._session.path if entry.role == "user"]
        if self._session.busy or not questions:
            return
        at = questions.index(self._editing) if self._editing in questions else len(questions)
        if at + step < len(questions):
            self.edit(questions[max(0, at + step)])
        else:
            self.drafts.keep()
            self._stop_editing(keep=True)

    def _stop_editing(self, keep: bool = False) -> None:
        """Put the draft back that the message took the place of. What was made of the message goes, unless ``keep``."""
        if self._editing is None:
            return
        self._editing = None
        if not keep:
            self.files.give_up(self.drafts.place)
            self.drafts.drop_edit()
        self.notice.hide()
        self.drafts.restore()
        self.fitting.show(self._session)

    def _leave(self) -> None:
        """Another conversation comes, or the end: what is written stays, the changed words of an old message too."""
        for page in self.findChildren(AttachmentPage):
            page.close()  # what was changed in it goes into the draft
        self.drafts.keep()

    def _restore_written(self) -> None:
        """Put what is written and not sent there: of a message that was being edited, or else the draft."""
        self.drafts.restore()
        entry = self.drafts.last_edited([entry for entry in self._session.path if entry.role == "user"])
        if entry is not None:
            self.edit(entry.id)

    def _set_manner(self, manner: Manner) -> None:
        if self._do(lambda: setattr(self._session, "manner", manner)):
            self.show_manner_in_force()

    def show_manner_in_force(self) -> None:
        """How the conversation on show is answered, in the composer's row."""
        self.composer.preset_button.show_manner(self._session.manner)
        self.fitting.count()

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
        if self._editing in [gone.id for gone in removal.entries]:
            self.drafts.keep()  # it may come back
            self._stop_editing(keep=True)
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
        self.transcript.set_dropped(session.dropped)
        self.pages.setCurrentWidget(self.transcript if items else self.greeting)
        self.readouts.finish()
        replies = [entry.stats for entry in session.path if entry.stats.context_size]
        self.readouts.show_last(replies[-1] if replies else None)
        self._show_title()
        self.composer.preset_button.show_manner(session.manner)
        self.fitting.show(session, self._editing)
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
        self.readouts.forget()
        if self._session.busy:
            self.transcript.set_status("")

    def _model_failed(self, sentence: str) -> None:
        self.header.set_model(self.tr("No model"))
        self.notice.show_message(sentence, self.tr("Try again"), self.desk.reload)

    def _prefilling(self, session: Session, done: int, total: int) -> None:
        if self.composer.stopping:
            return
        if session is self._session and done < total and total > 64:  # a short one is read too soon
            self.transcript.set_status(self.tr("Reading… {0:,} of {1:,} tokens").format(done, total))

    def _grew(self, session: Session, text: str, stats: Stats) -> None:
        if session is not self._session:
            return
        if text:
            self.transcript.set_status("")
            self.transcript.append(text)
        self.readouts.show_stats(stats)
        self.fitting.show_stats(stats)
        self.transcript.set_dropped(session.dropped)

    def _ended(self, session: Session, sentence: str) -> None:
        if session is not self._session:
            return
        reply = session.path[-1]
        self.transcript.finish_reply(item_of(session, reply))
        self.transcript.set_idle(True)
        self.readouts.finish()
        self.fitting.count()
        self.composer.set_busy(False)
        if sentence and self.desk.info is not None:  # else the notice about the model says it better
            self.notice.show_message(sentence, self.tr("Try again"), lambda: self.regenerate(reply.id))
        if self.isActiveWindow() and not self.sidebar.isAncestorOf(self.focusWidget() or self):
            self.focus_composer()  # unless something is typed or chosen there

    def show_error(self, sentence: str) -> None:
        """Say that something went wrong; nothing is interrupted."""
        self.notice.show_message(sentence)
