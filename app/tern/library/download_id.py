"""What a download is of, and what for: a value, the same in every session. Knows no network and no disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["fetch", "update", "repair"]


@dataclass(frozen=True, slots=True)
class DownloadId:
    """A model's file in a repository of the hub (of a model in several files the first), and what it is for: to
    ``fetch`` a model that is not here, to ``update`` the installed one, or to ``repair`` it."""

    repo: str
    file: str
    kind: Kind = "fetch"

    @property
    def label(self) -> str:
        return f"{self.repo}/{self.file}"

    def same_file(self, other: DownloadId) -> bool:
        """Whether both arrive in one place, so that what is left of the one is left of the other."""
        return self.label == other.label
