"""The actions of the window: their names, words and keys. What each does is connected in main_window.py."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QWidget

from tern.ui.shared.actions import Actions
from tern.ui.window.header import MenuEntry


def window_actions(owner: QWidget) -> Actions:
    """All of them, in the order in which the palette lists them."""
    actions = Actions(owner)
    add = actions.add
    add("new", _tr("New chat"), "Ctrl+N")
    add("private", _tr("New private chat"), "Ctrl+Shift+N")
    add("search", _tr("Search all conversations"), "Ctrl+F")
    add("sidebar", _tr("Show or hide the conversations"), "Ctrl+\\")
    add("focus", _tr("Write a message"), "Ctrl+L")
    add("attach", _tr("Attach files…"), "Ctrl+Shift+A")
    add("stop", _tr("Stop the reply"), "Esc")
    add("regenerate", _tr("Regenerate the last reply"), "Ctrl+R")
    add("copy", _tr("Copy last reply"), "Ctrl+Shift+C")
    add("edit", _tr("Edit the last message"))
    add("rename", _tr("Rename this conversation"))
    add("pin", _tr("Pin or unpin this conversation"))
    add("delete", _tr("Delete this conversation"))
    add("undo", _tr("Undo delete"), "Ctrl+Z")
    add("deleted", _tr("Recently deleted"))
    add("palette", _tr("Find an action or a conversation"), "Ctrl+K")
    add("export", _tr("Export this conversation…"))
    add("export_all", _tr("Export all conversations…"))
    add("import", _tr("Import conversations…"))
    add("reply_options", _tr("How this conversation is answered"), "Ctrl+Shift+P")
    add("models", _tr("Models"), "Ctrl+M")
    add("network", _tr("Connections and token"))
    add("settings", _tr("Settings"), "Ctrl+,")
    add("help", _tr("Keyboard shortcuts"), "F1")
    add("about", _tr("About Tern"))
    add("menus", _tr("Open the menus"), "F10")
    add("quit", _tr("Quit"), "Ctrl+Q")
    return actions


def header_menu(actions: Actions, look: QMenu) -> list[MenuEntry]:
    """The entries of the header's menu, None between two groups. ``look``: the appearance."""
    of_one = [actions[name] for name in ("reply_options", "rename", "pin", "export", "delete")]
    finding = [actions[name] for name in ("copy", "palette")]
    files = [actions[name] for name in ("export_all", "import")]
    window: list[MenuEntry] = [look, *(actions[name] for name in ("settings", "help", "about"))]
    beginning = [actions[name] for name in ("new", "private")]
    return [*beginning, None, *of_one, None, *finding, None, *files, None, *window, None, actions["quit"]]


def _tr(text: str) -> str:
    return QCoreApplication.translate("window_actions", text)
