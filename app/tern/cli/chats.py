"""``tern chats``: the conversations that the window keeps; list, search, show, export, import, delete, restore. One
core with the window: everything here is chat's, this file only asks and prints.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tern.cli import options
from tern.cli.columns import WIDTH, cut, line
from tern.cli.streams import data_comes, harmless_json, json_text, note
from tern.errors import UserError

if TYPE_CHECKING:
    from tern.chat.import_report import Left, Outcome, Report
    from tern.chat.store import Store
    from tern.chat.types import Deleted, Summary

FAILED = 1
_DAY_S = 24 * 3600
_FORMATS = ("md", "txt", "json")

_LEFT = {  # by import_report.Left
    "pictures": "pictures",
    "recordings": "recordings",
    "files": "attached files",
    "hidden_messages": "hidden messages",
    "tool_steps": "tool steps",
    "unreadable_messages": "unreadable messages",
    "attachments": "attachment markers",
    "numbers": "reply figures",
}


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "chats",
        "list, search, show, export, import, delete and restore conversations",
        "The conversations that the window keeps. All of this works while the window is open.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = _command(
        commands,
        "list",
        "the conversations, newest first",
        "The conversations, newest first: number, time of the last message, messages, title. With --deleted those\n"
        "that can be restored, with the time when each was deleted.",
        "a list of objects: id, title, updated (ISO 8601, UTC), pinned, messages; with --deleted also deleted and "
        "kept_until (when it was deleted, and how long it can be restored)",
    )
    listing.add_argument("--limit", type=options.positive, metavar="N", help="only the newest N")
    listing.add_argument("--deleted", action="store_true", help="those that were deleted and can be restored")
    listing.set_defaults(run=run_list)
    search = _command(
        commands,
        "search",
        "find words in titles and messages",
        "Conversations in which all the words are found, in the title or in one message.",
        "a list of objects: id, title, updated, message (null: found in the title), text",
    )
    search.add_argument("words", nargs="+", metavar="QUERY", help="words, or how they begin")
    search.add_argument(
        "--limit", type=options.positive, metavar="N", default=60, help="at most N (default: 60)"
    )
    search.set_defaults(run=run_search)
    show = _command(
        commands,
        "show",
        "print a conversation",
        "Print a conversation as Markdown: the branch that the window shows.",
        "an object: id, title, updated, pinned, system, messages (role, content, created, model, state)",
    )
    show.add_argument("id", type=options.positive, metavar="ID", help="its number, as list says")
    show.set_defaults(run=run_show)
    _register_export(commands)
    _register_import(commands)
    delete = _command(
        commands,
        "delete",
        "delete conversations",
        "Delete conversations. They can be restored for 30 days; after that what they held is erased. With --forget,\n"
        "or where the settings say so, there is no way back: it is erased at once, from the backups too, or, while a\n"
        "window is open, when Tern is next started and makes its next backup. --forget also takes what was deleted\n"
        "before.",
        "an object: deleted (a list of ids), kept_until (how long they can be restored; null: no way back), "
        "erased (whether no word of them is left in Tern's files)",
    )
    delete.add_argument("ids", type=options.positive, nargs="+", metavar="ID", help="numbers, as list says")
    delete.add_argument("--forget", action="store_true", help="permanently, with no way back")
    delete.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    delete.set_defaults(run=run_delete)
    everything = _command(
        commands,
        "forget-everything",
        "erase every word you ever wrote here",
        "Erase all conversations, what was deleted lately, drafts, backups, what was prepared from models, and the\n"
        "log, with no way back. Models, settings and exported files stay. Close the window first.",
        "an object: left (a list of files that could not be deleted)",
    )
    everything.add_argument("--yes", action="store_true", help="do it: without this nothing is done")
    everything.set_defaults(run=run_forget_everything)
    restore = _command(
        commands,
        "restore",
        "bring deleted conversations back",
        "Bring deleted conversations back as they were: title, pin, branches and place in the list.",
        "an object: restored (a list of ids)",
    )
    restore.add_argument(
        "ids", type=options.positive, nargs="+", metavar="ID", help="numbers, as list --deleted says"
    )
    restore.set_defaults(run=run_restore)


def _register_export(commands: options.Subparsers) -> None:
    export = _command(
        commands,
        "export",
        "write conversations as Markdown, text or JSON",
        "Write conversations to a file or to the screen. JSON holds everything, all branches included, and can be\n"
        "imported again; Markdown and text hold the branch that the window shows.",
        "with --out an object: file, format, conversations (how many); without it the same as --format json",
    )
    export.add_argument("ids", type=options.positive, nargs="*", metavar="ID", help="numbers, as list says")
    export.add_argument("--all", action="store_true", help="every conversation")
    export.add_argument("--format", choices=_FORMATS, help="default: as the name of --out says, or else md")
    export.add_argument(
        "--out", type=options.path, metavar="FILE", help="the file to write (default: the screen)"
    )
    export.add_argument("--force", action="store_true", help="overwrite an existing FILE")
    export.set_defaults(run=run_export)


def _register_import(commands: options.Subparsers) -> None:
    parser = _command(
        commands,
        "import",
        "add conversations from files",
        "Add the conversations of files: Tern's own JSON, the data exports of ChatGPT and Claude (the ZIP as it\n"
        "comes, or its conversations.json), GPT4All's .chat files. A conversation that is already here is not added\n"
        "again. Exit code 0 when something was imported or is already here, else 1.",
        "an object: imported (how many), files (file, error, trouble, conversations: title, conversation (its id), "
        "messages, turns, left_out, why (null, already_here, no_messages or unreadable))",
    )
    parser.add_argument("files", type=options.path, nargs="*", metavar="FILE", help="what to import")
    # How chat/import_process.py starts it.
    parser.add_argument("--relay", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run_import)


def _command(
    commands: options.Subparsers, name: str, summary: str, description: str, as_json: str
) -> argparse.ArgumentParser:
    parser = options.command(commands, name, summary, f"{description}\n\nWith --json it prints {as_json}.")
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    return parser


def run_list(args: argparse.Namespace) -> int:
    if args.deleted:
        return _list_deleted(args)
    with _store() as store:
        sizes = store.sizes()
        found = sorted(store.summaries(), key=lambda one: (-one.updated, -one.id))[: args.limit]
    if args.json:
        _print_json([_as_json(one) | {"messages": sizes.get(one.id, 0)} for one in found])
        return 0
    for one in found:
        print(_row(one, f"{sizes.get(one.id, 0):>6,}"))
    if not found:
        print("There are no conversations yet.")
    return 0


def _list_deleted(args: argparse.Namespace) -> int:
    with _store() as store:
        sizes = store.sizes()
        found = store.deleted()[: args.limit]
    if args.json:
        days = _keep_deleted_days()
        _print_json([
            _as_json(one.conversation)
            | {"messages": sizes.get(one.conversation.id, 0), "deleted": _time(one.when),
               "kept_until": _time(one.when + days * _DAY_S)}
            for one in found
        ])  # fmt: skip
        return 0
    for one in found:
        print(_row(one.conversation, f"{sizes.get(one.conversation.id, 0):>6,}", one.when))
    if not found:
        print("There are no deleted conversations.")
    return 0


def run_search(args: argparse.Namespace) -> int:
    query = " ".join(args.words)
    with _store() as store:
        hits = store.search(query, args.limit)
    if args.json:
        _print_json([
            _as_json(hit.conversation, pinned=False) | {"message": hit.message, "text": hit.text} for hit in hits
        ])  # fmt: skip
        return 0
    for hit in hits:
        print(_row(hit.conversation))
        if hit.message is not None:
            print(f"{'':>6}  {cut(line(hit.text), WIDTH - 8)}")
    if not hits:
        print("No matches.")
    return 0


def run_show(args: argparse.Namespace) -> int:
    from tern.chat.export import ExportFormat, export
    from tern.chat.session import Session

    with _store() as store:
        summary = _known(store, [args.id])[0]
        if not args.json:
            print(export(store, [args.id], ExportFormat.MARKDOWN), end="")
            return 0
        messages = [
            {"role": entry.role, "content": entry.content, "created": _time(entry.created), "model": entry.model,
             "state": entry.state}
            for entry in Session(store, args.id).path
        ]  # fmt: skip
        _print_json(
            _as_json(summary) | {"system": store.manner(args.id).system, "messages": messages}, indent=1
        )
    return 0


def run_export(args: argparse.Namespace) -> int:
    from tern.chat.export import ExportFormat, pieces, write
    from tern.cli.terminal import ProgressLine

    if args.all == bool(args.ids):
        raise UserError("Say which conversations: numbers from `tern chats list`, or --all.")
    asked = args.format
    if asked is None and args.out is not None and args.out.suffix[1:].lower() in _FORMATS:
        asked = args.out.suffix[1:].lower()
    kind = ExportFormat(asked or ("json" if args.json and args.out is None else "md"))
    with _store() as store:
        ids = [one.id for one in store.summaries()] if args.all else args.ids
        _known(store, ids)
        if args.out is None:
            data_comes()
            for piece in pieces(store, ids, kind):
                sys.stdout.write(harmless_json(piece) if kind is ExportFormat.JSON else piece)
            return 0
        if args.out.exists() and not args.force:
            raise UserError(
                "{path} already exists; Tern does not overwrite it. Choose another --out FILE, or add --force.",
                path=args.out,
            )
        with ProgressLine("Exporting") as progress:
            write(store, ids, args.out, kind, progress)
    if args.json:
        _print_json({"file": str(args.out), "format": str(kind), "conversations": len(ids)})
    else:
        count = "1 conversation" if len(ids) == 1 else f"{len(ids):,} conversations"
        print(f"{count} exported to {line(str(args.out))}.")
    return 0


def run_import(args: argparse.Namespace) -> int:
    from tern.chat import import_process
    from tern.chat.import_report import Why
    from tern.chat.importing import import_file
    from tern.cli.terminal import ProgressLine

    if args.relay:
        import_process.serve(sys.stdin, sys.stdout)
        return 0
    if not args.files:
        raise UserError(
            "Say which files to import; `tern chats import --help` names those that Tern can read."
        )
    files: list[dict[str, Any]] = []
    imported = here = 0
    with _store() as store:
        for path in args.files:
            try:
                with ProgressLine("Importing") as progress:
                    report = import_file(store, path, progress)
            except UserError as error:
                note(f"tern: {line(str(error))}")
                files.append({"file": str(path), "error": str(error), "trouble": "", "conversations": []})
                continue
            imported += len(report.ids)
            here += report.count(Why.HERE)
            files.append({"file": str(path), "error": ""} | report.to_json())
            if not args.json:
                _print_report(report)
    if args.json:
        _print_json({"imported": imported, "files": files}, indent=1)
    elif imported or here:
        print(f"{imported:,} imported." if not here else f"{imported:,} imported, {here:,} already here.")
    return 0 if imported or here else FAILED


def _print_report(report: Report) -> None:
    for one in report.outcomes:
        print(_outcome(one))
    if report.trouble:
        note(f"tern: {line(report.trouble)}")


def _outcome(one: Outcome) -> str:
    title = cut(line(one.title) or "(without a title)", 60)
    if one.why is not None:
        why = {
            "already_here": "is already here",
            "no_messages": "has no messages",
            "unreadable": "could not be read",
        }
        return f"{'-':>6}  {title}: {why[one.why]}"
    count = f"{one.messages:,}" if one.messages == one.turns else f"{one.messages:,} of {one.turns:,}"
    said = f"{one.conversation:>6}  {title}: {count} message{'s' if one.turns != 1 else ''}"
    return f"{said}; left out: {_listed(one.left)}" if one.left else said


def _listed(left: dict[Left, int]) -> str:
    return ", ".join(f"{_LEFT[what]} ({count:,})" for what, count in left.items())


def run_forget_everything(args: argparse.Namespace) -> int:
    from tern import data_lock, paths
    from tern.chat.forget_everything import forget_in

    if not args.yes:
        raise UserError("This erases every conversation for good. To do it, add --yes.")
    with data_lock.taken(paths.data_dir()) as hold:
        if hold is data_lock.Hold.OTHERS:
            raise UserError("A window of Tern is open with these conversations. Close it, then try again.")
        left = forget_in(paths.data_dir())
    if args.json:
        print(json_text({"left": [str(path) for path in left]}))
    elif left:
        print("Everything is forgotten but for: " + ", ".join(map(str, left)))
    else:
        print("Everything is forgotten.")
    return FAILED if left else 0


def run_delete(args: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(args.ids))
    days = 0 if args.forget else _keep_deleted_days()
    with _store() as store:
        found = _known(store, ids, store.deleted() if args.forget else ())
        for one in found:
            if store.is_being_answered(one.id):
                raise UserError(
                    "A reply is being written in conversation {number}; stop it or wait for it to finish, then "
                    "delete it.",
                    number=one.id,
                )
        if sys.stdin.isatty() and not args.yes and not _agreed(found, for_good=not days):
            note("Nothing was deleted.")
            return FAILED
        if days:
            store.delete(ids)
        else:
            store.discard(ids)
        deleted = [one.when for one in store.deleted() if one.conversation.id in ids]
        until = max(deleted, default=store.now()) + days * _DAY_S
    left = "" if days else _erase()
    if args.json:
        _print_json(
            {"deleted": ids, "kept_until": _time(until) if days else None, "erased": not days and not left}
        )
        return 0
    said = "1 conversation deleted" if len(ids) == 1 else f"{len(ids):,} conversations deleted"
    if days:
        numbers, what = " ".join(map(str, ids)), "it" if len(ids) == 1 else "them"
        date = dt.datetime.fromtimestamp(until).strftime("%Y-%m-%d")
        print(f"{said}. `tern chats restore {numbers}` brings {what} back until {date}.")
    else:
        print(f"{said} permanently.{left and ' '}{left}")
    return 0


def _erase() -> str:
    """Erase what has no way back from the file and its backups; a sentence when some of it is left."""
    from tern import data_lock, paths
    from tern.chat.database_file import FILE_NAME, erase_from_backups

    folder = paths.data_dir()
    with data_lock.taken(folder) as hold:
        if hold is not data_lock.Hold.OURS:
            return (
                "What was in it is erased when Tern is next started, and from the backups with the next one."
            )
        with _store():  # opening it erases
            pass
        if erase_from_backups(folder / FILE_NAME):
            return ""
    return "A backup that cannot be changed still holds what was in it, until newer ones replace it."


def run_restore(args: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(args.ids))
    with _store() as store:
        there = {one.conversation.id for one in store.deleted()}
        for number in ids:
            if number not in there:
                raise UserError(
                    "There is no deleted conversation {number}; `tern chats list --deleted` has the numbers.",
                    number=number,
                )
        store.restore(ids)
    if args.json:
        _print_json({"restored": ids})
    else:
        print("1 conversation restored." if len(ids) == 1 else f"{len(ids):,} conversations restored.")
    return 0


def _agreed(found: Sequence[Summary], for_good: bool) -> bool:
    for one in found:
        note(_row(one))
    what = "this conversation" if len(found) == 1 else f"these {len(found):,} conversations"
    print(f"Delete {what}{' permanently' if for_good else ''}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def _store() -> Iterator[Store]:
    from tern import paths
    from tern.chat.store import Store

    store = Store.open(paths.data_dir(), keep_deleted_days=_keep_deleted_days())
    try:
        if store.warning:
            note(f"tern: {store.warning}")
        yield store
    finally:
        store.close()


def _keep_deleted_days() -> int:
    from tern.settings import KEEP_DELETED, Settings

    return Settings.load()[KEEP_DELETED]


def _known(store: Store, ids: Sequence[int], deleted: Sequence[Deleted] = ()) -> list[Summary]:
    """What ``ids`` are the numbers of, among the conversations and those ``deleted``. Raises UserError when one is
    none."""
    gone = {one.conversation.id: one.conversation for one in deleted}
    found = []
    for number in ids:
        summary = gone.get(number) or store.listed(number)
        if summary is None:
            raise UserError(
                "There is no conversation {number}; `tern chats list` has the numbers.", number=number
            )
        found.append(summary)
    return found


def _row(one: Summary, size: str = "", when: float | None = None) -> str:
    time = dt.datetime.fromtimestamp(one.updated if when is None else when).strftime("%Y-%m-%d %H:%M")
    before = f"{one.id:>6}  {time}  {size}{'  ' if size else ''}{'* ' if one.pinned else ''}"
    return before + cut(line(one.title), WIDTH - len(before))


def _as_json(one: Summary, pinned: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.id, "title": one.title, "updated": _time(one.updated)}
    return found | {"pinned": one.pinned} if pinned else found


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print_json(value: object, indent: int | None = None) -> None:
    print(json_text(value, indent))
