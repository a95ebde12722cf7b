"""A person whose window is away is told of a long reply and of a download; through a real D-Bus, to a real service."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tern.engine.types import FinishReason, Stats
from tern.ui.window import notifications
from tern.ui.window.main_window import MainWindow
from tern.ui.window.notifications import Notifications

from ..composing import exchange
from ..conftest import WindowMaker

pytestmark = pytest.mark.slow


class Desktop:
    """The service that shows notifications: keeps what it is told, and may answer as a click does."""

    def __init__(self, click: bool) -> None:
        from jeepney import DBusAddress, MessageType, message_bus, new_method_return, new_signal
        from jeepney.io.blocking import open_dbus_connection

        self.told: list[tuple[Any, ...]] = []
        self._bus = bus = open_dbus_connection(bus="SESSION")
        bus.send_and_get_reply(message_bus.RequestName(notifications._NAME))
        own = DBusAddress(notifications._PATH, interface=notifications._NAME)

        def serve() -> None:
            while True:
                try:
                    message = bus.receive()
                except OSError:
                    return
                if message.header.message_type is not MessageType.method_call:
                    continue
                self.told.append(message.body)
                bus.send(new_method_return(message, "u", (7,)))
                if click:
                    bus.send(new_signal(own, "ActionInvoked", "us", (7, "default")))

        threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        self._bus.close()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if sys.platform != "linux" or shutil.which("dbus-daemon") is None:
        pytest.skip("needs dbus-daemon")
    command = ["dbus-daemon", "--session", "--nofork", "--print-address", "--nopidfile"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().strip())
        yield
        daemon.send_signal(signal.SIGTERM)


def _away(window: MainWindow, monkeypatch: pytest.MonkeyPatch, away: bool = True) -> None:
    monkeypatch.setattr(Notifications, "away", property(lambda self: away))


def _end_a_reply(window: MainWindow, seconds: float, **changes: object) -> None:
    """As if the last reply had taken so long."""
    reply = window.session.path[-1]
    stats = Stats(tokens=int(10 * seconds), decode_tokens_per_s=10.0, finish_reason=FinishReason.END_OF_TURN)
    reply.stats = replace(stats, **changes)  # type: ignore[arg-type]
    window._tell_who_is_away(window.session, "")


@pytest.mark.usefixtures("bus")
def test_the_desktop_is_told_and_a_click_brings_the_window(
    qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = Desktop(click=True)
    window = make_window(replies=["Yes."])
    came: list[int] = []
    window.notifications._clicked.connect(lambda: came.append(1))
    exchange(qtbot, window, "Salt & <pepper>?")
    _away(window, monkeypatch)
    _end_a_reply(window, 20)
    qtbot.waitUntil(lambda: len(desktop.told) == 1)
    name, _, icon, title, body, *_ = desktop.told[0]
    assert (name, icon, title) == ("Tern", "tern", "The reply is ready")
    assert body == "Salt &amp; &lt;pepper&gt;?", "the chat's title, as that service wants it written"
    qtbot.waitUntil(lambda: came == [1])
    desktop.close()


def test_who_is_there_is_not_told_nor_of_what_was_short_or_stopped(
    qtbot: QtBot, make_window: WindowMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        notifications, "_tell_the_desktop", lambda title, text, clicked: told.append((title, text))
    )
    monkeypatch.setattr(notifications, "Thread", _Now)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(notifications.sys, "platform", "linux")
    window = make_window(replies=["Yes."])
    exchange(qtbot, window, "Secret plans")
    _away(window, monkeypatch, away=False)
    _end_a_reply(window, 60)
    _away(window, monkeypatch)
    _end_a_reply(window, 5)
    _end_a_reply(window, 60, finish_reason=FinishReason.STOPPED)
    assert told == []
    _end_a_reply(window, 60)
    assert told == [("The reply is ready", "Secret plans")]
    monkeypatch.setattr(window.session.store, "is_private", True)
    _end_a_reply(window, 60)
    assert told[1:] == [("The reply is ready", "Private chat")]


class _Now:
    """A thread that has run when it is started."""

    def __init__(self, target: Any, args: tuple[Any, ...], daemon: bool) -> None:
        self.start = lambda: target(*args)


def test_without_a_service_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    notifications._tell_the_desktop("a", "b", lambda: None)
    assert os.environ["DBUS_SESSION_BUS_ADDRESS"]
