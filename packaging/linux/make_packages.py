"""Makes the Linux packages of a bundle: ``python packaging/linux/make_packages.py BUNDLE OUT``.

BUNDLE is the folder that ``make bundle`` leaves. A tarball with install.sh, a .deb, and an AppImage where
APPIMAGE_RUNTIME names the file of its static runtime.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from system_libraries import PACKAGES  # noqa: E402

from icons import hicolor  # noqa: E402
from identity import Identity, identity  # noqa: E402

DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


def filled(name: str, who: Identity, **more: str) -> str:
    """A file of this folder with what only pyproject.toml knows."""
    developer = ".".join(who.app_id.split(".")[:-1])
    values = {
        "APP_ID": who.app_id, "PUBLISHER": who.publisher, "HOMEPAGE": who.homepage, "VERSION": who.version,
        "DATE": who.released, "DEVELOPER_ID": developer,
    }  # fmt: skip
    xml = name.endswith(".xml")
    text = (HERE / name).read_text(encoding="utf-8")
    for key, value in {**values, **more}.items():
        text = text.replace(f"@{key}@", escape(value) if xml else value)
    assert not re.search(r"@[A-Z_]+@", text), f"{name} asks for something that is not known"
    return text


def share(folder: Path, who: Identity, program: str) -> None:
    """What a desktop needs to know, into ``folder`` (a prefix's share): entry, icons, MIME type, metadata."""
    for place, text in (
        ("applications/tern.desktop", filled("tern.desktop", who, EXEC=program)),
        ("mime/packages/tern.xml", filled("tern-mime.xml", who)),
        (f"metainfo/{who.app_id}.metainfo.xml", filled("metainfo.xml", who)),
    ):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8")
    hicolor(folder / "icons")


def tarball(bundle: Path, out: Path, who: Identity) -> Path:
    """The bundle with install.sh, for every distribution."""
    name = f"tern-{who.version}-linux-{platform.machine()}"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / name
        share(root / "share", who, "tern")
        shutil.copytree(bundle, root / "tern", symlinks=True)
        shutil.copy(HERE / "install.sh", root)
        (root / "uninstall.sh").write_text(filled("uninstall.sh", who))
        (root / "uninstall.sh").chmod(0o755)
        for file in ("README.md", "LICENSE", "CHANGELOG.md"):
            shutil.copy(ROOT / file, root)
        packed = out / f"{name}.tar.xz"
        with tarfile.open(packed, "w:xz", preset=6) as tar:
            tar.add(root, name, filter=_of_root)
    return packed


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever packed it owns nothing on another computer."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def deb(bundle: Path, out: Path, who: Identity, glibc: str) -> Path:
    """For Debian and what descends from it. ``glibc``: the oldest that the bundle runs with."""
    machine = DEBIAN[platform.machine()]
    packed = out / f"tern_{who.version}_{machine}.deb"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        usr = root / "usr"
        share(usr / "share", who, "/usr/bin/tern")
        shutil.copytree(bundle, usr / "lib" / "tern", symlinks=True)
        (usr / "bin").mkdir()
        (usr / "bin" / "tern").symlink_to("../lib/tern/tern")
        document = usr / "share" / "doc" / "tern"
        document.mkdir(parents=True)
        shutil.copy(ROOT / "LICENSE", document / "copyright")
        size = sum(
            path.stat().st_size for path in root.rglob("*") if not path.is_symlink() and path.is_file()
        )
        depends = ", ".join([f"libc6 (>= {glibc})", *sorted(set(left_to_the_system(bundle)) - {""})])
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN" / "control").write_text(
            f"Package: tern\nVersion: {who.version}\nArchitecture: {machine}\n"
            f"Maintainer: {who.publisher} <{who.contact}>\nInstalled-Size: {size // 1024}\nDepends: {depends}\n"
            f"Recommends: fonts-dejavu-core | fonts-freefont-ttf\nSection: utils\nPriority: optional\n"
            f"Homepage: {who.homepage}\nDescription: {who.summary}\n"
            " Runs a language model whose weights are only -1, 0 and +1 on this computer's\n"
            " processor. What you write stays here.\n",
            encoding="utf-8",
        )
        after = root / "DEBIAN" / "postrm"
        after.write_text((HERE / "postrm").read_text())
        after.chmod(0o755)
        for path in root.rglob("*"):
            if not path.is_symlink() and path.is_dir():
                path.chmod(0o755)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(packed)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return packed


