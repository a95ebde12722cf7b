"""A session's messages as the transcript shows them: notes, branches, what can be continued. Draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.chat.session import Session
from tern.chat.types import Entry, State
from tern.engine.types import FinishReason
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import context_text, reply_text, seconds_text, speed_text, tokens_text
from tern.ui.transcript.items import Item

_GUIDE = "Tern guide"  # as the file of the built-in guide names itself


def items_of(session: Session) -> list[Item]:
    """The branch on show; a reply in progress with what has come of it so far."""
    siblings: dict[tuple[int | None, str], list[int]] = {}
    for entry in session.entries:
        siblings.setdefault((entry.parent, entry.role), []).append(entry.id)
    items: list[Item] = []
    model = ""
    for entry in session.path:
        items.append(_item(entry, siblings[entry.parent, entry.role], model))
        model = entry.model or model
    if session.busy and items:
        last = items[-1]
        items[-1] = Item(last.key, last.user, session.reply, "", last.place)
    return items


def last_turn(session: Session) -> tuple[Item, Item]:
    """The question that was just asked, and the empty reply to it."""
    question, reply = session.path[-2:]
    return item_of(session, question), item_of(session, reply)


def item_of(session: Session, entry: Entry) -> Item:
    """One message of the session."""
    siblings = [sibling.id for sibling in session.siblings(entry)]
    return _item(entry, siblings, _model_before(session, entry) if entry.model else "")


def _item(entry: Entry, siblings: list[int], model_before: str) -> Item:
    place = siblings.index(entry.id) + 1, len(siblings)
    user = entry.role == "user"
    if user:
        return Item(entry.id, user, entry.text, "", place, attachments=entry.attachments)
    note = note_of(entry)
    if note and entry.model and model_before not in ("", entry.model):
        note = f"{entry.model} · {note}"
    guide = entry.model == _GUIDE
    return Item(
        entry.id, user, entry.text, note, place, entry.unfinished, details=details_of(entry), guide=guide
    )


def _model_before(session: Session, entry: Entry) -> str:
    """Which model wrote the reply before this one; empty when that is not known."""
    before = ""
    for one in session.path:
        if one.id == entry.id:
            break
        before = one.model or before
    return before


def details_of(entry: Entry) -> str:
    """Everything that was measured of a reply, a line each."""
    stats = entry.stats
    if not stats.tokens:
        return ""
    lines = [entry.model] if entry.model else []
    rate = speed_text(stats.decode_tokens_per_s) if stats.decode_tokens_per_s > 0 else ""
    lines.append(_tr("Written: {0}").format(", ".join(filter(None, (tokens_text(stats.tokens), rate)))))
    lines.append(_tr("First word after {0}").format(seconds_text(stats.time_to_first_token_s)))
    if stats.prompt_tokens:
        rate = speed_text(stats.prefill_tokens_per_s) if stats.prefill_tokens_per_s > 0 else ""
        read = tokens_text(stats.prompt_tokens - stats.reused_tokens)
        lines.append(_tr("Read for it: {0}").format(", ".join(filter(None, (read, rate)))))
    if stats.reused_tokens:
        lines.append(_tr("Remembered from before: {0}").format(tokens_text(stats.reused_tokens)))
    if stats.context_size:
        lines.append(_tr("Context: {0}").format(context_text(stats.context_used, stats.context_size)))
    return "\n".join(lines)


def note_of(entry: Entry) -> str:
    """The quiet line under a reply: how it ended, unless as it should, and its numbers."""
    if entry.state is State.STREAMING:
        return ""
    parts = [reply_text(entry.stats)] if entry.stats.tokens else []
    if entry.state is State.CUT:
        parts.insert(
            0, _tr("Cut off when Tern ended.") if entry.content else _tr("Tern ended before the reply.")
        )
    elif entry.state is State.FAILED:
        parts.insert(0, said(entry.error) or _tr("No reply."))
    elif entry.stats.finish_reason is not None and (words := _endings().get(entry.stats.finish_reason)):
        parts.insert(0, words)
    return "  ".join(parts)


def _endings() -> dict[FinishReason, str]:
    return {
        FinishReason.STOPPED: _tr("Stopped."),
        FinishReason.MAX_TOKENS: _tr("The length limit was reached."),
        FinishReason.CONTEXT_FULL: _tr("The context is full. Start a new chat to continue."),
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("presenting", text)
