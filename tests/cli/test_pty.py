"""The terminal as a person has it: what stands on the screen of a real pseudoterminal when ``tern`` has spoken."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO

import pytest

if sys.platform == "win32":
    pytest.skip("pseudoterminals are Unix's", allow_module_level=True)

from tern import paths
from tern.cli.wrapping import Layout

from .pty_screen import CTRL_C, CTRL_D, ENTER, OWN_ESCAPES, TERN, PtyScreen, as_shown
from .stepped_tern import FAILS, READING_STEPS

pytestmark = pytest.mark.slow
LONG = " ".join(f"word{number}" for number in range(60))
REPLIES = {
    "one line": ["Yes", "."],
    "as wide as the screen": ["x" * 40],
    "several lines": ["First.\n", "Second", ".\n\nThird."],
    "ends its line": ["First.\n", "Second.\n"],
    "wrapped": [f"{word} " for word in LONG.split()],
    "wide characters": ["白い鳥が", "海を渡る。" * 12, "🐦‍⬛ 終わり"],
    "right to left": ["שלום ", "עולם"],
}


class Stepped:
    """A ``tern`` in a terminal, and the pipe that lets its engine go on."""

    def __init__(self, screen: PtyScreen, gate: IO[str]) -> None:
        self.screen = screen
        self._gate = gate

    def step(self, count: int = 1) -> None:
        self._gate.write("\n" * count)
        self._gate.flush()

    def let_go(self) -> None:
        """No step waits any longer."""
        self._gate.close()


def wrapped(text: str, columns: int) -> str:
    """``text`` as it is written on a terminal so wide."""
    layout = Layout()
    return layout.feed(text, columns) + layout.release()


Start = Callable[..., Stepped]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start ``tern`` with ``arguments`` and an engine whose replies are the given lists of pieces."""
    left: list[Stepped] = []

    def run(replies: list[list[str]], *arguments: str, **how: object) -> Stepped:
        pipe = tmp_path / f"steps{len(left)}"
        os.mkfifo(pipe)
        program = Path(__file__).with_name("stepped_tern.py")
        command = [sys.executable, str(program), str(pipe), json.dumps(replies), *arguments]
        screen = PtyScreen(command, **how)  # type: ignore[arg-type]
        left.append(Stepped(screen, pipe.open("w")))
        return left[-1]

    yield run
    for stepped in left:
        stepped.let_go()
        stepped.screen.__exit__(None, None, None)


@pytest.mark.parametrize("columns", [12, 40, 200])
@pytest.mark.parametrize("pieces", REPLIES.values(), ids=REPLIES)
def test_the_whole_reply_stands_after_a_slow_reading(start: Start, pieces: list[str], columns: int) -> None:
    tern = start([pieces], "ask", "Hi", columns=columns)
    tern.screen.until("Reading 25%"[: columns - 1])
    tern.step()
    tern.screen.until("Reading 50%"[: columns - 1])
    tern.let_go()
    assert tern.screen.finish() == 0
    reply = as_shown(wrapped("".join(pieces), columns), columns)
    assert tern.screen.lines[: len(reply)] == reply
    assert tern.screen.lines[len(reply) :][-1:] != [""]
    assert "Reading" not in "\n".join(tern.screen.lines)


def test_the_line_goes_at_the_first_word(start: Start) -> None:
    tern = start([["One", " two"]], "ask", "Hi")
    tern.screen.until("Reading 25%")
    tern.step(READING_STEPS)
    tern.screen.until("One")
    assert tern.screen.lines == ["One"]
    tern.step()
    tern.screen.until("One two")
    tern.let_go()
    assert tern.screen.finish() == 0


@pytest.mark.parametrize("columns", [20, 41, 79])
def test_a_reply_wraps_at_words_as_it_comes(start: Start, columns: int) -> None:
    """In pieces that end anywhere, as tokens do."""
    text = (
        "Terns migrate farther than any other bird.\n\n- From the Arctic to the Antarctic\n- And back again\n\n"
        "```sh\necho one two three four five six seven eight nine ten\n```\n"
    )
    tern = start([[text[at : at + 3] for at in range(0, len(text), 3)]], "ask", "Hi", columns=columns)
    tern.let_go()
    assert tern.screen.finish() == 0
    lines = tern.screen.lines
    prose = lines[: lines.index("```sh")]
    words = "\n".join(prose).split()
    assert words == text[: text.index("```")].split(), "no word is cut"
    assert all(len(line) <= columns for line in lines)
    first = prose[: prose.index("")]
    for line, following in pairwise(first):
        assert len(f"{line} {following.split()[0]}") > columns, "a line takes what it can"
    item = prose.index(next(line for line in prose if line.startswith("- From")))
    assert prose[item + 1].startswith(("  ", "- And")), "what continues an item stands under its first word"
    code = text[text.index("```") :]
    assert as_shown(code, columns) == lines[len(prose) : len(prose) + len(as_shown(code, columns))]