def libraries(folder: Path) -> Iterator[Path]:
    """Every program and library of the bundle."""
    for path in folder.rglob("*"):
        if not path.is_symlink() and path.is_file():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def left_to_the_system(bundle: Path) -> list[str]:
    """The packages whose libraries the bundle asks for and does not have. Fails on one that nobody has named."""
    here = {path.name for path in bundle.rglob("*")}
    asked: set[str] = set()
    for path in libraries(bundle):
        told = subprocess.run(["readelf", "-d", str(path)], check=True, capture_output=True, text=True).stdout
        asked.update(line.split("[")[1].rstrip("]") for line in told.splitlines() if "(NEEDED)" in line)
    left = asked - here
    if unknown := sorted(left - PACKAGES.keys()):
        raise SystemExit(f"make_packages.py: which package has {', '.join(unknown)}? Name it in PACKAGES.")
    return [PACKAGES[name] for name in left]


def app_image(bundle: Path, out: Path, who: Identity, runtime: Path) -> Path:
    """One file that runs where it lies: the static runtime, then the folder as SquashFS."""
    packed = out / f"Tern-{who.version}-{platform.machine()}.AppImage"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "AppDir"
        share(root / "usr" / "share", who, "tern")
        shutil.copytree(bundle, root / "usr" / "lib" / "tern", symlinks=True)
        (root / "AppRun").symlink_to("usr/lib/tern/tern")
        (root / "tern.desktop").symlink_to("usr/share/applications/tern.desktop")
        (root / "tern.png").symlink_to("usr/share/icons/hicolor/256x256/apps/tern.png")
        (root / ".DirIcon").symlink_to("tern.png")
        image = Path(scratch) / "image.squashfs"
        subprocess.run(
            [
                "mksquashfs", str(root), str(image), "-root-owned", "-noappend", "-comp", "zstd", "-quiet",
                "-no-progress",
            ],
            check=True,
        )  # fmt: skip
        packed.write_bytes(runtime.read_bytes() + image.read_bytes())
    packed.chmod(0o755)
    return packed


def flatpak_manifest(who: Identity, tarball: Path) -> str:
    """How flatpak-builder makes Tern from the tarball. No access to the person's files: those that are opened come
    through the portal."""
    manifest = {
        "id": who.app_id,
        "runtime": "org.freedesktop.Platform",
        "runtime-version": "24.08",
        "sdk": "org.freedesktop.Sdk",
        "command": "tern",
        "rename-desktop-file": "tern.desktop",
        "rename-icon": "tern",
        "finish-args": [
            "--share=network",
            "--share=ipc",
            "--socket=fallback-x11",
            "--socket=wayland",
            "--device=dri",
            "--talk-name=org.freedesktop.Notifications",
        ],
        "modules": [
            {
                "name": "tern",
                "buildsystem": "simple",
                "build-commands": ["./install.sh --prefix /app"],
                "build-options": {"strip": False, "no-debuginfo": True},
                "sources": [
                    {
                        "type": "archive",
                        "path": tarball.name,
                        "sha256": hashlib.sha256(tarball.read_bytes()).hexdigest(),
                    }
                ],
            }
        ],
    }
    return json.dumps(manifest, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--glibc", required=True, help="the oldest that the bundle runs with, as make_bundle tells it"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    who = identity()
    made = [tarball(args.bundle, args.out, who)]
    (args.out / f"{who.app_id}.json").write_text(flatpak_manifest(who, made[0]))
    if shutil.which("dpkg-deb"):
        made.append(deb(args.bundle, args.out, who, args.glibc))
    else:
        print("The .deb is left out: dpkg-deb is not installed.")
    runtime = os.environ.get("APPIMAGE_RUNTIME", "")
    if not runtime:
        print("The AppImage is left out: APPIMAGE_RUNTIME does not name the file of its runtime.")
    elif not shutil.which("mksquashfs"):
        print("The AppImage is left out: mksquashfs is not installed (Debian: squashfs-tools).")
    else:
        made.append(app_image(args.bundle, args.out, who, Path(runtime)))
    for path in made:
        print(f"{path.name:44}{path.stat().st_size / 1e6:7.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
