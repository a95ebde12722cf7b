"""What the other rooms say when something fails, in the person's language. They write English, with the names and
numbers already in it; here a sentence is recognized by the form it was made from, and said in the translated form.

The forms are collected from the sources by packaging/translate.py into resources/translations/errors.json, with {0},
{1} for what is filled in. What has no form, or no translation, is said as it is.
"""

from __future__ import annotations

import json
import logging
import re
from functools import cache

from PySide6.QtCore import QCoreApplication

from tern import paths

log = logging.getLogger(__name__)

FILE_NAME = "errors.json"
_CONTEXT = "errors"
_GAP = re.compile(r"\{(\d+)\}")
_DEPTH = 3  # a sentence may have another one in it


def said(error: object, depth: int = _DEPTH) -> str:
    """The sentence of ``error`` (an exception or its text) as the person should read it."""
    sentence = str(error)
    if depth:
        for form, pattern in _forms():
            words = QCoreApplication.translate(_CONTEXT, form)
            if words != form and (match := pattern.fullmatch(sentence)):
                return words.format(*(said(part, depth - 1) for part in match.groups()))
    return sentence


@cache
def _forms() -> list[tuple[str, re.Pattern[str]]]:
    """(form, what it matches), those with most words of their own first: they are the surest."""
    try:
        forms: list[str] = json.loads(
            (paths.resources_dir() / "translations" / FILE_NAME).read_text(encoding="utf-8")
        )
    except (OSError, ValueError) as error:
        log.warning("errors stay English: %s", error)
        return []
    forms.sort(key=lambda form: len(_GAP.sub("", form)), reverse=True)
    return [(form, _pattern(form)) for form in forms]


def _pattern(form: str) -> re.Pattern[str]:
    parts = _GAP.split(form)  # text, number, text, number, ..., text
    texts = (re.escape(text) for text in parts[::2])
    return re.compile("(.*?)".join(texts), re.DOTALL)
