"""Markdown as plain text, for where nothing can be set but lines: marks go, bullets and numbers stay."""

from __future__ import annotations

from collections.abc import Sequence

from tern.markup.blocks import Block, BlockKind, Run


def plain_text(blocks: Sequence[Block]) -> str:
    """A line a paragraph, item, row and line of code; an empty line between paragraphs."""
    lines: list[str] = []
    for block in blocks:
        text = _of(block)
        if block.joined and lines:
            lines[-1] += text
        elif text:
            lines += [text] if block.tight or block.part or not lines else ["", text]
    return "\n".join(lines)


def _of(block: Block) -> str:
    if block.kind is BlockKind.RULE:
        return ""
    if block.kind is BlockKind.CODE:
        return block.text.rstrip("\n")
    if block.kind is BlockKind.TABLE:
        return "\n".join("  ·  ".join(_text(cell) for cell in row) for row in block.rows)
    mark = ""
    if block.item is not None and not block.part:
        mark = "• " if block.item.number is None else f"{block.item.number}. "
    return mark + _text(block.runs)


def _text(runs: tuple[Run, ...]) -> str:
    return "".join(run.text for run in runs)
