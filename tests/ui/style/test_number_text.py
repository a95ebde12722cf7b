"""Figures as the window says them: one form, in the signs of the person's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from tern.ui.style.number_text import count_text, rate_text, size_text, speed_text


@pytest.fixture(autouse=True)
def _locale_again() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("n_bytes", "english", "german"),
    [
        (0, "0 KB", "0 KB"),
        (1, "1 KB", "1 KB"),
        (13_919, "14 KB", "14 KB"),
        (999_400, "999 KB", "999 KB"),
        (999_600, "1 MB", "1 MB"),
        (857_000_000, "857 MB", "857 MB"),
        (999_600_000, "1.00 GB", "1,00 GB"),
        (1_187_801_280, "1.19 GB", "1,19 GB"),
        (9_994_000_000, "9.99 GB", "9,99 GB"),
        (16_800_000_000, "16.8 GB", "16,8 GB"),
        (134_000_000_000, "134 GB", "134 GB"),
        (4_000_000_000_000, "4,000 GB", "4.000 GB"),
    ],
)
def test_sizes(n_bytes: int, english: str, german: str) -> None:
    for code, words in (("en", english), ("de", german)):
        QLocale.setDefault(QLocale(code))
        assert size_text(n_bytes) == words.replace(" ", "\u2009")


def test_what_is_known_roughly_has_fewer_figures() -> None:
    QLocale.setDefault(QLocale("en"))
    said = [size_text(size, rough=True) for size in (930e6, 1.1e9, 75.3e9, 134e9)]
    assert said == ["930\u2009MB", "1.1\u2009GB", "75\u2009GB", "134\u2009GB"]


def test_rates_counts_and_speeds() -> None:
    QLocale.setDefault(QLocale("de"))
    assert (rate_text(12_340_000), rate_text(840_000)) == ("12,3\u2009MB/s", "840\u2009KB/s")
    assert count_text(12_345) == "12.345"
    assert speed_text(38.44).startswith("38,4\u2009")
    QLocale.setDefault(QLocale.c())
    assert count_text(12_345) == "12,345"
    assert speed_text(1204.3).startswith("1,204\u2009")
