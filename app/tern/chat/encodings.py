"""Bytes to text: which encoding a text is in, and what it says then. Pure; knows no file and no window.

What the bytes prove comes first (a byte order mark, zeros where UTF-16 has them, escapes of ISO-2022, UTF-8 without a
fault); only what is left is guessed, from a sample, and the person may choose another reading.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

UTF_8 = "UTF-8"
# The names people know them by, and the codec that reads most of what is called so. Likeliest first: the menu's order.
ENCODINGS = {
    UTF_8: "utf-8",
    "Windows-1252": "cp1252",  # Western Europe; ISO-8859-1 is a part of it
    "Windows-1250": "cp1250",  # Central Europe
    "Windows-1251": "cp1251",  # Cyrillic
    "GB18030": "gb18030",  # Chinese; GBK and GB2312 are parts of it
    "Big5": "big5hkscs",
    "Shift_JIS": "cp932",
    "EUC-JP": "euc_jis_2004",
    "ISO-2022-JP": "iso2022_jp_ext",
    "EUC-KR": "cp949",
    "ISO-2022-KR": "iso2022_kr",
    "KOI8-R": "koi8_r",
    "KOI8-U": "koi8_u",
    "ISO-8859-2": "iso8859_2",
    "ISO-8859-5": "iso8859_5",
    "Windows-1253": "cp1253",  # Greek
    "Windows-1254": "cp1254",  # Turkish
    "Windows-1255": "cp1255",  # Hebrew
    "Windows-1256": "cp1256",  # Arabic
    "Windows-1257": "cp1257",  # Baltic
    "Windows-1258": "cp1258",  # Vietnamese
    "Windows-874": "cp874",  # Thai
    "CP437": "cp437",  # DOS
    "CP850": "cp850",
    "CP852": "cp852",
    "CP866": "cp866",
    "Mac Roman": "mac_roman",
    "UTF-16 LE": "utf_16_le",
    "UTF-16 BE": "utf_16_be",
    "UTF-32 LE": "utf_32_le",
    "UTF-32 BE": "utf_32_be",
}
_BOMS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "UTF-32 LE"),
    (codecs.BOM_UTF32_BE, "UTF-32 BE"),
    (codecs.BOM_UTF16_LE, "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "UTF-16 BE"),
)
_WIDE = ("UTF-32 LE", "UTF-32 BE", "UTF-16 LE", "UTF-16 BE")
_PROVEN = {UTF_8, "ISO-2022-JP", "ISO-2022-KR", *_WIDE}  # never guessed: the bytes show them or they are not
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b\x1a"))
_CONTROLS = _CONTROL.decode()
_PRINTABLE = bytes(range(32, 127))
_NARROW = 8  # bytes for each that is no ASCII letter or sign; Japanese in UTF-16 has up to 6
_FAULT = "\ufffd"
_SOUND_TO_FAULTY = (
    4  # characters of UTF-8 for each fault: then it is UTF-8 with faults. Others reach 1 at most
)
_SAMPLE = 1 << 16  # bytes that are guessed from
_FAMILY = 2000  # characters that are looked at one by one
# Of two readings that are nearly as likely, the one that most files are in. Measured: 1.2 to 1.5 serve short texts
# best, and from 2 on Czech is taken for Western.
_COMMONEST, _BONUS = "Windows-1252", 1.5
# Words that begin in Latin letters and go on in another alphabet, or the other way: an accent that was misread.
_OTHERS = "\u0370-\u052f\u0590-\u06ff\u0e00-\u0e7f"  # Greek to Arabic, and Thai
_MIXED, _UNLIKELY = re.compile(f"[A-Za-z][{_OTHERS}]|[{_OTHERS}][A-Za-z]"), 0.2
# A sign where no text has one: right after a letter, or right before.
_SIGN_IN_WORD = re.compile("[A-Za-z][^\x00-\x7f‘’“”–—…«»°™®]|[^\x00-\x7f‘’‚“”„–—…«»°¡¿§©£€][A-Za-z]")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_BEFORE = 200  # bytes of a line before the first that is not ASCII
_EASTERN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH"}


class NotTextError(ValueError):
    """The bytes are no text in any encoding."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """``encoding``: a key of ENCODINGS; ``faults``: places that could not be read and stand as U+FFFD."""

    text: str
    encoding: str
    faults: int = 0


def decode(data: bytes) -> Decoded:
    """The text that ``data`` most likely is. Raises NotTextError for what is none."""
    return _marked(data) or _escaped(data) or _wide(data) or _utf_8(data) or _guessed(data)


def decode_as(data: bytes, encoding: str) -> Decoded:
    """``data`` read as ``encoding`` (a key of ENCODINGS), whatever it is."""
    for bom, marked in _BOMS:
        if marked == encoding:
            data = data.removeprefix(bom)
    codec = ENCODINGS[encoding]
    try:
        return Decoded(data.decode(codec), encoding)
    except UnicodeDecodeError:
        text = data.decode(codec, errors="replace")
        try:
            own = text.count(_FAULT) and data.count(_FAULT.encode(codec))
        except UnicodeEncodeError:  # few encodings have that character
            own = 0
        return Decoded(text, encoding, max(1, text.count(_FAULT) - own))


def _marked(data: bytes) -> Decoded | None:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            found = decode_as(data, encoding)
            if found.faults * 100 <= len(found.text) or found.faults == 1 < len(found.text):
                return found if encoding == UTF_8 or _is_plausible(found.text) else None
    return None


def _escaped(data: bytes) -> Decoded | None:
    """The seven-bit encodings that switch by escapes."""
    encoding = "ISO-2022-KR" if b"\x1b$)C" in data else "ISO-2022-JP"
    if b"\x1b$" not in data or not data.isascii():
        return None
    found = decode_as(data, encoding)
    return None if found.faults or found.text.isascii() else found


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 and UTF-32 without a mark: what has control characters for any other. Raises NotTextError."""
    if not _has_controls(data):
        return None
    if len(data.translate(None, _PRINTABLE)) * _NARROW < len(data):
        raise NotTextError  # letters of one byte with a few others between them
    best: tuple[int, Decoded] | None = None
    for encoding in _WIDE:
        found = decode_as(data, encoding)
        # The last character is not all there.
        cut = found.faults == 1 < len(found.text) and found.text.endswith(_FAULT)
        if (found.faults and not cut) or not _is_plausible(found.text):
            continue
        rows = len({ord(letter) >> 8 for letter in found.text[:_FAMILY]})  # the wrong order scatters a script
        if best is None or rows < best[0]:
            best = rows, found
    if best is None:
        raise NotTextError
    return best[1]


