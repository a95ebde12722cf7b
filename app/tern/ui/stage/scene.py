"""What is on the stage at one moment, as data: whoever draws it (the screen, a picture, an animation) needs no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from tern.engine.types import Stats


@dataclass(frozen=True, slots=True)
class Lane:
    """A reply as it stands. ``text`` is what is shown of it, ``words`` how many that are; ``stats`` are the reply's own
    numbers. ``read``: characters (UTF-16) up to where a reader is; None without one."""

    text: str = ""
    words: int = 0
    stats: Stats = field(default_factory=Stats)
    read: int | None = None
    writing: bool = False
    title: str = ""
    about: str = ""  # a line under the title
    status: str = ""  # in the place of the text, while there is none
    words_per_min: float = 0.0  # of the reply as it was written, however it is shown

    @property
    def tokens_per_s(self) -> float:
        return self.stats.decode_tokens_per_s


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands for the computer and the model; an empty one is not known, or not so, and not shown."""

    model: str = ""
    machine: str = ""
    memory: str = ""
    energy: str = ""  # joules a token: only where a source measures them
    cpu: str = ""  # "CPU only", where no layer is computed elsewhere
    network: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """``lanes``: none before the first run, one of a run, two of a race. ``choices``: the prompts on the keys, while
    nothing runs."""

    prompt: str = ""
    lanes: tuple[Lane, ...] = ()
    beside: str = ""  # "about six times as fast as you read"
    note: str = ""  # how what is shown differs from what happened
    verdict: str = ""  # of a race
    verdict_about: str = ""
    facts: Facts = field(default_factory=Facts)
    choices: tuple[str, ...] = ()
    status: str = ""
    progress: float | None = None  # of what is waited for, 0 to 1


Moment = tuple[float, Scene]  # of a clock's seconds
LONGEST_S = 45.0  # of an animation
