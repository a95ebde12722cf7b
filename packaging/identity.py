"""What packages are called, and who publishes them: pyproject.toml's, and nowhere else."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Identity:
    """``app_id`` names the application in reverse domain order; ``homepage`` is the project's address."""

    version: str
    summary: str
    app_id: str
    publisher: str
    contact: str
    homepage: str
    released: str  # the day, as in 2026-01-31


def identity() -> Identity:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    release = project["tool"]["tern"]
    return Identity(
        version=project["project"]["version"],
        summary=project["project"]["description"],
        app_id=release["app-id"],
        publisher=release["publisher"],
        contact=release["contact"],
        homepage=project["project"]["urls"]["Homepage"],
        released=release["released"],
    )