def test_a_pause_shows_what_there_is_of_a_word(start: Start) -> None:
    tern = start([["The wea", "ther"]], "ask", "Hi")
    tern.screen.until("Reading 25%")
    tern.step(READING_STEPS)
    tern.screen.until("The wea")
    tern.step()
    tern.screen.until("The weather")
    tern.let_go()
    assert tern.screen.finish() == 0


def test_every_turn_of_a_chat_stands(start: Start) -> None:
    tern = start([["I am", " well."], ["白い鳥。\n", "Bye."]], "chat")
    tern.screen.until("\n>")
    tern.screen.press("How are you?" + ENTER)
    tern.screen.until("Reading 25%")
    tern.step(READING_STEPS + 2)
    tern.screen.until("context")
    tern.screen.press("And a bird?" + ENTER)
    tern.screen.until("Reading 25%")
    tern.let_go()
    tern.screen.until("Bye.")
    tern.screen.until_asked()
    tern.screen.press(CTRL_D)
    assert tern.screen.finish() == 0
    spoken = [line for line in tern.screen.lines if "context 0 of 100" not in line]
    assert spoken == [
        "Fake. /help lists the commands, Ctrl-D quits.",
        "> How are you?",
        "I am well.",
        "> And a bird?",
        "白い鳥。",
        "Bye.",
        ">",
    ]


def test_ctrl_c_during_the_reading(start: Start) -> None:
    tern = start([["Never said"]], "ask", "Hi")
    tern.screen.until("Reading 25%")
    tern.screen.press(CTRL_C)
    tern.screen.until("^C")
    tern.let_go()
    assert tern.screen.finish() == 130
    said = "\n".join(tern.screen.lines)
    assert "Never said" not in said
    assert "Reading" not in said
    assert "stopped" in said


def test_ctrl_c_in_a_reply_keeps_what_was_said_and_the_chat(start: Start) -> None:
    tern = start([["This much", " and no more"], ["Still here."]], "chat")
    tern.screen.until("\n>")
    tern.screen.press("Talk" + ENTER)
    tern.screen.until("Reading 25%")
    tern.step(READING_STEPS)
    tern.screen.until("This much")
    tern.screen.press(CTRL_C)
    tern.screen.until("^C")
    tern.step()
    tern.screen.until("stopped")
    tern.screen.press("Hello?" + ENTER)
    tern.let_go()
    tern.screen.until("Still here.")
    tern.screen.press("/quit" + ENTER)
    assert tern.screen.finish() == 0
    said = "\n".join(tern.screen.lines)
    assert "This much" in said
    assert "and no more" not in said


def test_ctrl_c_at_the_prompt_drops_the_line(start: Start) -> None:
    tern = start([], "chat")
    tern.screen.until("\n>")
    tern.screen.press("half a quest")
    tern.screen.until("> half a quest")
    tern.screen.press(CTRL_C)
    tern.screen.until("> half a quest\n>")
    tern.screen.press("/quit" + ENTER)
    assert tern.screen.finish() == 0


def test_a_reply_into_a_file_leaves_the_screen_to_the_reading(start: Start, tmp_path: Path) -> None:
    """A file takes the reply as the model wrote it; what the terminal would obey, too."""
    out = tmp_path / "reply.txt"
    tern = start([["Red: \x1b[31m", "red\x1b[0m\r\n", "é"]], "ask", "Hi", stdout=out)
    tern.screen.until("Reading 25%")
    tern.let_go()
    assert tern.screen.finish() == 0
    assert out.read_bytes() == "Red: \x1b[31mred\x1b[0m\r\né\n".encode()
    assert len(tern.screen.lines) == 1
    assert "context 0 of 100" in tern.screen.lines[0]


