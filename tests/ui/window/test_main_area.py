"""The main area: a page takes the place of the chat, which comes back with the keyboard in the composer."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from tern.chat.store import Store

from ..conftest import WindowMaker


def test_a_page_in_the_place_of_the_chat_has_the_keyboard_until_the_chat_comes_back(
    make_window: WindowMaker,
) -> None:
    window = make_window()
    page = QLineEdit(window.area.pages)
    window.area.show_page(page, "A page")
    assert page.hasFocus()
    assert not window.composer.isVisible()
    window.area.show_chat()
    assert window.composer.editor.hasFocus()
    assert not page.isVisible()


def test_showing_what_was_shown_last_writes_nothing(make_window: WindowMaker) -> None:
    store = Store.in_memory()
    store.note("shown", "7")  # a conversation that was deleted elsewhere
    window = make_window(store=store)
    window.conversations.list_all()
    assert store.fact("shown") == "7"
    window.conversations.new()
    assert store.fact("shown") == ""
