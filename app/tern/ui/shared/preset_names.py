"""The presets by their names in the person's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from tern.chat.presets import Preset


def preset_name(preset: Preset) -> str:
    """In the person's language; their own presets as they called them."""
    return preset.name if preset.own else _translated(preset.name)


def _translated(name: str) -> str:
    return QCoreApplication.translate("presets", name)
