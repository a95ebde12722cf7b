"""Everything a person can set, in one typed table; the dialog and the docs are made from it.

Kept as JSON in the config folder: only what differs from the default, so that a better default reaches everyone,
and whatever a newer Tern wrote, so that an older one does not lose it. Knows no window and no engine.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tern import paths
from tern.atomic import replacing
from tern.errors import BugError, UserError

log = logging.getLogger(__name__)

T = TypeVar("T", bool, int, float, str)

FILE_NAME = "settings.json"


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
    lowest: str = ""  # what to show for the lowest number, where that is no number

    def problem(self, value: object) -> str | None:
        """Why ``value`` cannot be set, as the end of a sentence; None when it can."""
        if self.type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.type:
            return f"must be {_TYPE_NAMES[self.type]}"
        if self.choices and value not in [choice for choice, _ in self.choices]:
            return "must be one of " + ", ".join(str(choice) for choice, _ in self.choices)
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
    """How many threads may be asked for here: more than the processors gain nothing, hundreds stop the computer."""
    return min(512, 4 * (os.cpu_count() or 1))  # 512: the most that ggml takes


_LOOK, _REPLY, _ENGINE, _NETWORK = "Appearance", "Replies", "Engine", "Network"

THEME = Setting(
    "theme", str, "system", _LOOK, "Theme",
    "Light, dark, or whatever your system uses.",
    choices=(("system", "Same as the system"), ("light", "Light"), ("dark", "Dark")),
)  # fmt: skip
ACCENT = Setting(
    "accent", str, "blue", _LOOK, "Accent colour",
    "Of buttons, links, selections and the ring around what has the keyboard.",
    choices=(
        ("blue", "Arctic blue"), ("teal", "Lagoon"), ("green", "Moss"), ("violet", "Heather"), ("rose", "Rose"),
        ("graphite", "Graphite"), ("system", "Same as the system"),
    ),
)  # fmt: skip
FONT_SIZE = Setting(
    "font_size", int, 15, _LOOK, "Text size",
    "Size of the conversation's text in pixels; everything else scales with it.", 11, 32,
)  # fmt: skip
REDUCED_MOTION = Setting(
    "reduced_motion", bool, False, _LOOK, "Reduce motion",
    "Nothing slides or blinks. It is on by itself where your system tells Tern to move less.",
)  # fmt: skip
DENSITY = Setting(
    "density", str, "comfortable", _LOOK, "Density",
    "How much room there is between things.",
    choices=(("comfortable", "Comfortable"), ("compact", "Compact")),
)  # fmt: skip
LANGUAGE = Setting(
    "language", str, "system", _LOOK, "Language",
    "Of Tern's own words; it changes when Tern is started again. The model answers in the language it is asked in.",
)  # fmt: skip  # its choices are the translations that are there
TRAY = Setting(
    "tray", bool, False, _LOOK, "Stay in the notification area",
    "Closing the window keeps Tern there, with its conversations and its model; Quit ends it.",
)  # fmt: skip
ENTER_SENDS = Setting(
    "enter_sends", bool, True, _LOOK, "Enter sends",
    "Off: Enter begins a new line, and Ctrl+Enter sends.",
)  # fmt: skip
SYSTEM_PROMPT = Setting(
    "system_prompt", str, "", _REPLY, "System prompt",
    "Told to the model before every new conversation. Empty sends none.", lines=4,
)  # fmt: skip
TEMPERATURE = Setting(
    "sampling.temperature", float, 0.7, _REPLY, "Temperature",
    "0 always takes the likeliest word; higher values vary more.", 0, 2,
)  # fmt: skip
TOP_K = Setting(
    "sampling.top_k", int, 40, _REPLY, "Top-k",
    "Choose among this many likeliest tokens; 0 among all.", 0, 1000, lowest="All",
)  # fmt: skip
TOP_P = Setting(
    "sampling.top_p", float, 0.95, _REPLY, "Top-p",
    "Choose among the likeliest tokens that together reach this probability; 1 switches it off.", 0, 1,
)  # fmt: skip
MIN_P = Setting(
    "sampling.min_p", float, 0.05, _REPLY, "Min-p",
    "Leave out tokens less likely than this part of the likeliest one; 0 switches it off.", 0, 1,
)  # fmt: skip
REPEAT_PENALTY = Setting(
    "sampling.repeat_penalty", float, 1.0, _REPLY, "Repeat penalty",
    "Above 1 makes repeating a recent token less likely; 1 switches it off.", 1, 2,
)  # fmt: skip
SEED = Setting(
    "sampling.seed", int, -1, _REPLY, "Seed",
    "The same seed gives the same reply to the same question; -1 draws a new one each time.", -1, 2**32 - 2,
    lowest="New each time",
)  # fmt: skip
MAX_TOKENS = Setting(
    "max_tokens", int, 0, _REPLY, "Longest reply",
    "Stop a reply after this many tokens; 0 lets it run as far as the context reaches.", 0, 1 << 20, lowest="No limit",
)  # fmt: skip
THREADS = Setting(
    "threads", int, 0, _ENGINE, "Threads",
    "How many processor cores the model uses; 0 takes the best count that is known for this computer.", 0,
    most_threads(), lowest="Automatic",
)  # fmt: skip
QUIET = Setting(
    "quiet", bool, False, _ENGINE, "Quiet",
    "Use half the threads: a cooler and quieter computer, and slower replies.",
)  # fmt: skip
KV_TYPE = Setting(
    "kv_type", str, "f16", _ENGINE, "Memory of the conversation",
    "How exactly the KV cache is kept: f32 is exact and large, q8_0 is small and faster in long conversations.",
    choices=(("f16", "f16 (standard)"), ("f32", "f32 (exact)"), ("q8_0", "q8_0 (small)")),
)  # fmt: skip
CONTEXT_SIZE = Setting(
    "context_size", int, 0, _ENGINE, "Context size",
    "Tokens the model can look back on; 0 takes all that it was made for. Less needs less memory.", 0, 1 << 20,
    lowest="The model's",
)  # fmt: skip
OFFLINE = Setting(
    "offline", bool, False, _NETWORK, "Work offline",
    "Forbid every connection. Without it Tern connects only to fetch a model that you ask for.",
)  # fmt: skip
HUB_ENDPOINT = Setting(
    "hub_endpoint", str, "", _NETWORK, "Model hub",
    "Address of a mirror of Hugging Face, as https://HOST; empty takes HF_ENDPOINT or the original.",
)  # fmt: skip
PROXY = Setting(
    "proxy", str, "", _NETWORK, "Proxy",
    "Address of a proxy for downloads, as http://HOST:PORT or socks5://HOST:PORT; empty takes the system's.",
)  # fmt: skip
DOWNLOAD_LIMIT = Setting(
    "download_limit", float, 0.0, _NETWORK, "Download limit",
    "Megabytes a second that a download may use; 0 takes all there is.", 0, 10000, lowest="No limit",
)  # fmt: skip
OWN_PRESETS = Setting("own_presets", str, "")  # chat/presets.py
MODEL_PATH = Setting("model_path", str, "")
WINDOW_GEOMETRY = Setting("window.geometry", str, "")
SIDEBAR_OPEN = Setting("window.sidebar", bool, True)
# What `tern bench --threads sweep` found, and on which computer: settings may travel to another one.
THREADS_MEASURED = Setting("threads_measured", int, 0, low=0, high=512)
THREADS_MEASURED_ON = Setting("threads_measured_on", str, "")
FORECAST = Setting("forecast", str, "")  # metrics/forecast.py: how fast the full-size model will be here

TABLE: tuple[Setting[Any], ...] = (
    THEME, ACCENT, FONT_SIZE, DENSITY, REDUCED_MOTION, LANGUAGE, TRAY, ENTER_SENDS,
    SYSTEM_PROMPT, TEMPERATURE, TOP_K, TOP_P, MIN_P, REPEAT_PENALTY, SEED, MAX_TOKENS,
    THREADS, QUIET, KV_TYPE, CONTEXT_SIZE,
    OFFLINE, HUB_ENDPOINT, PROXY, DOWNLOAD_LIMIT,
    OWN_PRESETS, MODEL_PATH, WINDOW_GEOMETRY, SIDEBAR_OPEN, THREADS_MEASURED, THREADS_MEASURED_ON, FORECAST,
)  # fmt: skip


class Settings:
    """The values in force. ``settings[THREADS]`` is typed; ``warnings`` says what in the file was passed over."""

    def __init__(self, values: dict[str, Any] | None = None, table: Sequence[Setting[Any]] = TABLE) -> None:
        self._table = {setting.key: setting for setting in table}
        self._changed: dict[str, Any] = {}
        self._unknown: dict[str, Any] = {}
        self.warnings: list[str] = []
        for key, value in (values or {}).items():
            self._take(key, value)

    def __getitem__(self, setting: Setting[T]) -> T:
        value: T = self._changed.get(setting.key, setting.default)
        return value

    def __setitem__(self, setting: Setting[T], value: T) -> None:
        """Set a value; BugError when it is out of range: whoever asks must offer only what fits."""
        problem = setting.problem(value)
        if problem is not None:
            raise BugError(f"setting {setting.key} {problem}, not {value!r}")
        if value == setting.default:
            self._changed.pop(setting.key, None)
        else:
            self._changed[setting.key] = setting.type(value)

    def is_changed(self, setting: Setting[Any]) -> bool:
        """Whether the value differs from the default."""
        return setting.key in self._changed

    def restore(self, setting: Setting[Any]) -> None:
        """Back to the default."""
        self._changed.pop(setting.key, None)

    @classmethod
    def load(cls, folder: Path | None = None) -> Settings:
        """Read the settings; a missing file is all defaults, a damaged one is put aside and said in ``warnings``."""
        path = (folder or paths.config_dir()) / FILE_NAME
        try:
            values = json.loads(path.read_bytes())
            if not isinstance(values, dict):
                raise ValueError("not an object")
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, RecursionError) as error:
            log.warning("settings not read: %s", error)
            settings = cls()
            said = UserError(f"The settings in {path} could not be read, so Tern uses its defaults.")
            settings.warnings.append(str(said))
            settings._put_aside(path)
            return settings
        return cls(values)

    def save(self, folder: Path | None = None) -> None:
        """Write what differs from the defaults, all or nothing. Raises UserError when the disk refuses."""
        path = (folder or paths.config_dir()) / FILE_NAME
        text = json.dumps({**self._unknown, **self._changed}, indent=2, ensure_ascii=False, sort_keys=True)
        try:
            with replacing(path) as file:
                file.write(f"{text}\n".encode())
        except OSError as error:
            raise UserError(f"Tern could not save its settings in {path} ({error.strerror}).") from error

    def _take(self, key: str, value: object) -> None:
        setting = self._table.get(key)
        if setting is None:
            self._unknown[key] = value
            return
        problem = setting.problem(value)
        if problem is None:
            self[setting] = setting.type(value)
        else:
            said = UserError(f"The setting {key} cannot be {value!r}, so Tern uses {setting.default!r}.")
            self.warnings.append(str(said))
            log.warning("setting %s %s, not %r", key, problem, value)

    def _put_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_suffix(".json.damaged"))
        except OSError as error:
            log.warning("damaged settings not put aside: %s", error)
