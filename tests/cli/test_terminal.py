"""``tern`` as a process: pipes, signals, no display, and a help that comes at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import HANG_S
from tern.cli.terminal import stats_line
from tern.engine.types import FinishReason, Stats

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HEAVY = ("numpy", "psutil", "llama_cpp", "PySide6", "tern.engine")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from tern.__main__ import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "commands:" in run.stdout
    assert run.stdout.splitlines()[-1] == "[]"


def test_version_and_each_commands_help(tern: Run) -> None:
    assert tern("--version").stdout.startswith("Tern ")
    for command in ("ask", "chat", "eval", "bench", "doctor"):
        assert "--data-dir" in tern(command, "--help").stdout


def test_the_terminal_never_imports_qt(tern: Run, tiny: Path) -> None:
    script = (
        "import sys\nfrom tern.__main__ import main\n"
        f"assert main(['ask', '--threads', '1', '--model', {str(tiny)!r}, '--max-tokens', '2', 'Hi']) == 0\n"
        "assert not any(name.startswith('PySide6') for name in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"<html>", "web page"), (b"GGUF", "in the middle of its header")],
)
def test_a_bad_model_is_one_sentence(tern: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    model = tmp_path / "model.gguf"
    if content is not None:
        model.write_bytes(content)
    run = tern("ask", "--threads", "1", "--model", model, "Hi")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("tern: Tern cannot use model.gguf: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_question_from_standard_input(tern: Run, tiny: Path) -> None:
    given = tern("ask", "--threads", "1", "--model", tiny, "--greedy", "--max-tokens", "8", "Grüße aus Köln")
    piped = tern(
        "ask", "--threads", "1", "--model", tiny, "--greedy", "--max-tokens", "8", "-", stdin="Grüße aus Köln"
    )
    assert piped.stdout == given.stdout
    assert given.returncode == piped.returncode == 0
    empty = tern("ask", "--threads", "1", "--model", tiny, "-", stdin=" \n")
    assert empty.returncode == 1
    assert "question is empty" in empty.stderr


@pytest.mark.parametrize("content", ['{"offline": true,}', '{"offline": "yes"}'])
def test_what_forbids_connections_stays_in_force_while_it_cannot_be_read(
    tern: Run, data_dir: Path, content: str
) -> None:
    file = data_dir / "config" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    for command in (("models", "search", "bitnet"), ("models", "fetch", "tern/none", "none.gguf")):
        run = tern(*command)
        assert run.returncode == 1
        warning, said = run.stderr.splitlines()
        assert warning.startswith("tern: The setting")
        assert "works offline until" in warning
        assert "set to work offline" in said
    assert "works offline until" in tern("doctor", "--json").stderr
    assert "Tern has never opened a connection." in tern("models", "connections").stdout
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_text() == content


def test_chat_is_a_conversation(tern: Run, tiny: Path) -> None:
    lines = ["/help", "Hi", "", "/system Be brief.", "Hi", "/reset", "/nonsense", "/quit", "Never read"]
    run = tern(
        "chat", "--threads", "1", "--model", tiny, "--greedy", "--max-tokens", "6", stdin="\n".join(lines)
    )
    assert (run.returncode, run.stderr) == (0, "")
    for expected in (
        "Ctrl-C stops a reply",
        "New conversation with",
        "is forgotten",
        "no command /nonsense",
    ):
        assert expected in run.stdout
    ended = tern("chat", "--threads", "1", "--model", tiny, "--max-tokens", "2", stdin="Hi")
    assert ended.returncode == 0


def test_a_reply_that_cannot_be_leaves_the_chat_alive(tern: Run, tiny: Path) -> None:
    arguments = ["chat", "--threads", "1", "--model", tiny, "--greedy", "--max-tokens", "2"]
    run = tern(*arguments, stdin="word " * 3000 + "\nHi\n")  # greedy: chance may draw nothing but blanks
    assert run.returncode == 0
    assert run.stderr.startswith("tern: ")
    assert run.stderr.count("\n") == 1
    assert run.stdout.strip()


def test_without_a_display_tern_talks_here(tern: Run, tiny: Path) -> None:
    run = tern("--model", tiny, stdin="/help\n")
    assert run.returncode == 0
    assert "There is no display" in run.stderr
    assert "/system TEXT" in run.stdout


def test_without_a_display_and_a_model_the_guide_talks_here(tern: Run) -> None:
    run = tern(stdin="/help\n")
    assert run.returncode == 0, run.stderr
    assert "/system TEXT" in run.stdout


def test_the_chat_in_the_windows_place_says_what_the_settings_lack(
    tern: Run, tiny: Path, data_dir: Path
) -> None:
    (data_dir / "config").mkdir(parents=True)
    (data_dir / "config" / "settings.json").write_text("{,}")
    run = tern("--model", tiny, stdin="/help\n")
    assert run.returncode == 0
    assert run.stderr.count("works offline until") == 1


def test_without_qt_tern_talks_here(tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "PySide6"
    broken.mkdir()
    error = "ImportError('libEGL.so.1: cannot open shared object file')"
    (broken / "__init__.py").write_text(f"raise {error}\n")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "tern", "--model", str(tiny)],
        input="/help\n",
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "libEGL.so.1" in run.stderr
    assert "/system TEXT" in run.stdout


def _start(*args: str | Path, **options: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tern", *map(str, args)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as Unix does")
def test_ctrl_c_ends_a_question_with_130(tiny: Path) -> None:
    process = _start("ask", "--threads", "1", "--model", tiny, "--seed", "1", "Tell me a very long story")
    assert process.stdout is not None
    process.stdout.read(1)  # it is writing
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=HANG_S)
    assert process.returncode in (0, 130)  # 0: the random model had ended by itself
    assert "Traceback" not in error


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as Unix does")
def test_ctrl_c_anywhere_else_is_130(tiny: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "tokens.npy"
    os.mkfifo(pipe)
    process = _start("eval", "--model", tiny, "--text", pipe)
    with pipe.open("w"):  # when both ends are open, eval waits for a text that nobody writes
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "Traceback" not in error


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close as on Unix")
def test_a_closed_pipe_is_no_error(tiny: Path) -> None:
    process = _start("ask", "--threads", "1", "--model", tiny, "--seed", "1", "Hi")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=HANG_S) == 141
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()


def test_the_line_of_numbers() -> None:
    stats = Stats(
        tokens=186, decode_tokens_per_s=42.13, time_to_first_token_s=0.31, context_used=612, context_size=4096
    )
    line = stats_line(stats).replace("\u2009", " ")
    assert line == "42.1 tokens/s · first word after 0.3 s · 186 tokens · context 612 of 4,096"
    assert stats_line(stats.finished(FinishReason.CONTEXT_FULL)).endswith("the context is full")
    assert "tokens/s" not in stats_line(Stats(tokens=1, time_to_first_token_s=1.0))
