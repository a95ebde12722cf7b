"""The stage as a presenter uses it: by its keys, with real events, beside a window that stays usable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from tern.engine.fake_engine import FakeEngine
from tern.engine.types import Energy, Stats
from tern.errors import UserError
from tern.metrics.reading import words_per_minute
from tern.metrics.speed import format_rate
from tern.settings import READING_PACE, STAGE_LOOK, STAGE_PROMPTS, Settings
from tern.ui.shared.words import count_words
from tern.ui.stage import prompts, stage_controller
from tern.ui.stage.calibration import Calibration
from tern.ui.stage.prompt_editor import PromptEditor
from tern.ui.stage.stage_controller import StageController
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

REPLY = "A tern is a **small** bird. It flies from pole to pole.\n\n- far\n- light"
PLAIN = "A tern is a small bird. It flies from pole to pole.\n\n• far\n• light"


class Clock:
    """Runs only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(
    qtbot: QtBot, make_window: WindowMaker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[MainWindow, StageController]]:
    """A window with its stage open, and a model that answers each question with REPLY."""
    monkeypatch.setattr(stage_controller, "KeepAwake", Awake)
    window = make_window(FakeEngine([REPLY] * 9), settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    yield window, opened(qtbot, window, clock)
    if window.stage is not None:
        window.stage.leave()


class Awake:
    """In the place of the system's own."""

    held = 0

    def __init__(self, why: str) -> None:
        Awake.held += 1

    def end(self) -> None:
        Awake.held -= 1


def opened(qtbot: QtBot, window: MainWindow, clock: Callable[[], float]) -> StageController:
    QTest.keyClick(window, Qt.Key.Key_F11)
    stage = window.stage
    assert stage is not None
    assert stage.window is not None
    stage._clock = clock
    with qtbot.waitActive(stage.window):
        pass
    return stage


def press(stage: StageController, key: Qt.Key) -> None:
    assert stage.window is not None
    QTest.keyClick(stage.window.focusWidget() or stage.window.canvas, key)


def shown(stage: StageController) -> str:
    """The text on the stage now."""
    stage.tick()
    assert stage.window is not None
    lanes = stage.window.canvas.scene.lanes
    return lanes[0].text if lanes else ""


def test_a_prompt_is_answered_and_its_figures_are_the_stats_own(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock
) -> None:
    window, on = stage
    assert on.window is not None
    assert on.window.isFullScreen()
    assert on.window.screen() is window.screen()
    scene = on.window.canvas.scene
    assert scene.choices == prompts.prompts(Settings(), False)
    assert scene.facts.cpu == "CPU only"
    press(on, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: on.scene.lanes[0].text == PLAIN)
    qtbot.waitUntil(lambda: not window.queue.busy)
    lane = on.scene.lanes[0]
    assert on.scene.prompt == scene.choices[1]
    assert lane.stats == on._session.path[-1].stats  # type: ignore[union-attr]
    assert lane.stats.decode_tokens_per_s > 0
    assert lane.tokens_per_s == lane.stats.decode_tokens_per_s
    assert lane.words == count_words(PLAIN) == 14
    assert lane.words_per_min == words_per_minute(14, lane.stats)
    assert format_rate(lane.tokens_per_s) == format_rate(lane.stats.decode_tokens_per_s)
    assert not lane.writing
    assert window.store.summaries() == []  # nothing of it is kept
    assert on.scene.note.startswith("Written in ")


def test_the_reader_goes_at_their_pace_behind_the_reply(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock
) -> None:
    window, on = stage
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
    assert on.scene.lanes[0].read == 0
    clock.now += 1.0  # four words at 240 a minute
    assert on.scene.lanes[0].read == len("A tern is a")
    clock.now += 60
    assert on.scene.lanes[0].read == len(PLAIN)
    window._settings[READING_PACE] = 120
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
    clock.now += 1.0
    assert on.scene.lanes[0].read == len("A tern")


def test_the_guide_is_shown_slowly_and_that_is_said(
    qtbot: QtBot,
    stage: tuple[MainWindow, StageController],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, on = stage
    monkeypatch.setattr(StageController, "_is_guide", property(lambda self: True))
    press(on, Qt.Key.Key_1)
    assert on.scene.prompt == "What are you?"
    qtbot.waitUntil(lambda: bool(shown(on)) and not window.queue.busy)
    assert shown(on) == "A"
    assert "8 words a second" in on.scene.note
    clock.now += 0.5
    lane = on.scene.lanes[0]
    assert lane.words == 5
    assert lane.writing
    assert lane.stats == on._session.path[-1].stats  # type: ignore[union-attr]
    assert lane.words_per_min == words_per_minute(14, lane.stats)  # of the whole, not of what is shown
    clock.now += 5
    assert shown(on) == PLAIN
    assert not on.scene.lanes[0].writing


def test_the_windows_own_replies_come_on_the_stage_but_no_private_ones(
    qtbot: QtBot, stage: tuple[MainWindow, StageController]
) -> None:
    window, on = stage
    window.chat.send("From the window")
    qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
    assert on.scene.prompt == "From the window"
    press(on, Qt.Key.Key_Space)
    assert on.scene.choices
    window.conversations.new_private()
    window.chat.send("A secret")
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert on.scene.choices
    assert not on.scene.lanes
    window.conversations.end_private()


def test_leaving_puts_everything_back(qtbot: QtBot, make_window: WindowMaker, clock: Clock) -> None:
    before = Awake.held
    window = make_window(FakeEngine([" ".join(["word"] * 400)] * 3, token_seconds=0.01), settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_controller, "KeepAwake", Awake)
        on = opened(qtbot, window, clock)
        assert Awake.held == before + 1
        store = on._store
        press(on, Qt.Key.Key_1)
        qtbot.waitUntil(lambda: bool(shown(on)))
        press(on, Qt.Key.Key_Escape)
    assert not on.is_open
    assert Awake.held == before
    qtbot.waitUntil(lambda: not window.queue.busy)  # the reply was stopped
    assert store is not None
    assert store.is_closed
    assert not [
        each for each in QApplication.topLevelWidgets() if each.objectName() == "stage" and each.isVisible()
    ]
    with qtbot.waitActive(window):
        window.activateWindow()
    assert QApplication.focusWidget() is window.composer.editor
    QTest.keyClicks(window.composer.editor, "still here")
    assert window.composer.message.text == "still here"


def test_it_goes_with_the_window(qtbot: QtBot, make_window: WindowMaker, clock: Clock) -> None:
    window = make_window(FakeEngine(token_seconds=0.01), settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    on = opened(qtbot, window, clock)
    press(on, Qt.Key.Key_1)
    window.close()
    assert not on.is_open


def test_the_carousel_runs_by_itself_until_a_key(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock
) -> None:
    window, on = stage
    texts = prompts.prompts(Settings(), False)
    press(on, Qt.Key.Key_A)
    for number in (0, 1, 2):
        qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
        assert on.scene.prompt == texts[number]
        clock.now += 100  # all read
        on.tick()
        clock.now += 1
        on.tick()
        assert on.scene.prompt == texts[number]  # it rests a moment
        clock.now += 4
        on.tick()
    assert on.scene.prompt == texts[3]
    press(on, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
    clock.now += 100
    on.tick()
    clock.now += 100
    on.tick()
    assert on.scene.prompt == texts[3]
    assert on.is_open


def test_prompts_are_edited_and_kept_by_keys_alone(
    qtbot: QtBot, stage: tuple[MainWindow, StageController]
) -> None:
    window, on = stage
    assert on.window is not None
    changed: list[object] = []
    on.changed.connect(changed.append)
    press(on, Qt.Key.Key_E)
    assert isinstance(on.window.over, PromptEditor)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, "Why 1 bird?")  # a digit is a digit here
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert on.window.over is None
    assert on.scene.choices[0] == "Why 1 bird?"
    assert changed == [STAGE_PROMPTS]
    assert prompts.own_prompts(window._settings) == ("Why 1 bird?", "", "", "", "")
    press(on, Qt.Key.Key_E)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.clear()
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert on.scene.choices[0] == "Why 1 bird?"
    assert on.is_open
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: on.scene.prompt == "Why 1 bird?")


@pytest.mark.parametrize("kept", ["[", "{}", "[1, null]", '["a"]'])
def test_damaged_prompts_are_the_usual_ones(kept: str) -> None:
    settings = Settings({"stage.prompts": kept})
    found = prompts.prompts(settings, True)
    assert found[1:] == prompts.prompts(Settings(), True)[1:]
    assert found[0] == ("a" if "a" in kept else "What are you?")


def test_thirty_seconds_of_reading_tell_the_pace(
    stage: tuple[MainWindow, StageController], clock: Clock
) -> None:
    window, on = stage
    assert on.window is not None
    press(on, Qt.Key.Key_C)
    over = on.window.over
    assert isinstance(over, Calibration)
    over._clock = clock
    assert over.step == "ready"
    QTest.keyClick(over, Qt.Key.Key_Space)
    assert over.step == "reading"
    clock.now += 29
    over._tick()
    assert over.step == "reading"
    clock.now += 1.5
    over._tick()
    assert over.step == "choosing"
    before = over._word
    for key, step in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_Left, 0), (Qt.Key.Key_Left, -1)):
        QTest.keyClick(over, key)
        assert over._word == before + step
    over.grab()  # lays the text out
    QTest.keyClick(over, Qt.Key.Key_Down)
    assert over._word > before + 3
    word = over._words[149]
    area, place = over._area(), over._column.place(word.start + 1)
    at = area.topLeft().toPoint()
    at.setX(at.x() + round(place.x) + 1)
    at.setY(at.y() + round(place.top + place.height / 2))
    QTest.mouseClick(over, Qt.MouseButton.LeftButton, pos=at)
    assert over._word == 150
    QTest.keyClick(over, Qt.Key.Key_Return)
    assert window._settings[READING_PACE] == 300
    assert "300" in over.accessibleDescription()
    QTest.keyClick(over, Qt.Key.Key_Return)
    assert on.window.over is None


