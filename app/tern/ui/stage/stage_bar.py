"""What can be done on the stage, as buttons that name their keys. Out of sight while a reply runs, until the pointer or
Tab asks for it. Decides nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

# By name: the key as it is written on the button. One letter each, as presenters' remotes and keyboards send them.
KEYS = {
    "back": "Space",
    "race": "R",
    "by_itself": "A",
    "look": "B",
    "edit": "E",
    "calibrate": "C",
    "picture": "S",
    "animation": "G",
    "screen": "D",
    "leave": "Esc",
}


class StageBar(QFrame):
    """``asked`` carries the name of what was pressed."""

    asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("stageBar")
        self.setAccessibleName(_tr("What can be done here"))
        # What stands on the button, and what it is to a screen reader.
        words = {
            "back": (_tr("Prompts"), _tr("Show the prompts")),
            "race": (_tr("Race"), _tr("Race Tern's kernels against llama.cpp's")),
            "by_itself": (_tr("By itself"), _tr("Run all prompts by itself, over and over")),
            "look": (_tr("Black"), _tr("Paper or black")),
            "edit": (_tr("Edit"), _tr("Edit prompts")),
            "calibrate": (_tr("Your pace"), _tr("Measure your reading pace")),
            "picture": (_tr("Picture"), _tr("Save picture")),
            "animation": (_tr("Animation"), _tr("Save animation")),
            "screen": (_tr("Screen"), _tr("Go to the other screen")),
            "leave": (_tr("Leave"), _tr("Leave the stage")),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        for name, (text, about) in words.items():
            button = QPushButton(f"{text} ({_key(name)})", self)
            button.setObjectName(f"stage_{name}")
            button.setAccessibleName(about)
            button.setToolTip(about)
            button.setAccessibleDescription(_tr("Key: {0}").format(_key(name)))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, name=name: self.asked.emit(name))
            row.addWidget(button)
            self.buttons[name] = button
        row.addStretch(1)

    def set_possible(self, names: set[str]) -> None:
        """Show these; the others make no sense now."""
        for name, button in self.buttons.items():
            button.setVisible(name in names)

    def set_black(self, black: bool) -> None:
        """Offer the other look."""
        self.buttons["look"].setText(f"{_tr('Paper') if black else _tr('Black')} ({_key('look')})")


def _key(name: str) -> str:
    """As the system and the language write it."""
    return QKeySequence(KEYS[name]).toString(QKeySequence.SequenceFormat.NativeText)


def _tr(text: str) -> str:
    return QCoreApplication.translate("stage", text)
