"""The race on the stage, with the real guide: both kernels run, and the model is back afterwards, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tern import paths
from tern.engine.types import TQ2_KERNEL, EngineOptions
from tern.errors import UserError
from tern.metrics.race import Step
from tern.metrics.speed import format_rate
from tern.settings import KERNELS, Settings
from tern.ui.app import WindowOptions, _engine_options
from tern.ui.stage import stage_controller
from tern.ui.stage.race_show import ratio_text
from tern.ui.stage.stage_controller import StageController
from tern.ui.style.theme import Theme
from tern.ui.window import models_controller
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController

from ..conftest import WindowMaker
from .test_stage import Awake, Clock, opened, press

pytestmark = pytest.mark.slow


@pytest.fixture
def with_guide(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setattr(stage_controller, "KeepAwake", Awake)
    settings = Settings()
    window = make_window(load=False, settings=settings)
    options = WindowOptions(engine=EngineOptions(threads=1))
    host = ModelsController(window, theme, settings, lambda: None, lambda: _engine_options(options, settings))
    host.open_first()
    qtbot.waitUntil(lambda: window.queue.info is not None)
    yield window
    if window.stage is not None:
        window.stage.leave()
    host.close()


def _over(on: StageController) -> bool:
    return on._race is None or on._race.race.over


def test_both_run_and_are_shown_in_the_pace_of_each(qtbot: QtBot, with_guide: MainWindow) -> None:
    window, clock = with_guide, Clock()
    on = opened(qtbot, window, clock)
    press(on, Qt.Key.Key_R)
    assert on._race is not None
    race = on._race.race
    assert len(on.scene.lanes) == 2
    qtbot.waitUntil(lambda: race.over)
    assert race.step is Step.DONE
    on.tick()
    scene = on.scene
    assert scene.verdict == ""  # not before both have been seen
    assert [lane.text for lane in scene.lanes] == ["", ""]
    first, second = (line.duration for line in race.timelines)
    slower = on._race._slower
    assert f"{slower} times" in scene.note  # the guide is too quick to be watched
    clock.now += slower * min(first, second) + 0.001
    at = [line.at(min(first, second) + 0.001 / slower)[1] for line in race.timelines]
    assert [lane.stats for lane in on.scene.lanes] == at
    clock.now += slower * max(first, second)
    scene = on.scene
    assert scene.lanes[0].text
    assert ratio_text(race.ratio) in scene.verdict
    rates = [line.now[1].decode_tokens_per_s for line in race.timelines]
    assert [format_rate(lane.tokens_per_s) for lane in scene.lanes] == [format_rate(each) for each in rates]
    assert race.ratio == rates[0] / rates[1]
    qtbot.waitUntil(lambda: window.queue.info is not None)  # the model is back
    assert window.queue.info is not None
    assert window.queue.info.kernel != TQ2_KERNEL
    assert len(list(paths.cache_dir().rglob("*-q6_k.gguf"))) == 1
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: bool(on.scene.lanes and on.scene.lanes[0].text))
    window.queue.reload()  # as after a changed setting: no second race
    qtbot.waitUntil(lambda: window.queue.info is not None and not window.queue.busy)
    assert len(race.timelines[0].now[0]) > 0


def test_escape_cancels_and_a_failure_is_said(
    qtbot: QtBot, with_guide: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = with_guide
    on = opened(qtbot, window, Clock())
    press(on, Qt.Key.Key_R)
    assert on._race is not None
    race = on._race.race
    press(on, Qt.Key.Key_Escape)
    assert on.is_open
    assert on.scene.choices
    qtbot.waitUntil(lambda: race.over and window.queue.info is not None)
    assert race.step is Step.CANCELLED

    def no_room(*_: object) -> None:
        raise UserError("There is no room.")

    monkeypatch.setattr(models_controller, "open_engine", no_room)
    press(on, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: _over(on) and window.queue.info is not None)
    assert on.scene.prompt == "There is no room."
    assert on.scene.choices

    press(on, Qt.Key.Key_R)
    QTest.keyClick(on.window, Qt.Key.Key_Escape)
    on.leave()  # in the middle of it
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.chat.send("What are you?")
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert "guide" in window.session.reply


def test_a_chat_can_run_on_llama_cpps_kernels_and_the_header_says_so(
    qtbot: QtBot, with_guide: MainWindow
) -> None:
    window = with_guide
    settings = window._settings
    settings[KERNELS] = "llama.cpp"
    window.settings_controller.take(KERNELS)
    qtbot.waitUntil(lambda: window.queue.info is not None and window.queue.info.kernel == TQ2_KERNEL)
    assert window.queue.info is not None
    assert window.queue.info.path == paths.guide_model()
    assert "llama.cpp" in window.header.findChild(type(window.header._model), "modelName").text()
    window.chat.send("What are you?")
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert "guide" in window.session.reply
    settings[KERNELS] = "tern"
    window.settings_controller.take(KERNELS)
    qtbot.waitUntil(lambda: window.queue.info is not None and window.queue.info.kernel != TQ2_KERNEL)
