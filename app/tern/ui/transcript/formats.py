"""The theme as text formats, and the names of what no format can draw. Knows nothing of documents or widgets."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF, QTextBlockFormat, QTextCharFormat, QTextFormat

from tern.markup.blocks import THOUGHT_LINK, Block, BlockKind, ListItem, Style
from tern.markup.utf16 import from_right
from tern.ui.style.theme import LINE_HEIGHT, Size, Space, Theme

# Properties of blocks, for the painter (ui/transcript/backgrounds.py).
_FIRST = QTextFormat.Property.UserProperty.value
QUOTE = _FIRST + 1  # depth of quotation
BUBBLE = _FIRST + 2  # number of the bubble that this block is part of
CODE = _FIRST + 3  # number of the code that this block is a line of
LANGUAGE = _FIRST + 4  # of the code; may be empty
RULE = _FIRST + 5  # a horizontal rule
MARK = _FIRST + 6  # its mark in a list, as "•", "1.", CHECKED or UNCHECKED
ASIDE = _FIRST + 7  # no part of the text (spacers, notes), so never copied
DIMMED = _FIRST + 8  # of a message that the model no longer sees
CONTEXT_LINE = _FIRST + 9  # the line under the last of those
ATTACHMENT = _FIRST + 11  # what is attached to the person's message: the name of its icon
MIRRORED = _FIRST + 20  # of a table's frame: px of its indent; its first column stands at the right
SCROLLED = _FIRST + 10  # a line of code that is not wrapped: px of it that are scrolled away to the left
ELIDED = _FIRST + 13  # stands for what is not shown of a long message: its key
TABLE = _FIRST + 14  # of a table's frame: number of the table that it is a part of
SHARED = _FIRST + 16  # of a table's frame: its parts are as wide as each other
DAY = _FIRST + 22  # of the first block of a message: the day that stands over it
FORMULA = _FIRST + 21  # a formula that is drawn over its readable text: its TeX
WIDTHS = _FIRST + 15  # of a table's frame: of each column the px of its longest line and of its longest word
JOINED = _FIRST + 12  # goes on within the line in which the block before it ends

CHECKED, UNCHECKED = "[x]", "[ ]"
INDENT = 24
MOST_LEVELS = 8  # of lists, and of quotations, that are indented further: deeper ones stand as deep
PADDING = Space.M  # inside a bubble
CODE_SIDE = Space.L
CODE_TAIL = Space.M
_FIXED = QTextBlockFormat.LineHeightTypes.FixedHeight.value


class Formats:
    """The theme as text formats. Space between blocks is always above the lower one."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.body = theme.font(Size.BODY)
        self.ink = theme.color("ink")
        self.quiet = theme.color("quiet")
        # Fixed line heights put all the leading above the text; what stands below text gets that much more room.
        self.leading = theme.px(Size.BODY) * 0.2
        self.code_head = theme.px(Size.SMALL) + Space.L
        self._chars: dict[tuple[frozenset[Style], str, int], QTextCharFormat] = {}

    def char(
        self, styles: frozenset[Style] = frozenset(), link: str = "", heading: int = 0
    ) -> QTextCharFormat:
        look = styles, "link" if link else "", heading  # fonts are dear to make
        if look not in self._chars:
            self._chars[look] = self._char(*look)
        fmt = QTextCharFormat(self._chars[look])
        if link:
            fmt.setAnchorHref(link)
        return fmt

    def _char(self, styles: frozenset[Style], link: str, heading: int) -> QTextCharFormat:
        fmt = QTextCharFormat()
        size = {0: Size.BODY, 1: Size.TITLE, 2: Size.LARGE}.get(heading, Size.BODY)
        font = self._theme.font(size)
        if Style.CODE in styles:
            font = self._theme.mono(Size.CONTROL)
            fmt.setBackground(self._theme.color("hover"))
        elif Style.MARKED in styles:
            fmt.setBackground(self._theme.color("selection"))
        if Style.STRONG in styles or heading:
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(Style.EMPHASIS in styles)
        font.setStrikeOut(Style.STRUCK in styles)
        font.setUnderline(Style.UNDERLINED in styles)
        fmt.setFont(font)
        if Style.SUPER in styles:
            fmt.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        elif Style.SUB in styles:
            fmt.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSubScript)
        fmt.setForeground(self._theme.color("accent") if link else self.ink)
        if link:
            fmt.setAnchor(True)
            fmt.setAnchorHref(link)
            fmt.setFontUnderline(True)
        if link.startswith(THOUGHT_LINK):
            fmt.setForeground(self.quiet)
            fmt.setFontUnderline(False)
        return fmt

    def code_char(self) -> QTextCharFormat:
        fmt = QTextCharFormat()
        fmt.setFont(self._theme.mono(Size.CONTROL))
        fmt.setForeground(self.ink)
        return fmt

    def tab(self) -> float:
        """px of a tab: four columns of code."""
        return 4 * QFontMetricsF(self._theme.mono(Size.CONTROL)).horizontalAdvance(" ")

    def note_char(self) -> QTextCharFormat:
        fmt = QTextCharFormat()
        fmt.setFont(self._theme.font(Size.SMALL, tabular=True))
        fmt.setForeground(self.quiet)
        return fmt

    def line(self, size: Size = Size.BODY, spacing: float = LINE_HEIGHT) -> QTextBlockFormat:
        fmt = QTextBlockFormat()
        fmt.setLineHeight(round(self._theme.px(size) * spacing), _FIXED)
        return fmt

    def bubble(self, number: int, left: float, first: bool) -> QTextBlockFormat:
        """A line of the person's message, ``left`` px from the column's left edge."""
        fmt = self.line()
        fmt.setProperty(BUBBLE, number)
        fmt.setLeftMargin(left + PADDING)
        fmt.setRightMargin(PADDING)
        fmt.setTopMargin(self._theme.space(Space.XL) + PADDING if first else 0)
        return fmt

    def attachment(self, number: int, left: float, first: bool, icon: str) -> QTextBlockFormat:
        """Of something attached to the message of bubble ``number``: a line of its own."""
        fmt = self.bubble(number, left, first)
        fmt.setLineHeight(self.chip_height() - Space.XS, _FIXED)
        fmt.setBottomMargin(Space.M)
        fmt.setTextIndent(self.chip_icon() + Space.XS)
        fmt.setProperty(ATTACHMENT, icon)
        fmt.setProperty(ASIDE, True)
        return fmt

    def attachment_char(self, link: str) -> QTextCharFormat:
        fmt = QTextCharFormat()
        fmt.setFont(self._theme.font(Size.SMALL))
        fmt.setForeground(self.ink)
        fmt.setAnchor(True)
        fmt.setAnchorHref(link)
        return fmt

    def chip_height(self) -> int:
        return self._theme.px(Size.SMALL) + 14

    def chip_icon(self) -> int:
        """Room that a chip's icon takes, px."""
        return self._theme.px(Size.SMALL) + Space.M

    def note(self, after: Block | None) -> QTextBlockFormat:
        fmt = self.line(Size.SMALL)
        fmt.setTopMargin(Space.S + (CODE_TAIL if after is not None and after.kind is BlockKind.CODE else 0))
        fmt.setProperty(ASIDE, True)
        return fmt

    def context_line(self) -> QTextBlockFormat:
        fmt = self.line(Size.SMALL)
        fmt.setTopMargin(self._theme.space(Space.XL))
        fmt.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        fmt.setProperty(ASIDE, True)
        fmt.setProperty(CONTEXT_LINE, True)
        return fmt

    def spacer(self) -> QTextBlockFormat:
        """For the empty blocks that a document insists on around a table: next to no height."""
        fmt = QTextBlockFormat()
        fmt.setLineHeight(1, _FIXED)
        fmt.setProperty(ASIDE, True)
        return fmt

    def spacer_char(self) -> QTextCharFormat:
        fmt = QTextCharFormat()
        font = QFont(self.body)
        font.setPixelSize(1)
        fmt.setFont(font)
        return fmt

    def day_height(self) -> int:
        """Room that the line with the day takes, px."""
        return self._theme.px(Size.SMALL) + Space.XL

    def opening(self) -> float:
        """Space above a reply: clear of the bubble before it."""
        return self._theme.space(Space.XL) + PADDING

    def block(self, block: Block, before: Block | None, code: int = 0) -> QTextBlockFormat:
        """Of a block after ``before`` (None: the first of its message); for code, of its first line."""
        above: float = Space.XS if block.tight else Space.M
        if block.kind is BlockKind.HEADING:
            size = {1: Size.TITLE, 2: Size.LARGE}.get(block.level, Size.BODY)
            fmt = self.line(size, 1.35)
            above = Space.XL if block.level <= 2 else Space.L
            fmt.setHeadingLevel(block.level)
        elif block.kind is BlockKind.CODE:
            fmt = self.code_line(block, code)
            above = Space.M + self.leading + self.code_head
        else:
            fmt = self.line()
            above = Space.S if block.kind is BlockKind.RULE else above
        if before is None:
            above = self.opening() + (self.code_head if block.kind is BlockKind.CODE else 0)
        elif before.kind is BlockKind.CODE:
            above = max(above, Space.M) + CODE_TAIL  # a surface reaches further down than its text
        fmt.setTopMargin(0 if block.part else above)
        if block.joined:
            fmt.setProperty(JOINED, True)
        if block.kind is BlockKind.CODE:
            return fmt
        indent = inset(block) + (INDENT if block.kind is BlockKind.MATH else 0)
        right = block.right if block.part else from_right(block.runs)
        if block.part:
            fmt.setLayoutDirection(
                Qt.LayoutDirection.RightToLeft if right else Qt.LayoutDirection.LeftToRight
            )
        if right:
            fmt.setRightMargin(indent)
        else:
            fmt.setLeftMargin(indent)
        if block.item is not None:
            fmt.setProperty(MARK, _mark(block.item, block.indent))
        if block.quote:
            fmt.setProperty(QUOTE, min(block.quote, MOST_LEVELS))
        if block.kind is BlockKind.RULE:
            fmt.setProperty(RULE, True)
        if block.kind is BlockKind.LABEL:
            fmt.setProperty(ASIDE, True)
        return fmt

    def code_line(self, block: Block, code: int) -> QTextBlockFormat:
        fmt = self.line(Size.CONTROL, 1.5)
        fmt.setLeftMargin(inset(block) + CODE_SIDE)
        fmt.setRightMargin(CODE_SIDE)
        fmt.setProperty(CODE, code)
        fmt.setProperty(LANGUAGE, block.language)
        fmt.setProperty(SCROLLED, 0.0)  # not wrapped: where a line of code ends means something
        fmt.setNonBreakableLines(True)
        return fmt


def inset(block: Block) -> int:
    """How far the lists and quotations around a block set it in, px."""
    return min(block.indent, MOST_LEVELS) * INDENT + min(block.quote, MOST_LEVELS) * Space.L


def _mark(item: ListItem, indent: int) -> str:
    if item.task is not None:
        return CHECKED if item.task else UNCHECKED
    if item.number is not None:
        return f"{item.number}."
    return "•" if indent % 2 else "◦"
