"""A reply into the document, in slices: what is written meanwhile, or is too much for a frame, waits, and stands there
as it was written until it has been read.
"""

from __future__ import annotations

from tern.markup.blocks import Block, BlockKind
from tern.markup.incremental import BITE, WHOLE
from tern.markup.pacing import Paced
from tern.markup.parts import plain
from tern.ui.transcript.document import DocumentWriter, Slot
from tern.ui.transcript.thought_folding import BlockReader

_MOST = 300_000  # steps, about a second, that the reading of one piece may take in all
_BLOCK, _CELL = 8, 20  # steps that writing one costs at least


class ReplySetter:
    """Sets what it is given (:meth:`add`) at ``slot``. ``growing``: before the person's eyes."""

    def __init__(
        self, writer: DocumentWriter, slot: Slot, reader: BlockReader, text: str = "", growing: bool = False
    ) -> None:
        self._writer = writer
        self._slot = slot
        self._growing = growing
        self._reader = reader
        self._unread = text
        self._at = 0  # how much of it has been read
        self._task: Paced[int] | None = None
        self._piece = ""  # that is being read
        self._unset: int | None = None  # the first of the blocks that are read and not yet set
        self._set = 0  # how many blocks are
        self._ending = not growing
        self._ended = False

    def add(self, text: str) -> None:
        self._unread = self._unread[self._at :] + text
        self._at = 0

    def end(self) -> None:
        """Nothing more will come."""
        self._ending = True

    @property
    def done(self) -> bool:
        """Whether all that came is set."""
        waits = self._at < len(self._unread) or (self._ending and not self._ended)
        return not waits and self._task is None and self._unset is None

    def work(self, steps: int) -> int:
        """Go on for about so many steps; returns how many are left."""
        while steps > 0 and not self.done:
            if self._unset is not None:
                steps -= self._set_some(steps)
            elif self._task is not None:
                steps = self._task.run(steps)
                if self._task.done:
                    self._unset = min(self._task.result, self._set)
                    self._task, self._piece = None, ""
            else:
                self._read_on()
        return max(0, steps)

    def show_rest(self) -> None:
        """What has come and is not read yet stands there as it was written; of very much the beginning."""
        if self._unset is None and not self.done:
            rest = self._piece + self._unread[self._at : self._at + BITE]
            self._writer.update(self._slot, self._set, plain(rest[:BITE]))

    def _read_on(self) -> None:
        rest = len(self._unread) - self._at
        size = WHOLE if self._ending and self._at == 0 and rest <= WHOLE else BITE
        self._piece = piece = self._unread[self._at : self._at + size]
        self._at += len(piece)
        last = self._ending and self._at >= len(self._unread)
        self._ended = last
        self._task = Paced(lambda: self._reader.append(piece, last), _MOST)

    def _set_some(self, steps: int) -> int:
        """Set as many blocks as fit; returns what that took."""
        assert self._unset is not None
        blocks, written, start = self._reader.blocks, self._slot.written, self._unset
        while start < min(len(blocks), len(written)) and written[start].block == blocks[start]:
            start += 1  # it stands there already
        stop, took = start, 0
        while stop < len(blocks) and took < steps:
            took += _cost(blocks[stop])
            stop += 1
        if stop > start or len(written) > stop:
            self._writer.update(self._slot, start, blocks[start:stop], self._growing)
        self._set = stop
        self._unset = stop if stop < len(blocks) else None
        return took


def _cost(block: Block) -> int:
    """Steps that it takes to lay a block out, by what stands in it."""
    if block.kind is BlockKind.TABLE:
        return sum(
            _CELL + sum(map(_run_cost, (run.text for run in cell))) for row in block.rows for cell in row
        )
    if block.kind is BlockKind.CODE:
        return _BLOCK * (1 + block.text.count("\n")) + _run_cost(block.text)
    return _BLOCK + sum(_run_cost(run.text) for run in block.runs)


def _run_cost(text: str) -> int:
    """Letters of most scripts take some work, each."""
    return len(text) // (10 if text.isascii() else 2) + 2 * text.count("\u2028") + 5
