"""From the transcript to the clipboard: what a selection says as plain text, and the button that copies."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QToolButton, QWidget

from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Theme
from tern.ui.style.timing import COPIED_MS
from tern.ui.transcript.backgrounds import neighbours
from tern.ui.transcript.formats import ASIDE, CODE, ELIDED, FORMULA, INDENT, JOINED, MARK, MIRRORED

_STEPS = {
    QTextCharFormat.VerticalAlignment.AlignSuperScript: "^",
    QTextCharFormat.VerticalAlignment.AlignSubScript: "_",
}


def selected_text(selection: QTextCursor, elided: Callable[[int], str] = lambda key: "") -> str:
    """The selection with its list marks and with tabs between table cells, without notes. ``elided``: what is not
    shown of the message of that key; it is part of a selection that reaches across it."""
    start, end = selection.selectionStart(), selection.selectionEnd()
    out: list[str] = []
    begin = 0  # of a table's row
    block = selection.document().findBlock(start)
    while block.isValid() and block.position() <= end:
        fmt = block.blockFormat()
        if fmt.hasProperty(ELIDED):
            if start <= block.position() and end >= block.position() + block.length() - 1:
                out.append(elided(int(fmt.property(ELIDED))))
        elif not fmt.hasProperty(ASIDE):
            piece = QTextCursor(block)
            piece.setPosition(max(start, block.position()))
            piece.setPosition(
                min(end, block.position() + block.length() - 1), QTextCursor.MoveMode.KeepAnchor
            )
            text = _plain(piece).replace("\u2028", "\n")
            if fmt.hasProperty(FORMULA) and text:
                text = f"$${fmt.property(FORMULA)}$$"  # as it was written: programs and people read TeX
            if start <= block.position() and fmt.hasProperty(MARK):
                depth = round((fmt.leftMargin() + fmt.rightMargin()) / INDENT) - 1
                text = f"{'  ' * depth}{fmt.property(MARK)} {text}"
            row = _table_row(block)
            goes_on = row is not None and row == _table_row(block.previous())
            if row is not None:
                text = text.replace("\n", " ")  # a line is a row
            if out and goes_on and QTextCursor(block).currentTable().format().hasProperty(MIRRORED):
                out.insert(begin, text + "\t")
            else:
                if out and not fmt.hasProperty(JOINED):
                    out.append("\t" if goes_on else "\n")
                begin = len(out)
                out.append(text)
        block = block.next()
    return "".join(out)


def _plain(piece: QTextCursor) -> str:
    """What is selected of one block; what is raised or lowered by its look alone gets a mark: x^2, x_(n+1)."""
    start, end = piece.selectionStart(), piece.selectionEnd()
    out: list[str] = []
    stepped = ""
    for at in piece.block():  # type: ignore[attr-defined]  # PySide's own, unknown to its stubs
        fragment = at.fragment()
        begin, stop = max(start, fragment.position()), min(end, fragment.position() + fragment.length())
        if begin >= stop:
            continue
        cut = QTextCursor(piece)
        cut.setPosition(begin)
        cut.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
        mark = _STEPS.get(fragment.charFormat().verticalAlignment(), "")
        if mark and mark == stepped:  # it goes on in another look
            out[-1] += cut.selectedText()
        elif mark:
            out += [mark, cut.selectedText()]
        else:
            out += ["", cut.selectedText()]
        stepped = mark
    pairs = zip(out[::2], out[1::2], strict=True)
    return "".join(f"{mark}({text})" if mark and len(text) > 1 else mark + text for mark, text in pairs)


def code_text(block: QTextBlock) -> str:
    """All lines of the code that ``block`` is a line of."""
    block, last = neighbours(block, CODE)
    out = [block.text()]
    while block != last:
        block = block.next()
        out.append(block.text() if block.blockFormat().hasProperty(JOINED) else "\n" + block.text())
    return "".join(out)


def _table_row(block: QTextBlock) -> tuple[int, int] | None:
    """Which row of which table a block stands in."""
    table = QTextCursor(block).currentTable()
    return (table.firstPosition(), table.cellAt(block.position()).row()) if table is not None else None


class CopyButton(QToolButton):
    """A quiet button that floats over the document and says when it has copied."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", "small")
        self.setText(self.tr("Copy"))
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Puts it on the clipboard."))
        self.setToolTip(name)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._reset = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._reset.timeout.connect(self.restyle)
        self.hide()

    def restyle(self) -> None:
        self.setText(self.tr("Copy"))
        self.setIconSize(self._theme.icon_size * 0.8)
        self.setIcon(action_icon("copy", self._theme, "quiet"))
        self.adjustSize()

    def confirm(self) -> None:
        """Say for a moment that it is done."""
        self.setText(self.tr("Copied"))
        self.setIcon(action_icon("check", self._theme, "quiet"))
        self.adjustSize()
        self._reset.start()