def _utf_8(data: bytes) -> Decoded | None:
    found = decode_as(data, UTF_8)
    if not found.faults:
        return found
    sound = len(found.text) - len(found.text.encode("ascii", "ignore")) - found.faults
    cut = found.faults == 1 and sound and found.text.endswith(_FAULT)
    return found if cut or sound >= _SOUND_TO_FAULTY * found.faults else None


def _guessed(data: bytes) -> Decoded:
    return decode_as(data, _ranked(_sample(data))[0])


def likely(data: bytes, most: int = 6) -> list[Decoded]:
    """How the part of ``data`` that tells something reads in the likeliest encodings, each in another way."""
    sample = _sample(data) or data[:_SAMPLE]
    found: list[Decoded] = []
    for encoding in (_proven(sample), UTF_8, *_ranked(sample)):
        one = decode_as(sample, encoding)
        if one.text not in [other.text for other in found]:
            found.append(one)
    return found[:most]


def _proven(data: bytes) -> str:
    """What ``data`` is found to be, or UTF-8."""
    try:
        return decode(data).encoding
    except NotTextError:
        return UTF_8


def _ranked(sample: bytes) -> list[str]:
    """The encodings that can only be guessed, the likeliest first; by its commonest name, where several read alike."""
    from chardet import detect_all  # late: starting must not pay for its tables

    codes = {_plain(codec): name for name, codec in ENCODINGS.items() if name not in _PROVEN}
    weights: dict[str, float] = {
        codes[_plain(one["encoding"] or "")]: (one["confidence"] or 0)
        for one in detect_all(
            sample,
            ignore_threshold=True,
            compat_names=False,
            include_encodings=[codec.replace("mac_", "mac-") for codec in codes],
        )
        if _plain(one["encoding"] or "") in codes
    }
    weights[_COMMONEST] = weights.get(_COMMONEST, 0) * _BONUS
    readings = {name: decode_as(sample, name) for name in codes.values()}
    for name in weights:
        if _MIXED.search(readings[name].text):
            weights[name] *= _UNLIKELY
    if not readings[_COMMONEST].faults and _has_signs_only(readings[_COMMONEST].text):
        weights[_COMMONEST] = 1.0  # letters would tell a language, degrees and dashes tell none
    best = readings[max(weights, key=lambda name: weights[name])].text

    def place(name: str) -> tuple[bool, int, float]:
        one = readings[name]
        return (False, 0, 0.0) if one.text == best else (True, one.faults, -weights.get(name, 0.0))

    return sorted(readings, key=place)


def _has_signs_only(text: str) -> bool:
    """Whether no letter but ASCII's is in it, nor a sign in a word, where a letter was misread."""
    return not _SIGN_IN_WORD.search(text) and not any(letter.isalpha() for letter in text if letter > "\x7f")


def _plain(codec: str) -> str:
    return codec.lower().replace("-", "_")


def _sample(data: bytes) -> bytes:
    """Lines that tell something, and no more of them than can be read at once."""
    parts, length, at = [], 0, 0
    while length < _SAMPLE and (telling := _NOT_ASCII.search(data, at)):
        first = telling.start()
        start = max(at, first - _BEFORE, data.rfind(b"\n", at, first) + 1)
        end = data.find(b"\n", first, first + _SAMPLE)
        if end < 0:
            rest = data[start : first + _SAMPLE]
            last = max(rest.rfind(mark) for mark in (b" ", b",", b";", b"."))  # never within a character
            end = start + last if start + last > first else first + _SAMPLE
        parts.append(data[start : end + 1])
        length += end + 1 - start
        at = end + 1
    return b"".join(parts)


def _has_controls(data: bytes) -> bool:
    return len(data) != len(data.translate(None, _CONTROL))


def _is_plausible(text: str) -> bool:
    """Whether it reads like a text of one script, perhaps with Latin in it, and not like numbers taken for letters."""
    if any(letter in text for letter in _CONTROLS):
        return False
    sample = text[:_FAMILY]
    families: Counter[str] = Counter()
    for letter in sample:
        kind = unicodedata.category(letter)
        if kind in ("Cn", "Co", "Cs"):
            families["none"] += 1
        elif kind.startswith("L"):
            name = unicodedata.name(letter, "none").split()[0]
            families["CJK" if name in _EASTERN else name] += 1
    latin = families.pop("LATIN", 0)
    most = max(families.values(), default=0)
    return sum(families.values()) - most <= (latin + most) // 20 and families["none"] * 100 <= len(sample)
