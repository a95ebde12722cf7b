"""A session's messages as the transcript shows them: notes, branches, what can be continued. Draws nothing."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale

from tern.chat.session import Session
from tern.chat.types import Entry, State
from tern.engine.types import FinishReason
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import context_text, reply_text, seconds_text, speed_text, tokens_text
from tern.ui.transcript.items import Item

_GUIDE = "Tern guide"  # as the file of the built-in guide names itself


def items_of(session: Session) -> list[Item]:
    """The branch on show; a reply in progress with what has come of it so far."""
    siblings: dict[tuple[int | None, str], list[Entry]] = {}
    for entry in session.entries:
        siblings.setdefault((entry.parent, entry.role), []).append(entry)
    items: list[Item] = []
    model, before = "", 0.0
    for entry in session.path:
        items.append(_item(entry, siblings[entry.parent, entry.role], model, before))
        model, before = entry.model or model, entry.created
    if session.busy and items:
        items[-1] = replace(
            items[-1], text=session.reply, note="", figures="", unfinished=False, details="", guide=False
        )
    return items


def last_turn(session: Session) -> tuple[Item, Item]:
    """The question that was just asked, and the empty reply to it."""
    *above, question, reply = session.path
    return _item_under(above, session, question), _item_under([*above, question], session, reply)


def item_of(session: Session, entry: Entry) -> Item:
    """One message of the session: of the branch on show, or another version of one."""
    path = session.path
    place = next(at for at, one in enumerate(path) if (one.parent, one.role) == (entry.parent, entry.role))
    return _item_under(path[:place], session, entry)


def _item_under(above: list[Entry], session: Session, entry: Entry) -> Item:
    model = _model_before(above) if entry.model else ""
    return _item(entry, session.siblings(entry), model, above[-1].created if above else 0.0)


def _item(entry: Entry, siblings: list[Entry], model_before: str, written_before: float) -> Item:
    place = [one.id for one in siblings].index(entry.id) + 1, len(siblings)
    user = entry.role == "user"
    when, day = time_text(entry.created), _day_over(entry.created, written_before)
    if user:
        return Item(entry.id, user, entry.text, "", place, attachments=entry.attachments, when=when, day=day)
    others = {one.model for one in siblings if one.model}
    named = entry.model and (model_before not in ("", entry.model) or len(others) > 1)
    note = " · ".join(filter(None, (entry.model if named else "", note_of(entry))))
    return Item(
        entry.id,
        user,
        entry.text,
        note,
        place,
        entry.unfinished,
        figures=figures_of(entry),
        when=when,
        day=day,
        details=details_of(entry),
        guide=entry.model == _GUIDE,
    )


def time_text(created: float) -> str:
    """The time of day as the person's language writes it; empty where it is not known."""
    if created <= 0:
        return ""
    return QLocale().toString(
        QDateTime.fromSecsSinceEpoch(int(created)).time(), QLocale.FormatType.ShortFormat
    )


def _day_over(created: float, before: float) -> str:
    """The day that a message begins; empty where it is that of the message before, or a chat begins today."""
    if created <= 0:
        return ""
    day = QDateTime.fromSecsSinceEpoch(int(created)).date()
    today = QDate.currentDate()
    if before > 0 and QDateTime.fromSecsSinceEpoch(int(before)).date() == day:
        return ""
    if day == today:
        return _tr("Today") if before > 0 else ""
    if day == today.addDays(-1):
        return _tr("Yesterday")
    return QLocale().toString(day, QLocale.FormatType.LongFormat)


def _model_before(above: list[Entry]) -> str:
    """Which model wrote the last of the replies above; empty when that is not known."""
    return next((one.model for one in reversed(above) if one.model), "")


def details_of(entry: Entry) -> str:
    """Everything that was measured of a reply, a line each."""
    stats = entry.stats
    if not stats.tokens:
        return ""
    lines = [entry.model] if entry.model else []
    if entry.created > 0:
        moment = QDateTime.fromSecsSinceEpoch(int(entry.created))
        lines.append(QLocale().toString(moment, QLocale.FormatType.ShortFormat))
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
    """How a reply ended, unless as it should."""
    if entry.state is State.STREAMING:
        return ""
    if entry.state is State.CUT:
        return _tr("Cut off when Tern ended.") if entry.content else _tr("Tern ended before the reply.")
    if entry.state is State.FAILED:
        return said(entry.error) or _tr("No reply.")
    reason = entry.stats.finish_reason
    return _endings().get(reason, "") if reason is not None else ""


def figures_of(entry: Entry) -> str:
    """The numbers of a reply in a line."""
    return reply_text(entry.stats) if entry.stats.tokens and entry.state is not State.STREAMING else ""


def _endings() -> dict[FinishReason, str]:
    return {
        FinishReason.STOPPED: _tr("Stopped."),
        FinishReason.MAX_TOKENS: _tr("The length limit was reached."),
        FinishReason.CONTEXT_FULL: _tr("The context is full. Start a new chat to continue."),
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("presenting", text)
