"""From a name to a file of the hub and its place on this disk; and mending what is installed. What ``hub`` fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tern.errors import UserError
from tern.library import hub_client, shelf
from tern.library.catalog import Entry
from tern.library.hub import Download, journal_of, kept_aside
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import HubError
from tern.library.hub_progress import Progress
from tern.library.network import NetworkOptions
from tern.library.part import BLOCK, write_journal


def target_of(remote: RemoteFile) -> Path:
    """Where the file of a repository goes on this computer."""
    parts = PurePosixPath(remote.file).parts
    if any(part in ("", ".", "..", "/") or ":" in part or "\\" in part for part in parts):
        raise UserError(f"The hub names a file {remote.file!r}, which Tern does not write to this disk.")
    return shelf.models_dir().joinpath(remote.repo.replace("/", "--"), *parts)


def look_up(options: NetworkOptions, entry: Entry) -> RemoteFile:
    """The catalogue's file as the hub has it now. HubError when that is another file than the catalogue knows."""
    remote = hub_client.find_file(options, entry.repo, entry.file, entry.revision)
    if entry.sha256 is None:
        return remote
    if remote.sha256 not in (None, entry.sha256) or remote.size != entry.size:
        raise HubError(
            f"{entry.repo} now offers another {entry.file} than the one Tern knows as {entry.name}, so it was not "
            f"fetched. To take it all the same: tern models fetch {entry.repo} {entry.file}"
        )
    return RemoteFile(remote.repo, remote.commit, remote.file, remote.size, entry.sha256, None, remote.url)


def repair_installed(
    model: shelf.Installed,
    remote: RemoteFile,
    options: NetworkOptions,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> shelf.Installed | None:
    """Mend an installed file whose bytes have changed: its bad blocks are fetched again."""
    block = model.block or BLOCK
    kept = kept_aside(model.path)
    write_journal(journal_of(kept), remote.identity, block, model.blocks, {})
    model.path.replace(kept)
    return Download(remote, model.path, options, on_progress, model.name, model.title, block).run()
