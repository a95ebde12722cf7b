"""Signs Tern.app, has it notarized and packs it: ``python packaging/macos/make_dmg.py TERN.APP OUT`` (on a Mac).

TERN_SIGN_IDENTITY names a "Developer ID Application" certificate of the keychain; without it the signature is ad-hoc.
TERN_NOTARY_PROFILE names credentials that `xcrun notarytool store-credentials` keeps; without it Apple is not asked.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from identity import identity  # noqa: E402

_MAGIC = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")  # Mach-O of 64 bits, and of several processors
_TRIES = 5  # hdiutil fails with "Resource busy" now and then


def signing_order(app: Path) -> list[Path]:
    """Every program and library, the innermost first, then the application: a signature covers what lies inside."""
    inside = []
    for path in app.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(4) in _MAGIC:
                inside.append(path)
    bundles = [path for path in app.rglob("*.framework") if not path.is_symlink()]
    return [*sorted([*inside, *bundles], key=lambda path: (-len(path.parts), str(path))), app]


def sign_command(path: Path, who: str) -> list[str]:
    """``who``: the certificate's name, or "-" for an ad-hoc signature, which has no time stamp."""
    stamp = ["--timestamp"] if who != "-" else []
    rights = ["--entitlements", str(HERE / "entitlements.plist")]
    return ["codesign", "--force", "--options", "runtime", *stamp, *rights, "--sign", who, str(path)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("app", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    who = os.environ.get("TERN_SIGN_IDENTITY", "") or "-"
    profile = os.environ.get("TERN_NOTARY_PROFILE", "")
    for path in signing_order(args.app):
        _run(sign_command(path, who))
    _run(["codesign", "--verify", "--deep", "--strict", "--verbose=2", str(args.app)])
    image = args.out / f"Tern-{identity().version}-macos-{platform.machine()}.dmg"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "Tern"
        folder.mkdir()
        _run(["ditto", str(args.app), str(folder / args.app.name)])  # cp would follow the links in frameworks
        (folder / "Applications").symlink_to("/Applications")
        create = ["hdiutil", "create", "-volname", "Tern", "-fs", "HFS+", "-format", "UDZO", "-ov"]
        _persistently([*create, "-srcfolder", str(folder), str(image)])
    _run(["codesign", "--force", *(["--timestamp"] if who != "-" else []), "--sign", who, str(image)])
    if profile:
        _run(["xcrun", "notarytool", "submit", str(image), "--keychain-profile", profile, "--wait"])
        _run(["xcrun", "stapler", "staple", str(image)])
        _run(["spctl", "--assess", "--type", "open", "--context", "context:primary-signature", str(image)])
        _run(["spctl", "--assess", "--type", "execute", "--verbose", str(args.app)])
    else:
        print("Not notarized: TERN_NOTARY_PROFILE names no credentials.")
    print(image)
    return 0


def _run(command: list[str]) -> None:
    print("+", " ".join(command), flush=True)
    subprocess.run(command, check=True)


def _persistently(command: list[str]) -> None:
    for attempt in range(_TRIES):
        try:
            return _run(command)
        except subprocess.CalledProcessError:
            if attempt + 1 == _TRIES:
                raise
            time.sleep(2**attempt)
    return None


if __name__ == "__main__":
    sys.exit(main())
