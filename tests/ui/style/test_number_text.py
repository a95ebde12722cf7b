"""Figures as the window writes them: in the language that it speaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from tern.engine.types import Stats
from tern.errors import UserError, format_size, packed, unpacked
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import (
    context_text,
    count_text,
    localized,
    rate_text,
    reply_text,
    seconds_text,
    size_text,
    speed_text,
)


@pytest.fixture
def speaks() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("en", ["1.19 GB", "857 MB", "3.4 MB/s", "128,256", "612 / 4,096", "42.1 tokens/s", "0.3 s", "1,204 tokens/s"]),
        ("de", ["1,19 GB", "857 MB", "3,4 MB/s", "128.256", "612 / 4.096", "42,1 tokens/s", "0,3 s", "1.204 tokens/s"]),
    ],
)  # fmt: skip
def test_figures_are_the_languages(speaks: None, code: str, texts: list[str]) -> None:
    QLocale.setDefault(QLocale(code))
    said_here = [
        size_text(1_187_801_280), size_text(857_000_000), rate_text(3.4e6), count_text(128_256),
        context_text(612, 4096), speed_text(42.14), seconds_text(0.3), speed_text(1203.6),
    ]  # fmt: skip
    assert [text.replace("\u2009", " ") for text in said_here] == texts


def test_only_figures_are_changed(speaks: None) -> None:
    QLocale.setDefault(QLocale("de"))
    assert localized("One, two. 1,188.5 MB, 3.4. Yes.") == "One, two. 1.188,5 MB, 3,4. Yes."
    stats = Stats(tokens=1190, decode_tokens_per_s=42.14, time_to_first_token_s=0.31)
    words = reply_text(stats).replace("\u2009", " ")
    assert words == "42,1 tokens/s · first word after 0,3 s · 1.190 tokens"


def test_figures_in_errors_are_the_languages_too_and_names_are_not(speaks: None) -> None:
    QLocale.setDefault(QLocale("de"))
    error = UserError(
        "{size} of {count:,} in {name}, {rate:,.1f} ({code}).",
        size=format_size(1_187_801_280),
        count=4096,
        name="v1.2.gguf",
        rate=1234.56,
        code=404,
    )
    expected = "1,19\u2009GB of 4.096 in v1.2.gguf, 1.234,6 (404)."
    assert said(error) == expected
    assert said(unpacked(packed(error.sentence))) == expected
    assert str(error) == "1.19\u2009GB of 4,096 in v1.2.gguf, 1,234.6 (404)."
