"""A reply as HTML of its own: to be saved, printed, or made a PDF of. Formulas are pictures that carry their TeX.
Nothing in it is fetched from anywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter

from tern.chat.thinking import answer_or_all
from tern.markup.blocks import Block, BlockKind, Run, Style
from tern.markup.markdown import parse
from tern.ui.transcript.formulas import formula_path

_TAGS = {
    Style.STRONG: "b",
    Style.EMPHASIS: "i",
    Style.CODE: "code",
    Style.STRUCK: "s",
    Style.UNDERLINED: "u",
    Style.MARKED: "mark",
    Style.SUPER: "sup",
    Style.SUB: "sub",
}
_LOOK = (
    "body{font-family:sans-serif;font-size:11pt;line-height:1.5;max-width:42em;margin:2em auto;color:#1b1f23}"
    "pre{font-family:monospace;font-size:9.5pt;background:#f4f2ee;padding:8px;white-space:pre-wrap}"
    "code{font-family:monospace}table{border-collapse:collapse}"
    "td,th{border:1px solid #c8c4bc;padding:4px 8px;text-align:left}"
    "blockquote{margin-left:1em;color:#57606a}.who{color:#6a737d;font-size:9pt}"
)
_SHARP = 3.0  # pixels of a formula's picture for each px that it takes
_FORMULA = 1.05  # px of its size for each px of the layout


def reply_html(question: str, reply: str, about: str) -> str:
    """The page: ``question`` over the reply, ``about`` (model, date) under it. What the model thought is left out."""
    body = "".join(_block(block) for block in parse(answer_or_all(reply)))
    asked = f"<p class='who'>{escape(question)}</p>" if question else ""
    under = f"<p class='who'>{escape(about)}</p>" if about else ""
    title = escape(" ".join(question.split())[:80] or "Tern")
    head = f"<head><meta charset='utf-8'><title>{title}</title><style>{_LOOK}</style></head>"
    return f"<!DOCTYPE html><html>{head}<body>{asked}{body}{under}</body></html>"


def _block(block: Block) -> str:
    inside = _inner(block)
    if block.item is not None or block.indent:
        mark = ""
        if block.item is not None:
            mark = "• " if block.item.number is None else f"{block.item.number}. "
            if block.item.task is not None:
                mark = "☑ " if block.item.task else "☐ "
        depth = max(1, block.indent)
        inside = inside.replace("<p>", f"<p>{mark}", 1) if mark else inside
        inside = f"<div style='margin-left:{24 * depth}px'>{inside}</div>"
    for _ in range(block.quote):
        inside = f"<blockquote>{inside}</blockquote>"
    return inside


def _inner(block: Block) -> str:
    match block.kind:
        case BlockKind.HEADING:
            return f"<h{block.level}>{_runs(block.runs)}</h{block.level}>"
        case BlockKind.CODE:
            return f"<pre>{escape(block.text)}</pre>"
        case BlockKind.TABLE:
            rows = [
                "<tr>" + "".join(f"<{tag}>{_runs(cell)}</{tag}>" for cell in row) + "</tr>"
                for row, tag in zip(block.rows, ["th", *["td"] * len(block.rows)], strict=False)
            ]
            return f"<table>{''.join(rows)}</table>"
        case BlockKind.RULE:
            return "<hr>"
        case BlockKind.MATH:
            return f"<p>{_formula(block)}</p>"
        case _:
            return f"<p>{_runs(block.runs)}</p>"


def _runs(runs: Sequence[Run]) -> str:
    out = []
    for run in runs:
        text = escape(run.text).replace("\u2028", "<br>").replace("\n", "<br>")
        for style in sorted(run.styles, key=lambda one: one.value):
            text = f"<{_TAGS[style]}>{text}</{_TAGS[style]}>"
        if run.link.startswith(("http://", "https://", "mailto:")):
            text = f"<a href='{escape(run.link)}'>{text}</a>"
        out.append(text)
    return "".join(out)


def _formula(block: Block) -> str:
    path = formula_path(block.text) if block.text else None
    if path is None:
        return _runs(block.runs)
    width, height = round(path.width * _FORMULA), round(path.height * _FORMULA)
    image = QImage(round(width * _SHARP), round(height * _SHARP), QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 0, 0, 0))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path.paint(painter, 0, 0, _SHARP * _FORMULA, QColor("#1b1f23"))
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    picture = base64.b64encode(data.data()).decode()
    said = "".join(run.text for run in block.runs)
    return (
        f"<img src='data:image/png;base64,{picture}' width='{width}' height='{height}' "
        f"alt='{escape(said)}' title='{escape(block.text)}'>"
    )
