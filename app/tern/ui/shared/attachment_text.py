"""An attachment in words: what it is called, how it was read, how large it is."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.chat.attachments import Attachment, AttachmentKind
from tern.ui.style.number_text import count_text, size_text

_NAMED = 200  # characters of a text that it is called by, at most


def name_text(attachment: Attachment) -> str:
    """What the person calls it: a file by its name, a pasted text by how it begins."""
    if attachment.kind is not AttachmentKind.PASTE:
        return attachment.name
    first = " ".join(attachment.text[:_NAMED].split(maxsplit=8)[:8])
    return _tr("Pasted: {0}").format(first)


def attachment_text(attachment: Attachment) -> str:
    """``notes.txt · 12 KB``, ``notes.txt · Shift_JIS · 12 KB``."""
    return f"{name_text(attachment)}{details_text(attachment)}"


def details_text(attachment: Attachment) -> str:
    """What follows the name: `` · Shift_JIS · 12 KB``."""
    kind = _tr("parts") if attachment.kind is AttachmentKind.PARTS else ""
    parts = (kind, encoding_text(attachment), size_text(attachment.size))
    return "".join(f" · {part}" for part in parts if part)


def encoding_text(attachment: Attachment) -> str:
    """How it was read, where that is worth a word: ``Shift_JIS``, ``UTF-8, 2 unreadable``."""
    if attachment.is_plain and not attachment.raw:
        return ""
    if not attachment.faults:
        return attachment.encoding
    many = _tr("{0} unreadable characters").format(count_text(attachment.faults))
    return f"{attachment.encoding}, {_tr('1 unreadable character') if attachment.faults == 1 else many}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("attachment_text", text)
