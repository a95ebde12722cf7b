"""Files as people have them, and as they should not be."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from tern.chat import file_text
from tern.chat.attachments import AttachmentKind
from tern.chat.file_text import may_reread, read_file, reread
from tern.errors import UserError

pytestmark = pytest.mark.slow


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _pdf(encrypted_with: str | None = None, pages: int = 1) -> bytes:
    """Pages that say two lines each."""
    writer = PdfWriter()
    font = DictionaryObject(
        {NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in
         (("Type", "Font"), ("Subtype", "Type1"), ("BaseFont", "Times-Roman"))}
    )  # fmt: skip
    for _ in range(pages):
        page = writer.add_blank_page(300, 144)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data(b"BT /F1 18 Tf 20 100 Td (Arctic terns) Tj 0 -30 Td (fly 70,000 km a year) Tj ET")
        page[NameObject("/Contents")] = content
    if encrypted_with is not None:
        writer.encrypt(encrypted_with, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve – “quoted”\r\nsecond\n".encode(), "naïve – “quoted”\nsecond"),
        (b"\xef\xbb\xbfwith a mark", "with a mark"),
        ("Größe;1\n".encode("utf-16"), "Größe;1"),
        ("Größe".encode("utf-16-be").join([b"\xfe\xff", b""]), "Größe"),
        ("Größe".encode("utf-32"), "Größe"),
        ("Größe — “so”".encode("cp1252"), "Größe — “so”"),
        (b"\x1b[1mbold\x1b[0m\tlog", "\x1b[1mbold\x1b[0m\tlog"),
    ],
)
def test_text_in_every_encoding(tmp_path: Path, data: bytes, text: str) -> None:
    found = read_file(_write(tmp_path, "notes.csv", data))
    assert (found.name, found.text, found.size, found.kind) == (
        "notes.csv",
        text,
        len(data),
        AttachmentKind.FILE,
    )
    assert found.faults == 0


def test_another_reading_may_be_chosen_and_taken_back(tmp_path: Path) -> None:
    data = "Сегодня хорошая погода\r\n".encode("koi8_r") + b"\xff"
    found = read_file(_write(tmp_path, "note.txt", data))
    assert (found.encoding, found.is_plain, may_reread(found)) == ("KOI8-R", False, True)
    wrong = reread(found, "UTF-8")
    assert (wrong.encoding, wrong.size) == ("UTF-8", len(data))
    assert wrong.faults > 10
    assert reread(reread(wrong, "Shift_JIS"), "KOI8-R") == found
    plain = read_file(_write(tmp_path, "note.md", "naïve".encode()))
    assert (plain.is_plain, plain.raw) == (True, b"")
    assert reread(plain, "Windows-1252").text == "naÃ¯ve"
    assert reread(reread(plain, "Windows-1252"), "UTF-8") == plain
    sent = replace(wrong, raw=b"")  # the bytes are not kept with what was sent
    assert not may_reread(sent)
    assert not may_reread(read_file(_write(tmp_path, "a.pdf", _pdf())))
    with pytest.raises(UserError, match="holds no text"):
        reread(read_file(_write(tmp_path, "n.txt", b"\n\n\xa0\n")), "Windows-1252")


def test_a_device_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_text, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="zero is too large"):
        read_file(Path("/dev/zero"))


def test_pdf_and_docx(tmp_path: Path) -> None:
    assert read_file(_write(tmp_path, "a.pdf", _pdf())).text == "Arctic terns\nfly 70,000 km a year"
    locked = _write(tmp_path, "b.pdf", _pdf(encrypted_with=""))  # anyone may read it, nobody may change it
    assert "Arctic terns" in read_file(locked).text
    document = Document()
    document.add_heading("Terns", 2)
    document.add_paragraph("They fly.")
    document.add_paragraph("far", style="List Bullet")
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell\n{number}"
    document.save(str(tmp_path / "c.docx"))
    assert read_file(tmp_path / "c.docx").text == (
        "## Terns\n\nThey fly.\n\n- far\n\ncell 0 | cell 1\ncell 2 | cell 3"
    )


def _blank_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _zip(name: str, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "holds no text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "Tern can't read "),
        (b"GGUF\x03\x00\x00\x00", "Models page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Word's old format"),
        (b"{\\rtf1 hello}", "rich text"),
        (b"x" * (file_text.MOST_CHARACTERS + 1), "too long"),
        (_pdf(encrypted_with="secret"), "is encrypted"),
        (_pdf()[:-120], "damaged|holds no text"),
        (b"%PDF-1.7\nnothing of the kind", "damaged"),
        (_blank_pdf(), "text recognition"),
        (_zip("picture.svg"), "Tern can't read "),
        (_zip("word/document.xml", b"<not xml"), "damaged"),
        (_zip("word/document.xml")[:40], "damaged"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_file(_write(tmp_path, "thing.dat", data))
    assert "thing.dat" in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_small_file_that_unpacks_to_the_whole_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_text, "_MOST_UNPACKED", 1000)
    with pytest.raises(UserError, match="too large to unpack"):
        read_file(_write(tmp_path, "bomb.docx", _zip("word/document.xml", b"0" * 1001)))


def test_what_the_disk_says(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be read"):
        read_file(tmp_path / "missing.txt")
    with pytest.raises(UserError, match="holds no file"):
        read_file(tmp_path)
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(file_text.MOST_BYTES + 1)
    with pytest.raises(UserError, match="too large: 34\u2009MB"):
        read_file(large)


@given(cut=st.integers(0, 900), junk=st.binary(max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_broken_pdf_or_docx_never_raises_anything_else(tmp_path: Path, cut: int, junk: bytes) -> None:
    document = io.BytesIO()
    Document().save(document)
    for data in (_pdf(), document.getvalue()):
        at = cut * len(data) // 900
        with suppress(UserError):
            read_file(_write(tmp_path, "x", data[:at] + junk + data[at + len(junk) :]))


def test_reading_stops_between_pages(tmp_path: Path) -> None:
    (tmp_path / "long.pdf").write_bytes(_pdf(pages=20))
    pages = iter(range(100))
    text = read_file(tmp_path / "long.pdf", lambda: next(pages) == 2).text
    assert text.count("Arctic") == 3


def test_nothing_is_paid_for_before_a_file_comes() -> None:
    code = (
        "import sys, tern.chat.file_text; print([m for m in ('pypdf', 'docx', 'lxml') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
