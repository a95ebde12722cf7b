"""The first run: the card tells what the real model needs and how fast it will be; the greeting suits the model."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from patience import HANG_MS
from tern import __version__, paths
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import EngineOptions
from tern.metrics import forecast
from tern.metrics.forecast import Forecast, place
from tern.settings import FORECAST, Settings
from tern.ui.models import fit, speed_probe
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


def _host(window: MainWindow, theme: Theme, settings: Settings) -> ModelsController:
    return ModelsController(window, theme, settings, lambda: None, EngineOptions)


def _speed(host: ModelsController) -> str:
    assert host.card is not None
    label = host.card.findChild(QLabel, "forecast")
    return label.text() if label.isVisible() else ""


def test_the_speed_is_measured_once_and_gives_way_to_a_reply(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed_probe, "_LOOK_MS", 50)
    monkeypatch.setattr(speed_probe, "_PATIENCE_LOOKS", HANG_MS // 50)  # a busy machine measures for long
    monkeypatch.setattr(forecast, "_MOST_OTHERS", 1.0)  # and is believed here
    window = make_window(replies=["a b c d e f g h"], token_seconds=0.1)
    settings = Settings()
    host = _host(window, theme, settings)
    probe = host._probe
    assert probe is not None
    qtbot.waitUntil(lambda: probe.running)
    window.chat.send("Are you there?")
    qtbot.waitUntil(lambda: not probe.running)
    assert window.queue.busy, "the reply did not wait for the measuring"
    assert _speed(host) == ""
    qtbot.waitUntil(lambda: bool(settings[FORECAST]))
    window.conversations.new()
    assert "a second on this computer" in _speed(host)
    qtbot.waitUntil(lambda: not any(paths.cache_dir().glob("forecast-*")))
    host.close()
    assert not [p for p in psutil.Process().children() if "--forecast" in p.cmdline()]

    again = _host(make_window(), theme, settings)  # the next start tells what is kept
    qtbot.waitUntil(lambda: bool(_speed(again)))
    assert again._probe is not None
    assert not again._probe.running
    again.close()


def test_a_forecast_from_another_computer_is_not_told(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme
) -> None:
    settings = Settings()
    settings[FORECAST] = Forecast(900.0, "another computer").as_json()
    host = _host(make_window(load=False), theme, settings)
    probe = host._probe
    assert probe is not None
    qtbot.waitUntil(probe._timer.isActive)  # it has looked at what is kept, and waits to measure
    assert _speed(host) == ""
    host.close()


def test_a_measure_beside_busy_programs_is_neither_told_nor_kept_but_made_again(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    busy, calm = (Forecast(rate, place(__version__), others) for rate, others in ((1.5, 0.8), (17.0, 0.1)))
    script = (
        "import pathlib, sys; before = pathlib.Path(sys.argv[1]); print(sys.argv[2 + before.exists()]); "
        "before.touch()"
    )
    measure = [sys.executable, "-c", script, str(tmp_path / "before"), busy.as_json(), calm.as_json()]
    monkeypatch.setattr(speed_probe, "tern_command", lambda: measure)
    monkeypatch.setattr(speed_probe, "_LOOK_MS", 20)
    settings = Settings()
    host = _host(make_window(), theme, settings)
    probe = host._probe
    assert probe is not None
    qtbot.waitUntil(probe._later.isActive)
    assert (_speed(host), settings[FORECAST]) == ("", "")
    probe._later.setInterval(1)
    qtbot.waitUntil(lambda: bool(_speed(host)))
    assert settings[FORECAST] == calm.as_json()
    host.close()


def test_without_a_measurement_the_card_says_no_speed(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed_probe, "_LOOK_MS", 20)
    monkeypatch.setattr(speed_probe, "tern_command", lambda: ["no-such-program"])
    settings = Settings()
    host = _host(make_window(), theme, settings)
    probe = host._probe
    assert probe is not None
    qtbot.waitUntil(lambda: not probe._timer.isActive())
    assert (_speed(host), settings[FORECAST]) == ("", "")
    host.close()


def test_too_little_disk_or_memory_is_said(
    make_window: WindowMaker, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 500_000_000})
    monkeypatch.setattr(fit, "usable_memory", lambda: 512_000_000)

    def said() -> str:
        host = _host(make_window(load=False), theme, Settings())
        assert host.card is not None
        host.close()
        return " ".join(label.text() for label in host.card.findChildren(QLabel))

    assert "Too large for this computer's memory: 512\u2009MB." in said()
    monkeypatch.setattr(fit.shutil, "disk_usage", lambda path: usage)
    assert "Too large for the disk: 500\u2009MB free." in said()


def test_the_greeting_suits_the_model(qtbot: QtBot, make_window: WindowMaker, theme: Theme) -> None:
    window = make_window(load=False)
    title = window.findChild(QLabel, "greetingTitle")
    cards = [b for b in window.findChildren(QPushButton) if b.property("kind") == "card"]
    assert "guide" in title.text()
    assert cards[1].text() == "Why is ternary fast?"
    host = _host(window, theme, Settings())
    host.open_first()
    qtbot.waitUntil(lambda: window.queue.info is not None)
    assert "guide" in title.text()
    window.open_model(lambda progress: FakeEngine())
    qtbot.waitUntil(lambda: "guide" not in title.text())
    assert "Write a haiku about the sea." in [card.text() for card in cards]
    host.close()
