"""Which file of Tern imports which, read from the sources; as a command, the picture of it in words:

    python tests/tools/imports.py [app/tern]

Arrows between rooms with how many imports each stands for, and circles between files, of which there should be none.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "app" / "tern"


def modules(source: Path) -> dict[str, Path]:
    """Every module below ``source`` by its dotted name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        if "__pycache__" not in path.parts:
            parts = (source.name, *path.relative_to(source).with_suffix("").parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(text: str, package: str, known: set[str]) -> Iterator[str]:
    """Every module that a source in ``package`` imports, wherever in it: a module of ``known`` by its whole name, also
    where it stands behind ``import``; of others what stands before it (and Qt's modules whole)."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{module}.{alias.name}" for alias in node.names}
            # Qt's own rooms stand there too.
            yield from sorted(names & known if module != "PySide6" else names)
            if names - known:
                yield module


def arrows(source: Path) -> dict[str, set[str]]:
    """For each module of ``source`` the others of it that it imports."""
    found = modules(source)
    known, drawn = set(found), {}
    for name, path in found.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        seen = imports(path.read_text(encoding="utf-8"), package, known)
        drawn[name] = {module for module in seen if module in known and module != name}
    return drawn


def circles(drawn: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which, by way of others, imports itself [Tarjan 1972]."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        open_.append(name)
        for other in sorted(drawn[name]):
            if other not in order:
                visit(other)
            if other in open_:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == order[name]:
            at = open_.index(name)
            if len(open_) - at > 1:
                found.append(sorted(open_[at:]))
            del open_[at:]

    for name in drawn:
        if name not in order:
            visit(name)
    return sorted(found)


def room_of(module: str) -> str:
    """The folder a module lies in: ``ui/models`` of ``tern.ui.models.downloads``; ``tern`` of a base file."""
    return "/".join(module.split(".")[1:-1]) or "tern"


def main() -> None:
    drawn = arrows(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE)
    between = Counter((room_of(name), room_of(other)) for name, others in drawn.items() for other in others)
    print(f"{len(drawn)} files, {sum(map(len, drawn.values()))} imports among them")
    outward = {pair: count for pair, count in between.items() if pair[0] != pair[1]}
    print(f"{len(outward)} arrows between {len({room for pair in outward for room in pair})} rooms:")
    for room in sorted({pair[0] for pair in outward}):
        to = (f"{other} {count}" for (one, other), count in sorted(outward.items()) if one == room)
        print(f"  {room} -> {', '.join(to)}")
    both = sorted(pair for pair in outward if pair[0] < pair[1] and pair[::-1] in outward)
    print(f"{len(both)} pairs of rooms that import each other: {both or 'none'}")
    found = circles(drawn)
    print(f"{len(found)} circles between files{':' if found else ''}")
    for circle in found:
        print(f"  {' <-> '.join(circle)}")


if __name__ == "__main__":
    main()
