"""What other rooms say when something fails, in the person's language: the form of the sentence is translated, and its
values are filled in, figures as the language writes them. What has no translation, and a text that is no Sentence, is
said as it is."""

from __future__ import annotations

import logging

from PySide6.QtCore import QCoreApplication

from tern.errors import Sentence, UserError
from tern.ui.style.number_text import localized

log = logging.getLogger(__name__)

_CONTEXT = "errors"


def said(error: object) -> str:
    """What ``error`` (an exception, its sentence or any text) says, as the person should read it."""
    sentence = error.sentence if isinstance(error, UserError) else error
    if not isinstance(sentence, Sentence):
        return str(sentence)
    form = QCoreApplication.translate(_CONTEXT, sentence.form)
    if not sentence.values:
        return form
    values = {name: _filling(value) for name, value in sentence.values.items()}
    try:
        return form.format_map(values)
    except (LookupError, ValueError) as wrong:  # a person's own translation may have other gaps
        log.warning("the translation %r does not fit: %s", form, wrong)
        return str(sentence)


def _filling(value: object) -> object:
    if isinstance(value, Sentence):
        return said(value)
    return _Figure(value) if isinstance(value, int | float) else value


class _Figure:
    """A number in a sentence. One that is formatted is a figure; one that is not may be a name, as a code is."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __format__(self, spec: str) -> str:
        text = format(self._value, spec)
        return localized(text) if spec else text

    def __repr__(self) -> str:
        return repr(self._value)
