"""What the settings file said that could not be used, printed once for each command of the terminal."""

from __future__ import annotations

from contextlib import suppress

from tern.cli.streams import note
from tern.errors import UserError


def say() -> None:
    """Print the warnings of the settings to stderr. A folder that cannot be made is left to the command to say."""
    from tern.settings import Settings

    with suppress(UserError):
        for sentence in Settings.load().warnings:
            note(f"tern: {sentence}")
