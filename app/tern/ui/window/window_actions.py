"""The actions of the window: their names, words and keys. What each does is connected in main_window.py."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QWidget

from tern.ui.shared.actions import Actions
from tern.ui.window.header import MenuEntry

# As Qt writes them, where Ctrl is a Mac's Cmd.
_KEYS: dict[str, tuple[str, ...]] = {
    "new": ("Ctrl+N",),
    "private": ("Ctrl+Shift+N",),
    "undo": ("Ctrl+Z",),
    "find": ("Ctrl+F",),
    "search": ("Ctrl+Shift+F",),
    "sidebar": ("Ctrl+\\",),
    "focus": ("Ctrl+L",),
    "rename": ("F2",),
    "larger": ("Ctrl++", "Ctrl+="),
    "smaller": ("Ctrl+-",),
    "default_size": ("Ctrl+0",),
    "attach": ("Ctrl+Shift+A",),
    "regenerate": ("Ctrl+R",),
    "copy": ("Ctrl+Shift+C",),
    "print": ("Ctrl+P",),
    "palette": ("Ctrl+K",),
    "reply_options": ("Ctrl+Shift+P",),
    "models": ("Ctrl+M",),
    "settings": ("Ctrl+,",),
    "back": ("Alt+Left",),
    "stage": ("F11",),
    "close": ("Ctrl+W",),
    "instruments": ("Ctrl+I",),
    "help": ("F1",),
    "menus": ("F10",),
    "quit": ("Ctrl+Q",),
}
# What differs on a Mac: Cmd+M, Cmd+H and F11 are the system's, which also has a bar for the menus, a key of its own for
# help, and Alt+Left to move by words in a text.
_MAC_KEYS: dict[str, tuple[str, ...]] = {
    "models": ("Ctrl+Shift+M",),
    "back": ("Ctrl+[",),
    "help": ("Ctrl+?",),
    "stage": (),
    "menus": (),
}
CLOSE_KEY = "Esc"  # of no action: it closes what is open, and with nothing open stops the reply

# What can be done without leaving the sheet or the page that is open.
OVER_SHEETS = frozenset({"close", "quit", "menus"})
IN_THE_CHAT = frozenset(
    {"new", "private", "find", "focus", "attach", "attach_folder", "regenerate", "edit", "reply_options"}
)


def keys(mac: bool) -> dict[str, tuple[str, ...]]:
    """The keys of each action that has any, by its name; the one that is shown first."""
    found = _KEYS | (_MAC_KEYS if mac else {})
    return {name: each for name, each in found.items() if each}


def window_actions(owner: QWidget, mac: bool = sys.platform == "darwin") -> Actions:
    """All of them, in the order in which the palette lists them."""
    actions = Actions(owner)
    of_system = keys(mac)

    def add(name: str, text: str) -> None:
        actions.add(name, text, *of_system.get(name, ()))

    add("new", _tr("New chat"))
    add("private", _tr("New private chat"))
    add("find", _tr("Find in this chat"))
    add("search", _tr("Search all chats"))
    add("sidebar", _tr("Show or hide the sidebar"))
    add("focus", _tr("Write a message"))
    add("attach", _tr("Attach files…"))
    add("attach_folder", _tr("Attach a folder…"))
    add("stop", _tr("Stop the reply"))
    add("regenerate", _tr("Regenerate the last reply"))
    add("copy", _tr("Copy last reply"))
    add("print", _tr("Print the last reply…"))
    add("save_pdf", _tr("Save the last reply as PDF…"))
    add("save_html", _tr("Save the last reply as HTML…"))
    add("compare", _tr("Compare versions of the last reply"))
    add("edit", _tr("Edit the last message"))
    add("rename", _tr("Rename this chat"))
    add("pin", _tr("Pin this chat"))
    add("delete", _tr("Delete this chat"))
    add("undo", _tr("Undo delete"))
    add("deleted", _tr("Recently deleted"))
    add("palette", _tr("Find actions, settings and chats"))
    add("larger", _tr("Larger text"))
    add("smaller", _tr("Smaller text"))
    add("default_size", _tr("Default text size"))
    add("export", _tr("Export this chat…"))
    add("export_all", _tr("Export all chats…"))
    add("import", _tr("Import chats…"))
    add("reply_options", _tr("Chat settings"))
    add("assistants", _tr("Assistants and prompts"))
    add("models", _tr("Models"))
    add("instruments", _tr("Instruments"))
    add("inside", _tr("Inside the model"))
    add("benchmark", _tr("Benchmark"))
    add("network", _tr("Network log"))
    add("settings", _tr("Settings"))
    add("stage", _tr("Show on the stage (full screen)"))
    add("back", _tr("Back"))
    add("close", _tr("Close"))
    add("help", _tr("Keyboard shortcuts"))
    add("newer", _tr("Look for a newer version…"))
    add("about", _tr("About Tern"))
    add("menus", _tr("Open the menus"))
    add("quit", _tr("Quit"))
    return actions


def header_menu(actions: Actions, look: QMenu) -> list[MenuEntry]:
    """The entries of the header's menu, None between two groups. ``look``: the appearance."""
    of_one = [actions[name] for name in ("reply_options", "rename", "pin", "export", "delete")]
    finding = [actions[name] for name in ("copy", "palette", "instruments", "inside", "benchmark")]
    files = [actions[name] for name in ("export_all", "import")]
    window: list[MenuEntry] = [look, *(actions[name] for name in ("settings", "help", "about"))]
    beginning = [actions[name] for name in ("new", "private")]
    return [*beginning, None, *of_one, None, *finding, None, *files, None, *window, None, actions["quit"]]


def _tr(text: str) -> str:
    return QCoreApplication.translate("window_actions", text)
