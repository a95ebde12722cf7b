"""Sizes as people read them, in one form everywhere: ``1.19 GB``, ``857 MB``, with a thin space before the unit."""

from __future__ import annotations

from tern.errors import Sentence

THIN_SPACE = "\u2009"


def format_size(n_bytes: float) -> Sentence:
    """``812 bytes``, ``12 KB``, ``3.4 MB``, ``857 MB``, ``1.19 GB``, ``75 GB``: decimal, as disks and downloads count.

    A sentence, so that the window can say it in the person's language, in a sentence of an error too.
    """
    if n_bytes < 999.5:
        return Sentence("{size:,.0f}\u2009bytes", size=n_bytes)
    if n_bytes < 999.5e3:
        return Sentence("{size:,.0f}\u2009KB", size=n_bytes / 1e3)
    if n_bytes < 9.95e6:
        return Sentence("{size:,.1f}\u2009MB", size=n_bytes / 1e6)
    if n_bytes < 999.5e6:
        return Sentence("{size:,.0f}\u2009MB", size=n_bytes / 1e6)
    if n_bytes < 9.995e9:
        return Sentence("{size:,.2f}\u2009GB", size=n_bytes / 1e9)
    return Sentence("{size:,.0f}\u2009GB", size=n_bytes / 1e9)


def format_memory(n_bytes: float) -> Sentence:
    """``0.8 GB``: what a model needs while it runs, which nobody knows to the megabyte."""
    return Sentence("{size:,.1f}\u2009GB", size=n_bytes / 1e9)
