"""What the packages of each system say and do: entries, types, installing and removing, signing order, versions."""

from __future__ import annotations

import hashlib
import json
import os
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from configparser import ConfigParser
from pathlib import Path

import pytest

from tern import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
sys.path[:0] = [
    str(PACKAGING),
    str(PACKAGING / "linux"),
    str(PACKAGING / "macos"),
    str(PACKAGING / "windows"),
]

import info  # noqa: E402
import make_dmg  # noqa: E402
import make_packages  # noqa: E402
import version_info  # noqa: E402

import check_release  # noqa: E402
import icons  # noqa: E402
from identity import identity  # noqa: E402

WHO = identity()
unix = pytest.mark.skipif(sys.platform == "win32", reason="for other systems")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A program with a file beside it, in the place of the real one."""
    folder = tmp_path / "a bundle" / "tern"
    (folder / "_internal").mkdir(parents=True)
    (folder / "tern").write_text('#!/bin/sh\necho "I was given: $*"\n')
    (folder / "tern").chmod(0o755)
    (folder / "_internal" / "data").write_text("data")
    return folder


# Who and what


def test_the_version_is_the_packages() -> None:
    assert WHO.version == __version__
    assert check_release.faults("") == []


def test_a_release_with_an_example_address_or_another_version_is_refused() -> None:
    said = check_release.faults("v99.0")
    assert f"The tag v99.0 is not v{__version__}." in said
    if "example.org" in WHO.homepage:
        assert any("docs/RELEASING.md" in sentence for sentence in said)


def test_sections_of_the_changelog() -> None:
    told = check_release.sections(
        "# Changelog\n\n## 1.2.0 (2027-01-31)\n\n- new\n- newer\n\n## 1.1.0\n\n- old\n"
    )
    assert told == [("1.2.0", "2027-01-31", "- new\n- newer"), ("1.1.0", "", "- old")]
    assert check_release.sections((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


# Icons


def test_icons_for_every_system(tmp_path: Path) -> None:
    icons.hicolor(tmp_path)
    for size in icons.SIZES:
        content = (tmp_path / "hicolor" / f"{size}x{size}" / "apps" / "tern.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert struct.unpack(">II", content[16:24]) == (size, size)
    ico = icons.ico()
    assert struct.unpack("<HHH", ico[:6]) == (0, 1, 7)
    length, place = struct.unpack("<II", ico[6 + 16 * 6 + 8 :][:8])
    assert ico[place : place + 4] == b"\x89PNG"
    assert place + length == len(ico)
    icns = icons.icns()
    assert icns[:4] == b"icns"
    assert struct.unpack(">I", icns[4:8]) == (len(icns),)


# Linux


def test_the_desktop_entry_opens_files_and_speaks_german(tmp_path: Path) -> None:
    make_packages.share(tmp_path, WHO, "tern")
    entry = ConfigParser(interpolation=None, delimiters="=")
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(tmp_path / "applications" / "tern.desktop", encoding="utf-8")
    values = entry["Desktop Entry"]
    assert values["Exec"] == "tern %f"
    assert values["MimeType"] == "application/x-gguf;"
    assert values["Comment[de]"]
    types = ET.parse(tmp_path / "mime" / "packages" / "tern.xml").getroot()
    (glob,) = types.iter("{http://www.freedesktop.org/standards/shared-mime-info}glob")
    assert glob.attrib["pattern"] == "*.gguf"
    about = ET.parse(tmp_path / "metainfo" / f"{WHO.app_id}.metainfo.xml").getroot()
    assert about.findtext("id") == WHO.app_id
    release = about.find("releases/release")
    assert release is not None
    assert release.attrib["version"] == __version__
    for command, file in (
        (["desktop-file-validate"], tmp_path / "applications" / "tern.desktop"),
        (["appstreamcli", "validate", "--no-net"], tmp_path / "metainfo" / f"{WHO.app_id}.metainfo.xml"),
    ):
        if shutil.which(command[0]):
            ran = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr


def _unpacked(bundle: Path, tmp_path: Path) -> Path:
    packed = make_packages.tarball(bundle, tmp_path, WHO)
    shutil.unpack_archive(packed, tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").iterdir()
    return folder


def _run(script: Path, home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    return subprocess.run(
        ["sh", str(script), *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip


def _ours(home: Path) -> set[str]:
    """The files there, without the tables that a desktop's own programs make of them."""
    left = {
        path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file() or path.is_symlink()
    }
    made = re.compile(r".*(/share/mime/(?!packages/).*|\.cache)")
    return {name for name in left if not made.fullmatch(name)}


