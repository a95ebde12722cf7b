"""SIGKILL while the guide talks: the file is whole, and holds all that was promised. More: tests/tools/kill.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tern import paths
from tools.kill import kill_once, lost

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not paths.guide_model().exists(), reason="the guide has not been made"),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]


def test_nothing_promised_is_lost(tmp_path: Path) -> None:
    asked = 0
    for seed in range(5):
        promised, died = kill_once(tmp_path, seed)
        assert lost(tmp_path, promised, died) == []
        asked += len(promised.questions)
    assert asked >= 5, "it did talk"
