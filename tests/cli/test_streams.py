"""Standard streams that are absent, foreign, full or closed, and what may be shown of a text on a terminal."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import HANG_S
from tern.__main__ import main
from tern.cli import streams
from tern.cli.streams import Input, json_text, shown
from tern.errors import UserError

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]

unix = pytest.mark.skipif(sys.platform == "win32", reason="the shell and the devices are Unix's")
PLAIN = [
    "Grüße, čeština, ελληνικά, русский, العربية, עברית, हिन्दी, 中文, 日本語, 한국어, ไทย",
    "👩‍👩‍👧‍👦 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 🇳🇴 ☺︎ 👍🏽",
    "a\tb\nc",
    "עברית\u200f (English)\u200e",
    "C:\\x1b is no escape",
]


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text
    assert json.loads(json_text(text)) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b]0;taken\x07", "\\x1b]0;taken\\x07"),
        ("\x9b2J\x85\x7f", "\\x9b2J\\x85\\x7f"),
        ("a\u202eb\u2066c\u2069", "a\\u202eb\\u2066c\\u2069"),
        ("caf\udce9", "caf\\udce9"),
        ("50%\rdone\r\n", "50%\\x0ddone\n"),
        ("\0\x08\x0b\x0c\x1c", "\\x00\\x08\\x0b\\x0c\\x1c"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, safe: str) -> None:
    assert shown(text) == safe
    assert shown(safe) == safe
    assert shown(text, lines=False) == safe.replace("\n", "\\x0d\\x0a" if "\r\n" in text else "\\x0a")


def test_every_control_character_is_harmless_in_a_line() -> None:
    for code in [
        *range(32),
        *range(127, 160),
        0x2028,
        0x2029,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]:
        left = shown(chr(code), lines=False)
        assert left == "\t" or (left.isascii() and left.isprintable()), hex(code)


def test_json_is_harmless_and_says_the_same() -> None:
    value = {"name": "A\x1b[2J\x9b\u202e\u2028 ü 白", "path": "/caf\udce9"}
    text = json_text(value)
    assert json.loads(text) == value
    assert shown(text, lines=False) == text
    assert "ü 白" in text
    text.encode()


def test_an_in_between_carriage_return_waits_for_its_line_feed() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    stream = streams._Output(terminal, streams.Screen(terminal, terminal), needed=True)
    for piece in ("a\r", "\nb\r", "c\r"):
        stream.write(piece)
    assert terminal.getvalue() == "a\nb\\x0dc"


UMLAUTS = "Grüße\nHi\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_input_says_its_encoding_by_a_mark(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for take in (
        lambda given: given.decode(given.data()),
        lambda given: "".join(f"{line}\n" for line in given.lines()),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UMLAUTS.encode(encoding)), "utf-8"))
        assert take(Input()) == UMLAUTS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_input_without_a_mark_is_read(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some programs on Windows write it: no byte in it is wrong UTF-8, and every second one is 0."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UMLAUTS.encode(encoding)), "utf-8"))
    assert list(Input().lines()) == ["Grüße", "Hi"]


def test_zeros_are_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(4000)), "utf-8"))
    with pytest.raises(UserError, match="can't read standard input as text"):
        list(Input().lines())


def test_an_empty_standard_input_is_said(tern: Run) -> None:
    said = tern("ask", "-")
    assert said.returncode == 1
    assert "nothing came from standard input" in said.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_json_loses_nothing_where_the_output_is_not_unicode(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a pipe on Windows, which reads JSON as UTF-8 all the same."""
    values = ["Grüße 日本語 🌿", "\x7f\x9b\ud83d"]
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    text = json_text(values)
    assert text.isascii()
    assert json.loads(text) == values


def test_input_in_this_computers_own_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UMLAUTS.encode("latin-1")), "latin-1"))
    assert list(Input().lines()) == ["Grüße", "Hi"]


def test_input_that_is_no_text_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = b"caf\xe9\nna\xefve\nplain\nH\0i\0"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    given = Input()
    assert list(given.lines()) == ["caf�", "na�ve", "plain", "H�i�"]
    assert given.clean("caf\udce9") == "caf�"
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "not UTF-8" in said


@unix
@pytest.mark.parametrize("command", ["ask", "chat", "argument"])
def test_a_foreign_question_is_answered(tiny: Path, command: str) -> None:
    """As a file in an old encoding, piped into Tern or given as an argument, comes."""
    options = ["--model", str(tiny), "--threads", "1", "--max-tokens", "3"]
    words = ["chat", *options] if command == "chat" else ["ask", *options, "-"]
    if command == "argument":
        words[-1] = os.fsdecode(b"caf\xe9")
    run = subprocess.run(
        [sys.executable, "-m", "tern", *words], input=b"caf\xe9\n/quit\n", capture_output=True, check=False
    )
    assert run.returncode == 0
    assert run.stderr.decode().count("\n") == 1
    # A whole text is enough to tell its encoding by; a line of a chat is not, and says so.
    said = "read as Windows-1252" if command == "ask" else "not UTF-8"
    assert said in run.stderr.decode()
    assert run.stdout.strip()