@unix
@pytest.mark.parametrize("name", ["home", 'a home, with $PATH\'s "quotes" `and` 100% \\more'])
def test_the_tarball_is_installed_for_one_person_and_removed_again(
    name: str, bundle: Path, tmp_path: Path
) -> None:
    unpacked, home = _unpacked(bundle, tmp_path), tmp_path / name
    home.mkdir()
    for _ in range(2):  # the second time over the first
        ran = _run(unpacked / "install.sh", home, "--user")
        assert ran.returncode == 0, ran.stderr
        assert "Tern is installed" in ran.stdout
    local = home / ".local"
    told = subprocess.run([str(local / "bin" / "tern"), "x"], capture_output=True, text=True, check=True)
    assert told.stdout == "I was given: x\n"
    entry = (local / "share" / "applications" / "tern.desktop").read_text()
    (line,) = (line for line in entry.splitlines() if line.startswith("Exec="))
    # As a desktop reads it: first the string's escapes, then the quoted word's.
    string = line.removeprefix("Exec=").replace("\\\\", "\\")
    assert string.startswith('"')
    assert string.endswith('" %f')
    word = re.sub(r"\\(.)", r"\1", string[1:-4])
    assert word.replace("%%", "%") == str(local / "lib" / "tern" / "tern")
    assert (local / "share" / "icons" / "hicolor" / "512x512" / "apps" / "tern.png").is_file()
    assert not list(local.rglob("*.old")), list(local.rglob("*.new"))

    (home / ".local" / "share" / "tern").mkdir()
    (home / ".local" / "share" / "tern" / "conversations.db").write_text("chats")
    (home / ".cache" / "tern").mkdir(parents=True)
    ran = _run(local / "lib" / "tern" / "uninstall.sh", home)
    assert ran.returncode == 0, ran.stderr
    assert "are still in" in ran.stdout
    assert _ours(home) == {".local/share/tern/conversations.db"}

    assert _run(unpacked / "install.sh", home, "--user").returncode == 0
    assert _run(local / "lib" / "tern" / "uninstall.sh", home, "--delete-data").returncode == 0
    assert _ours(home) == set()


@unix
def test_installing_elsewhere_and_wrong_words(bundle: Path, tmp_path: Path) -> None:
    unpacked = _unpacked(bundle, tmp_path)
    assert _run(unpacked / "install.sh", tmp_path, "--prefix", str(tmp_path / "opt")).returncode == 0
    assert (tmp_path / "opt" / "bin" / "tern").is_symlink()
    assert _run(unpacked / "install.sh", tmp_path, "--everywhere").returncode == 2
    assert _run(unpacked / "uninstall.sh", tmp_path).returncode == 1, "it is not installed here"
    assert (unpacked / "tern" / "tern").exists()


