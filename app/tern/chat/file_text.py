"""Files as text for the model: plain text in whatever encoding, PDF and DOCX. Knows no window; runs on any thread.

A file is what its bytes say, not what its name says. Files are from strangers: whatever is not as expected is one
sentence that says what to do.
"""

from __future__ import annotations

import io
import logging
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tern.chat import encodings
from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.encodings import Decoded
from tern.chat.normalize import as_written
from tern.errors import UserError, format_size

log = logging.getLogger(__name__)

MOST_BYTES = 32 << 20
MOST_CHARACTERS = 2_000_000  # about 700 pages; what is longer than the context is read in parts
_MOST_FILES = 2000  # of a folder that are looked at
_MOST_UNPACKED = 256 << 20  # bytes of a DOCX: a small file may unpack to the whole memory
StopFlag = Callable[[], bool]


def pasted(text: str) -> Attachment:
    """A long text from the clipboard as an attachment."""
    text = as_written(text)
    return Attachment("", text, len(text.encode()), AttachmentKind.PASTE)


def read_file(path: Path, should_stop: StopFlag = lambda: False, encoding: str | None = None) -> Attachment:
    """The text of the file at ``path``. Raises UserError when there is none that a model could read.

    Loads the bytes, which may take as long as the disk likes, and then reads them, as the two functions below do. Of a
    folder, the files in it.
    """
    if path.is_dir():
        return read_folder(path, should_stop)
    return attached(path.name, load(path, MOST_BYTES), should_stop, encoding)


def file_line(path: str) -> str:
    """What stands in a folder's text over that of each file."""
    return f"=== {path} ==="


def read_folder(folder: Path, should_stop: StopFlag = lambda: False) -> Attachment:
    """The texts of all files in a folder and the folders in it, by name; what is hidden or no text is left out. Raises
    UserError where nothing is left, or too much."""
    texts: list[str] = []
    size = length = 0
    for path in _files_in(folder):
        if should_stop():
            break
        try:
            data = load(path, MOST_BYTES)
            text = attached(path.name, data, should_stop).text
        except UserError:
            continue
        size += len(data)
        texts.append(f"{file_line(path.relative_to(folder).as_posix())}\n\n{text}")
        length += len(texts[-1])
        if length > MOST_CHARACTERS:
            break
    if not texts:
        raise UserError(
            "The folder {name} holds no file that Tern can read. It reads text, Markdown, code, CSV, PDF and DOCX.",
            name=folder.name,
        )
    return Attachment(folder.name, _fitting("\n\n".join(texts), folder.name), size, AttachmentKind.FOLDER)