def test_a_chat_into_a_file_asks_on_the_screen(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "replies.txt"
    tern = start([["Hello."]], "chat", stdout=out)
    tern.screen.until(">")
    tern.screen.press("Hi" + ENTER)
    tern.screen.until("Reading 25%")
    tern.let_go()
    tern.screen.until("context 0 of 100")
    tern.screen.until_asked()
    tern.screen.press(CTRL_D)
    assert tern.screen.finish() == 0
    assert out.read_text().endswith("\nHello.\n")
    assert ">" not in out.read_text()


def test_without_a_terminal_for_it_there_is_no_progress(start: Start, tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    tern = start([["Hello."]], "ask", "Hi", stderr=said)
    tern.let_go()
    assert tern.screen.finish() == 0
    assert tern.screen.lines == ["Hello."]
    assert said.read_bytes() == b""
    assert b"\x1b" not in tern.screen.raw


def test_a_failure_begins_a_line_of_its_own(start: Start) -> None:
    for command in ("ask", "chat"):
        tern = start([["This far", FAILS]], command, *(["Hi"] if command == "ask" else []))
        if command == "chat":
            tern.screen.until("\n>")
            tern.screen.press("Hi" + ENTER)
        tern.screen.until("Reading 25%")
        tern.step(READING_STEPS + 1)
        tern.screen.until("This far\ntern: The engine gave up.")


HOSTILE = ["A\x1b", "]0;taken\x07B\x1b[", "2J", "\x9b31m", "C\u202eD\r", "E\r", "\nF\x08\x7f"]
HARMLESS = "A\\x1b]0;taken\\x07B\\x1b[2J\\x9b31mC\\u202eD\\x0dE\nF\\x08\\x7f"


def test_a_reply_cannot_command_the_terminal(start: Start) -> None:
    """Not even with a command that comes in two pieces."""
    tern = start([HOSTILE], "ask", "Hi")
    tern.screen.until("Reading 25%")
    tern.let_go()
    assert tern.screen.finish() == 0
    assert tern.screen.lines[:2] == HARMLESS.split("\n")
    assert tern.screen.title == ""
    rest = OWN_ESCAPES.sub(b"", tern.screen.raw)
    assert b"\x1b" not in rest
    assert not re.search("[\x80-\x9f\u202e]", rest.decode())


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": ""}, {"TERM": "dumb", "NO_COLOR": "1"}])
def test_a_plain_terminal_gets_no_escapes(start: Start, variables: dict[str, str]) -> None:
    tern = start([HOSTILE, ["Hello."]], "chat", variables=variables)
    tern.screen.until("\n>")
    tern.screen.press("Hi" + ENTER)
    tern.step(READING_STEPS + len(HOSTILE))
    tern.screen.until("context")
    tern.screen.press("Hi" + ENTER)
    tern.let_go()
    tern.screen.until("Hello.")
    tern.screen.until_asked()
    tern.screen.press(CTRL_D)
    assert tern.screen.finish() == 0
    assert b"\x1b" not in tern.screen.raw


def test_names_in_files_are_only_text(tiny: Path, tmp_path: Path, data_dir: Path) -> None:
    """A model's name that would call the window something else, and forge a line in a list."""
    name = b"A\x1b]0;taken\x07\nB"
    data = tiny.read_bytes().replace(b"Random BitNet", name)
    assert len(name) == 13
    model = tmp_path / "model.gguf"
    model.write_bytes(data)
    shown = "A\\x1b]0;taken\\x07\\x0aB"
    with PtyScreen([*TERN, "chat", "--model", model], columns=120) as screen:
        screen.until_asked()
        screen.press(CTRL_D)
        assert screen.finish() == 0
        assert screen.lines[0] == f"{shown}. /help lists the commands, Ctrl-D quits."
        assert screen.title == ""
    for arguments in (["models", "import", model, "--name", "mine"], ["models", "list"]):
        with PtyScreen([*TERN, *arguments], columns=200) as screen:
            assert screen.finish() == 0
            assert sum(shown in line for line in screen.lines) == 1
            assert screen.title == ""
            assert b"\x1b" not in OWN_ESCAPES.sub(b"", screen.raw)


def test_an_error_shows_a_file_name_harmlessly(tmp_path: Path, data_dir: Path) -> None:
    with PtyScreen([*TERN, "eval", "--text", tmp_path / "\x1b[2J\n\udce9.txt"], columns=400) as screen:
        assert screen.finish() == 1
        assert len(screen.lines) == 1
        assert "\\x1b[2J\\x0a\\udce9.txt" in screen.lines[0]


def test_the_guide_reads_a_long_question_and_its_reply_stands(data_dir: Path) -> None:
    """The real engine, in a terminal and without one: the same words."""
    assert paths.guide_model().is_file()
    question = "What is Tern, and what are you? " * 100
    command = [*TERN, "ask", "--threads", "1", "--greedy", "--max-tokens", "40", question]
    with PtyScreen(command, columns=60) as screen:
        assert screen.finish() == 0
        out = Path(data_dir.parent / "reply.txt")
        with PtyScreen(command, stdout=out) as other:
            assert other.finish() == 0
        reply = as_shown(wrapped(out.read_text(), 60), 60)
        assert screen.lines[: len(reply)] == reply


def test_no_token_typed_is_one_sentence(data_dir: Path) -> None:
    with PtyScreen([*TERN, "models", "token"], columns=200) as screen:
        screen.until("Token:")
        screen.press(CTRL_D)
        assert screen.finish() == 1
        assert "No token was given." in screen.lines[-1]
        assert "inside Tern" not in screen.lines[-1]
