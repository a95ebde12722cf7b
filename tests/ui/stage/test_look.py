"""The stage can be seen from the last row: sizes, contrast, and nothing that lies over anything else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF

from tern.engine.types import Stats
from tern.ui.stage.look import BLACK, PAPER, Look
from tern.ui.stage.scene import Facts, Lane, Scene
from tern.ui.stage.scene_painter import ScenePainter
from tern.ui.style.tokens import Tokens, contrast

pytestmark = pytest.mark.usefixtures("qapp")

SIZES = [(1280, 720), (1366, 768), (1920, 1080), (1920, 1200), (1024, 768), (2560, 1080), (3840, 2160)]


@pytest.mark.parametrize("tokens", [PAPER, BLACK])
def test_everything_stands_out(tokens: Tokens) -> None:
    for role in ("ink", "quiet", "accent"):
        assert contrast(getattr(tokens, role), tokens.paper) >= 4.5, role
    assert contrast(tokens.mark, tokens.paper) >= 3  # large and bold


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_those_of_a_stage(size: tuple[int, int]) -> None:
    look = Look(PAPER, QFont(), QSizeF(*size))
    assert look.text_px >= 28
    assert look.figure_px >= 64
    if size[1] <= 1200:
        assert look.text_px <= 40
        assert look.figure_px <= 96


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lanes", [0, 1, 2])
@pytest.mark.parametrize("note", ["", "A note that is long enough to take two lines on every stage. " * 3])
def test_nothing_lies_over_anything_else(size: tuple[int, int], lanes: int, note: str) -> None:
    look = Look(BLACK, QFont(), QSizeF(*size))
    lane = Lane("word " * 400, 400, Stats(decode_tokens_per_s=1234.5), 30, title="A")
    scene = Scene("Why?", (lane,) * lanes, note=note if lanes else "", facts=Facts("m", "c"))
    frame = ScenePainter(look).frame(scene)
    boxes = [frame.prompt, frame.footer, *frame.figures]
    boxes += [box.adjusted(-frame.gutter, 0, 0, 0) for box in frame.lanes]
    boxes += [box for box in (frame.verdict, frame.note if note and lanes else QRectF()) if box.height() > 0]
    whole = QRectF(0, 0, *size)
    for number, box in enumerate(boxes):
        assert whole.contains(box)
        assert box.height() > look.label_px
        for other in boxes[number + 1 :]:
            assert not box.adjusted(1, 1, -1, -1).intersects(other.adjusted(1, 1, -1, -1))
    for box in frame.lanes:
        assert box.height() > 3 * look.text_px
    if lanes == 1:
        wide = QFontMetricsF(look.sized(look.figure_px, bold=True)).horizontalAdvance("99,999")
        assert wide <= frame.figures[0].width()