def _files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder and of those within, by name, up to ``_MOST_FILES``; no links, which may lead anywhere."""
    count = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or path.is_symlink():
                continue
            count += 1
            if count > _MOST_FILES:
                return
            yield path


def load(path: Path, most: int) -> bytes:
    """The bytes of a file, of which there are some and at most ``most``. Raises UserError."""
    name = path.name
    try:
        size = path.stat().st_size
        if size <= most:
            with path.open("rb") as file:
                data = file.read(most + 1)  # a device says no size, and no end
            size = max(size, len(data))
    except FileNotFoundError as error:
        raise UserError(
            "{name} could not be read: there is no file {path}. Check its name and its folder.",
            name=name,
            path=path,
        ) from error
    except OSError as error:
        raise UserError(
            "{name} could not be read ({reason}). Check that you may open it.",
            name=name,
            reason=error.strerror,
        ) from error
    if size > most:
        raise UserError(
            "{name} is too large: {size}, and Tern attaches up to {most}. "
            "Save the part you need as a smaller file.",
            name=name,
            size=format_size(size),
            most=format_size(most),
        )
    if not data:
        raise UserError("{name} is empty: there is nothing in it to read.", name=name)
    return data


def attached(
    name: str, data: bytes, should_stop: StopFlag = lambda: False, encoding: str | None = None
) -> Attachment:
    """What the file called ``name`` says. ``encoding``: the one it is in, where that is known. Raises UserError.

    ``should_stop`` is read between pages; the text read so far comes back then, for nobody.
    """
    found = _document(data, name, should_stop)
    if found is None:
        return _plain(name, data, decode(data, name, encoding))
    text, pages = found
    return Attachment(name, _fitting(text, name), len(data), encoding="", pages=pages)


def reread(attachment: Attachment, encoding: str) -> Attachment:
    """The same file read in another encoding; of one that :func:`may_reread`. Raises UserError."""
    data = _source(attachment)
    found = _plain(attachment.name, data, decode(data, attachment.name, encoding))
    return replace(found, size=attachment.size, raw=data)


def readings(attachment: Attachment) -> list[Decoded]:
    """How a part of it reads in the likeliest encodings; of one that :func:`may_reread`."""
    return encodings.likely(_source(attachment))


def _source(attachment: Attachment) -> bytes:
    codec = encodings.ENCODINGS[attachment.encoding]
    return attachment.raw or attachment.text.encode(codec, errors="replace")


def may_reread(attachment: Attachment) -> bool:
    """Whether the bytes that its text was read from are known."""
    if attachment.kind is not AttachmentKind.FILE or attachment.encoding not in encodings.ENCODINGS:
        return False
    return bool(attachment.raw) or not attachment.faults


def decode(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    """Plain text, its line ends as ``\\n``. Raises UserError for binary data."""
    try:
        found = encodings.decode(data) if encoding is None else encodings.decode_as(data, encoding)
    except encodings.NotTextError as error:
        if data.startswith(b"GGUF"):
            raise UserError(
                "{name} is a model, so it can't be attached. Open it on the Models page.", name=name
            ) from error
        raise UserError(
            "Tern can't read {name}. It reads text, Markdown, code, CSV, PDF and DOCX.", name=name
        ) from error
    return replace(found, text=as_written(found.text))


def _plain(name: str, data: bytes, found: Decoded) -> Attachment:
    attachment = Attachment(
        name, _fitting(found.text, name), len(data), AttachmentKind.FILE, found.encoding, found.faults
    )
    return attachment if attachment.is_plain else replace(attachment, raw=data)


def _fitting(text: str, name: str) -> str:
    """``text`` as it is attached. Raises UserError when it is empty or too long."""
    text = text.strip("\n\f")
    if not text.strip():
        raise UserError(
            "{name} holds no text. If it is a scan, run text recognition (OCR) on it first.", name=name
        )
    if len(text) > MOST_CHARACTERS:
        raise UserError(
            "{name} is too long: Tern reads up to {most:,} characters of a file. Attach the part you need.",
            name=name,
            most=MOST_CHARACTERS,
        )
    return text


def _document(data: bytes, name: str, should_stop: StopFlag) -> tuple[str, tuple[int, ...]] | None:
    """The text of a PDF or DOCX and where its pages begin; None for what is neither."""
    if b"%PDF-" in data[:1024]:
        return _paged(_read(_pdf_pages, data, name, should_stop))
    if data.startswith(b"PK\x03\x04"):
        blocks = _read(_docx_blocks, data, name, should_stop)
        return "\n\n".join(block for block in blocks if block), ()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError("{name} is in Word's old format. Save it as DOCX or PDF and attach that.", name=name)
    if data.startswith(b"{\\rtf"):
        raise UserError(
            "{name} is in rich text format. Save it as DOCX or plain text and attach that.", name=name
        )
    return None


def _paged(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """Pages as one text, a blank line between them, and where each begins in it; an empty one where the next does."""
    starts: list[int] = []
    length = 0
    for page in pages:
        starts.append(length)
        length += len(page) + len("\n\n") if page else 0
    return "\n\n".join(page for page in pages if page), tuple(starts)


def _read(
    parts: Callable[[bytes, str], Iterator[str]], data: bytes, name: str, should_stop: StopFlag
) -> list[str]:
    """The parts of a document, no more than a little over what can be attached."""
    found: list[str] = []
    length = 0
    try:
        for part in parts(data, name):
            found.append(as_written(part).strip("\n\f"))
            length += len(part)
            if length > MOST_CHARACTERS or should_stop():
                break
    except UserError:
        raise
    except Exception as error:  # whatever a parser stumbles over in a broken file
        log.warning("%s not read: %s: %s", name, type(error).__name__, error)
        raise UserError(
            "{name} could not be read: it is damaged, or in a form that Tern does not know. "
            "Save it again from the program it came from, or copy its text and paste it.",
            name=name,
        ) from error
    return found


def _pdf_pages(data: bytes, name: str) -> Iterator[str]:
    from pypdf import PdfReader  # late: starting must not pay for it
    from pypdf.errors import DependencyError

    reader = PdfReader(io.BytesIO(data))
    locked = UserError(
        "{name} is encrypted. Save a copy of it without a password and attach that.", name=name
    )
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
                "Tern can't read {name}. It reads text, Markdown, code, CSV, PDF and DOCX.",
                name=name,
            )
        if sum(item.file_size for item in archive.infolist()) > _MOST_UNPACKED:
            raise UserError(
                "{name} is too large to unpack. Save the part you need as a smaller file.", name=name
            )
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
