"""Icons: Phosphor through QtAwesome for actions, and our own drawing for the application. Knows only the theme."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QIcon

from tern import paths
from tern.ui.theme import Theme


def action_icon(name: str, theme: Theme, role: str = "ink") -> QIcon:
    """The Phosphor icon ``name`` (its own name, as "copy") in the theme's colour ``role``; quiet when disabled."""
    import qtawesome  # late: it reads its fonts when imported, and the first window need not wait for that

    icon: QIcon = qtawesome.icon(
        f"ph.{name}", color=theme.color(role).name(), color_disabled=theme.color("quiet").name()
    )
    return icon


@cache
def app_icon() -> QIcon:
    """The tern."""
    return QIcon(str(paths.resources_dir() / "icons" / "tern.svg"))