def test_paper_and_black_are_kept(stage: tuple[MainWindow, StageController]) -> None:
    window, on = stage
    assert on.window is not None

    def corner() -> str:
        assert on.window is not None
        return on.window.canvas.grab().toImage().pixelColor(2, 2).name().upper()

    assert corner() == "#FBFAF8"
    press(on, Qt.Key.Key_B)
    assert corner() == "#000000"
    assert window._settings[STAGE_LOOK] == "black"
    press(on, Qt.Key.Key_B)
    assert corner() == "#FBFAF8"


def test_controls_have_names_go_while_it_runs_and_come_back(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, on = stage
    assert on.window is not None
    bar = on.window.bar
    for button in on.window.findChildren(QPushButton):
        assert button.accessibleName()
        assert button.accessibleDescription()
    assert bar.isVisible()
    monkeypatch.setattr(StageController, "_is_guide", property(lambda self: True))  # takes its time
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: not bar.isVisible())
    assert on.window.cursor().shape() is Qt.CursorShape.BlankCursor
    press(on, Qt.Key.Key_Tab)
    assert bar.isVisible()
    clock.now += 100
    qtbot.waitUntil(lambda: not window.queue.busy)
    on.tick()
    assert bar.isVisible()
    assert on.window.cursor().shape() is not Qt.CursorShape.BlankCursor


