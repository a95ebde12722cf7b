"""The window: makes its parts and connects them. What is done with a conversation, with the list of them, and with
the settings is in a controller each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QWidget,
)

from tern import paths
from tern.chat.presets import PRESETS, own_presets
from tern.chat.prompts import own_prompts
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Manner
from tern.engine.types import FinishReason
from tern.engine.worker import EngineFactory
from tern.settings import MODEL_PATH, SIDEBAR_OPEN, WINDOW_GEOMETRY, Settings
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.closables import Closables, Layer
from tern.ui.sidebar.sidebar import Sidebar
from tern.ui.style.focus_ring import FocusRing
from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Theme
from tern.ui.window import tray
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.conversations_controller import ConversationsController, last_shown
from tern.ui.window.instruments_controller import InstrumentsController
from tern.ui.window.look_menu import LookMenu
from tern.ui.window.main_area import MainArea
from tern.ui.window.menu_bar import MenuBar
from tern.ui.window.notifications import Notifications
from tern.ui.window.palette import Palette
from tern.ui.window.palette_match import Command
from tern.ui.window.settings_controller import SettingsController
from tern.ui.window.side_panel import SidePanel
from tern.ui.window.transfer import Transfer
from tern.ui.window.tray import Tray
from tern.ui.window.upkeep import Upkeep
from tern.ui.window.window_actions import CLOSE_KEY, IN_THE_CHAT, OVER_SHEETS, header_menu, window_actions

if TYPE_CHECKING:
    from tern.ui.stage.race_engines import RaceEngines
    from tern.ui.stage.stage_controller import StageController
    from tern.ui.window.help_page import HelpPage
    from tern.ui.window.newer_version_page import NewerVersionPage

_LONG_S = 15.0  # of a reply, from which on a person may have gone elsewhere
_START = QSize(1100, 760)
_SMALLEST = QSize(480, 420)
_PRESSES = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)  # belong to buttons and lists


class MainWindow(QMainWindow):
    """The conversations of ``store`` with one model. Call :meth:`open_model` once the window is up.

    Without a store nothing is kept. ``save_settings`` is called after each change of ``settings``.
    """

    def __init__(
        self,
        theme: Theme,
        store: Store | None = None,
        settings: Settings | None = None,
        save_settings: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._settings = settings = settings or Settings()
        self._save_settings = save_settings
        self.store = store = store or Store.in_memory()
        self.help_page: HelpPage | None = None
        self.about_page: QWidget | None = None
        self.newer_page: NewerVersionPage | None = None
        self.stage: StageController | None = None
        self.race_engines: RaceEngines | None = None
        self._network_word = ""
        self.model_commands: Callable[[], Sequence[Command]] = tuple  # the installed ones, for the palette
        self.setWindowTitle("Tern")
        self.setWindowIcon(app_icon())
        self.resize(_START)
        self.setMinimumSize(_SMALLEST)

        self.closables = Closables.of(self)
        self.queue = ReplyQueue(store, settings, self)
        self.upkeep = Upkeep(store, settings, self)
        self.actions_ = actions = window_actions(self)
        self.tray = Tray(self, actions, settings, self.come_up)
        self.notifications = Notifications(self, self.come_up)
        self._build()
        self.transfer = Transfer(store, self.notice, theme, self)
        self.chat = ChatController(theme, self.queue, self.area, last_shown(store, self.queue))
        self.conversations = ConversationsController(
            theme, self.queue, self.chat, self.area, self.sidebar, self.side_panel, self.upkeep, actions
        )
        self.settings_controller = SettingsController(
            theme,
            settings,
            save_settings,
            self.queue.reload,
            self.chat,
            self.area,
            self.tray,
            self,
        )
        self.instruments = InstrumentsController(theme, self.queue, self.chat, self.area, self)
        self._connect()
        self._connect_actions()
        if geometry := settings[WINDOW_GEOMETRY]:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        self.side_panel.set_wanted(settings[SIDEBAR_OPEN])
        self.conversations.list_all()
        self.chat.begin()
        if store.warning:
            self.notice.show_message(store.warning)

    def _build(self) -> None:
        # Each part is born where it stays: a widget that changes its parent loses the fonts set on it (Qt 6).
        theme, actions = self._theme, self.actions_
        self.look_menu = LookMenu(theme, self)
        in_menus = LookMenu(theme, self)
        self.menus = MenuBar(self, actions, in_menus)
        self._look_menus = self.look_menu, in_menus
        self.side_panel = panel = SidePanel(self)
        at_side = [actions[name] for name in ("new", "deleted", "models", "settings")]
        self.sidebar = Sidebar(theme, at_side, panel)
        self.area = MainArea(theme, actions, header_menu(actions, self.look_menu), panel, lambda: theme.still)
        self.header, self.readouts = self.area.header, self.area.readouts
        chat = self.area.chat
        self.greeting, self.transcript, self.notice, self.composer = (
            chat.greeting,
            chat.transcript,
            chat.notice,
            chat.composer,
        )
        panel.changed.connect(self.header.set_sidebar_shown)
        panel.fill(self.sidebar, self.area, self.sidebar.wanted_width, lambda: theme.still)
        self.setCentralWidget(panel)
        theme.changed.connect(panel.arrange)
        self.palette_ = Palette(theme, panel)
        self._focus_ring = FocusRing(theme, self)

    def _connect(self) -> None:
        self.composer.preset_button.own = lambda: own_presets(self._settings)
        self.composer.preset_button.assistants_requested.connect(self.show_assistants)
        self.composer.prompts.own = lambda: own_prompts(self._settings)
        self.composer.prompts.manage_requested.connect(self.show_assistants)
        self.composer.preset_button.more_requested.connect(self.settings_controller.show_reply_options)
        self.chat.reply_ended.connect(self._reply_ended)
        self.queue.ended.connect(self._tell_who_is_away)
        self.header.renamed.connect(self._rename_shown)
        self.settings_controller.changed.connect(lambda _: self.conversations.deletions.show_state())
        self.settings_controller.delete_all.connect(self.conversations.delete_all)
        self.sidebar.export_requested.connect(self.transfer.ask_export)
        self.transfer.imported.connect(self.conversations.list_all)
        self.palette_.left_alone.connect(self.area.show_chat)
        self.conversations.opened.connect(self._leave_for_the_chat)
        self.closables.home = self.area.show_chat
        kept = Path(self._settings[MODEL_PATH])
        self.expect_model(kept if self._settings[MODEL_PATH] and kept.is_file() else paths.guide_model())
        self.queue.model_loaded.connect(lambda info: self.expect_model(info.path))
        for menu in self._look_menus:
            menu.chosen.connect(self.settings_controller.choose_look)

    def _connect_actions(self) -> None:
        """What each action does."""
        self.actions_.about_to = self._make_way
        QShortcut(QKeySequence(CLOSE_KEY), self, self.escape)
        on, chat, conversations = self.actions_.connect, self.chat, self.conversations
        on("new", conversations.new)
        on("find", self.find_in_chat)
        on("private", conversations.new_private)
        on("search", conversations.search)
        on("sidebar", self.side_panel.toggle)
        on("focus", self.area.show_chat)
        on("attach", chat.files.choose)
        on("attach_folder", chat.files.choose_folder)
        on("stop", chat.stop)
        on("regenerate", chat.regenerate_last)
        on("copy", chat.copy_last_reply)
        on("print", partial(chat.last_to_file, "print"))
        on("save_pdf", partial(chat.last_to_file, "pdf"))
        on("save_html", partial(chat.last_to_file, "html"))
        on("compare", chat.compare_last)
        on("edit", chat.edit_last)
        on("rename", self.rename)
        on("pin", conversations.pin_shown)
        on("delete", conversations.delete_shown)
        on("undo", conversations.deletions.undo)
        on("deleted", conversations.show_deleted)
        on("palette", self.show_palette)
        on("larger", partial(self.settings_controller.change_text_size, +1))
        on("smaller", partial(self.settings_controller.change_text_size, -1))
        on("default_size", partial(self.settings_controller.change_text_size, 0))
        on("export", self._export_shown)
        on("export_all", lambda: self.transfer.ask_export(None))
        on("import", self.transfer.ask_import)
        on("assistants", self.show_assistants)
        on("reply_options", self.settings_controller.show_reply_options)
        on("instruments", self.instruments.show_panel)
        on("inside", self.instruments.show_inside)
        on("benchmark", self.instruments.show_benchmark)
        on("settings", self.settings_controller.show_page)
        on("back", self._go_back)
        on("close", self.close_one)
        on("stage", self.show_stage)
        on("help", self.show_help)
        on("newer", self.look_for_newer)
        on("about", self.show_about)
        on("menus", self.menus.open)
        on("quit", self.tray.quit)

    @property
    def session(self) -> Session:
        """The conversation on show."""
        return self.chat.session

    def open_model(self, factory: EngineFactory) -> None:
        """Load a model in the background, once the reply under way has ended; messages sent meanwhile wait for it."""
        self.chat.open_model(factory)

    def expect_model(self, path: Path) -> None:
        """Greet and invite as suits the model of that file, which answers or will."""
        guide = path == paths.guide_model()
        self.greeting.set_guide(guide)
        self.composer.set_guide(guide)

    def show_error(self, sentence: str) -> None:
        """Say that something went wrong; nothing is interrupted."""
        self.notice.show_message(sentence)

    def come_up(self) -> None:
        """Show the window above the others: Tern was launched once more."""
        if self.isMinimized():
            self.showNormal()
        else:
            self.show()
        self.raise_()
        self.activateWindow()

    def find_in_chat(self) -> None:
        """Find words in the chat on show; where nothing has been said yet, in all of them."""
        if self.session.path:
            self.area.show_chat()
            self.transcript.find_bar.open()
        else:
            self.conversations.search()

    def rename(self) -> None:
        """Let the person write over a title: where the keyboard is, in the list or above the conversation."""
        if self.sidebar.list.hasFocus():
            self.sidebar.list.edit(self.sidebar.list.currentIndex())
        else:
            self.header.edit_title()

    def _rename_shown(self, title: str) -> None:
        if (shown := self.session.conversation) is not None:
            self.conversations.rename(shown, title)

    def show_palette(self) -> None:
        """Everything that can be done or shown, to be found by its words."""
        from tern.ui.window import palette_commands

        self.palette_.open(
            [
                *palette_commands.of_actions(self.actions_),
                *palette_commands.of_looks(self.look_menu),
                *self.model_commands(),
                *palette_commands.of_presets(
                    (*PRESETS, *own_presets(self._settings)), self.chat.set_reply_options
                ),
                *palette_commands.of_settings(self.settings_controller.show_setting),
                *palette_commands.of_chats(self.store.summaries(), self.conversations.show),
            ]
        )

    def show_stage(self) -> None:
        """The reply on the whole screen."""
        if self.stage is None:
            from tern.ui.stage.stage_controller import StageController

            self.stage = stage = StageController(
                self._theme, self.queue, self._settings, lambda: self.chat.session, self
            )
            stage.changed.connect(self.settings_controller.take)
            stage.left.connect(self._back_from_stage)
        self.stage.engines, self.stage.network = self.race_engines, self._network_word
        self.stage.open()

    def take_network_word(self, text: str) -> None:
        """What the network does now: said on the stage too."""
        self._network_word = text
        if self.stage is not None:
            self.stage.network = text

    def _back_from_stage(self) -> None:
        if self.isVisible():
            self.activateWindow()
            self.area.chat.focus_composer()

    def show_assistants(self) -> None:
        """The person's assistants and prompts, to be made, changed, exported and imported."""
        from tern.ui.window.assistants_page import AssistantsPage

        page = AssistantsPage(self._theme, self._settings, self)
        page.changed.connect(self._save_settings)
        page.changed.connect(self.chat.show_reply_options)
        page.chosen.connect(self._talk_to)
        page.show()

    def _talk_to(self, manner: Manner) -> None:
        """A new chat with that assistant."""
        self.conversations.new()
        self.chat.set_reply_options(manner)

    def show_help(self) -> None:
        """Every key."""
        if self.help_page is None:
            keys = self.actions_.with_keys()
            keys[1:1] = [("Enter", self.tr("Send")), ("Shift+Enter", self.tr("New line"))]
            keys.append(("Esc", self.tr("Close what is open; with nothing open, stop the reply")))
            keys.append(("Up", self.tr("Edit the last message, in an empty composer; again: the one before")))
            keys.append(("Ctrl+Shift+V", self.tr("Paste a long text into the message itself")))
            from tern.ui.window.help_page import HelpPage

            self.help_page = HelpPage(self._theme, keys, self)
            self.help_page.about_requested.connect(self.show_about)
        self.help_page.show()

    def show_about(self) -> None:
        """What Tern is and consists of."""
        if self.about_page is None:
            from tern.ui.window.about_page import AboutPage  # late: it reads what is installed

            self.about_page = AboutPage(self._theme, self)
        self.about_page.show()

    def look_for_newer(self) -> None:
        """Ask once whether there is a newer Tern."""
        if self.newer_page is None:
            from tern.library.newer_version import releases_address
            from tern.ui.window.newer_version_page import NewerVersionPage

            self.newer_page = NewerVersionPage(self._theme, self._settings, releases_address(), self)
        self.newer_page.show()
        self.newer_page.look()

    def escape(self) -> None:
        """Close one thing; with nothing open stop the reply, or give up editing."""
        if not self.closables.close_top():
            self.chat.escape()

    def close_one(self) -> None:
        """Close one thing; with nothing open the window."""
        if not self.closables.close_top():
            self.close()

    def _go_back(self) -> None:
        """From the page on show to the chat. The key is for where nothing is written: there it may be the text's."""
        if not isinstance(self.focusWidget(), QLineEdit | QPlainTextEdit | QAbstractSpinBox):
            self.area.leave_page()

    def _make_way(self, action: str) -> None:
        """An action comes: a sheet is closed for it, and a page if it is about the chat."""
        if action not in OVER_SHEETS:
            self.closables.close_from(Layer.SHEET)
        if action in IN_THE_CHAT and self.area.page is not None:
            self.area.show_chat()

    def _leave_for_the_chat(self) -> None:
        """Another conversation was chosen: what stands in its place or lies over it goes."""
        self.side_panel.close_over()
        if self.area.page is not None:
            self.area.show_chat()

    def _export_shown(self) -> None:
        if (shown := self.conversations.shown) is not None:
            self.transfer.ask_export([shown])

    def _reply_ended(self) -> None:
        """The keyboard goes back to the composer, unless it is used in a field or outside the chat."""
        focus = self.focusWidget()
        if isinstance(focus, QLineEdit):
            return
        if self.isActiveWindow() and (focus is None or self.area.chat.isAncestorOf(focus)):
            self.area.chat.focus_composer()

    def _tell_who_is_away(self, session: Session, sentence: str) -> None:
        """A long reply has ended, and the person works elsewhere. Of a private chat not even the title is shown."""
        if self.stage is not None and self.stage.is_open:
            return  # where everybody sees it
        reply = session.path[-1]
        took = reply.stats.time_to_first_token_s + reply.stats.tokens / max(
            reply.stats.decode_tokens_per_s, 0.1
        )
        if took < _LONG_S or reply.stats.finish_reason is FinishReason.STOPPED:
            return
        shown = None if session.store.is_private else session.conversation
        title = self.tr("Private chat") if shown is None else session.store.summary(shown).title
        said = self.tr("The reply could not be finished") if sentence else self.tr("The reply is ready")
        self.notifications.tell(said, title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed where nothing takes it, as after a click on a reply, is written in the composer."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        typed = event.text()
        # AltGr is Ctrl and Alt on some systems, and writes.
        writes = not held or held == Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        focus = self.focusWidget()
        if isinstance(focus, QAbstractButton | QAbstractItemView) and event.key() in _PRESSES:
            if isinstance(focus, QAbstractButton) and event.key() != Qt.Key.Key_Space and not held:
                focus.click()  # Enter, which Qt heeds in dialogs only
        elif writes and typed and typed.isprintable():
            self.area.show_chat()
            self.composer.editor.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.conversations.look_again()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.tray.hides(event):
            return
        if not self.conversations.may_close(self.tray.quit):
            event.ignore()
            self.come_up()
            return
        if self.stage is not None:
            self.stage.leave()
        self.closables.close_from(Layer.PAGE)
        self.chat.leave()
        self._settings[WINDOW_GEOMETRY] = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings[SIDEBAR_OPEN] = self.side_panel.wanted
        tray.hide_with_pages(self)  # what follows waits for threads; what stands there meanwhile looks frozen
        QGuiApplication.sync()
        self.chat.files.close()
        self.instruments.close()
        self.chat.fit.documents.forget()
        self.transcript.formulas.close()
        self.transfer.close()
        self._save_settings()
        self.queue.close()
        self.conversations.close()
        self.upkeep.close()
        self.settings_controller.close()
        super().closeEvent(event)
