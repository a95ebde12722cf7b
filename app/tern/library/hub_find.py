"""From a name to a file of the hub and its place on this disk; and mending what is installed. What ``hub_model``
fetches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tern.errors import UserError
from tern.library import hub_client, shelf, unfinished
from tern.library.catalog import CatalogEntry
from tern.library.hub_client import RemoteFile
from tern.library.hub_errors import HubError
from tern.library.hub_model import ModelDownload
from tern.library.hub_progress import DownloadProgress
from tern.library.network import NetworkOptions
from tern.library.part_file import BLOCK, journal_of, kept_aside, write_journal

# Names that lead elsewhere, that some system does not keep as they are, or that a terminal would obey
_FORBIDDEN = re.compile(
    r"""[\x00-\x1f\x7f-\x9f<>:"/\\|?*]|^\.|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)""", re.IGNORECASE
)
_LONGEST = 200  # bytes: with the endings that Tern adds it must fit into the 255 of most disks


def target_of(remote: RemoteFile) -> Path:
    """Where the file of a repository goes on this computer."""
    parts = PurePosixPath(remote.file).parts
    if not parts or any(_FORBIDDEN.search(part) or len(part.encode()) > _LONGEST for part in parts):
        raise UserError(
            "The hub names a file {file!r}, which Tern does not write to this disk.", file=remote.file
        )
    return _place(remote.repo, parts)


def in_place_of(repo: str, file: str) -> shelf.Installed | None:
    """The installed model whose place the file of a repository would take."""
    return shelf.at(_place(repo, PurePosixPath(file).parts))


def _place(repo: str, parts: tuple[str, ...]) -> Path:
    return shelf.models_dir().joinpath(repo.replace("/", "--"), *parts)


def prepare(
    remote: RemoteFile,
    options: NetworkOptions,
    on_progress: Callable[[DownloadProgress], None] = lambda progress: None,
    name: str = "",
    title: str = "",
    patient: bool = False,
) -> ModelDownload:
    """The download of ``remote`` to its place, with everything that has to lie beside it. An installed model that it
    takes the place of keeps its name and title, unless others are given."""
    beside = [(other, target_of(other)) for other in hub_client.find_beside(options, remote)]
    target = target_of(remote)
    before = shelf.at(target)
    if before is not None:
        name, title = name or before.name, title or before.title
    return ModelDownload(
        remote,
        target,
        options,
        on_progress,
        name,
        title,
        patient=patient,
        beside=beside,
        kind="fetch" if before is None else "update",
    )


def look_up(options: NetworkOptions, entry: CatalogEntry) -> RemoteFile:
    """The catalogue's file as the hub has it now. HubError when that is another file than the catalogue knows."""
    try:
        remote = hub_client.find_file(options, entry.repo, entry.file, entry.revision)
    except HubError as error:
        if entry.revision is None or entry.sha256 is None or error.status != 404:
            raise
        # A mirror may keep only the newest revision: the hash says whether its file is the same.
        remote = hub_client.find_file(options, entry.repo, entry.file)
    if entry.sha256 is None:
        return remote
    if remote.sha256 not in (None, entry.sha256) or entry.size not in (None, remote.size):
        raise HubError(
            "{repo} now offers another {file} than the one Tern knows as {name}, so it was not "
            "fetched. To take it all the same: tern models fetch {repo} {file}",
            repo=entry.repo,
            file=entry.file,
            name=entry.name,
        )
    return RemoteFile(remote.repo, remote.commit, remote.file, remote.size, entry.sha256, None, remote.url)


def repair(
    model: shelf.Installed,
    options: NetworkOptions,
    on_progress: Callable[[DownloadProgress], None] = lambda progress: None,
    patient: bool = False,
) -> ModelDownload:
    """A download that mends an installed file whose bytes have changed: only its bad blocks are fetched again.

    Raises HubError where the hub has another file by now: then there is nothing to mend it with.
    """
    if not model.from_hub:
        raise UserError(
            "{title} did not come from the hub, so Tern cannot mend it. Import the right file again.",
            title=model.title,
        )
    repo, file = model.repository
    remote = hub_client.find_file(options, repo, file, model.commit or None)
    if remote.sha256 != model.sha256:
        raise HubError(
            "{repo} now offers another {file} than the one that is here, so this one cannot be mended. Fetch it "
            "again to have the new one.",
            repo=repo,
            file=file,
        )
    return _repair(model, remote, options, on_progress, patient)


def newer(model: shelf.Installed, options: NetworkOptions) -> RemoteFile | None:
    """The file that the hub offers now in place of ``model``; None when it is the same. Asks the network."""
    if not model.from_hub:
        raise UserError(
            "{title} did not come from the hub, so there is nothing to look for.", title=model.title
        )
    repo, file = model.repository
    remote = hub_client.find_file(options, repo, file)
    same = remote.sha256 == model.sha256 if remote.sha256 is not None else remote.size == model.size
    return None if same else remote


def _repair(
    model: shelf.Installed,
    remote: RemoteFile,
    options: NetworkOptions,
    on_progress: Callable[[DownloadProgress], None],
    patient: bool,
) -> ModelDownload:
    beside = [(other, target_of(other)) for other in hub_client.find_beside(options, remote)]
    block = model.block or BLOCK
    kept = kept_aside(model.path)
    if model.path.exists():  # else an earlier try was stopped on its way, and it lies aside already
        notes = unfinished.notes(remote.label, remote.label, model.name, model.title, "repair")
        write_journal(journal_of(kept), remote.identity, block, model.blocks, notes)
        model.path.replace(kept)
    return ModelDownload(
        remote,
        model.path,
        options,
        on_progress,
        model.name,
        model.title,
        block,
        patient=patient,
        beside=beside,
        kind="repair",
    )
