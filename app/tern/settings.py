"""Everything a person can set, in one typed table; the dialog and the docs are made from it.

Kept as JSON in the config folder: only what differs from the default, so that a better default reaches everyone,
and whatever a newer Tern wrote, so that an older one does not lose it. Saving changes only the keys that were set
here, so that the window and the terminal do not undo each other. While it is not known what the file says of
connections, Tern works offline. Knows no window and no engine.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tern import paths
from tern.atomic import replacing
from tern.errors import BugError, Sentence, UserError

log = logging.getLogger(__name__)

T = TypeVar("T", bool, int, float, str)

FILE_NAME = "settings.json"
_PATIENCE_S = 3.0  # for another process that is saving
_SHOWN = 40  # characters of a value, in a sentence


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One entry. ``choices`` maps values to labels; ``low`` and ``high`` bound numbers, both included.

    An empty ``label`` means that the window keeps it for itself: no dialog shows it.
    """

    key: str
    type: type[T]
    default: T
    group: str = ""
    label: str = ""
    help: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[tuple[T, str], ...] = ()
    lines: int = 1  # of text to show at a time
    ends: tuple[str, str] = ("", "")  # of a slider's scale, in plain words; without them there is no slider
    lowest: str = ""  # what to show for the lowest number, where that is no number
    rare: bool = False  # what most people never touch: the dialog has it under Advanced, whatever it is about
    is_path: bool = False  # of a file, whose name may have bytes in it that are no UTF-8
    # Of a sampling parameter, for the terminal's option: what its value is called, and help without the default.
    metavar: str = ""
    option_help: str = ""

    @property
    def section(self) -> str:
        """Where the dialog has it."""
        return ADVANCED if self.rare else self.group

    @property
    def name(self) -> str:
        """The last part of the key: of a sampling parameter, its field of ``SamplingParams`` and its option."""
        return self.key.rpartition(".")[2]

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be set, as the end of a sentence; None when it can."""
        if self.type is float and type(value) is int:
            try:
                value = float(value)
            except OverflowError:
                return "must be a number"
        if type(value) is not self.type:
            return f"must be {_TYPE_NAMES[self.type]}"
        if self.choices and value not in [choice for choice, _ in self.choices]:
            return "must be one of " + ", ".join(str(choice) for choice, _ in self.choices)
        if isinstance(value, str) and not self.is_path and not _is_unicode(value):
            return "must be a text"
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a number"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if self.low is not None and value < self.low:
                return f"must be at least {self.low:,}"
            if self.high is not None and value > self.high:
                return f"must be at most {self.high:,}"
        return None


_TYPE_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def most_threads() -> int:
    """How many threads may be asked for here: more than the logical processors gain nothing, hundreds bring the whole
    computer to a standstill."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(512, 4 * count)  # ggml aborts on more than 512


_LOOK, _CHATS, _REPLY = "Appearance", "Chats and privacy", "Replies"
_ENGINE, _NETWORK, ADVANCED = "Models and memory", "Network", "Advanced"
SECTIONS = (_LOOK, _CHATS, _REPLY, _ENGINE, _NETWORK, ADVANCED)  # of the dialog, in its order

