"""Files as text for the model: plain text in whatever encoding, PDF and DOCX. Knows no window; runs on any thread.

A file is what its bytes say, not what its name says. Files are from strangers: whatever is not as expected is one
sentence that says what to do.
"""

from __future__ import annotations

import codecs
import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tern.chat.attaching import Attachment, Kind
from tern.errors import UserError

log = logging.getLogger(__name__)

MOST_BYTES = 32 << 20
MOST_CHARACTERS = 400_000  # about 100,000 tokens: more than any context here holds
_MOST_UNPACKED = 256 << 20  # bytes of a DOCX: a small file may unpack to the whole memory
_BOMS = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b\x1a"))

StopFlag = Callable[[], bool]


def pasted(text: str) -> Attachment:
    """A long text from the clipboard as an attachment."""
    return Attachment("", text, len(text.encode(errors="replace")), Kind.PASTE)


def read_file(path: Path, should_stop: StopFlag = lambda: False) -> Attachment:
    """The text of the file at ``path``. Raises UserError when there is none that a model could read.

    ``should_stop`` is read between pages; the text read so far comes back then, for nobody.
    """
    name = path.name
    try:
        if path.is_dir():
            raise UserError(f"{name} is a folder. Attach the files in it one by one.")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(
                f"{name} is too large: {size / 1e6:,.0f} MB, and Tern attaches up to {MOST_BYTES / 1e6:,.0f} MB. "
                "Save the part you need as a smaller file."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{name} could not be read ({error.strerror}). Check that you may open it."
        ) from error
    if not data:
        raise UserError(f"{name} is empty: there is nothing in it to read.")
    text = _text_of(data, name, should_stop).replace("\r\n", "\n").replace("\r", "\n").strip("\n\f")
    if not text.strip():
        raise UserError(f"{name} holds no text. If it is a scan, run text recognition (OCR) on it first.")
    if len(text) > MOST_CHARACTERS:
        raise UserError(
            f"{name} is too long: more than {MOST_CHARACTERS:,} characters, which no model here could hold. "
            "Attach the part you need."
        )
    return Attachment(name, text, size)


def _text_of(data: bytes, name: str, should_stop: StopFlag) -> str:
    if b"%PDF-" in data[:1024]:
        return _read(_pdf_pages, data, name, should_stop)
    if data.startswith(b"PK\x03\x04"):
        return _read(_docx_blocks, data, name, should_stop)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(f"{name} is in Word's old format. Save it as DOCX or PDF and attach that.")
    if data.startswith(b"{\\rtf"):
        raise UserError(f"{name} is in rich text format. Save it as DOCX or plain text and attach that.")
    return decode(data, name)


def decode(data: bytes, name: str) -> str:
    """Plain text: by its byte order mark, else UTF-8, else Windows' Western encoding.

    Raises UserError for binary data.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                break
    if len(data) != len(
        data.translate(None, _CONTROL)
    ):  # text has none of these; UTF-16 has, but begins with a mark
        if data.startswith(b"GGUF"):
            raise UserError(f"{name} is a model, nothing to attach: open it on the Models page.")
        raise UserError(
            f"{name} is no text that Tern can read. Attach text, Markdown, code, CSV, PDF or DOCX."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _read(parts: Callable[[bytes, str], Iterator[str]], data: bytes, name: str, should_stop: StopFlag) -> str:
    """The parts of a document, a blank line between them, no more than a little over what can be attached."""
    found: list[str] = []
    length = 0
    try:
        for part in parts(data, name):
            found.append(part)
            length += len(part)
            if length > MOST_CHARACTERS or should_stop():
                break
    except UserError:
        raise
    except Exception as error:  # whatever a parser stumbles over in a broken file
        log.warning("%s not read: %s: %s", name, type(error).__name__, error)
        raise UserError(
            f"{name} could not be read: it is damaged, or in a form that Tern does not know. "
            "Save it again from the program it came from, or copy its text and paste it."
        ) from error
    return "\n\n".join(part for part in found if part)


def _pdf_pages(data: bytes, name: str) -> Iterator[str]:
    from pypdf import PdfReader  # late: starting must not pay for it
    from pypdf.errors import DependencyError

    reader = PdfReader(io.BytesIO(data))
    locked = UserError(f"{name} is encrypted. Save a copy of it without a password and attach that.")
    try:
        if reader.is_encrypted and not reader.decrypt(""):  # some are locked only against changing them
            raise locked
        for page in reader.pages:
            yield page.extract_text().strip()
    except DependencyError as error:
        raise locked from error


def _docx_blocks(data: bytes, name: str) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "word/document.xml" not in archive.namelist():
            raise UserError(
                f"{name} is no text that Tern can read. Attach text, Markdown, code, CSV, PDF or DOCX."
            )
        if sum(item.file_size for item in archive.infolist()) > _MOST_UNPACKED:
            raise UserError(f"{name} is too large to unpack. Save the part you need as a smaller file.")
    from docx import Document  # late: starting must not pay for it
    from docx.table import Table

    for block in Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(block, Table):
            rows = [
                " | ".join(cell.text.strip().replace("\n", " ") for cell in row.cells) for row in block.rows
            ]
            yield "\n".join(rows)
            continue
        style = (block.style.name if block.style is not None else "") or ""
        text = block.text.strip()
        level = style.removeprefix("Heading ")
        if text and level.isdigit() and style != level:
            yield f"{'#' * int(level)} {text}"
        elif text and style.startswith("List"):
            yield f"- {text}"
        else:
            yield text
