"""What text takes in a terminal's columns, and tables that never take more than there are."""

from __future__ import annotations

import pytest

from tern.cli.columns import Column, columns, cut, table

HEADS = (Column("NAME", least=4), Column("TITLE", least=5, drop=2), Column("SIZE", drop=1, right=True))
ROWS = [("one", "A first title", "12 KB"), ("another-name", "白い鳥が海を渡る", "1.19 GB")]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Tern", 4),
        ("白い鳥", 6),
        ("e\u0301", 1),
        ("a\u200db", 2),
        ("🐦", 2),
        ("a\u2009b", 3),
        ("한", 2),
    ],
)
def test_columns_of_a_text(text: str, count: int) -> None:
    assert columns(text) == count


def test_what_is_cut_ends_in_dots_and_fits() -> None:
    assert cut("Tern", 4) == "Tern"
    assert cut("Terns fly", 6) == "Terns…"
    assert cut("白い鳥", 5) == "白い…"
    assert cut("白い鳥", 4) == "白…"


def test_a_table_with_room_is_aligned() -> None:
    assert table(HEADS, ROWS, 100) == [
        "NAME          TITLE                SIZE",
        "one           A first title       12 KB",
        "another-name  白い鳥が海を渡る  1.19 GB",
    ]


def test_where_there_is_little_room_titles_are_cut_then_columns_go_then_names_are_cut() -> None:
    assert table(HEADS, ROWS, 30)[1:] == [
        "one           A firs…    12 KB",
        "another-name  白い鳥…  1.19 GB",
    ]
    assert table(HEADS, ROWS, 24) == [
        "NAME             SIZE",
        "one             12 KB",
        "another-name  1.19 GB",
    ]
    assert table(HEADS, ROWS, 12) == ["NAME", "one", "another-name"]
    assert table(HEADS, ROWS, 6) == ["NAME", "one", "anoth…"]


@pytest.mark.parametrize("width", range(1, 60))
def test_no_line_is_too_wide(width: int) -> None:
    assert max(columns(line) for line in table(HEADS, ROWS, width)) <= width


def test_a_column_with_nothing_in_it_is_left_out_and_no_cell_begins_a_line() -> None:
    assert table(HEADS, [("a\nb", "", "1 MB")], 80) == ["NAME    SIZE", "a\\x0ab  1 MB"]
