"""The whole program as it is started: a process of its own, on the offscreen platform."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patience import HANG_S
from tern.engine.convert.synthetic import SHAPES, write_synthetic
from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.types import TensorType
from tern.engine.gguf.writer import GGUFWriter

pytestmark = pytest.mark.slow

START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tern.ui import app
from tern.ui.window import main_window

def window():
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow))

def look():  # once something is said
    if not window().notice.isVisible():
        QTimer.singleShot(20, look)
        return
    print("said", window().notice.isVisible(), window().notice.message, flush=True)
    window().close()

def fail():
    raise RuntimeError("secret detail")

application = QApplication([])

def ready():
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow)]
    if windows and windows[0].isVisible():
        print("ready True", flush=True)
    else:
        QTimer.singleShot(20, ready)

QTimer.singleShot(20, ready)
{extra}
sys.exit(app.run(app.WindowOptions({options})))
"""


@contextmanager
def _start(
    tmp_path: Path, extra: str = "", options: str = "", **variables: str
) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TERN_DATA_DIR": str(tmp_path), **variables}
    with subprocess.Popen(
        [sys.executable, "-c", START.format(extra=extra, options=options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(
    sys.platform == "win32", reason="Ctrl+C reaches a Windows process only through its console"
)
def test_ctrl_c_closes_the_window_at_once(tmp_path: Path) -> None:
    with _start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready True"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_an_error_nobody_caught_is_one_sentence_in_the_window(tmp_path: Path) -> None:
    with _start(tmp_path, "QTimer.singleShot(0, fail); QTimer.singleShot(0, look)") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, errors
    assert "said True Something went wrong inside Tern" in out
    assert "secret" not in out


def test_a_missing_model_leaves_a_window_that_says_so(tmp_path: Path) -> None:
    with _start(tmp_path, "QTimer.singleShot(0, look)", "model=Path('nowhere.gguf')") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert "said True" in out, errors
    assert "nowhere.gguf" in out


EARLY = """
import threading
asked = threading.Event()
inner = app._import_the_rest
def wait():  # what a model needs is still being imported when the question comes
    asked.wait()
    inner()
app._import_the_rest = wait

def ask():
    if not any(isinstance(w, main_window.MainWindow) and w.isVisible() for w in QApplication.topLevelWidgets()):
        QTimer.singleShot(1, ask)
        return
    window().chat.send("What are you?")
    asked.set()
    QTimer.singleShot(1, look_on)

def look_on():
    if window().session.busy:
        QTimer.singleShot(20, look_on)
        return
    print("replied", window().session.path[-1].state.value, window().transcript.last_reply(), flush=True)
    window().close()

QTimer.singleShot(0, ask)
"""


def test_a_question_that_comes_before_the_model_waits_for_it(tmp_path: Path) -> None:
    with _start(tmp_path, EARLY) as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert "replied done I am" in out, (out, errors)


WATCH = "main_window.MainWindow.come_up = lambda self: print('came up', flush=True)"


def _ways(tmp_path: Path) -> dict[str, dict[str, str]]:
    """The data folder by other names, and the socket's folder elsewhere."""
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "elsewhere").mkdir()
    return {
        "the same": {},
        "a link": {"TERN_DATA_DIR": str(tmp_path / "link")},
        "a detour": {"TERN_DATA_DIR": str(tmp_path / "elsewhere" / ".." / "folder")},
        "another TMPDIR": {"TMPDIR": str(tmp_path / "elsewhere")},
        "another runtime folder": {"XDG_RUNTIME_DIR": str(tmp_path / "elsewhere")},
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_second_launch_raises_the_first_and_ends(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with _start(tmp_path / "folder", WATCH) as first:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "ready True"
        for way, variables in _ways(tmp_path).items():
            with _start(tmp_path / "folder", **variables) as second:
                out, errors = second.communicate(timeout=HANG_S)
            assert (second.returncode, out, errors) == (0, "", ""), way
            assert first.stdout.readline().strip() == "came up", way
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=HANG_S) == 0
    left = {path.name for path in (tmp_path / "folder" / "data").iterdir()}
    assert "tern.address" not in left


def test_two_launches_at_once_make_one_window(tmp_path: Path) -> None:
    with _start(tmp_path, WATCH) as one, _start(tmp_path, WATCH) as other:
        while one.poll() is None and other.poll() is None:
            time.sleep(0.05)
        ended, stays = (one, other) if one.poll() is not None else (other, one)
        assert ended.returncode == 0
        assert stays.stdout is not None
        assert {stays.stdout.readline().strip(), stays.stdout.readline().strip()} == {"ready True", "came up"}
        assert stays.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_window_that_was_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    with _start(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "ready True"
        while (
            first.poll() is None and not (tmp_path / "data" / "tern.address").is_file()
        ):  # after the first frame
            time.sleep(0.05)
        first.kill()
        first.wait()
    assert (tmp_path / "data" / "tern.address").is_file()
    with _start(tmp_path) as second:
        assert second.stdout is not None
        assert second.stdout.readline().strip() == "ready True"


LOADED = """
def watch():
    window().queue.model_loaded.connect(lambda info: print("loaded", info.path, flush=True))
QTimer.singleShot(0, watch)
"""


@pytest.mark.parametrize("early", [True, False])
def test_a_file_that_the_system_opens_with_tern_is_opened(early: bool, tmp_path: Path) -> None:
    """As macOS tells it, by an event that may come before or after a model can be opened."""
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    script = START.replace("QApplication([])", "app.Application([])")
    event = (
        "from PySide6.QtGui import QFileOpenEvent\n"
        f"def give(): QApplication.sendEvent(application, QFileOpenEvent({str(tmp_path / 'tiny.gguf')!r}))\n"
    )
    when = "QTimer.singleShot(0, give)" if early else ""
    extra = f"{event}{LOADED}{when}"
    if not early:
        extra = extra.replace("flush=True))", "flush=True) or ('guide' in str(info.path) and give()))")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "TERN_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", script.format(extra=extra, options="")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = (line for line in iter(process.stdout.readline, "") if line.startswith("loaded"))
        assert any("tiny.gguf" in line for line in lines)
        process.kill()


def test_a_second_launch_with_a_model_opens_it_in_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    (tmp_path / "web page.gguf").write_text("<html>")
    with _start(tmp_path, LOADED) as first:
        assert first.stdout is not None
        lines = (line for line in iter(first.stdout.readline, "") if line.startswith("loaded"))
        assert "guide" in next(lines)
        for model, said in (("web page.gguf", "web page"), ("nowhere.gguf", "there is no such file")):
            with _start(tmp_path, options=f"model=Path({str(tmp_path / model)!r})") as second:
                _, errors = second.communicate(timeout=HANG_S)
            assert second.returncode != 0
            assert said in errors
        monkeypatch.chdir(tmp_path)  # the path is the second one's, wherever the first was started
        with _start(tmp_path, options="model=Path('tiny.gguf')") as second:
            assert second.wait(timeout=HANG_S) == 0
        assert next(lines).strip() == f"loaded {tmp_path / 'tiny.gguf'}"


def _without_vocabulary(model: Path, out: Path) -> None:
    writer = GGUFWriter(out)
    with GGUFFile.open(model) as source:
        for key in source.metadata:
            if not key.startswith("tokenizer."):
                writer.add_raw(key, *source.metadata.raw(key))
        for name, info in source.tensors.items():
            writer.add_tensor(name, info.shape, TensorType(info.type), source.data(name).copy())
    writer.write()


def test_a_model_that_fails_in_the_first_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "tiny.gguf", SHAPES["tiny"])
    _without_vocabulary(tmp_path / "tiny.gguf", tmp_path / "mute.gguf")
    with _start(tmp_path, LOADED) as first:
        assert first.stdout is not None
        lines = (line for line in iter(first.stdout.readline, "") if line.startswith("loaded"))
        assert "guide" in next(lines)
        with _start(tmp_path, options=f"model=Path({str(tmp_path / 'mute.gguf')!r})") as second:
            _, errors = second.communicate(timeout=HANG_S)
        assert second.returncode != 0
        assert "mute.gguf" in errors
        assert "vocabulary" in errors
        with _start(tmp_path, options=f"model=Path({str(tmp_path / 'tiny.gguf')!r})") as third:
            assert third.wait(timeout=HANG_S) == 0
        assert "guide" in next(lines), "it had come back"
        assert "tiny" in next(lines)


def test_where_nothing_can_be_locked_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "data" / "tern.lock").mkdir(parents=True)
    with _start(tmp_path, "QTimer.singleShot(0, look)") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, errors
    assert "cannot be locked" in out
    with _start(tmp_path, WATCH) as first:  # a second one is found all the same
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "ready True"
        with _start(tmp_path) as second:
            assert second.wait(timeout=HANG_S) == 0
        assert first.stdout.readline().strip() == "came up"


def test_what_was_found_at_the_start_is_said_in_the_window(tmp_path: Path) -> None:
    """A damaged settings file and lost conversations at once: neither hides the other."""
    (tmp_path / "data" / "backups").mkdir(parents=True)
    (tmp_path / "data" / "backups" / "20250101-120000.db").write_bytes(b"damaged " * 999)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.json").write_text('{"offline": true,}')
    with _start(tmp_path, "QTimer.singleShot(0, look)") as process:
        out, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, errors
    assert "works offline until" in out
    assert "none of its backups can be used" in out
    assert json.loads((tmp_path / "config" / "settings.json").read_text())["offline"] is True
    assert (tmp_path / "config" / "settings.json.damaged").is_file()


PRIVATE = """
import os
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

def write():
    w, word = window(), sys.stdin.readline().strip()
    w.actions_["private"].trigger()
    w.chat.files.attach([Path(sys.stdin.readline().strip())])
    QTest.keyClicks(w.composer.editor, word)
    w.composer.editor.selectAll()
    w.composer.editor.copy()
    QTest.keyClick(w.composer.editor, Qt.Key.Key_Return)
    talk()

def talk():
    w = window()
    path = w.session.path
    if not path or w.session.busy:
        return QTimer.singleShot(20, talk)
    word = path[0].text
    QTest.keyClicks(w.composer.editor, word + " not sent")
    w.chat.drafts.keep()
    w.conversations.search_for(word)
    QTimer.singleShot(0, lambda: [].index(word))  # a bug, which the log tells of
    QTimer.singleShot(0, crash)

def crash():
    print("talked", len(window().session.path), window().session.store.is_private, flush=True)
    os.abort()

QTimer.singleShot(0, write)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGABRT")
def test_of_a_private_chat_no_file_holds_a_word_whatever_happens(tmp_path: Path) -> None:
    """Data, configuration, cache, log and what Qt writes: with an attachment, a draft, a bug and a crash."""
    rare, home = "quizzaciously", tmp_path / "home"
    (home / "temp").mkdir(parents=True)
    (tmp_path / "attached.txt").write_text(f"{rare} in a file")
    places = {"HOME": str(home), "TMPDIR": str(home / "temp"), "SQLITE_TMPDIR": str(home / "temp")}
    with _start(home / "tern", PRIVATE, **places) as process:
        assert process.stdin is not None
        process.stdin.write(f"{rare}\n{tmp_path / 'attached.txt'}\n")
        process.stdin.flush()
        out, errors = process.communicate(timeout=HANG_S)
    assert "talked 2 True" in out, errors
    assert process.returncode == -signal.SIGABRT
    written = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in written)
    assert [path.name for path in written if rare.encode() in path.read_bytes()] == []
