"""The conversation on show: sending, changing, and what the engine says of it. Of other conversations it knows
only that they may be busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from tern import paths
from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.presets import PRESETS, own_presets, preset_of
from tern.chat.reply_options import sampling_of
from tern.chat.session import Session
from tern.chat.summarizing import Headings, Summarizing
from tern.chat.types import Draft, Manner
from tern.engine.types import TQ2_KERNEL, FinishReason, ModelInfo, Stats
from tern.engine.worker import EngineFactory
from tern.errors import UserError
from tern.ui.composer.attach_files import AttachFiles
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.composer.context_fit import ContextFit
from tern.ui.composer.drafts import Drafts
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.attachment_text import name_text
from tern.ui.shared.links import offer_link
from tern.ui.shared.preset_names import preset_name
from tern.ui.style.number_text import count_text, seconds_text
from tern.ui.style.theme import Theme
from tern.ui.transcript.items_of_session import item_of, items_of, last_turn
from tern.ui.window.main_area import MainArea


class ChatController(QObject):
    """One conversation at a time, in ``area``. Call :meth:`begin` when all is connected."""

    leaving = Signal()  # another conversation takes its place, or the window closes
    # The conversation on show, None for one that is not kept yet; or its title is another.
    shown = Signal(object)
    undoable = Signal(str, object)  # messages were deleted: says so, and what brings them back
    sent = Signal()  # a question is kept, and with it its conversation
    reply_ended = Signal()  # of the conversation on show
    settings_requested = Signal()
    models_requested = Signal()

    def __init__(self, theme: Theme, queue: ReplyQueue, area: MainArea, session: Session) -> None:
        super().__init__(area)
        self._theme = theme
        self._queue = queue
        self._area = area
        self._session = session
        self._editing: int | None = None  # the question that the next one sent replaces
        # By conversation: what is to be sent when its reply has ended, as long as it is not changed.
        self._held: dict[int, Draft] = {}
        self._held_in_parts: set[int] = (
            set()
        )  # of those the ones too long to go whole: the shown chat chooses parts
        # By question: what its reply summarizes, and the tokens of that.
        self._summarized: dict[int, tuple[tuple[Attachment, ...], int]] = {}
        self._summary_began = 0.0
        self._restoring = False  # what stands in the composer is not what was written here
        # Models that could write another version: name, and what has it answer from then on.
        self.other_models: Callable[[], Sequence[tuple[str, Callable[[], object]]]] = tuple
        self.guide_answers = False  # the built-in guide, which can make nothing of a file
        self._view = view = area.chat
        self._notice, self._composer, self._transcript = view.notice, view.composer, view.transcript
        self._header, self._readouts = area.header, area.readouts
        self.fit = ContextFit(queue, self._composer, session)
        self.files = AttachFiles(theme, self._composer, area)
        self.drafts = Drafts(self._composer, lambda: self._session, self._notice.attempt)
        self._connect()

    def _connect(self) -> None:
        self.fit.allowed.connect(self._send_written)
        self.fit.refused.connect(self._refuse)
        self.fit.waiting.connect(self._say_it_waits)
        self.files.trouble.connect(self._notice.show_message)
        self.files.tag = lambda: self.drafts.place
        self.files.read_late.connect(self.drafts.add)
        self._composer.long_document.parts_opened.connect(self._show_parts)
        self._composer.long_document.summary_requested.connect(self.summarize)
        self._composer.send_requested.connect(self._may_send)
        self._composer.changed.connect(self._show_held)
        self._composer.stop_requested.connect(self.stop)
        self._composer.recall_requested.connect(self.recall)
        self._composer.preset_button.chosen.connect(self.set_reply_options)
        self._view.greeting.question_chosen.connect(self.send)
        self._transcript.link_activated.connect(self._offer_link)
        self._transcript.models_requested.connect(self.models_requested)
        self._transcript.attachment_requested.connect(self.show_attachment)
        self._transcript.edit_requested.connect(self.edit)
        self._transcript.regenerate_requested.connect(self.regenerate)
        self._transcript.continue_requested.connect(self.go_on)
        self._transcript.rewrite_requested.connect(self.rewrite)
        self._transcript.other_way_requested.connect(self.regenerate_with)
        self._transcript.file_requested.connect(self.to_file)
        self._transcript.branch_requested.connect(self.show_branch)
        self._transcript.delete_requested.connect(self.delete_from)
        self._queue.model_loading.connect(self._model_loading)
        self._queue.model_loaded.connect(self._model_loaded)
        self._queue.model_failed.connect(self._model_failed)
        self._queue.prefilling.connect(self._prefilling)
        self._queue.grew.connect(self._grew)
        self._queue.ended.connect(self._ended)
        self._queue.trouble.connect(self._notice.show_message)

    @property
    def session(self) -> Session:
        """The conversation on show."""
        return self._session

    # Which conversation is on show

    def begin(self) -> None:
        """Show the first one, with what is written in it and not sent."""
        self._restoring = True
        self._show_session()
        self._restore_written()
        self._restoring = False
        self._show_held()

    def show(self, session: Session) -> None:
        """Show another conversation; what is written in the present one stays with it."""
        self.leave()
        self._session = session
        self._mark_editing(None)
        self._notice.clear()
        self._transcript.find_bar.leave()  # what was looked for was in the other one
        self.begin()

    def show_version_with(self, message: int) -> None:
        """Show the branch that has ``message``, if it is not on show."""
        session = self._session
        if not session.busy and message not in [entry.id for entry in session.path]:
            self._notice.attempt(lambda: session.choose(message))
            self._show_session()

    def leave(self) -> None:
        """Another conversation comes, or the end: what is written stays, the changed words of an old message too."""
        for page in self._area.window().findChildren(AttachmentPage):
            page.close()  # what was changed in it goes into the draft
        self.drafts.keep()
        self.leaving.emit()

    # Writing, and what becomes of it

    def open_model(self, factory: EngineFactory) -> None:
        """Load a model in the background, once the reply under way has ended; messages sent meanwhile wait for it."""
        if self._queue.busy:
            self._header.set_model(self.tr("After this reply…"))
        self._queue.open_model(factory)

    def send(self, text: str) -> None:
        """Send ``text``; what is written in the composer stays there."""
        was_new = self._session.conversation is None
        if self._ask(Draft(text)) and was_new:
            self.drafts.forget(None)  # what is written belongs to the conversation that has begun
            self.drafts.keep()

    def _may_send(self, draft: Draft) -> None:
        if self._session.busy:
            self._hold(draft)
            return
        if draft.attachments and self.guide_answers:
            said = self.tr(
                "The built-in guide can't read files. Your message stays here until you choose BitNet."
            )
            self._notice.show_message(said, self.tr("Get BitNet"), self.models_requested.emit, tone="calm")
            return
        self.fit.ask(draft)

    def _hold(self, draft: Draft) -> None:
        """Keep what was to be sent during a reply until that has ended."""
        shown = self._session.conversation
        if shown is None or self._editing is not None:
            self._composer.meter.say(self.tr("Send when this reply ends"))
            return
        self._held[shown] = draft
        if draft.attachments and draft.attachments == self.fit.long[0]:
            self._held_in_parts.add(shown)
        else:
            self._held_in_parts.discard(shown)
        self._show_held()

    def _show_held(self) -> None:
        """Say what becomes of what is written; what was changed since it was sent is the person's again."""
        if self._restoring:
            return
        shown = self._session.conversation
        held = self._held.get(shown) if shown is not None else None
        if shown is not None and held != self._composer.message:
            self._held.pop(shown, None)
            held = None
        words = self.tr("Sent when this reply ends")
        if shown in self._held_in_parts:
            words = self.tr("Sent when this reply ends, if this chat is open then")
        self._composer.meter.say(words if held is not None else "")

    def _release(self, session: Session, sentence: str) -> None:
        """A reply has ended: what waited for that goes, unless the reply failed or was stopped. Then the person decides
        anew."""
        conversation = session.conversation
        held = self._held.pop(conversation, None) if conversation is not None else None
        if session is self._session:
            self._composer.meter.say("")
        if held is None or sentence or session.path[-1].stats.finish_reason is FinishReason.STOPPED:
            return
        # Once everyone has been told of the end.
        QTimer.singleShot(0, self, lambda: self._send_held(session, held))

    def _send_held(self, session: Session, draft: Draft) -> None:
        if session is self._session:
            if self._composer.message == draft:
                self._may_send(draft)
            return
        conversation = session.conversation
        if (
            session.store.is_closed or conversation is None or session.busy
        ):  # closed: a private chat that is gone
            return
        if session.store.listed(conversation) is None or conversation in self._held_in_parts:
            return  # what is too long to go whole stays written there
        if self._notice.attempt(lambda: self._queue.ask(session, draft)):
            self.drafts.forget(conversation)

    def _send_written(self, draft: Draft) -> None:
        shown = self._session.conversation
        if not self._ask(draft, self._editing):
            return
        if self._editing is None:
            self.drafts.forget(shown)
            # A long document stays for the next question.
            parts = any(one.kind is AttachmentKind.PARTS for one in draft.attachments)
            long = (
                self._composer.attachments
                if parts and draft.attachments != self._composer.attachments
                else ()
            )
            self._composer.put(Draft("", long))
            self.fit.show(self._session)
        self._stop_editing()

    def summarize(self) -> None:
        """Have what is attached and too long summarized in pieces; it stays attached, for questions about it."""
        attachments, tokens = self.fit.long
        if self._session.busy:
            self._composer.meter.say(self.tr("Summarize when this reply ends"))
            return
        if attachments:
            self._summarize(attachments, tokens)

    def _summarize(self, attachments: tuple[Attachment, ...], tokens: int) -> None:
        session = self._session
        if session.busy or self._queue.info is None:
            return
        sampling, _ = sampling_of(session.manner, self._queue.settings)
        headings = Headings(self.tr("Part {0} of {1}: {2}"), self.tr("Summary of the whole"))
        limit = self._queue.info.context_size - min(64, self._queue.info.context_size // 4)
        run = Summarizing(attachments, tokens, limit, sampling, headings)
        words = self.tr("Summarize {0} in pieces.").format(", ".join(map(name_text, attachments)))
        if not self._notice.attempt(lambda: self._queue.summarize(session, words, run)):
            return
        self._summarized[session.path[-2].id] = attachments, tokens
        self._summary_began = time.monotonic()
        self._notice.clear()
        self._view.show_messages(True)
        self._transcript.begin_turn(*last_turn(session))
        self._replying()
        self.sent.emit()

    def _show_parts(self) -> None:
        """The passages that would be sent."""
        found = self.fit.parts
        if found is None or not found.parts:
            return
        first = found.parts[0]
        text = first.text
        if len(found.parts) > 1:
            text = "\n\n".join(f"{one.name}\n\n{one.text}" for one in found.parts)
        name = ", ".join(one.name for one in found.parts)
        AttachmentPage(self._theme, replace(first, name=name, text=text), self._area.window()).show()

    def _ask(self, draft: Draft, before: int | None = None) -> bool:
        session = self._session
        if session.busy or not self._notice.attempt(lambda: self._queue.ask(session, draft, before)):
            return False
        self._notice.clear()
        if before is None:
            self._view.show_messages(True)
            self._transcript.begin_turn(*last_turn(session))
            self._replying()
        else:
            self._show_session()
        self.sent.emit()
        return True

    def _refuse(self, sentence: str, settings_help: bool) -> None:
        """What is written cannot be sent; it stays."""
        button = self.tr("Settings") if settings_help else ""
        self._notice.show_message(sentence, button, self.settings_requested.emit)

    def _say_it_waits(self) -> None:
        self._notice.show_message(
            self.tr("Your message will be sent as soon as the model is ready."), tone="calm"
        )

    def stop(self) -> None:
        if self._queue.stop(self._session):  # a step of a long reading can take seconds to end
            self._composer.set_stopping()
            self._transcript.set_status(self.tr("Stopping…"))

    def escape(self) -> None:
        """Stop the reply, or give up editing, whichever is under way."""
        if self._session.busy:
            self.stop()
        else:
            self._stop_editing()

    def regenerate(self, reply: int) -> None:
        """Another reply beside that one."""
        session = self._session
        entry = next((entry for entry in session.path if entry.id == reply), None)
        if entry is not None and entry.parent in self._summarized:
            self._summarize(*self._summarized[entry.parent])
            return
        if not session.busy and self._notice.attempt(lambda: self._queue.regenerate(session, reply)):
            self._notice.clear()
            self._show_session()

    def rewrite(self, reply: int) -> None:
        """Let the person edit a reply; it becomes another version."""
        from tern.ui.window.reply_page import ReplyPage

        session = self._session
        entry = next(entry for entry in session.path if entry.id == reply)

        def keep(text: str) -> None:
            kept = not session.busy and self._notice.attempt(lambda: session.rewrite(reply, text))
            if kept and session is self._session:
                self._show_session()

        if not session.busy:
            ReplyPage(self._theme, entry.content, self._area.window(), keep).show()

    def regenerate_with(self, reply: int, where: QPoint) -> None:
        """Offer the presets and the models that are here: another version, written by one of these."""
        menu = QMenu(self._area)
        menu.setObjectName("otherWays")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entry = next(entry for entry in self._session.path if entry.id == reply)
        if len(self._session.siblings(entry)) > 1:
            menu.addAction(self.tr("Compare versions"), lambda: self.compare(reply))
        menu.addSection(self.tr("With another preset"))
        for preset in (*PRESETS, *own_presets(self._queue.settings)):
            way = preset.manner, preset_name(preset)
            menu.addAction(preset_name(preset).replace("&", "&&"), partial(self._regenerate_so, reply, way))
        models = self.other_models()
        if models:
            menu.addSection(self.tr("With another model"))
        for name, use in models:
            menu.addAction(name.replace("&", "&&"), partial(self._regenerate_by, reply, use))
        menu.popup(where)

    def _regenerate_so(self, reply: int, way: tuple[Manner, str]) -> None:
        session = self._session
        if not session.busy and self._notice.attempt(lambda: self._queue.regenerate(session, reply, way)):
            self._notice.clear()
            self._show_session()

    def _regenerate_by(self, reply: int, use: Callable[[], object]) -> None:
        """The model stays the one that answers: whoever compares goes on with the better one by the menu."""
        if not self._session.busy:
            use()
            self.regenerate(reply)

    def compare(self, reply: int) -> None:
        """Two versions of a reply beside each other."""
        from tern.ui.window.compare_page import ComparePage

        session = self._session
        entry = next(entry for entry in session.path if entry.id == reply)
        versions = [
            (item_of(session, one), one.model or self.tr("Unknown model")) for one in session.siblings(entry)
        ]
        if len(versions) < 2:
            return

        def keep(key: int) -> None:
            if not session.busy and self._notice.attempt(lambda: session.choose(key)):
                self._show_session()

        ComparePage(self._theme, versions, reply, self._area.window(), keep).show()

    def compare_last(self) -> None:
        path = self._session.path
        if not self._session.busy and path and path[-1].role == "assistant":
            self.compare(path[-1].id)

    def to_file(self, reply: int, kind: str) -> None:
        """Print a reply, or save it as PDF or HTML."""
        from tern.ui.transcript.reply_html import reply_html
        from tern.ui.window.reply_files import ReplyFiles

        path = self._session.path
        at = next(number for number, entry in enumerate(path) if entry.id == reply)
        question = path[at - 1].text if at else ""
        item = item_of(self._session, path[at])
        about = " · ".join(filter(None, (path[at].model, item.details.partition("\n")[2].partition("\n")[0])))
        html = reply_html(question, path[at].content, about)
        files = ReplyFiles(self._notice, self._area.window())
        if kind == "print":
            files.print(html)
        else:
            files.save(html, self.tr("Reply"), kind)

    def last_to_file(self, kind: str) -> None:
        replies = [entry.id for entry in self._session.path if entry.role == "assistant" and entry.content]
        if replies:
            self.to_file(replies[-1], kind)

    def regenerate_last(self) -> None:
        path = self._session.path
        if not self._session.busy and path and path[-1].role == "assistant":
            self.regenerate(path[-1].id)

    def go_on(self) -> None:
        """Continue the last reply where it ended too early."""
        session = self._session
        if not session.busy and self._notice.attempt(lambda: self._queue.go_on(session)):
            self._notice.clear()
            self._show_session()

    def edit(self, question: int) -> None:
        """Put a question into the composer again; sending it begins a new branch."""
        entry = next(entry for entry in self._session.path if entry.id == question)
        self._mark_editing(question)
        self.drafts.edit(entry)
        self.fit.show(self._session, question)
        self._notice.show_message(
            self.tr("You are editing an earlier message. Sending it begins a new version; the old one stays."),
            self.tr("Cancel"), self.escape, tone="calm",
        )  # fmt: skip
        self._view.focus_composer()

    def show_attachment(self, question: int, number: int) -> None:
        """What the model was told of an attachment that was sent."""
        entry = next(entry for entry in self._session.path if entry.id == question)
        AttachmentPage(self._theme, entry.attachments[number], self._area.window()).show()

    def edit_last(self) -> None:
        self.recall(-1)

    def recall(self, step: int) -> None:
        """Edit the question before (-1) or after (+1) the one that is edited now; after the last, none."""
        questions = [entry.id for entry in self._session.path if entry.role == "user"]
        if self._session.busy or not questions:
            return
        at = questions.index(self._editing) if self._editing in questions else len(questions)
        if at + step < len(questions):
            question = questions[max(0, at + step)]
            self.edit(question)
            self._transcript.bring_into_view(question)
        else:
            self.drafts.keep()
            self._stop_editing(keep=True)

    def _mark_editing(self, question: int | None) -> None:
        self._editing = question
        self._transcript.set_edited(question)

    def _stop_editing(self, keep: bool = False) -> None:
        """Put the draft back that the message took the place of. What was made of the message goes, unless ``keep``."""
        if self._editing is None:
            return
        self._mark_editing(None)
        if not keep:
            self.files.give_up(self.drafts.place)
            self.drafts.drop_edit()
        self._notice.hide()
        self.drafts.restore()
        self.fit.show(self._session)

    def _restore_written(self) -> None:
        """Put what is written and not sent there: of a message that was being edited, or else the draft."""
        self.drafts.restore()
        entry = self.drafts.last_edited([entry for entry in self._session.path if entry.role == "user"])
        if entry is not None:
            self.edit(entry.id)

    def set_reply_options(self, manner: Manner) -> None:
        """Have the conversation on show answered so."""
        if self._notice.attempt(lambda: setattr(self._session, "manner", manner)):
            self.show_reply_options()

    def show_reply_options(self) -> None:
        """How the conversation on show is answered, in the composer's row."""
        self._show_preset()
        self.fit.count()

    def _show_preset(self) -> None:
        """The preset in the composer's row, and an assistant's questions in an empty chat."""
        manner = self._session.manner
        self._composer.preset_button.show_manner(manner)
        preset = preset_of(manner, (*PRESETS, *own_presets(self._queue.settings)))
        if preset is not None and preset.own:
            self._view.greeting.set_assistant(preset.name, preset.questions)
        else:
            self._view.greeting.set_assistant("", ())

    def show_branch(self, entry: int, step: int) -> None:
        """Show the version before or after that message."""
        session = self._session
        shown = next(candidate for candidate in session.path if candidate.id == entry)
        siblings = session.siblings(shown)
        number = siblings.index(shown) + step
        if 0 <= number < len(siblings) and self._notice.attempt(lambda: session.choose(siblings[number].id)):
            self._show_session()

    def delete_from(self, entry: int) -> None:
        """Take that message and all after it away; it can be undone."""
        session = self._session

        def undo() -> None:
            if session.busy:  # a reply has begun since: the offer stands until it has ended
                self.undoable.emit(said, undo)
                return
            if self._notice.attempt(lambda: session.restore(removal)) and session is self._session:
                self._show_session()

        try:
            removal = session.delete_from(entry)
        except UserError as error:
            self._notice.show_message(error.sentence)
            return
        if self._editing in [gone.id for gone in removal.entries]:
            self.drafts.keep()  # it may come back
            self._stop_editing(keep=True)
        self._show_session()
        count = len(removal.entries)
        said = self.tr("1 message deleted.") if count == 1 else self.tr("{0} messages deleted.").format(count)
        self.undoable.emit(said, undo)

    def copy_last_reply(self) -> None:
        if reply := self._transcript.last_reply():
            QGuiApplication.clipboard().setText(reply)

    def _offer_link(self, address: str) -> None:
        offer_link(address, self._notice)

    # What is on show

    def _show_session(self) -> None:
        """Show the conversation as it stands."""
        session = self._session
        items = items_of(session)
        self._transcript.show_items(items, last_open=session.busy)
        self._transcript.set_dropped(session.dropped)
        self._view.show_messages(bool(items))
        self._readouts.finish()
        replies = [entry.stats for entry in session.path if entry.stats.context_size]
        self._readouts.show_last(replies[-1] if replies else None)
        self.show_title()
        self._show_preset()
        self.fit.show(session, self._editing)
        if session.busy:
            self._replying()
        else:
            self._composer.set_busy(False)
            self._transcript.set_idle(True)
        self._view.focus_composer()

    def _replying(self) -> None:
        """A reply is on its way in the conversation on show."""
        self._composer.set_busy(True)
        self._transcript.set_idle(False)
        before = self._queue.waits_for(self._session)
        if self._queue.info is None:
            self._transcript.set_status(self.tr("Waiting for the model…"))
        elif before is not None and before.conversation is not None:
            title = before.store.summary(before.conversation).title
            if before.store.is_private:
                title = self.tr("Private chat")
            self._transcript.set_status(self.tr("Waiting for the reply in “{0}”…").format(title))
        self._readouts.start()
        self._view.focus_composer()

    def show_title(self) -> None:
        """Say which conversation this is, wherever it is said."""
        store, shown = self._session.store, self._session.conversation
        if store.is_private:
            title, shown = self.tr("Private chat"), None
        else:
            title = store.summary(shown).title if shown else self.tr("New chat")
        self._header.set_title(title, editable=shown is not None)
        self._header.set_private(store.is_private)
        self._view.private_line.setVisible(store.is_private)
        self.shown.emit(shown)

    # What the engine says

    def _model_loading(self, fraction: float) -> None:
        percent = f"{fraction:.0%}" if fraction > 0 else ""
        self._header.set_model(self.tr("Loading the model… {0}").format(percent).rstrip())
        if self._session.busy:
            self._transcript.set_status(self.tr("Waiting for the model… {0}").format(percent).rstrip())

    def _model_loaded(self, info: ModelInfo) -> None:
        name = self.tr("Tern's guide") if info.path == paths.guide_model() else info.name
        if info.kernel == TQ2_KERNEL:
            name = self.tr("{0} on llama.cpp's kernels").format(name)
        self._header.set_model(name)
        self._readouts.forget()
        if self._session.busy:
            self._transcript.set_status("")

    def _model_failed(self, sentence: str) -> None:
        self._header.set_model(self.tr("No model"))
        self._notice.show_message(sentence, self.tr("Try again"), self._queue.reload)

    def _prefilling(self, session: Session, done: int, total: int) -> None:
        if self._composer.stopping:
            return
        if session is self._session and (run := self._queue.run_of(session)) is not None:
            self._transcript.set_status(self._summary_status(run))
        elif session is self._session and done < total and total > 64:  # a short one is read too soon
            self._transcript.set_status(
                self.tr("Reading… {0} of {1} tokens").format(count_text(done), count_text(total))
            )

    def _summary_status(self, run: Summarizing) -> str:
        """How far it is, and how long it will take: as long as the parts took that are done."""
        number, total = run.step
        if number >= total:
            return self.tr("Putting the summaries together…")
        words = self.tr("Reading part {0} of {1}…").format(number + 1, total)
        if number:
            seconds = (time.monotonic() - self._summary_began) / number * (total - number)
            words += "  " + self.tr("About {0} left.").format(seconds_text(seconds))
        return words

    def _grew(self, session: Session, text: str, stats: Stats) -> None:
        if session is not self._session:
            return
        if text:
            run = self._queue.run_of(session)
            self._transcript.set_status(self._summary_status(run) if run is not None else "")
            self._transcript.append(text)
        self._readouts.show_stats(stats)
        self.fit.show_stats(stats)
        self._transcript.set_dropped(session.dropped)

    def _ended(self, session: Session, sentence: str) -> None:
        self._release(session, sentence)
        if session is not self._session:
            return
        reply = session.path[-1]
        self._transcript.finish_reply(item_of(session, reply))
        self._transcript.set_idle(True)
        self._readouts.finish()
        self.fit.count()
        self._composer.set_busy(False)
        if sentence and self._queue.info is not None:  # else the notice about the model says it better
            self._notice.show_message(sentence, self.tr("Try again"), lambda: self.regenerate(reply.id))
        self.reply_ended.emit()
