"""Writes an animated GIF (GIF89a): of each frame after the first only the rectangle that changed. Knows no Qt.

Qt reads GIFs and writes none. The one kept library that writes them, Pillow, would add 7 MB and a dozen decoders of
foreign files to Tern, for one button; the format is of 1989 and will not change again.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO

Color = tuple[int, int, int]
Rect = tuple[int, int, int, int]  # left, top, width, height

_MOST_CODES = 4096
_BLOCK = 255
_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_KEEP = 1 << 2  # what is there stays under the next frame


class GifWriter:
    """An animation of ``width`` by ``height`` pixels in at most 256 ``colors``, which begins anew at its end."""

    def __init__(self, file: IO[bytes], width: int, height: int, colors: Sequence[Color]) -> None:
        self._file = file
        self._bits = max(1, (len(colors) - 1).bit_length())
        file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0 | (self._bits - 1), 0, 0))
        table = b"".join(bytes(color) for color in colors)
        file.write(table.ljust(3 << self._bits, b"\0"))
        file.write(_FOREVER)

    def frame(self, where: Rect, pixels: bytes, hundredths: int) -> None:
        """Numbers of colours, row by row, for the rectangle ``where``; they stand so long."""
        self._file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", _KEEP, hundredths, 0, 0))
        self._file.write(b"\x2c" + struct.pack("<HHHHB", *where, 0))
        least = max(2, self._bits)
        self._file.write(bytes([least]))
        packed = compressed(pixels, least)
        for start in range(0, len(packed), _BLOCK):
            block = packed[start : start + _BLOCK]
            self._file.write(bytes([len(block)]) + block)
        self._file.write(b"\0")

    def close(self) -> None:
        """Say that no frame follows; the file stays open."""
        self._file.write(b"\x3b")


def compressed(pixels: bytes, least: int) -> bytes:
    """GIF's variant of LZW: codes of ``least`` + 1 bits and more, the lowest bits first."""
    clear, end = 1 << least, (1 << least) + 1
    out = bytearray()
    codes: dict[int, int] = {}
    following, width = end + 1, least + 1
    held, bits = clear, width  # what is not yet a whole byte
    prefix = -1
    for pixel in pixels:
        if prefix < 0:
            prefix = pixel
            continue
        known = codes.get(prefix << 8 | pixel)
        if known is not None:
            prefix = known
            continue
        held |= prefix << bits
        bits += width
        if following < _MOST_CODES:
            codes[prefix << 8 | pixel] = following
            if following == 1 << width:
                width += 1
            following += 1
        else:
            held |= clear << bits
            bits += width
            codes.clear()
            following, width = end + 1, least + 1
        prefix = pixel
        while bits >= 8:
            out.append(held & 0xFF)
            held >>= 8
            bits -= 8
    for code in ([prefix] if prefix >= 0 else []) + [end]:
        held |= code << bits
        bits += width
        if code != end and following == 1 << width and width < 12:
            width += 1
    while bits > 0:
        out.append(held & 0xFF)
        held >>= 8
        bits -= 8
    return bytes(out)
