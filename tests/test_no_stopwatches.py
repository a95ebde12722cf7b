"""No test says how fast anything is: a busy machine passes them all. What must stay small is counted, in calls, bytes
and steps; speeds are measured by programs that are run by hand.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from patience import HANG_S

TESTS = Path(__file__).resolve().parent
CLOCKS = {
    "perf_counter",
    "perf_counter_ns",
    "monotonic",
    "monotonic_ns",
    "process_time",
    "thread_time",
    "timeit",
}
QT_WAITS = {"waitUntil", "waitSignal", "waitSignals", "waitActive", "waitExposed", "waitCallback"}


def _files() -> list[Path]:
    found = sorted(TESTS.rglob("test_*.py"))
    assert len(found) > 80
    return found


def _complaints(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in CLOCKS:
                found.append(f"line {node.lineno} reads a clock ({name})")
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg != "timeout" or not isinstance(value, int | float):
                continue
            seconds = value / 1000 if called in QT_WAITS else value
            if 0 < seconds < 60:
                found.append(f"line {node.lineno} gives up after {seconds:g} s; HANG_S is {HANG_S}")
    return found


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_no_test_holds_a_stop_watch(path: Path) -> None:
    assert not _complaints(path.read_text(encoding="utf-8"))


def test_the_rule_sees_clocks_and_short_limits() -> None:
    bad = "import time\ndef test(q, p):\n q.waitUntil(f, timeout=5000)\n p.wait(timeout=20)\n x = time.monotonic()\n"
    assert len(_complaints(bad)) == 3
    good = "def test(q, p):\n q.waitUntil(f)\n p.wait(timeout=HANG_S)\n lock.acquire(timeout=0)\n"
    assert not _complaints(good)
