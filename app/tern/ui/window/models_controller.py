"""Brings models into the window: the page, the first-run card, and which model the conversation uses. Wires only.

To use it: ``controller = ModelsController(window, theme, settings, save, engine_options)`` once the window is built,
``controller.open_first(asked)`` instead of opening a model oneself, ``controller.close()`` when the window is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from tern import paths
from tern.chat.session import Session
from tern.engine import can_chat
from tern.engine.config import ARCHITECTURES
from tern.engine.kernels import loader
from tern.engine.llama_engine import chat_template
from tern.engine.types import TQ2_KERNEL, Engine, EngineOptions, ModelInfo, Request
from tern.errors import UserError
from tern.library import models_folder, shelf
from tern.library.network import NetworkOptions
from tern.library.shelf import Installed
from tern.library.unfinished import unfinished
from tern.metrics.forecast import Forecast
from tern.metrics.race import Race, Step
from tern.open_engine import open_any_engine, open_engine
from tern.settings import DOWNLOAD_LIMIT, HUB_ENDPOINT, MODEL_PATH, OFFLINE, PROXY, READING_PACE, Settings
from tern.ui.models.downloads import Downloads, DownloadTask
from tern.ui.models.first_run import FirstModelCard
from tern.ui.models.models_page import ModelsPage
from tern.ui.models.speed_probe import SpeedProbe, kept_forecast
from tern.ui.shared.jobs import Job
from tern.ui.stage.race_engines import RaceEngines
from tern.ui.style.number_text import percent_text
from tern.ui.style.theme import Theme
from tern.ui.window.icon_progress import IconProgress
from tern.ui.window.main_window import MainWindow
from tern.ui.window.network_word import NetworkWatch
from tern.ui.window.palette_commands import of_model
from tern.ui.window.palette_match import Command

if TYPE_CHECKING:
    from tern.engine.proof import Proof

log = logging.getLogger(__name__)
_OF_THE_NETWORK = (OFFLINE, HUB_ENDPOINT, PROXY)  # with another, what failed may work
_ENOUGH_TOKENS = 16  # of a reply, to measure a speed by


class ModelsController(QObject):
    """``options`` says how a model is opened now; ``save`` keeps the settings."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        settings: Settings,
        save: Callable[[], None],
        options: Callable[[], EngineOptions],
        downloads: Downloads | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._theme, self._settings = window, theme, settings
        self._save, self._options = save, options
        self.downloads = downloads or Downloads(self._network_options, self)
        self._page: ModelsPage | None = None
        self._path: Path | None = None  # of the model that answers
        self.card: FirstModelCard | None = None
        self._probe: SpeedProbe | None = None
        self._forecast: Forecast | None = None
        window.actions_.connect("models", self.show_page)
        window.actions_.connect("network", window.settings_controller.show_network)
        window.header.model_menu.aboutToShow.connect(self._fill_menu)
        window.model_commands = self._commands
        window.chat.other_models = self._others
        window.queue.ended.connect(self._replied)
        window.settings_controller.changed.connect(self._setting_changed)
        self.downloads.installed.connect(self._arrived)
        self.downloads.failed.connect(self._not_arrived)
        self._watch = NetworkWatch(self.downloads, self._network_options, self)
        self._watch.changed.connect(window.readouts.show_network)
        self._watch.changed.connect(lambda word: window.take_network_word(word.text))
        window.race_engines = RaceEngines(self._race_problem, self._race)
        self._watch.changed.connect(lambda word: window.sidebar.show_download(word.part, word.text))
        icon = IconProgress(self)
        self._watch.changed.connect(lambda word: icon.show_part(word.part))
        window.readouts.downloads_requested.connect(self.show_page)
        window.readouts.connections_requested.connect(window.settings_controller.show_network)
        window.chat.models_requested.connect(self.show_page)
        window.settings_controller.move_models.connect(self._move_models)
        window.area.chat.guide_bar.asked.connect(self.show_page)
        self._proving: Job | None = None
        if not any(model.present for model in shelf.installed()):
            self._offer_first_model()

    def open_first(self, asked: Path | None = None) -> None:
        """Open the model asked for, or the last one used, or the built-in guide."""
        kept = Path(self._settings[MODEL_PATH]) if self._settings[MODEL_PATH] else None
        if asked is None and kept is not None and not kept.is_file():
            said = self.tr("The model {0} is gone, so the built-in guide answers.").format(kept.name)
            if (place := models_folder.missing()) is not None:
                said = self.tr(
                    "The disk with your models ({0}) is not connected, so the built-in guide answers."
                ).format(place)
            self._window.notice.show_message(
                said,
                self.tr("Models"), self.show_page,
            )  # fmt: skip
            kept = None
        self._open(asked or kept or paths.guide_model())
        self.downloads.resume()
        self._say_what_is_unfinished()
        self._watch.refresh()

    def open_asked(self, asked: Path, answer: Callable[[str], None]) -> None:
        """Open the model that another launch asks for; ``answer`` is told why not, or nothing, once that is known.

        What cannot be opened leaves the present model in its place.
        """
        before = self._path
        begun = False

        def starting() -> None:
            nonlocal begun
            begun = True  # what the worker says before is about an earlier model

        def ended(sentence: str) -> None:
            if not begun:
                return
            desk.model_loaded.disconnect(loaded)
            desk.model_failed.disconnect(ended)
            answer(sentence)
            if sentence and before is not None and self._path == asked:
                self._open(before)
                self._window.show_error(sentence)

        def loaded(info: ModelInfo) -> None:
            ended("" if info.path == asked else self.tr("Another model was chosen in the meantime."))

        try:
            chat_template(asked)
        except UserError as error:
            self._window.show_error(error.sentence)
            answer(str(error))
            return
        desk = self._window.queue
        desk.model_loaded.connect(loaded)
        desk.model_failed.connect(ended)
        self._open(asked, starting)

    def show_page(self) -> None:
        """Show the models in the place of the conversation."""
        page = self._made_page()
        page.reload()
        self._window.area.show_page(page, self.tr("Models"))

    @property
    def page(self) -> ModelsPage | None:
        return self._page

    def use(self, model: Installed | None) -> None:
        """Chat with ``model`` (None: the built-in guide) from now on; the conversation on show goes on with it.

        A foreign chat template that has to be run is asked about first.
        """
        if model is None:
            self._talk_with(None)
            return
        try:
            can_chat.check(model.path)
            template, known = chat_template(model.path)
        except UserError as error:
            self._window.show_error(error.sentence)
            return
        if known or shelf.template_trusted(model.path):
            self._talk_with(model.path)
            return
        asked = self._made_page().show_template(model, template, known)
        asked.answered.connect(lambda allowed: self._talk_with(model.path) if allowed else None)

    def prove_answers(self) -> None:
        """Once for this processor and this Tern, when a model is open: whether answers are right here."""
        self._window.queue.model_loaded.connect(self._prove)

    def _prove(self, info: ModelInfo) -> None:
        from tern.engine import proof
        from tern.metrics.fresh_process import tern_command

        guide, cache = paths.guide_model(), paths.cache_dir()
        known = proof.remembered(guide, cache)
        if known is not None and known.right:
            return
        if known is not None:
            self._obey(known)
            return
        if self._proving is not None:
            return
        folder = paths.override()
        command = [*tern_command(), proof.COMMAND, *([] if folder is None else ["--data-dir", str(folder)])]
        job = self._proving = Job("answers", lambda told: proof.prove(command, guide, cache, told), self)
        job.done.connect(self._obey)
        job.start()

    def _obey(self, proved: Proof) -> None:
        """Wrong kernels are not used from now on; the model is opened anew with those that are right."""
        from tern.engine import proof

        if not proved.wrong or loader.load().name == "scalar":
            return
        try:
            wrong = proof.obey(proved)
        except UserError as error:
            self._window.show_error(error.sentence)
            return
        said = self.tr(
            "This computer computes wrong answers with {0}. Tern uses its slower, exact kernels instead."
        )
        self._window.notice.show_message(said.format(wrong), lasting=True)
        self._window.queue.reload()

    def close(self) -> None:
        """Pause downloads, stop hashing, and wait for both."""
        self._watch.close()
        if self._proving is not None:
            self._proving.blockSignals(True)  # nobody is there any more
            self._proving.cancel()
            self._proving.wait()
        self.downloads.close()
        if self._probe is not None:
            self._probe.close()
        if self._page is not None:
            self._page.close_page()
            self._page.close()

    def _network_options(self) -> NetworkOptions:
        """What the window's settings say of the network now."""
        return NetworkOptions.from_settings(self._settings)

    def _offer_first_model(self) -> None:
        """Put the card under the greeting, and have the speed found out when nobody needs the computer."""
        self.card = card = FirstModelCard(self._theme, self.downloads, self._window.greeting.column)
        queue = self._window.queue

        def quiet() -> bool:
            """The window is up with its model, and nobody waits for anything."""
            return queue.info is not None and not queue.busy and not card.task.running

        bar = self._window.area.chat.guide_bar
        card.task.state_changed.connect(lambda: bar.set_downloading(card.task.running))
        self._probe = SpeedProbe(self._settings, self._save, quiet, self)
        self._probe.told.connect(self._keep_forecast)
        self._window.greeting.add_below(card)
        self._probe.start()

    def _made_page(self) -> ModelsPage:
        if self._page is None:
            pages = self._window.area.pages
            self._page = ModelsPage(self._theme, self.downloads, self._network_options, pages)
            self._page.hide()  # until it is asked for
            self._page.model_chosen.connect(self.use)
            self._page.template_requested.connect(self._show_template)
            self._page.network_requested.connect(self._window.settings_controller.show_network)
            self._page.acts.leaving.connect(self._let_go)
            self._page.set_current(self._path)
            if (forecast := self._forecast or kept_forecast(self._settings)) is not None:
                self._page.show_forecast(forecast, self._settings[READING_PACE])
        return self._page

    def _keep_forecast(self, forecast: Forecast) -> None:
        self._forecast = forecast
        for place in (self.card, self._page):
            if place is not None:
                place.show_forecast(forecast, self._settings[READING_PACE])

    def _show_template(self, model: Installed) -> None:
        try:
            template, known = chat_template(model.path)
        except UserError as error:
            self._window.show_error(error.sentence)
            return
        asked = self._made_page().show_template(model, template, known)
        asked.answered.connect(lambda: self._open(model.path) if model.path == self._path else None)

    def _talk_with(self, path: Path | None) -> None:
        """The person chose it to write to it: the page it was chosen on keeps no key."""
        self._choose(path)
        self._window.area.show_chat()

    def _choose(self, path: Path | None) -> None:
        self._settings[MODEL_PATH] = str(path) if path is not None else ""
        self._save()
        self._open(path or paths.guide_model())

    def _open(self, path: Path, starting: Callable[[], None] = lambda: None) -> None:
        self._path = path
        if self._page is not None:
            self._page.set_current(path)
        self._window.expect_model(path)
        self._window.chat.guide_answers = path == paths.guide_model()
        self._look_for_others()

        def factory(progress: Callable[[float], None]) -> Engine:
            starting()
            # Asked for when it opens, and again when changed settings open it anew.
            return open_any_engine(path, self._options(), progress, shelf.template_trusted(path))

        self._window.open_model(factory)

    def _race_problem(self) -> str:
        """Why no race of kernels can be run now."""
        info = self._window.queue.info
        if info is None:
            return self.tr("The model is still being opened.")
        if info.architecture not in ARCHITECTURES:
            return self.tr("The race is for BitNet models: llama.cpp computes this one anyway.")
        return ""

    def _race(self, request: Request) -> Race:
        """Give the model up for a race of two kernels on its weights, and open it again after that."""
        path = self._path
        assert path is not None
        options = self._options()

        def by_tern(progress: Callable[[float], None]) -> Engine:
            return open_engine(path, replace(options, kernels="tern"), progress)

        def by_llama_cpp(progress: Callable[[float], None]) -> Engine:
            return open_engine(path, replace(options, kernels="llama.cpp", threads=race.threads), progress)

        race = Race((by_tern, by_llama_cpp), request)

        def once() -> None:
            if race.step is Step.WAITING:
                race.run()

        self._open(path, once)
        return race

    def _move_models(self, parent: Path | None) -> None:
        """Move all models into a folder of ``parent``, or back; they can be used meanwhile, and are where they were
        until all have arrived."""
        section = self._window.settings_controller.models_folder
        assert section is not None
        if self.downloads.running:
            section.say(self.tr("A download is running. Pause it first."))
            return
        job = Job(self.tr("Moving the models…"), lambda told: models_folder.move(parent, told), self)
        job.done.connect(lambda places: self._moved(*places))
        job.failed.connect(section.say)
        section.show_job(job)
        job.start()

    def _moved(self, old: Path, new: Path) -> None:
        """The model that is open is opened where it lies now; then what lies where it was goes."""
        kept = Path(self._settings[MODEL_PATH]) if self._settings[MODEL_PATH] else None
        if kept is not None and kept.is_relative_to(old):
            self._settings[MODEL_PATH] = str(new / kept.relative_to(old))
            self._save()
        if self._path is not None and self._path.is_relative_to(old):
            self._open(new / self._path.relative_to(old))
        section = self._window.settings_controller.models_folder
        assert section is not None
        section.reload()
        if self._page is not None:
            self._page.reload()

        def removed(gone: bool) -> None:
            if gone:
                section.say(self.tr("The models have been moved."))
            else:
                said = self.tr("The models have been moved. Some of what lay in {0} could not be deleted.")
                section.say(said.format(old))

        cleaning = Job("cleaning", lambda told: models_folder.remove(old), self)
        cleaning.done.connect(removed)
        cleaning.start()

    def _look_for_others(self) -> None:
        """While the guide is the only model here, the window says how to get another."""
        alone = self._path == paths.guide_model() and not any(_can_chat(each) for each in shelf.installed())
        self._window.area.chat.guide_bar.set_needed(alone)

    def _choices(self) -> list[tuple[Path, str, Installed | None]]:
        """What there is to chat with: where, what it is called, and the model; None for the guide."""
        here = [(model.path, model.title, model) for model in shelf.installed() if _can_chat(model)]
        return [*here, (paths.guide_model(), self.tr("Tern's guide"), None)]

    def _commands(self) -> list[Command]:
        return [of_model(title, partial(self.use, model)) for _, title, model in self._choices()]

    def _others(self) -> list[tuple[str, Callable[[], object]]]:
        """The models that could answer and do not now."""
        return [
            (title, partial(self.use, model)) for path, title, model in self._choices() if path != self._path
        ]

    def _fill_menu(self) -> None:
        """The models that are here, the one in use marked; then the page."""
        menu = self._window.header.model_menu
        menu.clear()
        menu.setLayoutDirection(self._window.layoutDirection())  # its button is turned round for the caret
        for path, title, model in self._choices():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(path == self._path)
            action.triggered.connect(partial(self.use, model))
        menu.addSeparator()
        menu.addAction(self._window.actions_["models"])

    def _let_go(self, model: Installed) -> None:
        """A model that is being removed no longer answers."""
        if model.path == self._path:
            self._choose(None)

    def _replied(self, session: Session, sentence: str) -> None:
        """Remember how fast this model is here."""
        info, path = self._window.queue.info, session.path
        if sentence or info is None or not path or path[-1].stats.tokens < _ENOUGH_TOKENS:
            return
        if info.kernel == TQ2_KERNEL:
            return  # of other kernels than those it is offered with
        try:
            shelf.note_speed(info.path, path[-1].stats.decode_tokens_per_s)
        except UserError as error:
            log.warning("speed not noted: %s", error)

    def _say_what_is_unfinished(self) -> None:
        """What an earlier session left can go on, with one click, or after a look at it."""
        try:
            left = [self.downloads.of_unfinished(item) for item in unfinished()]
            left = [task for task in left if not task.running]
        except UserError as error:
            log.warning("unfinished downloads not read: %s", error)
            return
        if not left or self._window.notice.isVisible():
            return
        say = partial(self._window.notice.show_message, tone="calm", lasting=True)
        if len(left) > 1:
            say(self.tr("%n download(s) are paused.", "", len(left)), self.tr("Models"), self.show_page)
            return
        (task,) = left
        if task.progress is None:
            return
        words = self.tr("The download of {0} is paused at {1}.")
        sentence = words.format(task.title, percent_text(task.progress.fraction))
        task.state_changed.connect(lambda: self._take_back(sentence))
        try:
            self._network_options().check()
        except UserError:  # it could not go on: where it is, that is said
            say(sentence, self.tr("Models"), self.show_page)
        else:
            say(sentence, self.tr("Resume"), task.start)

    def _take_back(self, sentence: str) -> None:
        """It has gone on, or is gone: nothing is left to say."""
        if self._window.notice.message == sentence:
            self._window.notice.hide()

    def _setting_changed(self, setting: object) -> None:
        if setting in _OF_THE_NETWORK:
            self.downloads.forget_errors()
            if self._page is not None:
                self._page.forget_troubles()
        self._watch.refresh()
        if setting is READING_PACE and self._forecast is not None:
            self._keep_forecast(self._forecast)
        # At once, and not only from the next connection on.
        if setting is OFFLINE and self._settings[OFFLINE]:
            self.downloads.pause()
        if setting is DOWNLOAD_LIMIT:
            self.downloads.set_limit(self._network_options().limit)

    def _not_arrived(self, task: DownloadTask, sentence: str) -> None:
        """The card of the download says it; here it is said to someone who does not see that."""
        self._window.notifications.tell(self.tr("The download stopped"), sentence)
        page, card = self._page, self.card
        if (page is not None and page.isVisible()) or (
            card is not None and card.task is task and card.isVisible()
        ):
            return
        self._window.notice.show_message(sentence, self.tr("Models"), self.show_page, lasting=True)
        task.state_changed.connect(lambda: self._take_back(sentence) if not task.error else None)

    def _arrived(self, model: Installed) -> None:
        if self.card is not None:
            self.card.hide()
        self._window.notifications.tell(self.tr("The download is complete"), model.title)
        if not model.gguf:
            return
        self._look_for_others()
        if model.path == self._path:  # mended, or a newer one in its place
            self._open(model.path)
            return
        if self._page is not None and self._page.isVisible():
            return  # which says it
        self._window.notice.show_message(
            self.tr("{0} is ready (hash verified).").format(model.title),
            self.tr("Chat with it"), lambda: self.use(model), tone="calm",
        )  # fmt: skip


def _can_chat(model: Installed) -> bool:
    here = model.present and not model.damaged and model.gguf
    return here and not can_chat.problem(model.path)
