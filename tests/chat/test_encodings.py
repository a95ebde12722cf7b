"""Texts in the encodings that people's files are in, long and short: read as they were written."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tern.chat import encodings
from tern.chat.encodings import ENCODINGS, NotTextError, decode, decode_as

pytestmark = pytest.mark.slow

# The first article of the Universal Declaration of Human Rights, and the codecs that each language's files are in.
WESTERN, CENTRAL, CYRILLIC = ("cp1252", "latin_1"), ("cp1250", "iso8859_2"), ("cp1251", "koi8_r", "cp866")
SPOKEN = {
    "German": (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
        "und sollen einander im Geist der Brüderlichkeit begegnen.", WESTERN,
    ),
    "French": (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
        "conscience et doivent agir les uns envers les autres dans un esprit de fraternité.", WESTERN,
    ),
    "Spanish": (
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
        "conciencia, deben comportarse fraternalmente los unos con los otros.", WESTERN,
    ),
    "Portuguese": (
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de consciência, "
        "devem agir uns para com os outros em espírito de fraternidade.", WESTERN,
    ),
    "Swedish": (
        "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med förnuft och samvete och "
        "bör handla gentemot varandra i en anda av broderskap.", WESTERN,
    ),
    "Danish": (
        "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft og samvittighed, "
        "og de bør handle mod hverandre i en broderskabets ånd.", WESTERN,
    ),
    "Polish": (
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i "
        "sumieniem i powinni postępować wobec innych w duchu braterstwa.", CENTRAL,
    ),
    "Czech": (
        "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají "
        "spolu jednat v duchu bratrství.", CENTRAL,
    ),
    "Hungarian": (
        "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és lelkiismerettel "
        "bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.", CENTRAL,
    ),
    "Russian": (
        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и "
        "должны поступать в отношении друг друга в духе братства.", CYRILLIC,
    ),
    "Ukrainian": (
        "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю і "
        "повинні діяти у відношенні один до одного в дусі братерства.", ("cp1251", "koi8_u"),
    ),
    "Greek": (
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με "
        "λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.", ("cp1253",),
    ),
    "Turkish": (
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine "
        "karşı kardeşlik zihniyeti ile hareket etmelidirler.", ("cp1254",),
    ),
    "Hebrew": (
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג איש "
        "ברעהו ברוח של אחוה.", ("cp1255",),
    ),
    "Arabic": (
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح "
        "الإخاء.", ("cp1256",),
    ),
    "Thai": (
        "มนุษย์ทั้งปวงเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม "
        "และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ", ("cp874",),
    ),
    "Simplified Chinese": (
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。", ("gb18030", "gbk"),
    ),
    "Traditional Chinese": (
        "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。", ("big5", "gb18030"),
    ),
    "Japanese": (
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられて"
        "おり、互いに同胞の精神をもって行動しなければならない。", ("cp932", "euc_jp", "iso2022_jp"),
    ),
    "Korean": (
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 "
        "부여받았으며 서로 형제애의 정신으로 행동하여야 한다.", ("cp949", "iso2022_kr"),
    ),
}  # fmt: skip
WIDE = ("utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be")


def _lengths(text: str) -> dict[str, list[str]]:
    """A page, the article, its sentences, and a few words: what is in a short note or a file name list."""
    sentences = [part.strip() for part in text.replace("。", "。. ").split(". ") if part.strip()]
    words = sentences[0].split(" ")
    few = " ".join(words[:5]) if len(words) > 2 else text[:10]
    return {"page": [f"{text}\r\n\r\n" * 12], "article": [text], "sentence": sentences, "words": [few]}


def _cases(codecs: tuple[str, ...] | None = None) -> Iterator[tuple[str, str, str, bytes]]:
    for spoken, own in SPOKEN.values():
        for codec in codecs or own:
            for length, texts in _lengths(spoken).items():
                for text in texts:
                    if not text.isascii():
                        yield codec, length, text, text.encode(codec)


def test_what_the_bytes_prove_is_always_right() -> None:
    """UTF-8, UTF-16 and UTF-32, with a mark and without."""
    for codec, _, text, data in _cases((*WIDE, "utf_8", "utf_8_sig", "utf_16", "utf_32")):
        cjk_alone = codec in WIDE[:2] and not any(letter < "\u3100" for letter in text)
        if not cjk_alone:  # then nothing in it tells it from pairs of bytes
            assert (decode(data).text, codec) == (text, codec)


def test_most_texts_are_read_as_they_were_written() -> None:
    """Measured with chardet 7.7: all 174 of these, and 349 of 355 of those that the guesser was chosen with."""
    right: Counter[str] = Counter()
    wrong: dict[str, list[tuple[str, str, str]]] = {}
    for codec, length, text, data in _cases():
        found = decode(data)
        if found.text == text:
            right[length] += 1
        else:
            wrong.setdefault(length, []).append((codec, found.encoding, found.text[:40]))
    asked = {length: right[length] + len(wrong.get(length, ())) for length in right}
    assert not wrong.get("page"), wrong
    assert not wrong.get("article"), wrong
    assert right["sentence"] >= 0.97 * asked["sentence"], wrong
    assert right["words"] >= 0.9 * asked["words"], wrong
    assert sum(asked.values()) > 150


@pytest.mark.parametrize(
    ("data", "text", "faults"),
    [
        ("Größe, 会议记录".encode() + b" \xff\n", "Größe, 会议记录 \ufffd\n", 1),
        (b"\xef\xbb\xbfmarked \xe9 and on", "marked \ufffd and on", 1),
        ("the end is cut: é—".encode()[:-1], "the end is cut: é\ufffd", 1),
        ("kept \ufffd as it is, é".encode(), "kept \ufffd as it is, é", 0),
        ("kept \ufffd".encode() + "é, ö, ü, à".encode() + b"\xff", "kept \ufffdé, ö, ü, à\ufffd", 1),
    ],
)
def test_utf_8_with_a_fault_stays_utf_8_and_the_fault_is_counted(data: bytes, text: str, faults: int) -> None:
    found = decode(data)
    assert (found.text, found.encoding, found.faults) == (text, "UTF-8", faults)


@pytest.mark.parametrize(
    "text",
    ["café noir", "naïve", "Müller", "Señor", "20 °C", "d’accord", "Übergröße", "ça va", "smörgåsbord"],
)
def test_a_few_words_with_an_accent_are_western(text: str) -> None:
    """As they were before anything was guessed: one accent tells little, and no word mixes two alphabets."""
    assert decode(text.encode("cp1252")).text == text


def test_no_other_encoding_is_taken_for_faulty_utf_8() -> None:
    for codec, _, text, data in _cases():
        if not codec.startswith("iso2022"):
            assert decode(data).encoding != "UTF-8", text


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        b"\xff\xfe\x00\x00\x01\x02\x03\x04",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
        b"\x7fELF\x02\x01\x01\x00" + bytes(8) + b"\x03\x00\x3e\x00",
        b"\x1f\x8b\x08\x00" + bytes(range(128, 192)),
        b"a line of a log\x00and its end",
        bytes(64),
        bytes(range(256)) * 4,
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(NotTextError):
        decode(data)


@given(st.binary(max_size=200), st.sampled_from(sorted(ENCODINGS)))
def test_whatever_the_bytes_are_it_ends_in_text_or_a_refusal(data: bytes, encoding: str) -> None:
    assert decode_as(data, encoding).encoding == encoding
    with suppress(NotTextError):
        assert decode(data).encoding in ENCODINGS


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_utf_8_is_never_taken_for_another(text: str) -> None:
    if text.startswith("\ufeff") or encodings._has_controls(text.encode()) or "\x1b$" in text:
        return
    found = decode(text.encode())
    assert (found.text, found.encoding, found.faults) == (text, "UTF-8", 0)


def test_a_chosen_encoding_is_obeyed() -> None:
    data = "Größe".encode("cp1252")
    assert decode_as(data, "Windows-1251").text == "GrцЯe"
    assert decode_as("\ufeffGröße".encode(), "UTF-8").text == "Größe"
    assert decode_as(data, "UTF-8").faults == 2


def test_a_guess_costs_the_same_for_a_large_file() -> None:
    """It is made from a sample, of lines that tell something."""
    beginnings = {
        ("Japanese", "cp932"): "plain\n", ("Russian", "cp1251"): "", ("Simplified Chinese", "gb18030"): "one, ",
        ("Swedish", "cp1252"): "x" * 300_000,
    }  # fmt: skip
    for (language, codec), beginning in beginnings.items():
        text = beginning + SPOKEN[language][0] * 3000
        data = text.encode(codec)
        assert len(encodings._sample(data)) <= 2 * encodings._SAMPLE
        assert decode(data).text == text


def test_the_guesser_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from tern.chat.encodings import decode; decode('Größe'.encode()); "
        "print('chardet' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