def test_only_what_changed_is_painted_again_and_nothing_else_would_differ(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each picture in steps is that of the whole painted anew."""
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    from tern.ui.stage.scene_painter import ScenePainter

    window, on = stage
    assert on.window is not None
    monkeypatch.setattr(StageController, "_is_guide", property(lambda self: True))
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: bool(shown(on)) and not window.queue.busy)
    look = on.window.canvas._painter.look
    painter, fresh = ScenePainter(look), ScenePainter(look)
    size = look.size.toSize()
    whole = QRectF(0, 0, size.width(), size.height())
    stepwise = QImage(size, QImage.Format.Format_RGB32)

    def paint(on_image: QImage, by: ScenePainter, scene: object, area: QRectF) -> None:
        p = QPainter(on_image)
        p.setClipRect(area.toAlignedRect())
        by.paint(p, scene, QRectF(area.toAlignedRect()))  # type: ignore[arg-type]
        p.end()

    before = on.scene
    paint(stepwise, painter, before, whole)
    for _ in range(30):
        clock.now += 0.13
        scene = on.scene
        for area in painter.changed(before, scene):
            paint(stepwise, painter, scene, area)
        anew = QImage(size, QImage.Format.Format_RGB32)
        paint(anew, fresh, scene, whole)
        assert stepwise == anew
        before = scene


def test_a_run_is_saved_as_picture_and_animation(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock, tmp_path: Path
) -> None:
    window, on = stage
    press(on, Qt.Key.Key_G)
    assert "first" in on.scene.prompt  # there is no run yet
    press(on, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: shown(on) == PLAIN and not window.queue.busy)
    for _ in range(12):
        clock.now += 0.1
        on.tick()
    for key, name in ((Qt.Key.Key_S, "a.png"), (Qt.Key.Key_G, "b.gif")):
        press(on, key)
        assert on.window is not None
        (dialog,) = on.window.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
        qtbot.waitUntil(lambda: on._job is None)
        assert name in on.scene.status
        qtbot.waitUntil(lambda: not on.window.findChildren(QFileDialog))  # type: ignore[union-attr]
    assert QImage(str(tmp_path / "a.png")).width() == 1920
    assert QImageReader(str(tmp_path / "b.gif")).imageCount() >= 3
    on.save(tmp_path / "no folder" / "c.png", on.scene, [])
    qtbot.waitUntil(lambda: on._job is None)
    assert "could not be written" in on.scene.status


def test_of_a_long_run_the_beginning_and_the_end_are_saved(
    qtbot: QtBot, stage: tuple[MainWindow, StageController], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, on = stage
    monkeypatch.setattr(stage_controller, "_GUIDE_WORDS_PER_S", 0.1)
    monkeypatch.setattr(StageController, "_is_guide", property(lambda self: True))
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: bool(shown(on)) and not window.queue.busy)
    for _ in range(400):
        clock.now += 0.5
        on.tick()
    assert len(on._record) < 110
    assert on._record[-1][1].lanes[0].text == PLAIN
    assert on._record[-2][0] - on._record[0][0] <= 46


def test_a_reply_that_fails_says_why(qtbot: QtBot, make_window: WindowMaker, clock: Clock) -> None:
    engine = FakeEngine(["one two three"] * 2, error=UserError("The memory ran out."), error_after=2)
    window = make_window(engine, settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    on = opened(qtbot, window, clock)
    press(on, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: on.scene.status == "The memory ran out.")
    assert on.scene.lanes[0].text == "one two"
    on.leave()


def test_it_is_offered_where_people_look(qtbot: QtBot, make_window: WindowMaker, clock: Clock) -> None:
    window = make_window(FakeEngine(), settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    button = window.readouts.findChild(QToolButton, "stageButton")
    assert button.isVisible()
    assert button.accessibleName()
    action = window.actions_["stage"]
    assert any(action in menu.actions() for menu in window.menus.findChildren(QMenu))
    button.click()
    assert window.stage is not None
    assert window.stage.is_open
    assert window.stage.scene.facts.network == window.stage.network
    window.take_network_word("Network off")
    window.stage.tick()
    assert window.stage.scene.facts.network == "Network off"
    window.stage.leave()


def test_joules_are_told_where_the_replys_numbers_have_them(
    qtbot: QtBot, make_window: WindowMaker, clock: Clock
) -> None:
    window = make_window(FakeEngine(), settings=Settings())
    qtbot.waitUntil(lambda: window.queue.info is not None)
    window.show_stage()
    assert window.stage is not None
    window.stage.ask(1)
    qtbot.waitUntil(lambda: not window.queue.busy)
    session, stats = window.stage._session, Stats(tokens=10)
    assert session is not None
    for energy, words in (
        (None, ""),
        (Energy(why="no counter"), ""),
        (Energy(joules_per_token=1.941), "1.94 J a token"),
    ):
        window.queue.grew.emit(session, "", replace(stats, energy=energy))
        window.stage._clock = lambda: clock.now + 1e9
        window.stage._facts_at = -1e9
        assert window.stage.scene.facts.energy == words
    window.stage.leave()
