"""Checks that a release says one version everywhere: ``python packaging/check_release.py [TAG]``.

pyproject.toml, tern.__version__, the changelog's newest section and the tag must agree. ``--notes`` prints that
section.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from identity import ROOT, identity

_SECTION = re.compile(r"^## (\S+)(?: \((\d{4}-\d{2}-\d{2})\))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def sections(changelog: str) -> list[tuple[str, str, str]]:
    """(version, day, what is new) of each, the newest first."""
    return [(found[1], found[2] or "", found[3].strip()) for found in _SECTION.finditer(changelog)]


def faults(tag: str, root: Path = ROOT) -> list[str]:
    """What does not fit together, a sentence each. ``tag`` empty: none is given."""
    who = identity()
    package = (root / "app" / "tern" / "__init__.py").read_text(encoding="utf-8")
    found = []
    if f'__version__ = "{who.version}"' not in package:
        found.append(f"app/tern/__init__.py does not say {who.version}, as pyproject.toml does.")
    newest = sections((root / "CHANGELOG.md").read_text(encoding="utf-8"))[:1]
    if not newest or (tag and newest[0][0] != who.version):
        found.append(f"CHANGELOG.md does not begin with a section of {who.version}.")
    if tag and newest and newest[0][1] != who.released:
        found.append(f"CHANGELOG.md does not give the day {who.released} that pyproject.toml has.")
    if tag and tag != f"v{who.version}":
        found.append(f"The tag {tag} is not v{who.version}.")
    if tag and "example.org" in f"{who.homepage} {who.contact} {who.app_id}".replace(
        "org.example", "example.org"
    ):
        found.append("pyproject.toml has no address, contact or id of its own yet: see docs/RELEASING.md.")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tag", nargs="?", default="")
    parser.add_argument("--notes", action="store_true")
    args = parser.parse_args()
    if args.notes:
        print(sections((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[0][2])
        return 0
    found = faults(args.tag)
    print("\n".join(found) or "Version and changelog agree.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
