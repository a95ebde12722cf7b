"""What the palette finds for what people type: by words, by other words for them, and despite slips."""

from __future__ import annotations

import pytest

from tern.settings import FONT_SIZE, TABLE
from tern.ui.shared.synonyms import _table
from tern.ui.window import palette_commands
from tern.ui.window.palette_match import Command, found

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _none() -> None:
    pass


@pytest.mark.parametrize(
    ("query", "first", "also"),
    [
        ("font", "Text size", {"Larger text", "Smaller text"}),
        ("bigger", "Larger text", {"Text size"}),
        ("temperature", "Temperature", {"Chat settings"}),
        ("temprature", "Temperature", set()),
        ("download", "Models", {"Download limit"}),
        ("dark mode", "Appearance: Dark", {"Theme"}),
        ("speed", "Threads", {"Quiet", "Download limit"}),
        ("zoom in", "Larger text", set()),
        ("preferences", "Settings", set()),
        ("translator", "Translator", set()),
        ("shortcuts", "Keyboard shortcuts", set()),
        ("exprot", "Export this chat…", {"Export all chats…"}),
    ],
)
def test_people_find_what_they_mean(make_window: WindowMaker, query: str, first: str, also: set[str]) -> None:
    window = make_window(load=False)
    for action in window.actions_.all():
        action.setEnabled(True)
    window.show_palette()
    texts = [command.text for command in found(window.palette_._commands, query)]
    assert texts[0] == first
    assert also <= set(texts[:6])


def test_all_words_must_be_there_and_short_ones_as_they_are() -> None:
    commands = [Command("Pin chat", "", _none), Command("Pane", "", _none), Command("Unpin chat", "", _none)]
    assert [each.text for each in found(commands, "pin")] == ["Pin chat", "Unpin chat"]
    assert [each.text for each in found(commands, "chat pin")] == ["Pin chat", "Unpin chat"]
    assert found(commands, "pin elephant") == []


def test_ones_own_words_come_before_a_synonym_that_only_begins_so() -> None:
    commands = [Command("Write", "", _none, "composer, prompt"), Command("Copy", "", _none)]
    assert [each.text for each in found(commands, "co")] == ["Copy", "Write"]
    assert [each.text for each in found(commands, "composer")] == ["Write"]


def test_what_begins_with_the_words_is_first_and_equals_keep_their_order() -> None:
    texts = ["About colours", "Copy reply", "Colours", "Copy chat"]
    commands = [Command(text, "", _none) for text in texts]
    assert [each.text for each in found(commands, "co")] == [
        "Copy reply",
        "Colours",
        "Copy chat",
        "About colours",
    ]
    assert [each.text for each in found(commands, " ")] == texts


def test_chats_are_found_by_their_words_or_else_by_what_is_like_them() -> None:
    titles = [Command(f"Number {n}", "Chat", _none, title=True) for n in range(10_000)]
    titles += [Command(text, "Chat", _none, title=True) for text in ("Packing list for Iceland", "Trains")]
    assert [each.text for each in found(titles, "list ice")] == ["Packing list for Iceland"]
    assert [each.text for each in found(titles, "icelnad")] == ["Packing list for Iceland"]
    assert found(titles, "qwxyz") == []


def test_only_what_is_looked_for_often_shows_at_rest() -> None:
    commands = [Command("Often", "", _none), Command("Seldom", "", _none, at_rest=False)]
    assert [each.text for each in found(commands, "")] == ["Often"]
    assert [each.text for each in found(commands, "seld")] == ["Seldom"]


def test_the_table_of_synonyms_names_what_there_is(make_window: WindowMaker) -> None:
    window = make_window(load=False)
    names = {action.objectName() for action in window.actions_.all()}
    names |= {f"look.{action.objectName()}" for action in window.look_menu.actions()}
    names |= {setting.key for setting in TABLE if setting.label}
    assert set(_table()) <= names
    opened: list[object] = []
    sizes = [each for each in palette_commands.of_settings(opened.append) if each.text == "Text size"]
    sizes[0].act()
    assert opened == [FONT_SIZE]
