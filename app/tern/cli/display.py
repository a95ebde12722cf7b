"""What the terminal knows of a display without asking Qt: the variables in which a session names its screen."""

from __future__ import annotations

import os
import platform

VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def named_displays() -> dict[str, str]:
    """The variables that are set, with what they say."""
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


def missing_display() -> bool:
    """Whether this is a Linux session in which nobody asks for any screen."""
    return platform.system() == "Linux" and not any(named_displays().values())
