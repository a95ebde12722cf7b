"""Draws the application's icon at the sizes that systems ask for: ``python packaging/icons.py FOLDER``.

PNG files for Linux (hicolor), one .ico for Windows and one .icns for macOS, from the two drawings in resources/icons.
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_SMALL = 24  # pixels: up to here the heavier drawing, as in the window (ui/style/icons.py)
_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
# Apple's names for a PNG of each size, with and without a second pixel a point.
_ICNS = {16: [b"icp4"], 32: [b"icp5", b"ic11"], 64: [b"ic12"], 128: [b"ic07"], 256: [b"ic08", b"ic13"],
         512: [b"ic09", b"ic14"], 1024: [b"ic10"]}  # fmt: skip


def png(size: int) -> bytes:
    """The icon, ``size`` pixels wide and high. Without text in the drawing, Qt needs no application for it."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    drawing = "tern_small.svg" if size <= _SMALL else "tern.svg"
    renderer = QSvgRenderer(str(ROOT / "resources" / "icons" / drawing))
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(content.data())


def hicolor(folder: Path) -> None:
    """Every size for Linux, as ``folder``/hicolor has it, and the drawing itself."""
    for size in SIZES:
        place = folder / "hicolor" / f"{size}x{size}" / "apps" / "tern.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png(size))
    place = folder / "hicolor" / "scalable" / "apps" / "tern.svg"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes((ROOT / "resources" / "icons" / "tern.svg").read_bytes())


def ico() -> bytes:
    """All sizes in one file for Windows: a directory of 16 bytes each, then the PNGs."""
    pictures = [png(size) for size in _ICO_SIZES]
    place = 6 + 16 * len(pictures)
    head = struct.pack("<HHH", 0, 1, len(pictures))
    for size, picture in zip(_ICO_SIZES, pictures, strict=True):
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), place)
        place += len(picture)
    return head + b"".join(pictures)


def icns() -> bytes:
    """All sizes in one file for macOS: a name and a length, then the PNG, for each."""
    parts = b""
    for size, names in _ICNS.items():
        picture = png(size)
        for name in names:
            parts += name + struct.pack(">I", 8 + len(picture)) + picture
    return b"icns" + struct.pack(">I", 8 + len(parts)) + parts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    hicolor(folder)
    (folder / "tern.ico").write_bytes(ico())
    (folder / "tern.icns").write_bytes(icns())


if __name__ == "__main__":
    main()