def _shell(tiny: Path, arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``tern ARGUMENTS`` as a shell does; MODEL stands for a model and how to run it."""
    tern = f"'{sys.executable}' -m tern"
    line = arguments.replace("MODEL", f"--model '{tiny}' --threads 1 --greedy --max-tokens 3")
    return subprocess.run(
        ["sh", "-c", line.replace("tern ", f"{tern} ", 1)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **variables},
        check=False,
    )


@unix
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("tern ask MODEL Hi >&-", 0, ""),
        ("tern ask MODEL Hi <&-", 0, ""),
        ("tern ask MODEL Hi 2>&-", 0, ""),
        ("tern ask MODEL Hi <&- >&- 2>&-", 0, ""),
        ("tern ask MODEL - <&-", 1, "question is empty"),
        ("tern chat MODEL <&-", 0, ""),
        ("tern ask MODEL - 2>&-", 1, ""),
        ("tern ask MODEL - 0>/dev/null", 1, "could not be read"),
        ("tern models list >&-", 0, ""),
        ("tern doctor --json >&-", 0, ""),
        ("tern --help >&-", 0, ""),
        ("tern nonsense 2>&-", 2, ""),
    ],
)
def test_a_stream_may_be_absent(tiny: Path, arguments: str, code: int, said: str) -> None:
    run = _shell(tiny, arguments)
    assert run.returncode == code
    assert said in run.stderr.decode()
    assert run.stderr.count(b"\n") == bool(said)


@unix
def test_a_file_never_gets_the_number_of_a_closed_stream(data_dir: Path) -> None:
    """What is printed would be written into it: a log, a database."""
    script = (
        "import os, sys\n"
        "from tern import __main__\n"
        "__main__._run = lambda argv: os.open(os.devnull, os.O_RDONLY)\n"
        "sys.exit(__main__.main())"
    )
    line = f"\"{sys.executable}\" -c '{script}' <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], check=False).returncode >= 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
@pytest.mark.parametrize("arguments", ["ask MODEL Hi", "models list", "doctor --json", "--help", "--version"])
def test_a_full_disk_behind_the_output_is_one_sentence(tiny: Path, arguments: str) -> None:
    run = _shell(tiny, f"tern {arguments} >/dev/full")
    assert run.returncode == 1
    assert run.stderr.decode() == (
        "tern: Tern could not write its output (No space left on device). Make room, or send it elsewhere.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_chat_ends_when_nobody_can_read_it(tiny: Path) -> None:
    run = _shell(tiny, "printf 'Hi\\nHi\\nHi\\n' | tern chat MODEL >/dev/full")
    assert run.returncode == 1
    assert run.stderr.count(b"\n") == 1
    quiet = _shell(tiny, "tern ask MODEL Hi 2>/dev/full")
    assert (quiet.returncode, bool(quiet.stdout.strip())) == (0, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_full_disk_behind_the_log_says_nothing(tiny: Path, data_dir: Path) -> None:
    (data_dir / "log").mkdir(parents=True)
    (data_dir / "log" / "tern.log").symlink_to("/dev/full")
    script = (
        "import logging; from tern import log; log.start(); logging.getLogger('tern').warning('caf\\udce9')"
    )
    for full in (True, False):  # and a file takes a name that is no text
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        assert run.stderr == b""
        if full:
            (data_dir / "log" / "tern.log").unlink()
    assert "caf\\udce9" in (data_dir / "log" / "tern.log").read_text()


@unix
def test_readers_that_leave_are_no_error(tiny: Path) -> None:
    for line in ("tern models list | true", "tern ask MODEL Hi 2>&1 >/dev/null | true", "tern --help | true"):
        assert _shell(tiny, line).stderr == b""


@unix
def test_what_this_terminals_encoding_lacks_is_a_question_mark(tiny: Path) -> None:
    run = _shell(tiny, "tern models export --help", PYTHONIOENCODING="ascii")
    assert run.returncode == 0
    assert b"ReLU? " in run.stdout  # a raised 2
    assert run.stderr == b""


@unix
def test_a_pipe_gets_the_bytes_a_name_came_with(tiny: Path, data_dir: Path) -> None:
    script = (
        "import sys\n"
        "from tern.cli.streams import standard_streams\n"
        "with standard_streams():\n"
        "    print('caf\\udce9 \\x1b[0m')\n"
        "    sys.stdout.flush()\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert run.stdout == b"caf\xe9 \x1b[0m\n"


INTERRUPTER = """
import os, signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
from tern.__main__ import main
sys.exit(main())
"""
AFTERWARDS = """
import atexit, os, signal, sys
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
from tern.__main__ import main
sys.exit(main())
"""


@unix
@pytest.mark.parametrize(
    "module",
    [
        "tern.cli.streams",
        "tern.cli.parser",
        "argparse",
        "tern.log",
        "tern.cli.models",
        "numpy",
        "llama_cpp",
    ],
)
def test_ctrl_c_while_anything_is_imported(tiny: Path, module: str) -> None:
    arguments = ["ask", "--model", str(tiny), "--threads", "1", "--max-tokens", "1", "Hi"]
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTER, *arguments],
        capture_output=True,
        env={**os.environ, "INTERRUPT_AT": module},
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr.strip()) == (130, b"", b"")


@unix
def test_ctrl_c_after_the_last_line(data_dir: Path) -> None:
    run = subprocess.run([sys.executable, "-c", AFTERWARDS, "--version"], capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (130, b"")
    assert run.stdout.startswith(b"Tern ")


@unix
def test_ctrl_c_between_the_lines_of_a_pipe_ends_a_chat(tiny: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tern", "chat", "--model", str(tiny), "--threads", "1", "--max-tokens", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"/help\n")
    process.stdin.flush()
    assert process.stdout.readline()  # it reads lines, and waits for another
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert b"Traceback" not in said


def test_a_failing_input_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Broken())))
    for take in (lambda given: given.decode(given.data()), lambda given: list(given.lines())):
        with pytest.raises(UserError, match="Input/output error"):
            take(Input())


def test_main_leaves_the_streams_as_they_were(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdin, sys.stdout, sys.stderr
    assert main(["models", "list"]) == 0
    assert (sys.stdin, sys.stdout, sys.stderr) == before
