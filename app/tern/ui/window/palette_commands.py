"""What the palette holds: actions, appearances, presets, settings and chats as commands. Knows what each is called, and
is told what choosing it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication

from tern.chat.presets import Preset
from tern.chat.types import Manner, Summary
from tern.settings import TABLE, Setting
from tern.ui.settings.setting_rows import translated
from tern.ui.shared.actions import Actions
from tern.ui.shared.preset_names import preset_name
from tern.ui.shared.synonyms import synonyms
from tern.ui.window.look_menu import LookMenu
from tern.ui.window.palette_match import Command


def of_actions(actions: Actions) -> Iterator[Command]:
    """All that can be done now, but what opens the palette."""
    for action in actions.all():
        if action.isEnabled() and action.objectName() != "palette":
            yield Command(
                action.text(), actions.keys_of(action), action.trigger, synonyms(action.objectName())
            )


def of_looks(menu: LookMenu) -> Iterator[Command]:
    for action in menu.actions():
        text = f"{menu.title()}: {action.text()}"
        yield Command(text, "", action.trigger, synonyms(f"look.{action.objectName()}"))


def of_presets(presets: Sequence[Preset], use: Callable[[Manner], object]) -> Iterator[Command]:
    """``use``: has the chat on show answered so."""
    for preset in presets:
        manner = Manner(preset.manner.system, dict(preset.manner.sampling))
        words = _tr("preset, persona, system prompt")
        yield Command(preset_name(preset), _tr("Preset"), partial(use, manner), words, at_rest=False)


def of_settings(show: Callable[[Setting[Any]], object]) -> Iterator[Command]:
    """``show``: opens Settings at one."""
    for setting in TABLE:
        if setting.label:
            text, words = translated(setting.label), synonyms(setting.key)
            yield Command(text, _tr("Setting"), partial(show, setting), words, at_rest=False)


def of_chats(summaries: Sequence[Summary], show: Callable[[int], object]) -> Iterator[Command]:
    for summary in summaries:
        yield Command(summary.title, _tr("Chat"), partial(show, summary.id), title=True)


def of_model(title: str, use: Callable[[], object]) -> Command:
    """An installed one; ``use`` has it answer from now on."""
    return Command(title, _tr("Model"), use, _tr("model, switch model, use"), at_rest=False)


def _tr(text: str) -> str:
    return QCoreApplication.translate("palette_commands", text)
