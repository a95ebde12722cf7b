"""Where replies are read otherwise than by CommonMark: emphasis beside Chinese and its like, bare addresses, tags."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from tern.markup.blocks import Block, BlockKind, Run, Style
from tern.markup.markdown import parse
from tern.markup.markdown_rules import reader
from tern.markup.utf16 import is_cjk


def _runs(text: str) -> tuple[Run, ...]:
    (block,) = parse(text)
    return block.runs


def _text(block: Block) -> str:
    return "".join(run.text for run in block.runs)


def _styled(text: str, style: Style) -> list[str]:
    return [run.text for run in _runs(text) if style in run.styles]


# Emphasis


@pytest.mark.parametrize(
    ("text", "strong"),
    [
        ("**「重要」**です", "「重要」"),
        ("これは**「重要」**です。", "「重要」"),
        ("**注意：**请仔细阅读", "注意："),
        ("**重要です。**必ず読んでください。", "重要です。"),
        ("请看**《红楼梦》**这本书", "《红楼梦》"),
        ("这是**“重要”**的", "“重要”"),
        ("彼は**(たぶん)**来る", "(たぶん)"),
        ("価格は**¥1,000**です", "¥1,000"),
        ("**このcode()**は", "このcode()"),
        ("**C#**と**F#**", "C#"),
        ("**중요(important)**합니다", "중요(important)"),
        ("이것은 **'중요'**합니다", "'중요'"),
        ("**真，**她", "真，"),
        ("**真！**她", "真！"),
        ("漢字**（かんじ）**を", "（かんじ）"),
        ("𠮟**(しか)**る", "(しか)"),
        ("葛󠄀**(かずら)**城", "(かずら)"),
        ("塚︀**(つか)**", "(つか)"),
        ("**“︁引用”︁**Hub", "“︁引用”︁"),
        ("안**(an)**", "(an)"),
    ],
)
def test_bold_beside_chinese_japanese_and_korean(text: str, strong: str) -> None:
    assert strong in _styled(text, Style.STRONG)
    assert all("**" not in run.text for run in _runs(text))


def test_what_is_struck_or_set_in_italics_there_too() -> None:
    assert _styled("これは~~「旧」~~です", Style.STRUCK) == ["「旧」"]
    assert _styled("这是*“重要”*的", Style.EMPHASIS) == ["“重要”"]
    assert _styled("snake_「x」_case", Style.EMPHASIS) == [], "underscores do not split words"


EMPHASIS = [
    "**bold**", 'a**"quoted"**b', "**(a)**b", "a**(b)**", "*a*b", "_a_b", "a_b_c", "__a__", "** a**", "**a **", "5*6*7",
    "**a**.", "(**a**)", "a*b*", "***a***", "**a*b*c**", "*(**a**)*", "_(a)_b", "foo-_(bar)_", "**«a»**b", "a**🐦**b",
    "~~a~~b",
    "~~(a)~~b", "_“a”_b", "**a—**b", "é**(b)**", "**é!**b", "а**(б)**в",
]  # fmt: skip


@pytest.mark.parametrize("text", EMPHASIS)
def test_elsewhere_commonmark_holds(text: str) -> None:
    plain = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    assert reader().render(text) == plain.render(text)


def test_pictures_are_wide_but_not_chinese() -> None:
    assert [c for c in "漢あ한、。（「ｱＡᄀ〒㊗a.🐦⭕é“—" if is_cjk(c)] == list("漢あ한、。（「ｱＡᄀ〒㊗")


# Addresses


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see https://example.com/a now", "https://example.com/a"),
        ("https://example.com.", "https://example.com"),
        ("Is it https://example.com/a?", "https://example.com/a"),
        ("(see https://example.com/a).", "https://example.com/a"),
        ("https://en.wikipedia.org/wiki/Tern_(bird)", "https://en.wikipedia.org/wiki/Tern_(bird)"),
        ("(https://en.wikipedia.org/wiki/Tern_(bird))", "https://en.wikipedia.org/wiki/Tern_(bird)"),
        ("[https://example.com/a]", "https://example.com/a"),
        ('"https://example.com/a"', "https://example.com/a"),
        ("“https://example.com/a”", "https://example.com/a"),
        ("<b>https://example.com/a</b>", "https://example.com/a"),
        ("https://example.com/a/*b*/c_d_e", "https://example.com/a/*b*/c_d_e"),
        ("**https://example.com/a**", "https://example.com/a"),
        ("**https://example.com/a**です", "https://example.com/a"),
        ("*https://example.com/a*", "https://example.com/a"),
        ("~~https://example.com/a~~", "https://example.com/a"),
        ("https://example.com/?a=1&b=2#c!", "https://example.com/?a=1&b=2#c"),
        ("https://example.com/?a=1&amp;b=2", "https://example.com/?a=1&b=2"),
        ("https://example.com/a\\_b", "https://example.com/a_b"),
        ("https://example.com/a\\\nb", "https://example.com/a"),
        ("https://example.com/$a/$b", "https://example.com/$a/$b"),
        ("http://localhost:8000/docs,", "http://localhost:8000/docs"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("HTTPS://EXAMPLE.COM/A", "HTTPS://EXAMPLE.COM/A"),
        ("www.example.com/a,", "www.example.com/a"),
        ("请访问https://example.com查看", "https://example.com"),
        ("请访问https://example.com/a。谢谢", "https://example.com/a"),
        ("「https://example.com/a」と", "https://example.com/a"),
        ("（https://example.com/a）", "https://example.com/a"),
        ("请访问www.example.com，谢谢", "www.example.com"),
        ("https://ja.wikipedia.org/wiki/日本、", "https://ja.wikipedia.org/wiki/日本"),
        ("https://例え.jp/x", "https://例え.jp/x"),
        ("https://müller.de/ü", "https://müller.de/ü"),
        ("https://bank.com@evil.com/x", "https://bank.com"),
        ("| x |\n|-|\n| https://example.com |", "https://example.com"),
        ("# On https://example.com", "https://example.com"),
        ("[see](https://other.com) https://example.com", "https://example.com"),
    ],
)
def test_a_bare_address_is_a_link(text: str, said: str) -> None:
    (block,) = parse(text)
    runs = [*block.runs, *(run for row in block.rows for cell in row for run in cell)]
    assert [run.text for run in runs if run.link and "other" not in run.link] == [said]


@pytest.mark.parametrize(
    "text",
    [
        "`https://example.com`", "    https://example.com", "```\nhttps://example.com\n```", "https://", "http://.",
        "www.",
        "www.a", "xhttps://example.com", "a.www.b.c", "main.py and README.md", "e.g. this", "ftp://example.com",
        "https:/example.com", "https\\://example.com", "a@www.b.c", "https://。",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert all(not run.link for block in parse(text) for run in block.runs)


def test_an_address_is_written_as_it_goes_out() -> None:
    links = [
        run.link for run in _runs("https://例え.jp/日本 www.x.org [https://a.com](https://b.com)") if run.link
    ]
    assert links == ["https://xn--r8jz45g.jp/%E6%97%A5%E6%9C%AC", "http://www.x.org", "https://b.com"]


# Tags


def test_a_break_is_one_in_text_and_in_cells() -> None:
    assert _text(parse("a<br>b<br/>c <BR /> d")[0]) == "a\u2028b\u2028c\u2028d"
    assert _text(parse("a<br>\nb")[0]) == "a\u2028b", "one line further, not two"
    (table,) = parse("|a|\n|-|\n|b<br>c|")
    assert table.rows[1] == ((Run("b\u2028c"),),)


def test_breaks_around_a_text_show_no_empty_lines() -> None:
    assert [_text(block) for block in parse("<br>\n\nx<br><br>\n\n<br/>y\n\n<br> <br>")] == ["x", "y"]
    (item,) = parse("- <br>")
    assert item.item is not None


@pytest.mark.parametrize(
    ("text", "said", "style"),
    [
        ("<b>x</b>", "x", Style.STRONG),
        ("<STRONG>x</strong>", "x", Style.STRONG),
        ("<i>x</i>", "x", Style.EMPHASIS),
        ("<em>x</em>", "x", Style.EMPHASIS),
        ("H<sub>2</sub>O", "2", Style.SUB),
        ("m<sup>2</sup>", "2", Style.SUPER),
        ("<kbd>Ctrl</kbd>+C", "Ctrl", Style.CODE),
        ("<u>x</u>", "x", Style.UNDERLINED),
        ("<ins>x</ins>", "x", Style.UNDERLINED),
        ("<s>x</s>", "x", Style.STRUCK),
        ("<del>x</del>", "x", Style.STRUCK),
        ("<mark>x</mark>", "x", Style.MARKED),
    ],
)
def test_harmless_tags_are_shown(text: str, said: str, style: Style) -> None:
    assert _styled(text, style) == [said]
    assert "<" not in "".join(run.text for run in _runs(text))


def test_tags_hold_what_is_in_them() -> None:
    runs = _runs("<b>a *b* <b>c</b> `</b>` [d](e) **f</b>** g")
    assert [(run.text, Style.STRONG in run.styles) for run in runs] == [
        ("a ", True),
        ("b", True),
        (" c ", True),
        ("</b>", True),
        (" ", True),
        ("d", True),
        (" **f", True),
        ("** g", False),
    ]


def test_entities_are_characters() -> None:
    assert _text(parse("a&nbsp;b &lt;script&gt; &copy; &#8364;")[0]) == "a\u00a0b <script> © €"


def test_many_tags_that_never_close_cost_no_more_than_their_length() -> None:
    calls = 0
    markdown = reader()
    skip = markdown.inline.skipToken

    def counted(state: object) -> None:
        nonlocal calls
        calls += 1
        skip(state)  # type: ignore[arg-type]

    markdown.inline.skipToken = counted  # type: ignore[method-assign, assignment]
    for text in (
        "<b>x " * 2000 + "`</b>`",
        "<b>x " * 2000,
        "<b>x " * 2000 + "</b>",
        "<b><i>x</i></b> " * 500,
    ):
        calls = 0
        markdown.parse(text)
        assert calls < 3 * len(text)


def test_code_is_untouched() -> None:
    code, inline = parse("```\n<br> **「x」**です https://x.y <b>z</b>\n```\n\n`<br><b>x</b>`")
    assert (code.kind, code.text) == (BlockKind.CODE, "<br> **「x」**です https://x.y <b>z</b>")
    assert inline.runs == (Run("<br><b>x</b>", frozenset({Style.CODE})),)
