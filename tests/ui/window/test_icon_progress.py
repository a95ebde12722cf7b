"""Downloads on Tern's icon: on a real D-Bus for Linux's docks, by a stand-in for Objective-C's runtime for macOS."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tern.ui.window import icon_progress
from tern.ui.window.icon_progress import IconProgress

from .test_notifications import bus  # noqa: F401  # a fixture

pytestmark = pytest.mark.slow

# Knows what Tern asks of the runtime, and writes each message down as "receiver selector argument".
RUNTIME = """
#include <stdio.h>
#include <string.h>
static char log_[4096];
const char *said(void) { return log_; }
void *objc_getClass(const char *name) { return (void *)name; }
void *sel_registerName(const char *name) { return (void *)name; }
void *objc_msgSend(void *to, const char *selector, const char *argument) {
    const char *shown = strchr(selector, ':') ? argument ? argument : "nil" : "";
    snprintf(log_ + strlen(log_), sizeof log_ - strlen(log_), "%s %s%s;", to ? (char *)to : "nil", selector, shown);
    if (!strcmp(selector, "sharedApplication")) return "app";
    if (!strcmp(selector, "dockTile")) return "tile";
    return !strcmp(selector, "stringWithUTF8String:") ? (void *)argument : 0;
}
"""


@pytest.fixture
def updates(bus: None) -> Any:  # noqa: F811
    from jeepney import MatchRule, message_bus
    from jeepney.io.blocking import open_dbus_connection

    connection = open_dbus_connection(bus="SESSION")
    rule = MatchRule(type="signal", interface=icon_progress._INTERFACE, member="Update")
    connection.send_and_get_reply(message_bus.AddMatch(rule))
    with connection.filter(rule, bufsize=100) as queue:
        yield lambda: connection.recv_until_filtered(queue, timeout=60).body
    connection.close()


def test_the_docks_of_linux_are_told(qtbot: QtBot, updates: Any) -> None:
    icon = IconProgress(None)  # type: ignore[arg-type]
    for part in (0.101, 0.109, 0.5, None):
        icon.show_part(part)
    told = [updates() for _ in range(3)]
    assert {name for name, _ in told} == {"application://tern.desktop"}
    assert [shown["progress-visible"][1] for _, shown in told] == [True, True, False]
    assert [round(shown["progress"][1], 2) for _, shown in told] == [0.1, 0.5, 0.0]


def test_the_dock_of_macos_has_a_label(tmp_path: Path) -> None:
    source, library = tmp_path / "runtime.c", tmp_path / "runtime.so"
    source.write_text(RUNTIME)
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", library, source], check=True)
    objc = ctypes.CDLL(str(library))
    objc.said.restype = ctypes.c_char_p
    icon_progress._label_in_the_dock(0.42, objc)
    icon_progress._label_in_the_dock(None, objc)
    assert objc.said().decode().split(";")[:-1] == [
        "NSString stringWithUTF8String:42%",
        "NSApplication sharedApplication",
        "app dockTile",
        "tile setBadgeLabel:42%",
        "NSApplication sharedApplication",
        "app dockTile",
        "tile setBadgeLabel:nil",
    ]
