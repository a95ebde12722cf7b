"""A session's messages as the transcript shows them: notes, branches, what can be continued. Draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.chat.session import Session
from tern.chat.types import Entry, State
from tern.engine.types import FinishReason
from tern.ui.figures import reply_text
from tern.ui.messages import Item


def items_of(session: Session) -> list[Item]:
    """The branch on show; a reply in progress with what has come of it so far."""
    path = session.path
    items = [item_of(session, entry) for entry in path]
    if session.busy and items:
        last = items[-1]
        items[-1] = Item(last.key, last.user, session.reply, "", last.place)
    return items


def item_of(session: Session, entry: Entry) -> Item:
    """One message of the session."""
    siblings = [sibling.id for sibling in session.siblings(entry)]
    place = siblings.index(entry.id) + 1, len(siblings)
    user = entry.role == "user"
    note = "" if user else note_of(entry)
    return Item(entry.id, user, entry.text, note, place, entry.unfinished, entry.attachments)


def note_of(entry: Entry) -> str:
    """The quiet line under a reply: how it ended, unless as it should, and its numbers."""
    if entry.state is State.STREAMING:
        return ""
    parts = [reply_text(entry.stats)] if entry.stats.tokens else []
    if entry.state is State.CUT:
        parts.insert(
            0, _tr("Cut off when Tern ended.") if entry.content else _tr("Tern ended before the reply.")
        )
    elif entry.state is State.FAILED and not entry.content:
        parts.insert(0, _tr("No reply."))
    elif entry.stats.finish_reason is not None and (words := _endings().get(entry.stats.finish_reason)):
        parts.insert(0, words)
    return "  ".join(parts)


def _endings() -> dict[FinishReason, str]:
    return {
        FinishReason.STOPPED: _tr("Stopped."),
        FinishReason.MAX_TOKENS: _tr("The length limit was reached."),
        FinishReason.CONTEXT_FULL: _tr("The context is full: begin a new chat to go on."),
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("presenting", text)
