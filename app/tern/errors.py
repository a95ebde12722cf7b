"""The two kinds of failure Tern knows, and the sentences that say them, with the sizes in them. Every room may import
this; it imports none."""

from __future__ import annotations

import json
import re
import string
from datetime import date
from pathlib import PurePath
from typing import Any, Self

Value = str | float | PurePath | date | BaseException | None  # what may fill a gap
_Plain = str | float | None
_PACKED = '{"form": '
_SPEC = re.compile(r",?(\.\d)?[fg]?")  # how a form may ask for a number


class Sentence(str):
    """A sentence for the person: its ``form``, and a value for each gap in it. As a text it is English.

    ``Sentence("{path} cannot be read ({reason}).", path=path, reason=error.strerror)``: the form is a literal, for it
    is what packaging/translate.py finds and the window translates. A form without values is taken as it is; in one with
    values a brace of its own is doubled, as ``str.format`` has it. Of a value that is an error its sentence is kept, so
    that it is translated too; numbers stay numbers, and anything else becomes its text.
    """

    form: str
    values: dict[str, _Plain]

    def __new__(cls, form: str, /, **values: Value) -> Self:
        plain = {name: _plain(value) for name, value in values.items()}
        sentence = super().__new__(cls, form.format_map(plain) if plain else form)
        sentence.form, sentence.values = form, plain
        return sentence


def format_size(n_bytes: float, rough: bool = False) -> Sentence:
    """``812 bytes``, ``12 KB``, ``3.4 MB``, ``857 MB``, ``1.19 GB``, ``75 GB``: decimal, as disks and downloads count.

    ``rough``: of what is only known roughly, ``1.2 GB``. A sentence, so that the window can say it in the person's
    language, in a sentence of an error too.
    """
    if n_bytes < 999.5:
        return Sentence("{size:,.0f}\u2009bytes", size=n_bytes)
    if n_bytes < 999.5e3:
        return Sentence("{size:,.0f}\u2009KB", size=n_bytes / 1e3)
    if n_bytes < 9.95e6:
        return Sentence("{size:,.1f}\u2009MB", size=n_bytes / 1e6)
    if n_bytes < 999.5e6:
        return Sentence("{size:,.0f}\u2009MB", size=n_bytes / 1e6)
    if n_bytes < (9.95e9 if rough else 9.995e9):
        if rough:
            return format_memory(n_bytes)
        return Sentence("{size:,.2f}\u2009GB", size=n_bytes / 1e9)
    return Sentence("{size:,.0f}\u2009GB", size=n_bytes / 1e9)


def format_memory(n_bytes: float) -> Sentence:
    """``0.8 GB``: what a model needs while it runs, which nobody knows to the megabyte."""
    return Sentence("{size:,.1f}\u2009GB", size=n_bytes / 1e9)


class TernError(Exception):
    """Base of both kinds; never raised itself."""


class UserError(TernError):
    """The world's fault (a bad file, a full disk, a wrong option).

    ``sentence``: one or two clear sentences for the person: what happened and what to do next. They are given as those
    of a :class:`Sentence` are.
    """

    def __init__(self, form: str, /, **values: Value) -> None:
        self.sentence = Sentence(form, **values)
        super().__init__(self.sentence)

    def __str__(self) -> str:
        return str(self.sentence)


class BugError(TernError):
    """Tern's own fault: a broken invariant. Logged with its traceback, shown as one apologetic sentence."""


def packed(sentence: str) -> str:
    """``sentence`` as a text to keep or to send that has its form and values in it; one that has none, as it is."""
    return json.dumps(_parts(sentence)) if isinstance(sentence, Sentence) else sentence


def unpacked(text: str) -> str:
    """The Sentence that was ``packed``, or ``text`` itself where it is none."""
    if not text.startswith(_PACKED):
        return text
    try:
        return _joined(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return text


def _plain(value: Value) -> _Plain:
    if isinstance(value, UserError):
        return value.sentence
    return value if isinstance(value, str | int | float | None) else str(value)


def _parts(sentence: Sentence) -> dict[str, Any]:
    values = {
        name: _parts(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    return {"form": sentence.form, "values": values}


def _joined(parts: dict[str, Any]) -> Sentence:
    """The sentence of ``parts``, which may have come from anywhere: its gaps are names, and ask for nothing special."""
    form, found = parts["form"], parts["values"]
    if parts.keys() != {"form", "values"} or not isinstance(form, str):
        raise ValueError("not a sentence")
    values = {name: _joined(value) if isinstance(value, dict) else value for name, value in found.items()}
    if any(not isinstance(value, str | int | float | None) for value in values.values()):
        raise ValueError("not a value")
    if values:
        gaps = [(name, spec) for _, name, spec, _ in string.Formatter().parse(form) if name is not None]
        if {name for name, _ in gaps} != values.keys() or not all(
            _SPEC.fullmatch(spec or "") for _, spec in gaps
        ):
            raise ValueError("other gaps")
    return Sentence(form, **values)
