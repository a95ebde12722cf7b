"""The settings as a person changes them: made from the table, searched, restored, in force at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tern.chat.presets import PRESETS, preset_of
from tern.chat.reply_options import sampling_of
from tern.chat.store import Store
from tern.chat.types import Manner
from tern.engine.fake_engine import FakeEngine
from tern.settings import (
    FONT_SIZE,
    PROXY,
    SECTIONS,
    SYSTEM_PROMPT,
    TABLE,
    TEMPERATURE,
    THREADS,
    TOP_P,
    Settings,
)
from tern.ui.settings.settings_page import SettingsPage
from tern.ui.style.theme import Theme
from tern.ui.window.main_window import MainWindow

from ..conftest import WindowMaker

pytestmark = pytest.mark.slow

CONTROL = Qt.KeyboardModifier.ControlModifier


def _open(qtbot: QtBot, window: MainWindow) -> SettingsPage:
    QTest.keyClick(window, Qt.Key.Key_Comma, CONTROL)
    page = window.settings_controller.page
    assert page is not None
    assert page.isVisible()
    return page


def _say(qtbot: QtBot, window: MainWindow, text: str) -> None:
    QTest.keyClicks(window.composer.editor, text)
    QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.session.busy)


def test_every_setting_with_a_label_has_a_row_with_its_sentence(
    qtbot: QtBot, make_window: WindowMaker
) -> None:
    page = _open(qtbot, make_window())
    assert [row.setting for row in page.rows] == [setting for setting in TABLE if setting.label]
    for row in page.rows:
        assert row.control.accessibleName()
        if row.control.isEnabled():  # else it says why this system cannot
            assert row.control.accessibleDescription() == row.setting.help


def test_a_change_applies_at_once_and_can_be_restored(
    qtbot: QtBot, make_window: WindowMaker, theme: Theme
) -> None:
    settings = Settings()
    page = _open(qtbot, make_window(settings=settings))
    size = page.findChild(QSpinBox, "setting-font_size")
    restore = page.findChild(QToolButton, "restore-font_size")
    assert not restore.isVisible()
    size.setFocus()
    size.selectAll()
    QTest.keyClicks(size, "20")
    QTest.keyClick(size, Qt.Key.Key_Return)
    assert settings[FONT_SIZE] == 20
    assert theme.scale == pytest.approx(20 / 15)
    assert restore.isVisible()
    qtbot.mouseClick(restore, Qt.MouseButton.LeftButton)
    assert not settings.is_changed(FONT_SIZE)
    assert theme.scale == 1.0
    box = page.findChild(QComboBox, "setting-theme")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    assert theme.dark
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert QApplication.focusWidget().objectName() == "composer"


def test_the_search_leaves_what_fits(qtbot: QtBot, make_window: WindowMaker) -> None:
    page = _open(qtbot, make_window())
    assert {row.setting.section for row in page.rows if row.isVisible()} == {"Appearance"}
    QTest.keyClicks(page.search, "choose among")
    shown = [row.setting.key for row in page.rows if row.isVisible()]
    assert shown == ["sampling.top_k", "sampling.top_p"]
    QTest.keyClicks(page.search, " qqq")
    assert page._none.isVisible()
    item = page.sections.item(SECTIONS.index("Network"))
    QTest.mouseClick(
        page.sections.viewport(), Qt.MouseButton.LeftButton, pos=page.sections.visualItemRect(item).center()
    )
    assert page.search.text() == ""
    assert [row.setting.key for row in page.rows if row.isVisible()] == ["offline", "download_limit"]
    assert page.findChild(QWidget, "networkSection").isVisible()


def test_what_was_looked_for_last_time_hides_nothing(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    page = _open(qtbot, window)
    QTest.keyClicks(page.search, "offline")
    page.close()
    window.settings_controller.show_page()
    assert page.isVisible()
    assert page.search.text() == ""
    QTest.keyClicks(page.search, "offline")
    window.settings_controller.show_page()  # it is there already: what is being looked for stays
    assert page.search.text() == "offline"


def test_enter_can_break_the_line_instead(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine()
    window = make_window(engine)
    page = _open(qtbot, window)
    check = page.findChild(QCheckBox, "setting-enter_sends")
    check.setFocus()
    QTest.keyClick(check, Qt.Key.Key_Space)
    page.close()
    editor = window.composer.editor
    QTest.keyClicks(editor, "a")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "b")
    QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: bool(engine.requests) and not window.session.busy)
    assert engine.requests[0].messages[-1].content == "a\nb"


def test_a_setting_of_the_model_opens_it_again(qtbot: QtBot, make_window: WindowMaker) -> None:
    opened: list[int] = []
    settings = Settings()
    window = make_window(load=False, settings=settings)

    def factory(progress: object) -> FakeEngine:
        opened.append(settings[THREADS])
        return FakeEngine()

    window.open_model(factory)
    page = _open(qtbot, window)
    page.findChild(QSpinBox, "setting-threads").setValue(1)
    qtbot.waitUntil(lambda: opened == [0, 1])


def test_a_conversation_has_its_own_prompt_and_sampling(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine = FakeEngine()
    settings = Settings()
    settings[SYSTEM_PROMPT] = "From the settings."
    window = make_window(engine, settings=settings)
    _say(qtbot, window, "one")
    assert engine.requests[-1].messages[0].content == "From the settings."
    window.settings_controller.show_reply_options()
    page = window.settings_controller.reply_options
    assert page is not None
    assert page.isVisible()
    page.preset.setCurrentIndex([preset.key for preset in PRESETS].index("precise"))
    page.preset.activated.emit(page.preset.currentIndex())
    prompt = page.findChild(QPlainTextEdit, "setting-system_prompt")
    assert "step by step" in prompt.toPlainText()
    assert page.findChild(QDoubleSpinBox, "setting-sampling.temperature").value() == pytest.approx(0.2)
    _say(qtbot, window, "two")
    assert engine.requests[-1].messages[0].content == prompt.toPlainText()
    assert engine.requests[-1].sampling.temperature == pytest.approx(0.2)
    page.findChild(QDoubleSpinBox, "setting-sampling.temperature").setValue(0.5)
    assert page.preset.currentIndex() == -1
    window.conversations.new()
    _say(qtbot, window, "three")
    assert engine.requests[-1].sampling.temperature == pytest.approx(TEMPERATURE.default)
    window.conversations.show(window.store.summaries()[-1].id)
    assert window.session.manner.sampling[TEMPERATURE.key] == 0.5
    assert not page.isVisible(), "it was about another chat"


def test_presets_are_in_range_and_recognised() -> None:
    for preset in PRESETS:
        sampling, longest = sampling_of(preset.manner, Settings())
        assert longest is None
        assert preset_of(preset.manner) is preset
        for key, value in preset.manner.sampling.items():
            (setting,) = [setting for setting in (TEMPERATURE, TOP_P) if setting.key == key]
            assert setting.problem(value) is None
    assert sampling.seed is None
    assert preset_of(Manner("Something else.")) is None
    broken = Manner(None, {TEMPERATURE.key: 99.0})
    assert sampling_of(broken, Settings())[0].temperature == TEMPERATURE.default


def test_the_keys_walk_through_the_sections(qtbot: QtBot, make_window: WindowMaker) -> None:
    page = _open(qtbot, make_window())
    page.sections.setFocus()
    seen = []
    for _ in SECTIONS:
        seen.append((page.section, [row.setting.section for row in page.rows if row.isVisible()]))
        QTest.keyClick(page.sections, Qt.Key.Key_Down)
    assert [section for section, _ in seen] == list(SECTIONS)
    for section, rows in seen:
        assert set(rows) == {section}, section


def test_every_section_has_room_in_the_smallest_window(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    window.resize(480, 420)
    page = _open(qtbot, window)
    tabs = page.sections
    for number in range(tabs.count()):
        place = tabs.visualItemRect(tabs.item(number))
        assert tabs.viewport().rect().contains(place), tabs.item(number).text()
        QTest.mouseClick(tabs.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
        assert page.section == SECTIONS[number]
        for row in page.rows:
            if row.isVisible():
                assert row.width() <= page.list.viewport().width(), row.setting.key
                assert row.control.width() > 0
                assert row.rect().contains(row.control.geometry()), row.setting.key


def test_a_setting_is_shown_with_the_keyboard_on_it(make_window: WindowMaker) -> None:
    window = make_window()
    window.settings_controller.show_setting(PROXY)
    page = window.settings_controller.page
    assert page is not None
    assert page.section == "Advanced"
    field = page.findChild(QLineEdit, "setting-proxy")
    assert QApplication.focusWidget() is field
    assert not field.visibleRegion().isEmpty()


def test_the_data_folder_is_named_and_opened(
    qtbot: QtBot, make_window: WindowMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERN_DATA_DIR", str(tmp_path))
    opened: list[str] = []
    monkeypatch.setattr(
        "tern.ui.settings.data_section.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    store = Store.open(tmp_path / "data")
    page = _open(qtbot, make_window(store=store))
    page.show_section("Chats and privacy")
    folder = str(tmp_path / "data")
    assert page.findChild(QLabel, "dataFolder").text().replace("\u200b", "") == folder
    assert page.findChild(QLabel, "dataAmount").text().startswith("Chats take ")
    QTest.mouseClick(page.findChild(QPushButton, "openDataFolder"), Qt.MouseButton.LeftButton)
    assert [Path(one) for one in opened] == [Path(folder)]
    page.window().close()
    store.close()


def test_the_slider_and_the_number_are_one_value(qtbot: QtBot, make_window: WindowMaker) -> None:
    settings = Settings()
    page = _open(qtbot, make_window(settings=settings))
    page.show_section("Replies")
    slider = page.findChild(QSlider, "slider-sampling.temperature")
    number = page.findChild(QDoubleSpinBox, "setting-sampling.temperature")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert settings[TEMPERATURE] == pytest.approx(0.75)
    assert number.value() == pytest.approx(0.75)
    number.setValue(0.33)
    assert settings[TEMPERATURE] == pytest.approx(0.33), "to the hundredth, though the slider goes by steps"
    assert slider.value() == 7
    QTest.mouseClick(page.findChild(QToolButton, "restore-sampling.temperature"), Qt.MouseButton.LeftButton)
    assert slider.value() == 14


@pytest.mark.parametrize(("language", "shown"), [("en", "0.70"), ("de", "0,70")])
@pytest.mark.parametrize("typed", ["0.35", "0,35"])
def test_numbers_are_shown_as_the_language_has_them_and_typed_with_point_or_comma(
    qtbot: QtBot, make_window: WindowMaker, language: str, shown: str, typed: str
) -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(language))
    try:
        settings = Settings()
        window = make_window(settings=settings)
        window.settings_controller.show_setting(TEMPERATURE)
        box = next(each for each in window.findChildren(QDoubleSpinBox) if each.hasFocus())
        assert box.text() == shown
        box.selectAll()
        QTest.keyClicks(box, typed)
        QTest.keyClick(box, Qt.Key.Key_Return)
        assert settings[TEMPERATURE] == 0.35
    finally:
        QLocale.setDefault(before)


def test_tab_goes_from_the_search_to_what_was_found(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    page = _open(qtbot, window)
    QTest.keyClicks(page.search, "temperature")
    QTest.keyClick(page.search, Qt.Key.Key_Tab)
    assert page.search.text() == "temperature"
    assert isinstance(QApplication.focusWidget(), QDoubleSpinBox)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("font", "Text size"), ("bigger", "Text size"), ("dark mode", "Theme"), ("download", "Download limit"),
        ("speed", "Threads"), ("internet", "Work offline"), ("creativity", "Temperature"),
        ("trash", "Keep deleted chats"),
    ],
)  # fmt: skip
def test_other_words_find_a_setting_too(
    qtbot: QtBot, make_window: WindowMaker, said: str, label: str
) -> None:
    window = make_window()
    page = _open(qtbot, window)
    QTest.keyClicks(page.search, said)
    assert label in [row.setting.label for row in page.rows if row.isVisible()]


def test_what_is_no_setting_is_found_too(qtbot: QtBot, make_window: WindowMaker) -> None:
    window = make_window()
    page = _open(qtbot, window)
    QTest.keyClicks(page.search, "delete all")
    assert window.findChild(QPushButton, "deleteAllChats").isVisible()