THEME = Setting(
    "theme", str, "system", _LOOK, "Theme",
    "Light, dark, or whatever your system uses.",
    choices=(("system", "Same as the system"), ("light", "Light"), ("dark", "Dark")),
)  # fmt: skip
ACCENT = Setting(
    "accent", str, "blue", _LOOK, "Accent colour",
    "Colours buttons, links and the focus ring.",
    choices=(
        ("blue", "Arctic blue"), ("teal", "Lagoon"), ("green", "Moss"), ("violet", "Heather"), ("rose", "Rose"),
        ("graphite", "Graphite"), ("system", "Same as the system"),
    ),
)  # fmt: skip
FONT_SIZE = Setting(
    "font_size", int, 15, _LOOK, "Text size",
    "In pixels. Everything else scales with it.", 11, 32,
)  # fmt: skip
REDUCED_MOTION = Setting(
    "reduced_motion", bool, False, _LOOK, "Reduce motion",
    "Nothing slides or blinks. Follows your system's “reduce motion” as well.",
)  # fmt: skip
DENSITY = Setting(
    "density", str, "comfortable", _LOOK, "Density",
    "Spacing of lists and messages.",
    choices=(("comfortable", "Comfortable"), ("compact", "Compact")),
)  # fmt: skip
LANGUAGE = Setting(
    "language", str, "system", _LOOK, "Language",
    "The app's language. Takes effect after a restart. The model answers in the language you write in.",
)  # fmt: skip  # its choices are the translations that are there
INSTRUMENTS = Setting(
    "instruments", bool, True, _LOOK, "Instruments",
    "The line at the foot of the window.",
)  # fmt: skip
TRAY = Setting(
    "tray", bool, False, _LOOK, "Stay in the notification area",
    "Closing the window keeps Tern running there. Quit ends it.",
)  # fmt: skip
ENTER_SENDS = Setting(
    "enter_sends", bool, True, _LOOK, "Enter sends",
    "When off, Enter starts a new line and Ctrl+Enter sends.",
)  # fmt: skip
READING_PACE = Setting(
    "reading_pace", int, 240, _LOOK, "Reading pace",
    "Words a minute that you read. The stage and the forecasts compare with it; the stage can measure it.", 60, 1500,
)  # fmt: skip  # 240: what adults read silently, on average, in English [Brysbaert 2019: 238]
SYSTEM_PROMPT = Setting(
    "system_prompt", str, "", _REPLY, "System prompt",
    "Sent before each chat. Leave empty for none.", lines=4,
)  # fmt: skip
TEMPERATURE = Setting(
    "sampling.temperature", float, 0.7, _REPLY, "Temperature",
    "How freely words are chosen. 0 always takes the likeliest.", 0, 2,
    metavar="T", option_help="0 is greedy", ends=("Precise", "Creative"),
)  # fmt: skip
TOP_K = Setting(
    "sampling.top_k", int, 40, _REPLY, "Top-k",
    "Choose among this many of the likeliest tokens.", 0, 1000, lowest="All",
    metavar="K", option_help="0 switches it off", rare=True,
)  # fmt: skip
TOP_P = Setting(
    "sampling.top_p", float, 0.95, _REPLY, "Top-p",
    "Choose among the likeliest tokens that together reach this probability. 1 turns it off.", 0, 1,
    metavar="P", option_help="1 switches it off", rare=True,
)  # fmt: skip
MIN_P = Setting(
    "sampling.min_p", float, 0.05, _REPLY, "Min-p",
    "Leave out tokens less likely than this fraction of the likeliest one. 0 turns it off.", 0, 1,
    metavar="P", option_help="0 switches it off", rare=True,
)  # fmt: skip
REPEAT_PENALTY = Setting(
    "sampling.repeat_penalty", float, 1.0, _REPLY, "Repeat penalty",
    "Above 1, a recent token is less likely to be repeated. 1 turns it off.", 1, 2,
    metavar="R", option_help="for the last 64 tokens; 1 switches it off", rare=True,
)  # fmt: skip
SEED = Setting(
    "sampling.seed", int, -1, _REPLY, "Seed",
    "The same seed gives the same reply to the same question.", -1, 2**32 - 2,
    lowest="New each time", metavar="N", option_help="same seed, same reply", rare=True,
)  # fmt: skip
# How tokens are chosen: the settings, the terminal's options, the presets and a conversation's own values all go by
# this list. Each has a field of its name in engine/types.py, which takes its default.
SAMPLING: tuple[Setting[Any], ...] = (TEMPERATURE, TOP_K, TOP_P, MIN_P, REPEAT_PENALTY, SEED)
MAX_TOKENS = Setting(
    "max_tokens", int, 0, _REPLY, "Longest reply",
    "Stops a reply after this many tokens.", 0, 1 << 20, lowest="No limit",
)  # fmt: skip
KEEP_DELETED = Setting(
    "keep_deleted_days", int, 30, _CHATS, "Keep deleted chats",
    "How long you can restore a deleted chat. After that it is erased, from Tern's backups too.",
    choices=((30, "30 days"), (0, "Forget at once")),
)  # fmt: skip
THREADS = Setting(
    "threads", int, 0, _ENGINE, "Threads",
    "How many processor cores the model uses. Automatic picks the fastest.", 0,
    most_threads(), lowest="Automatic",
)  # fmt: skip
QUIET = Setting(
    "quiet", bool, False, _ENGINE, "Quiet",
    "Uses half the threads: a cooler, quieter computer and slower replies.",
)  # fmt: skip
KV_TYPE = Setting(
    "kv_type", str, "f16", _ENGINE, "Context precision (KV cache)",
    "f32 is exact and large; q8_0 is small, and faster in long chats.",
    choices=(("f16", "f16 (standard)"), ("f32", "f32 (exact)"), ("q8_0", "q8_0 (small)")),
    rare=True,
)  # fmt: skip
KERNELS = Setting(
    "kernels", str, "tern", _ENGINE, "Kernels for BitNet",
    "llama.cpp's are for comparison: slower, not exact. They need a copy of the model, about as large as the model.",
    choices=(("tern", "Tern's (exact)"), ("llama.cpp", "llama.cpp's TQ2_0")),
    rare=True,
)  # fmt: skip
CONTEXT_SIZE = Setting(
    "context_size", int, 0, _ENGINE, "Context size",
    "How many tokens the model can look back on. Less takes less memory.", 0, 1 << 20,
    lowest="The model's",
)  # fmt: skip
OFFLINE = Setting(
    "offline", bool, False, _NETWORK, "Work offline",
    "Blocks all network access, including downloads. When off, Tern connects only when you search for a model or "
    "download one.",
)  # fmt: skip
HUB_ENDPOINT = Setting(
    "hub_endpoint", str, "", _NETWORK, "Model hub (mirror)",
    "A mirror of Hugging Face, as https://HOST. Leave empty for huggingface.co.",
    rare=True,
)  # fmt: skip
PROXY = Setting(
    "proxy", str, "", _NETWORK, "Proxy",
    "For downloads, as http://HOST:PORT or socks5://HOST:PORT. Leave empty for the system's.",
    rare=True,
)  # fmt: skip
DOWNLOAD_LIMIT = Setting(
    "download_limit", float, 0.0, _NETWORK, "Download limit",
    "The most a download may use, in megabytes a second.", 0, 10000, lowest="No limit",
)  # fmt: skip
OWN_PRESETS = Setting("own_presets", str, "")  # chat/presets.py
OWN_PROMPTS = Setting("own_prompts", str, "")  # chat/prompts.py
MODEL_PATH = Setting("model_path", str, "", is_path=True)
WINDOW_GEOMETRY = Setting("window.geometry", str, "")
SIDEBAR_OPEN = Setting("window.sidebar", bool, True)
# What `tern bench --threads sweep` found, and on which computer: settings may travel to another one.
THREADS_MEASURED = Setting("threads_measured", int, 0, low=0, high=512)
THREADS_MEASURED_ON = Setting("threads_measured_on", str, "")
STAGE_PROMPTS = Setting("stage.prompts", str, "")  # ui/stage/prompts.py
STAGE_LOOK = Setting(
    "stage.look", str, "window", choices=(("window", ""), ("paper", ""), ("black", ""))
)  # window: as that is
FORECAST = Setting("forecast", str, "")  # metrics/forecast.py: how fast the full-size model will be here