@unix
def test_the_deb_says_what_it_needs(bundle: Path, tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("needs dpkg-deb")
    packed = make_packages.deb(bundle, tmp_path, WHO, "2.28")
    said = subprocess.run(
        ["dpkg-deb", "--info", str(packed)], check=True, capture_output=True, text=True
    ).stdout
    assert "Package: tern" in said
    assert f"Version: {__version__}" in said
    assert "libc6 (>= 2.28)" in said
    listed = subprocess.run(
        ["dpkg-deb", "-c", str(packed)], check=True, capture_output=True, text=True
    ).stdout
    assert "root/root" in listed
    assert "./usr/bin/tern -> ../lib/tern/tern" in listed
    assert "./usr/share/mime/packages/tern.xml" in listed


def test_a_library_that_no_package_is_known_for_stops_the_build(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = " 0x0001 (NEEDED)  Shared library: [libGL.so.1]\n 0x0001 (NEEDED)  Shared library: [libstrange.so.3]\n"
    monkeypatch.setattr(make_packages, "libraries", lambda folder: [bundle / "tern"])
    monkeypatch.setattr(
        make_packages.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, said)
    )
    with pytest.raises(SystemExit, match="libstrange"):
        make_packages.left_to_the_system(bundle)
    (bundle / "_internal" / "libstrange.so.3").touch()
    assert make_packages.left_to_the_system(bundle) == ["libgl1"]


def test_the_flatpak_has_no_access_to_the_persons_files(tmp_path: Path) -> None:
    (tarball := tmp_path / "tern.tar.xz").write_bytes(b"packed")
    told = json.loads(make_packages.flatpak_manifest(WHO, tarball))
    assert told["id"] == WHO.app_id
    assert not [right for right in told["finish-args"] if "filesystem" in right or "device=all" in right]
    assert told["modules"][0]["sources"][0]["sha256"] == hashlib.sha256(b"packed").hexdigest()


@pytest.mark.skipif(not shutil.which("flatpak-builder"), reason="flatpak-builder is not installed")
def test_the_flatpaks_manifest_is_valid(tmp_path: Path) -> None:
    (tarball := tmp_path / "tern.tar.xz").write_bytes(b"packed")
    (manifest := tmp_path / f"{WHO.app_id}.json").write_text(make_packages.flatpak_manifest(WHO, tarball))
    shown = subprocess.run(
        ["flatpak-builder", "--show-manifest", manifest],
        capture_output=True, text=True, check=True, cwd=tmp_path,  # it leaves a folder where it runs
    )  # fmt: skip
    assert json.loads(shown.stdout)["modules"][0]["build-commands"] == ["./install.sh --prefix /app"]
    assert not shown.stderr  # where it would name what it does not know


@pytest.mark.skipif(not shutil.which("mksquashfs"), reason="mksquashfs is not installed")
def test_the_app_image_is_the_runtime_and_all_that_desktops_look_for(bundle: Path, tmp_path: Path) -> None:
    (runtime := tmp_path / "runtime").write_bytes(b"\x7fELF" + bytes(4092))
    packed = make_packages.app_image(bundle, tmp_path, WHO, runtime)
    assert packed.read_bytes().startswith(runtime.read_bytes())
    assert packed.stat().st_mode & 0o111 == 0o111
    folder = tmp_path / "squashfs-root"
    unpack = ["unsquashfs", "-o", "4096", "-d", folder, packed]
    subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
    run = subprocess.run([folder / "AppRun", "a file.gguf"], capture_output=True, text=True, check=True)
    assert run.stdout == "I was given: a file.gguf\n"
    entry = ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read(folder / "tern.desktop")
    assert entry["Desktop Entry"]["Icon"] == "tern"
    for icon in ("tern.png", ".DirIcon"):
        assert (folder / icon).read_bytes().startswith(b"\x89PNG")


# macOS and Windows


def test_what_macos_is_told() -> None:
    told = plistlib.loads(plistlib.dumps(info.info_plist(WHO)))
    assert told["CFBundleIdentifier"] == WHO.app_id
    assert told["CFBundleShortVersionString"] == __version__
    assert told["NSAppSleepDisabled"] is True
    opened = told["CFBundleDocumentTypes"][0]["LSItemContentTypes"]
    assert opened == [told["UTImportedTypeDeclarations"][0]["UTTypeIdentifier"]]
    rights = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert all(name.startswith("com.apple.security.cs.") and value is True for name, value in rights.items())


def test_what_lies_inside_is_signed_first(tmp_path: Path) -> None:
    app = tmp_path / "Tern.app"
    frameworks = app / "Contents" / "Frameworks"
    inner = frameworks / "QtCore.framework" / "Versions" / "A" / "QtCore"
    inner.parent.mkdir(parents=True)
    (app / "Contents" / "MacOS").mkdir()
    for path in (inner, frameworks / "libllama.dylib", app / "Contents" / "MacOS" / "tern"):
        path.write_bytes(b"\xcf\xfa\xed\xfe....")
    (frameworks / "link.dylib").symlink_to("libllama.dylib")
    (frameworks / "text.txt").write_text("text")
    order = make_dmg.signing_order(app)
    assert order[-1] == app
    assert order.index(inner) < order.index(frameworks / "QtCore.framework") < order.index(app)
    assert len(order) == 5
    assert "--timestamp" not in make_dmg.sign_command(app, "-")
    assert "--timestamp" in make_dmg.sign_command(app, "Developer ID Application: Somebody")


def test_the_properties_of_the_windows_program() -> None:
    told = version_info.version_info(WHO)
    compile(told, "version", "eval")  # PyInstaller evaluates it
    assert f"'FileVersion', '{__version__}'" in told
    script = (PACKAGING / "windows" / "tern.iss").read_text(encoding="utf-8")
    for name in ("Version", "Publisher", "Homepage", "AppId", "Bundle", "Out"):
        assert f"{{#{name}}}" in script
    assert "PrivilegesRequired=lowest" in script


def test_the_workflow_is_yaml_and_tries_what_it_makes() -> None:
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))[
        "jobs"
    ]
    for name in ("linux-trial", "macos", "windows"):
        steps = " ".join(str(step.get("run", "")) for step in jobs[name]["steps"])
        assert "--self-test" in steps, name
    assert set(jobs["publish"]["needs"]) == {"test", "linux-trial", "macos", "windows"}
