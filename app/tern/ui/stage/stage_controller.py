"""What happens on the stage: prompts and replies, the carousel, the race, what is saved. When it is left, all is put
back as it was. Knows the queue of replies and the settings; what it needs of the models is handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from tern import paths
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.engine.types import Message, ModelInfo, Request, SamplingParams, Stats
from tern.errors import UserError
from tern.metrics.cpu import cpu
from tern.metrics.memory import memory
from tern.settings import MAX_TOKENS, READING_PACE, STAGE_LOOK, STAGE_PROMPTS, Settings
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.announcer import Announcer
from tern.ui.shared.jobs import Job
from tern.ui.shared.pace_words import pace_words
from tern.ui.shared.translate_errors import said
from tern.ui.stage import prompts
from tern.ui.stage.calibration import Calibration
from tern.ui.stage.keep_awake import KeepAwake
from tern.ui.stage.look import BLACK, PAPER
from tern.ui.stage.prompt_editor import PromptEditor
from tern.ui.stage.race_engines import RaceEngines
from tern.ui.stage.race_show import RaceShow, trouble
from tern.ui.stage.run import Showing, begun, question_of, reading_status
from tern.ui.stage.scene import LONGEST_S, Facts, Moment, Scene
from tern.ui.stage.stage_window import StageWindow
from tern.ui.style.number_text import localized, seconds_text, size_text
from tern.ui.style.theme import Theme
from tern.ui.style.tokens import Tokens

_FRAME_MS, _IDLE_MS = 66, 500  # between two pictures: while something moves, and while nothing does
_FACTS_S = 0.5
_LONGEST = 240  # tokens of a reply on the stage: what fits it
_RACE_TOKENS = 96
_GUIDE_WORDS_PER_S = 8  # the guide's text, which would be there at once
_REST_S = 4.0  # between two prompts of the carousel, when all is read
_MOST_READING_S = 60.0  # that the carousel waits for the reader
_AFTER_S = 1.5  # that is still recorded after the end


class StageController(QObject):
    """``shown``: the conversation on show in Tern's window, whose replies come on the stage too. ``save`` keeps the
    settings, as after each of their changes; :attr:`changed` says which."""

    changed = Signal(object)  # Setting
    left = Signal()

    def __init__(
        self,
        theme: Theme,
        queue: ReplyQueue,
        settings: Settings,
        shown: Callable[[], Session],
        parent: QWidget,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._theme, self._queue, self._settings = theme, queue, settings
        self._shown, self._parent, self._clock = shown, parent, clock
        self.engines: RaceEngines | None = None
        self.network = ""  # what the network does, in the readout bar's words
        self.window: StageWindow | None = None
        self._awake: KeepAwake | None = None
        self._store: Store | None = None  # of what is asked here; gone when the stage is left
        self._stores: list[Store] = []  # of earlier times, in which a last reply may still be written
        self._session: Session | None = None  # whose reply is on show
        self._own = False  # asked here
        self._prompt = ""
        self._showing: Showing | None = None
        self._race: RaceShow | None = None
        self._by_itself: int | None = None  # the prompt that the carousel is at
        self._rested: float | None = None  # since when all of it is read
        self._asked_at = 0.0
        self._facts, self._facts_at = Facts(), -_FACTS_S
        self._model: ModelInfo | None = None  # the last that was open: a race closes it
        self._machine = ""
        self._said = ""  # for a moment, in the place of the prompt
        self._record: list[Moment] = []
        self._ended_at: float | None = None
        self._job: Job | None = None
        self._timer = QTimer(self, interval=_IDLE_MS)
        self._timer.timeout.connect(self.tick)
        queue.ended.connect(self._close_stores)

    # Opening and leaving

    @property
    def is_open(self) -> bool:
        return self.window is not None

    def open(self) -> None:
        """Take the screen that Tern's window is on; what is being written there goes on here."""
        if self.window is not None:
            self.window.activateWindow()
            return
        self.window = window = StageWindow(self._tokens, self._font)
        window.asked.connect(self.do)
        window.closed.connect(self._closed)
        self._announcer = Announcer(window.canvas)
        queue = self._queue
        queue.grew.connect(self._grew)
        queue.ended.connect(self._ended)
        queue.prefilling.connect(self._prefilling)
        self._theme.changed.connect(self._restyle)
        self._store = Store.private()
        self._awake = KeepAwake("Tern: the stage")
        self._model = queue.info
        if not self._machine:
            job = Job("processor", lambda told: cpu().name, self)
            job.done.connect(self._know_machine)
            job.start()
        if (shown := self._shown()).busy and not shown.store.is_private:
            self._adopt(shown)
        self._timer.start()
        self.tick()
        window.show_on(self._parent.window())

    def leave(self) -> None:
        """Give the screen back."""
        if self.window is not None:
            self.window.close()

    def _closed(self) -> None:
        window, self.window = self.window, None
        if window is None:
            return
        self._timer.stop()
        self._drop()
        if self._job is not None:
            self._job.cancel()
        queue = self._queue
        queue.grew.disconnect(self._grew)
        queue.ended.disconnect(self._ended)
        queue.prefilling.disconnect(self._prefilling)
        self._theme.changed.disconnect(self._restyle)
        if self._awake is not None:
            self._awake.end()
            self._awake = None
        self._record.clear()
        self._by_itself = None
        store, self._store = self._store, None
        if store is not None:
            self._stores.append(store)
        self._close_stores()
        window.deleteLater()
        self.left.emit()

    def _close_stores(self, *_: object) -> None:
        """Once no reply writes there any more: one that is being stopped does."""
        if not self._queue.busy:
            for store in self._stores:
                store.close()
            self._stores.clear()

    # What can be done

    def do(self, name: str) -> None:
        """What a key or a button asks for."""
        if self.window is None:
            return
        self._said = ""
        if self._by_itself is not None:  # any key stops it, and one that means nothing else only that
            self._by_itself = None
            if not name.startswith("prompt"):
                self.tick()
                return
        if name.startswith("prompt"):
            self.ask(int(name[-1]) - 1)
        elif name == "leave":
            self._escape()
        elif name == "back":
            self._drop()
        elif name == "race":
            self.race()
        elif name == "by_itself":
            self._by_itself = -1
            self._drop()
            self._next()
        elif name == "look":
            self._turn_look()
        elif name == "edit":
            self._edit()
        elif name == "calibrate":
            self._calibrate()
        elif name == "screen" and len(QGuiApplication.screens()) > 1:
            self.window.next_screen()
        elif name in ("picture", "animation"):
            self._ask_where(name)
        self.tick()

    def ask(self, number: int) -> None:
        """Have the prompt on that key (from 0) answered."""
        self._drop()
        assert self._store is not None
        texts = prompts.prompts(self._settings, self._is_guide)
        session = Session(self._store, manner=Manner(sampling={MAX_TOKENS.key: _LONGEST}))
        self._begin(session, texts[number], own=True)
        try:
            self._queue.ask(session, Draft(texts[number]))
        except UserError as error:
            assert self._showing is not None
            self._showing.reply.trouble, self._showing.reply.ended = said(error), True
        else:
            if self._showing is not None and self._queue.waits_for(session) is not None:
                self._showing.reply.status = self.tr("Waiting for the reply in Tern's window…")

    def race(self) -> None:
        """Tern's kernels, then llama.cpp's, on the prompt on show or the first."""
        texts = prompts.prompts(self._settings, self._is_guide)
        prompt = self._prompt or texts[0]
        problem = self.tr("No model is open yet.")
        if self.engines is not None:
            problem = self.engines.problem()
        if self.engines is None or problem:
            self._said = problem
            return
        self._drop()
        self._model = self._queue.info or self._model
        self._prompt = prompt
        request = Request((Message("user", prompt),), SamplingParams(temperature=0.0), _RACE_TOKENS)
        self._race = RaceShow(self.engines.start(request), prompt, self._clock)
        self._record.clear()
        self._ended_at = None

    def _escape(self) -> None:
        if self._race is not None and not self._race.race.over:
            self._drop()
        else:
            self.leave()

    def _drop(self) -> None:
        """Nothing is on show any more; what was asked here for that ends."""
        if self._race is not None and not self._race.race.over:
            self._race.race.cancel()
        self._race = None
        session, self._session = self._session, None
        if session is not None and self._own and session.busy:
            self._queue.stop(session)
        self._showing, self._prompt, self._own = None, "", False
        self._rested = self._ended_at = None

    def _begin(self, session: Session, prompt: str, own: bool) -> None:
        slow = _GUIDE_WORDS_PER_S if self._is_guide else None
        self._session, self._own, self._prompt = session, own, prompt
        self._showing = Showing(self._settings[READING_PACE], slow, self._clock)
        self._record.clear()
        self._rested = self._ended_at = None
        self._asked_at = self._clock()

    def _adopt(self, session: Session) -> None:
        """Show the reply that was asked for in Tern's window."""
        self._drop()
        self._begin(session, question_of(session), own=False)
        assert self._showing is not None
        self._showing.reply = begun(session)

    # The carousel

    def _next(self) -> None:
        if self._by_itself is not None:
            self._by_itself = (self._by_itself + 1) % prompts.COUNT
            self.ask(self._by_itself)

    def _look_for_next(self) -> None:
        """When all is read, and a while has gone by, the next prompt."""
        showing = self._showing
        if self._by_itself is None or showing is None or not showing.all_shown:
            return
        now = self._clock()
        if self._rested is None and (showing.all_read or now - self._asked_at > _MOST_READING_S):
            self._rested = now
        if self._rested is not None and now - self._rested >= _REST_S:
            self._next()

    # What the engine says

    def _grew(self, session: Session, text: str, stats: Stats) -> None:
        if session is not self._session:
            mirrored = session is self._shown() and not session.store.is_private
            if not mirrored or (self._own and self._showing is not None and not self._showing.reply.ended):
                return
            self._by_itself = None
            self._adopt(session)
            return
        assert self._showing is not None
        reply = self._showing.reply
        reply.text += text
        reply.stats = stats
        if self._own:  # what comes in Tern's window is read out there
            self._announcer.add(text)

    def _ended(self, session: Session, sentence: object) -> None:
        if session is not self._session or self._showing is None:
            return
        reply = self._showing.reply
        reply.ended, reply.trouble = True, said(sentence) if sentence else ""
        reply.stats = session.path[-1].stats
        if self._own:
            self._announcer.finish()

    def _prefilling(self, session: Session, done: int, total: int) -> None:
        if session is self._session and self._showing is not None:
            self._showing.reply.status = reading_status(done, total) if done < total > 64 else ""

    # What is on show

    @property
    def scene(self) -> Scene:
        """What is on the stage at this moment."""
        facts = self._known_facts()
        if self._race is not None:
            race = self._race.race
            if not race.over or not (problem := trouble(race)):
                return self._race.scene(facts)
            self._race, self._said = None, problem
        if self._showing is not None:
            lane = self._showing.lane()
            beside = pace_words(lane.words_per_min, self._settings[READING_PACE])
            note = ""
            if self._showing.all_shown and lane.text:
                times = (seconds_text(self._showing.written_s), seconds_text(self._showing.reading_s))
                note = self.tr("Written in {0}. Reading it takes you {1}.").format(*times)
            if self._showing.shown_per_s is not None:
                note = self.tr(
                    "Shown at {0} words a second, so that it can be read. The figures are the guide's true speed."
                ).format(self._showing.shown_per_s)
            status = self.tr("By itself: any key stops") if self._by_itself is not None else ""
            failed = self._showing.reply.trouble if lane.text else ""
            status = self._said or failed or status
            return Scene(self._prompt, (lane,), beside, note, facts=facts, status=status)
        texts = prompts.prompts(self._settings, self._is_guide)
        hint = self.tr("Press 1 to 5, or ask something in Tern's window.")
        return Scene(self._said or hint, choices=texts, facts=facts)

    def tick(self) -> None:
        """Show this moment."""
        window = self.window
        if window is None:
            return
        scene = self.scene
        window.canvas.show_scene(scene)
        moves = self._moves
        window.set_idle(not moves)
        window.bar.set_possible(self._possible())
        self._timer.setInterval(_FRAME_MS if moves or self._showing is not None else _IDLE_MS)
        self._keep_moment(scene)
        self._look_for_next()

    @property
    def _moves(self) -> bool:
        """Whether something is under way that nobody should distract from."""
        if self._race is not None:
            return not self._race.finished
        return self._showing is not None and (not self._showing.all_shown or self._by_itself is not None)

    def _possible(self) -> set[str]:
        names = {"race", "by_itself", "look", "edit", "calibrate", "leave"}
        if self._showing is not None or self._race is not None:
            names |= {"back", "picture"}
            if self._record and not self._moves:
                names.add("animation")
        if len(QGuiApplication.screens()) > 1:
            names.add("screen")
        return names

    def _keep_moment(self, scene: Scene) -> None:
        """What may be saved as an animation: a run from its first word to a little after its end."""
        if self._race is not None:
            running = self._race.race.over
            over = bool(scene.verdict)
        else:
            running = bool(scene.lanes and scene.lanes[0].text)
            over = running and not scene.lanes[0].writing
        if not running or self._job is not None:
            return
        now = self._clock()
        if over and self._ended_at is None:
            self._ended_at = now
        if self._ended_at is not None and now - self._ended_at > _AFTER_S:
            return
        if self._record and now - self._record[0][0] > LONGEST_S:
            self._record.pop()  # of what is longer only the beginning is saved, and how it ended
        self._record.append((now, replace(scene, status="")))

    def _known_facts(self) -> Facts:
        now = self._clock()
        info = self._queue.info or self._model
        if now - self._facts_at < _FACTS_S or info is None:
            return replace(self._facts, network=self.network)
        self._model, self._facts_at = info, now
        name = self.tr("Tern's guide") if info.path == paths.guide_model() else info.name
        machine = self._machine
        if info.threads:
            threads = self.tr("%n thread(s)", "", info.threads)
            machine = f"{machine}, {threads}" if machine else threads
        self._facts = Facts(
            name,
            machine,
            self.tr("Memory {0}").format(size_text(memory().resident_bytes)),
            self._energy_words(),
            self.tr("CPU only") if info.gpu_layers == 0 else "",
            self.network,
        )
        return self._facts

    def _energy_words(self) -> str:
        """Of the reply on show, where a counter of this computer measured it."""
        energy = self._showing.reply.stats.energy if self._showing is not None else None
        if energy is None or energy.joules_per_token is None:
            return ""
        return self.tr("{0} J a token").format(localized(f"{energy.joules_per_token:.2f}"))

    @property
    def _is_guide(self) -> bool:
        info = self._queue.info or self._model
        return info is None or info.path == paths.guide_model()

    def _know_machine(self, name: str) -> None:
        self._machine = " ".join(name.split())
        self._facts_at = -_FACTS_S

    # Look, prompts, pace

    @property
    def _tokens(self) -> Tokens:
        look = self._settings[STAGE_LOOK]
        dark = self._theme.dark if look == "window" else look == "black"
        return BLACK if dark else PAPER

    @property
    def _font(self) -> QFont:
        font = QFont(QGuiApplication.font())
        font.setWeight(QFont.Weight.Normal)
        return font

    def _turn_look(self) -> None:
        self._settings[STAGE_LOOK] = "paper" if self._tokens is BLACK else "black"
        self.changed.emit(STAGE_LOOK)
        self._restyle()

    def _restyle(self) -> None:
        if self.window is not None:
            self.window.set_look(self._tokens)

    def _edit(self) -> None:
        assert self.window is not None
        guide = self._is_guide
        editor = PromptEditor(prompts.prompts(self._settings, guide), self.window)
        editor.written.connect(lambda texts: self._keep_prompts(texts, guide))
        self.window.lay_over(editor)

    def _keep_prompts(self, texts: tuple[str, ...], guide: bool) -> None:
        prompts.keep(self._settings, texts, guide)
        self.changed.emit(STAGE_PROMPTS)
        self.tick()

    def _calibrate(self) -> None:
        assert self.window is not None
        self._drop()
        over = Calibration(self._tokens, self._font, self._settings[READING_PACE], self.window)
        over.found.connect(self._keep_pace)
        self.window.lay_over(over)

    def _keep_pace(self, pace: int) -> None:
        self._settings[READING_PACE] = pace
        self.changed.emit(READING_PACE)

    # Saving

    def _ask_where(self, kind: str) -> None:
        assert self.window is not None
        if not self._record and kind == "animation":
            self._said = self.tr("Run a prompt or a race first.")
            return
        ending = "png" if kind == "picture" else "gif"
        title = self.tr("Save picture") if kind == "picture" else self.tr("Save animation")
        dialog = QFileDialog(self.window, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{ending.upper()} (*.{ending})"])
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"Tern.{ending}")
        scene, moments = self.scene, list(self._record)
        dialog.fileSelected.connect(lambda name: self.save(Path(name), scene, moments))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, scene: Scene, moments: list[Moment]) -> None:
        """Write ``scene`` or, to a .gif, ``moments`` to ``path``, beside the window."""
        tokens, font = self._tokens, self._font
        scene = replace(scene, status="")

        def work(told: Callable[[float], None]) -> Path:
            from tern.ui.stage import saving  # late: it takes numpy

            if path.suffix.lower() == ".gif":
                saving.save_animation(path, moments, tokens, font, told)
            else:
                saving.save_picture(path, scene, tokens, font)
            return path

        self._job = job = Job(self.tr("Saving {0}").format(path.name), work, self)
        job.progressed.connect(lambda percent: self._say(f"{job.label} {percent}%"))
        job.done.connect(lambda written: self._say(self.tr("Saved as {0}.").format(written)))
        job.failed.connect(self._say)
        job.ended.connect(self._saved)
        job.start()

    def _saved(self) -> None:
        self._job = None

    def _say(self, sentence: str) -> None:
        self._said = sentence
        self.tick()
