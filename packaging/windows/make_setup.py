"""Packs the Windows bundle: ``python packaging/windows/make_setup.py BUNDLE OUT`` (on Windows).

TERN_SIGN_COMMAND signs a file ("{file}" in it); every program and library is signed, then the setup program.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from icons import ico  # noqa: E402
from identity import Identity, identity  # noqa: E402

_SIGNED = {".exe", ".dll", ".pyd"}


def to_sign(bundle: Path) -> list[Path]:
    """Every program and library: Smart App Control refuses an unsigned one even in a signed program."""
    return sorted(path for path in bundle.rglob("*") if path.suffix.lower() in _SIGNED)


def sign(paths: list[Path]) -> None:
    """With TERN_SIGN_COMMAND, and checked; nothing without it."""
    if not (command := os.environ.get("TERN_SIGN_COMMAND", "")):
        print("Not signed: TERN_SIGN_COMMAND is not set.")
        return
    for path in paths:
        subprocess.run([word.replace("{file}", str(path)) for word in shlex.split(command)], check=True)
        subprocess.run(["signtool", "verify", "/pa", str(path)], check=True)


def setup_command(bundle: Path, out: Path, who: Identity) -> list[str]:
    values = {
        "Version": who.version, "Publisher": who.publisher, "Homepage": who.homepage, "AppId": who.app_id,
        "Bundle": str(bundle), "Out": str(out),
    }  # fmt: skip
    return ["iscc", *(f"/D{name}={value}" for name, value in values.items()), str(HERE / "tern.iss")]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    who = identity()
    sign(to_sign(args.bundle))
    name = args.out / f"Tern-{who.version}-windows-x64-portable"
    shutil.make_archive(str(name), "zip", args.bundle.parent, args.bundle.name)
    (args.out / "tern.ico").write_bytes(ico())
    subprocess.run(setup_command(args.bundle.absolute(), args.out.absolute(), who), check=True)
    sign(sorted(args.out.glob("*-setup.exe")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