TABLE: tuple[Setting[Any], ...] = (
    THEME, ACCENT, FONT_SIZE, DENSITY, REDUCED_MOTION, LANGUAGE, INSTRUMENTS, TRAY, ENTER_SENDS, READING_PACE,
    SYSTEM_PROMPT, *SAMPLING, MAX_TOKENS,
    KEEP_DELETED,
    THREADS, QUIET, KV_TYPE, CONTEXT_SIZE, KERNELS,
    OFFLINE, HUB_ENDPOINT, PROXY, DOWNLOAD_LIMIT,
    OWN_PRESETS, OWN_PROMPTS, MODEL_PATH, WINDOW_GEOMETRY, SIDEBAR_OPEN, THREADS_MEASURED, THREADS_MEASURED_ON,
    STAGE_PROMPTS, STAGE_LOOK, FORECAST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pair:
    """One entry of the file: its value, and key and value exactly as they are written there."""

    key: str
    text: str
    value: Any


class _NoFileError(OSError):
    """In the place of the settings is a folder, a pipe or a device."""


class _UnusableError(Exception):
    """The file is there and says nothing; ``why``."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(why)
        self.why = why


class Settings:
    """The values in force. ``settings[THREADS]`` is typed; ``warnings`` says what in the file was passed over."""

    def __init__(self, values: dict[str, Any] | None = None, table: Sequence[Setting[Any]] = TABLE) -> None:
        self._table = {setting.key: setting for setting in table}
        self._guarding = {setting.key for setting in table if setting.group == _NETWORK}
        self._file: dict[str, _Pair] = {}  # as it was last read or written
        self._changed: dict[str, Any] = {}  # values other than the default
        self._touched: set[str] = set()  # keys that were set here and are not saved yet
        self._bad: set[str] = set()  # keys whose value in the file cannot be used
        self._unread = False  # the file is there, and nobody knows what it says
        self.warnings: list[Sentence] = []
        self._adopt({key: _pair(key, value) for key, value in (values or {}).items()})

    def __getitem__(self, setting: Setting[T]) -> T:
        if setting.key == OFFLINE.key and self._unsure:
            return setting.type(True)
        value: T = self._changed.get(setting.key, setting.default)
        return value

    def __setitem__(self, setting: Setting[T], value: T) -> None:
        """Set a value; BugError when it is out of range: whoever asks must offer only what fits."""
        problem = setting.problem(value)
        if problem is not None:
            raise BugError(f"setting {setting.key} {problem}, not {value!r}")
        if value == self[setting] and setting.key not in self._bad | self._unsure:
            return
        if setting.key == OFFLINE.key and not value:  # decides for whatever else is not known of connections
            self._touched |= self._unsure
        self._touched.add(setting.key)
        if value == setting.default:
            self._changed.pop(setting.key, None)
        else:
            self._changed[setting.key] = setting.type(value)

    @property
    def _unsure(self) -> set[str]:
        """The keys about connections whose values are not known: while there are any, Tern works offline."""
        return (self._guarding if self._unread else self._bad & self._guarding) - self._touched

    def is_changed(self, setting: Setting[Any]) -> bool:
        """Whether the value differs from the default."""
        return bool(self[setting] != setting.default)

    def restore(self, setting: Setting[Any]) -> None:
        """Back to the default."""
        self[setting] = setting.default

    @classmethod
    def load(cls, folder: Path | None = None) -> Settings:
        """Read the settings; a missing file is all defaults. What cannot be used is said in ``warnings``."""
        path = (folder or paths.config_dir()) / FILE_NAME
        settings = cls()
        try:
            settings._adopt(_read(path))
        except FileNotFoundError:
            pass
        except _NoFileError:
            settings._lose(
                Sentence(
                    "{path} is not a file, so Tern uses its default settings and works offline. Move it away, then "
                    "start Tern again.",
                    path=path,
                )
            )
        except OSError as error:
            settings._lose(
                Sentence(
                    "The settings in {path} could not be read ({reason}), so Tern uses its defaults and works "
                    "offline. The file stays as it is; make it readable, then start Tern again.",
                    path=path,
                    reason=error.strerror,
                )
            )
        except _UnusableError as error:
            settings._lose(
                Sentence(
                    "The settings in {path} could not be read ({error}), so Tern uses its defaults and works offline "
                    "until you correct that file, or switch “Work offline” off in the settings. "
                    "Before anything is saved, the file is copied to {aside}.",
                    path=path,
                    error=error.why,
                    aside=_aside(path).name,
                )
            )
        return settings

    def save(self, folder: Path | None = None) -> None:
        """Write what was set here, all or nothing; whatever else the file says by now stays, and is in force from now
        on. Raises UserError when the disk refuses.
        """
        if not self._touched:
            return
        path = (folder or paths.config_dir()) / FILE_NAME
        try:
            with _saving(path):
                pairs = self._merged(self._found(path))
                lines = (f"  {pair.key}: {pair.text}" for _, pair in sorted(pairs.items()))
                text = "{\n" + ",\n".join(lines) + "\n}\n" if pairs else "{}\n"
                with replacing(path) as file:
                    file.write(text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise UserError(
                "Tern could not save its settings in {path} ({reason}).", path=path, reason=error.strerror
            ) from error
        self._touched.clear()
        self._unread = False
        self._adopt(pairs)

    def _found(self, path: Path) -> dict[str, _Pair]:
        """What the file says now. One that says nothing is copied aside first; it may have forbidden connections."""
        try:
            return _read(path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UserError(
                "Tern could not save its settings: {path} cannot be read ({reason}), and what is in it "
                "would be lost. Make the file readable, then try again.",
                path=path,
                reason=error.strerror,
            ) from error
        except _UnusableError as error:
            aside = _aside(path)
            with suppress(FileNotFoundError):  # a link to a file that is gone
                shutil.copyfile(path, aside)
            if not self._unread and OFFLINE.key not in self._touched:
                self._warn(
                    Sentence(
                        "The settings in {path} could not be read any more ({error}), so Tern wrote them anew and "
                        "works offline until you switch that off in the settings. "
                        "The file as it was is kept as {aside}.",
                        path=path,
                        error=error.why,
                        aside=aside.name,
                    )
                )
            return {**self._file, OFFLINE.key: _pair(OFFLINE.key, True)}

    def _merged(self, pairs: dict[str, _Pair]) -> dict[str, _Pair]:
        merged = {key: pair for key, pair in pairs.items() if key not in self._touched}
        set_here = {key: value for key, value in self._changed.items() if key in self._touched}
        return merged | {key: _pair(key, value) for key, value in set_here.items()}

    def _adopt(self, pairs: dict[str, _Pair]) -> None:
        """Let what the file says be in force."""
        self._file, self._changed, self._bad = pairs, {}, set()
        for key, pair in pairs.items():
            if (setting := self._table.get(key)) is None:
                continue  # a newer Tern's
            problem = setting.problem(pair.value)
            if problem is None:
                if pair.value != setting.default:
                    self._changed[key] = setting.type(pair.value)
                continue
            log.warning("setting %s %s", key, problem)
            self._bad.add(key)
            shown = pair.text if len(pair.text) <= _SHOWN else f"{pair.text[:_SHOWN]}…"
            if key in self._guarding:
                self._warn(
                    Sentence(
                        "The setting {key} cannot be {value}, so Tern works offline until you correct it in "
                        "{file}, or switch “Work offline” off in the settings.",
                        key=key,
                        value=shown,
                        file=FILE_NAME,
                    )
                )
            else:
                self._warn(
                    Sentence(
                        "The setting {key} cannot be {value}, so Tern uses {default!r}.",
                        key=key,
                        value=shown,
                        default=setting.default,
                    )
                )

    def _lose(self, said: Sentence) -> None:
        log.warning("settings not read: %s", said)
        self._unread = True
        self._warn(said)

    def _warn(self, said: Sentence) -> None:
        if said not in self.warnings:
            self.warnings.append(said)


_SPACE = re.compile(r"[ \t\n\r]*")


def _read(path: Path) -> dict[str, _Pair]:
    """The file's entries by key. Raises OSError as the file system does, _UnusableError for what is no settings."""
    if path.exists() and not path.is_file():  # nothing would ever come from a pipe that nobody writes to
        raise _NoFileError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is not a regular file")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise _UnusableError(Sentence("it is a link to a file that is not there")) from None
        raise
    try:
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        whole = json.loads(text, parse_int=_number)
    except json.JSONDecodeError as error:
        no_json = Sentence("line {line} is no JSON", line=error.lineno)
        raise _UnusableError(no_json if text.strip() else Sentence("it is empty")) from error
    except (ValueError, RecursionError) as error:
        raise _UnusableError(Sentence("it is no JSON")) from error
    if not isinstance(whole, dict):
        raise _UnusableError(Sentence("it is no JSON object"))
    # It is sound. Now each entry once more, for how it is written: numbers and escapes have many spellings.
    decoder = json.JSONDecoder(parse_int=_number)
    pairs: dict[str, _Pair] = {}
    at = _after_space(text, text.index("{") + 1)
    while text[at] == '"':
        key, key_end = decoder.raw_decode(text, at)
        begin = _after_space(text, _after_space(text, key_end) + 1)
        value, end = decoder.raw_decode(text, begin)
        pairs[key] = _Pair(text[at:key_end], text[begin:end], value)
        end = _after_space(text, end)
        at = _after_space(text, end + 1) if text[end] == "," else end
    return pairs


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _number(digits: str) -> float:
    """A whole number; one that no computer counts with, as Python refuses to read it, is infinite."""
    return int(digits) if len(digits) <= 300 else float(digits)


def _pair(key: str, value: Any) -> _Pair:
    return _Pair(_json(key), _json(value), value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if _is_unicode(text) else json.dumps(value)


def _is_unicode(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8: halves of a character cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _aside(path: Path) -> Path:
    """Where to keep a file that says nothing: a name that is free, for an earlier one may be worth as much."""
    number, found = 1, path.with_suffix(".json.damaged")
    while found.exists():
        number += 1
        found = path.with_suffix(f".json.damaged-{number}")
    return found


@contextmanager
def _saving(path: Path) -> Iterator[None]:
    """Keep other processes from saving meanwhile. Where nothing can be locked, it is done without: each save reads
    the file anew, and only two in the same instant could undo each other.
    """
    import filelock  # late: most who read settings never save any

    lock = filelock.FileLock(path.with_name(f"{path.name}.lock"))
    try:
        lock.acquire(timeout=_PATIENCE_S)
    except (OSError, NotImplementedError) as error:
        log.warning("settings are saved without a lock: %s", error)
    try:
        yield
    finally:
        lock.release()
