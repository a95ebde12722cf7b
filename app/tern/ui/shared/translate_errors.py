"""What other rooms say when something fails, in the person's language: the form of the sentence is translated, and its
values are filled in. What has no translation, and a text that is no Sentence, is said as it is."""

from __future__ import annotations

import logging

from PySide6.QtCore import QCoreApplication

from tern.errors import Sentence, UserError

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
    values = {
        name: said(value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()
    }
    try:
        return form.format_map(values)
    except (LookupError, ValueError) as wrong:  # a person's own translation may have other gaps
        log.warning("the translation %r does not fit: %s", form, wrong)
        return str(sentence)
