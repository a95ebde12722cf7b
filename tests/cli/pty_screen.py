"""``tern`` in a real pseudoterminal, and what stands on its screen: pyte interprets the bytes as a terminal would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyte

TERN = (sys.executable, "-m", "tern")
OWN_ESCAPES = re.compile(rb"\r\x1b\[K(\x1b\[\?7l[^\x1b]*\x1b\[\?7h)?|\x1b\[\?2004[hl]\r?")  # and readline's
CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"
_PATIENCE_S = 240  # against hanging only
_ROWS = 60
_JOINER = "\u200d"  # pyte leaves out whatever comes after it in one piece of text
# The terminal becomes the new session's own, so that Ctrl-C in it is a signal to the program.
_IN_THE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "COLUMNS", "LINES")


def as_shown(text: str, columns: int) -> list[str]:
    """The lines that a terminal of this width makes of ``text``."""
    screen = pyte.Screen(columns, _ROWS)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n").replace(_JOINER, ""))
    return _lines(screen)


class PtyScreen:
    """A program in a terminal of its own. ``stdout`` and ``stderr``: files that take its streams instead."""

    def __init__(
        self,
        command: Sequence[str | Path],
        columns: int = 80,
        stdout: Path | None = None,
        stderr: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, _ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key not in _SCREENS}
        environment |= {"TERM": "xterm-256color", **(variables or {})}
        files = [path.open("wb") if path is not None else None for path in (stdout, stderr)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _IN_THE_TERMINAL, *map(str, command)],
                stdin=slave,
                stdout=files[0] or slave,
                stderr=files[1] or slave,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(slave)
            for file in files:
                if file is not None:
                    file.close()

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line, without blank ends."""
        return _lines(self._screen)

    @property
    def title(self) -> str:
        """What the terminal's window is called."""
        return str(self._screen.title)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, text: str) -> None:
        """Wait for ``text`` to stand on the screen."""
        deadline = time.monotonic() + _PATIENCE_S
        while text not in "\n".join(self.lines):
            assert self._take(deadline), f"the program ended without {text!r}:\n" + "\n".join(self.lines)

    def until_asked(self) -> None:
        """Wait for an empty prompt: an end of input typed before it is lost when the terminal changes its mode."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.lines or self.lines[-1].strip() != ">":
            assert self._take(deadline), "the program ended without a prompt:\n" + "\n".join(self.lines)

    def finish(self) -> int:
        """Wait for the program to end, with everything it had to say on the screen; its exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._take(deadline):
            pass
        return self._process.wait(_PATIENCE_S)

    def _take(self, deadline: float) -> bool:
        """Some output more; False when nobody has the terminal open any longer."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, "nothing comes any more; on the screen:\n" + "\n".join(self.lines)
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            return False
        self.raw += data
        self._stream.feed(data.replace(_JOINER.encode(), b""))
        return bool(data)

    def __enter__(self) -> PtyScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


def _lines(screen: pyte.Screen) -> list[str]:
    return "\n".join(line.rstrip() for line in screen.display).rstrip("\n").split("\n")
