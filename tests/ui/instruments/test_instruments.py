"""The instruments in the window: opened by a click, sampled by tokens, nothing old beside a new chat, switched off."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tern import paths
from tern.chat.types import Draft
from tern.engine.types import EngineOptions, FinishReason, Stats
from tern.metrics import bench_history
from tern.open_engine import open_engine
from tern.settings import INSTRUMENTS, Settings
from tern.ui.instruments.chart import Line, LineChart
from tern.ui.instruments.panel import InstrumentPanel
from tern.ui.instruments.session_history import SessionHistory
from tern.ui.style.theme import Theme


def test_history_is_sampled_by_tokens() -> None:
    history = SessionHistory()
    stats = Stats()
    for tokens in range(1, 34):
        stats = replace(stats, tokens=tokens)
        history.add(stats, tokens / 20)
    assert [tokens for tokens, _ in history.speed] == [9, 17, 25, 33]
    assert history.now_per_s is not None
    assert abs(history.now_per_s - 20) < 1e-6
    history.add(replace(stats, finish_reason=FinishReason.END_OF_TURN), 2.0)
    assert len(history.replies) == 1
    history.begin()
    assert history.now_per_s is None
    assert history.stats is None


def test_nothing_is_drawn_before_three_points(qtbot: QtBot, theme: Theme) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    chart = LineChart(theme, "Speed", parent)
    chart.show_lines([Line("a", [(1, 1.0), (2, 2.0)])])
    assert not chart.tells
    chart.show_lines([Line("a", [(1, 1.0), (2, 2.0), (3, 1.5)])])
    assert chart.tells
    assert chart.accessibleDescription() == "a: 1.5"


def test_one_reply_in_window_panel_and_page(qtbot: QtBot, make_window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(open_engine(paths.guide_model(), EngineOptions()))
    qtbot.waitUntil(lambda: window.queue.info is not None)
    QTest.mouseClick(window.readouts, Qt.MouseButton.LeftButton)
    instruments = window.instruments
    panel = instruments.panel
    assert isinstance(panel, InstrumentPanel)
    assert panel.isVisible()
    window.queue.ask(window.session, Draft("What are you?", ()))
    qtbot.waitUntil(lambda: not window.queue.busy)
    stats = window.session.path[-1].stats
    assert instruments._history.replies[-1] == stats  # one object, kept, shown and compared
    assert stats.energy is not None
    assert (stats.energy.joules is None) == bool(stats.energy.why)
    qtbot.waitUntil(lambda: panel._memory.text() != "–")
    assert panel._context.text() != "–"

    saved = tmp_path / "sparsity.json"
    window.actions_["inside"].trigger()
    page = instruments.inside
    page._ask_path = lambda name: saved
    window.queue.ask(window.session, Draft("What is BitNet?", ()))
    qtbot.waitUntil(lambda: not window.queue.busy)
    qtbot.waitUntil(lambda: page._view is not None and page._bytes.isVisibleTo(page.widget()))
    page._export.click()
    assert '"tern-sparsity-1"' in saved.read_text()

    window.actions_["new"].trigger()
    assert instruments._history.stats is None


def test_the_line_can_be_switched_off(qtbot: QtBot, make_window) -> None:  # type: ignore[no-untyped-def]
    settings = Settings()
    window = make_window(settings=settings)
    assert window.readouts.isVisible()
    settings[INSTRUMENTS] = False
    window.settings_controller.apply()
    assert not window.readouts.isVisible()


def test_the_benchmark_is_run_kept_shown_and_exported(qtbot: QtBot, make_window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(open_engine(paths.guide_model(), EngineOptions()))
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.actions_["benchmark"].trigger()
    page = window.instruments.benchmark
    assert not page._results.isVisible()
    page._run.click()
    assert page._cancel.isVisible()
    qtbot.waitUntil(lambda: page._job is None, timeout=120_000)
    assert page._said.text() == ""
    assert page._card.isVisible()
    (kept,) = bench_history.earlier()
    assert kept == page._report
    assert set(kept["reply"]) == {
        field.name for field in fields(Stats)
    }  # the window's and the terminal's numbers
    for name in ("benchmarkPng", "benchmarkMarkdown", "benchmarkJson"):
        page._ask_path = lambda given: tmp_path / given
        page.findChild(QPushButton, name).click()
    assert QImage(str(tmp_path / "tern-benchmark.png")).width() == 1280
    assert "Energy" in (tmp_path / "tern-benchmark.md").read_text()
    assert json.loads((tmp_path / "tern-benchmark.json").read_text()) == kept

    page._run.click()
    page._cancel.click()
    qtbot.waitUntil(lambda: page._job is None, timeout=120_000)
    assert bench_history.earlier() == [kept]
