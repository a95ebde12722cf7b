"""The style sheet of the stage's few controls, in its own colours: paper or black, whatever the window is."""

from __future__ import annotations

from tern.ui.style.tokens import Tokens

_SHEET = """
QWidget#stage, QFrame#stageBar, QFrame#stagePanel { background: @paper; }
QFrame#stagePanel { border: 1px solid @edge; border-radius: 12px; }
QLabel { color: @ink; font-size: @large; background: transparent; }
QPushButton { color: @quiet; background: @paper; font-size: @px; border: 2px solid transparent; border-radius: 8px;
    padding: 5px 7px; }
QPushButton:hover { color: @ink; background: @hover; }
QPushButton:focus { color: @ink; border-color: @accent; }
QFrame#stagePanel QPushButton { font-size: @large; padding: 7px 18px; }
QPushButton[kind="accent"] { background: @accent; color: @on_accent; font-weight: 600; }
QPushButton[kind="accent"]:hover, QPushButton[kind="accent"]:focus { background: @accent_hover; color: @on_accent; }
QPushButton[kind="accent"]:focus { border-color: @ink; }
QLineEdit { background: @surface; color: @ink; border: 1px solid @edge; border-radius: 8px; padding: 7px 11px;
    font-size: @large; }
QLineEdit:focus { border: 2px solid @accent; padding: 6px 10px; }
"""


def stage_sheet(tokens: Tokens, px: int) -> str:
    """``px``: the size of text on the bar; in panels it is larger."""
    sheet = _SHEET.replace("@px", f"{px}px").replace("@large", f"{round(1.25 * px)}px")
    for name in sorted(Tokens.__slots__, key=len, reverse=True):
        sheet = sheet.replace("@" + name, getattr(tokens, name))
    return sheet
