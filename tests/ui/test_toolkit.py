"""What Tern needs of the toolkit itself."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject


def test_calls_without_a_result_do_not_use_up_none() -> None:
    """PySide6 6.12.0 loses a reference to None at each; before Python 3.12 the process then aborts within minutes."""
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(500):
        thing.setObjectName("x")
    assert abs(sys.getrefcount(None) - before) < 100
