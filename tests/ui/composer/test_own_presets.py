"""Presets of one's own: kept under a name, chosen for any conversation, deleted again; never a broken one."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from tern.chat.presets import PRESETS, keep_own, own_presets
from tern.chat.types import Manner
from tern.engine.fake_engine import FakeEngine
from tern.settings import OWN_PRESETS, TEMPERATURE, Settings

from ..conftest import WindowMaker


def test_kept_chosen_and_deleted(qtbot: QtBot, make_window: WindowMaker) -> None:
    engine, settings = FakeEngine(), Settings()
    window = make_window(engine, settings=settings)
    window.settings_controller.show_reply_options()
    page = window.settings_controller.reply_options
    name, keep = page.findChild(QLineEdit, "presetName"), page.findChild(QPushButton, "presetKeep")
    assert not keep.isEnabled()
    page.findChild(QPlainTextEdit, "setting-system_prompt").setPlainText("Speak like a pirate & a poet.")
    page.findChild(QDoubleSpinBox, f"setting-{TEMPERATURE.key}").setValue(1.2)
    QTest.keyClicks(name, "Pirate & poet")
    QTest.mouseClick(keep, Qt.MouseButton.LeftButton)
    assert page.findChild(QComboBox, "presetBox").currentText() == "Pirate & poet"
    window.settings_controller.close_reply_options()

    window.conversations.new()
    button = window.composer.preset_button
    menu = button.menu()
    menu.aboutToShow.emit()
    texts = [action.text().replace("&&", "&") for action in menu.actions()]
    assert [preset.name for preset in PRESETS] == texts[: len(PRESETS)]
    menu.actions()[texts.index("Pirate & poet")].trigger()
    assert "Pirate & poet" in button.accessibleName()
    window.chat.send("Ahoy")
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert engine.requests[-1].messages[0].content == "Speak like a pirate & a poet."
    assert engine.requests[-1].sampling.temperature == pytest.approx(1.2)

    window.settings_controller.show_reply_options()
    page = window.settings_controller.reply_options
    remove = page.findChild(QPushButton, "presetRemove")
    assert remove.isVisible()
    QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert not remove.isVisible()
    assert own_presets(settings) == ()
    assert window.session.manner.system == "Speak like a pirate & a poet.", "the conversation stays as it is"
    assert page.findChild(QComboBox, "presetBox").currentIndex() == -1


def test_choosing_in_the_page_shows_in_the_composer(make_window: WindowMaker) -> None:
    window = make_window()
    window.settings_controller.show_reply_options()
    box = window.settings_controller.reply_options.findChild(QComboBox, "presetBox")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() in window.composer.preset_button.accessibleName()


def test_the_same_name_is_the_same_preset() -> None:
    settings = Settings()
    keep_own(settings, "mine", Manner("one", {}))
    keep_own(settings, "Another", Manner(None, {TEMPERATURE.key: 0.1}))
    keep_own(settings, "mine", Manner("two", {}))
    assert [(p.name, p.manner.system) for p in own_presets(settings)] == [("Another", None), ("mine", "two")]


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        '{"a": 1}',
        '{"a": {"system": 5, "sampling": {}}}',
        '{"a": {"system": null, "sampling": {"sampling.temperature": 99}}}',
        '{"a": {"system": null, "sampling": {"rm": 1}}}',
    ],
)
def test_what_is_no_preset_is_passed_over(kept: str) -> None:
    settings = Settings({OWN_PRESETS.key: kept})
    assert own_presets(settings) == ()
    keep_own(settings, "good", Manner("x", {}))
    assert list(json.loads(settings[OWN_PRESETS])) == ["good"]
