"""The window: makes its parts and connects them. What is done with a conversation, with the list of them, and with
the settings is in a controller each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from tern import paths
from tern.chat.presets import own_presets
from tern.chat.session import Session
from tern.chat.store import Store
from tern.engine.types import ModelInfo
from tern.engine.worker import EngineFactory
from tern.settings import MODEL_PATH, SIDEBAR_OPEN, WINDOW_GEOMETRY, Settings
from tern.ui.reply_queue import ReplyQueue
from tern.ui.shared.page import bring_up
from tern.ui.sidebar.sidebar import Sidebar
from tern.ui.style.focus_ring import FocusRing
from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Theme
from tern.ui.window import tray
from tern.ui.window.chat_controller import ChatController
from tern.ui.window.conversations_controller import ConversationsController, last_shown
from tern.ui.window.help_page import HelpPage
from tern.ui.window.look_menu import LookMenu
from tern.ui.window.main_area import MainArea
from tern.ui.window.menu_bar import MenuBar
from tern.ui.window.palette import Command, Palette
from tern.ui.window.settings_controller import SettingsController
from tern.ui.window.side_panel import SidePanel
from tern.ui.window.transfer import Transfer
from tern.ui.window.tray import Tray
from tern.ui.window.upkeep import Upkeep
from tern.ui.window.window_actions import header_menu, window_actions

_START = QSize(1100, 760)
_SMALLEST = QSize(480, 420)


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
        self.setWindowTitle("Tern")
        self.setWindowIcon(app_icon())
        self.resize(_START)
        self.setMinimumSize(_SMALLEST)

        self.queue = ReplyQueue(store, settings, self)
        self.upkeep = Upkeep(store, settings, self)
        self.actions_ = actions = window_actions(self)
        self.tray = Tray(self, actions, settings, self.come_up)
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
            self.composer,
            self.tray,
            actions["network"],
            self,
        )
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
        self.area = MainArea(theme, actions, header_menu(actions, self.look_menu), panel)
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
        self.composer.preset_button.more_requested.connect(self.settings_controller.show_reply_options)
        self.chat.reply_ended.connect(self._reply_ended)
        self.settings_controller.changed.connect(lambda _: self.conversations.deletions.show_state())
        self.sidebar.export_requested.connect(self.transfer.ask_export)
        self.transfer.imported.connect(self.conversations.list_all)
        self.palette_.left_alone.connect(self.area.show_chat)
        self.greeting.set_guide(not self._settings[MODEL_PATH])
        self.queue.model_loaded.connect(self._model_loaded)
        for menu in self._look_menus:
            menu.chosen.connect(self.settings_controller.choose_look)

    def _connect_actions(self) -> None:
        """What each action does."""
        on, chat, conversations = self.actions_.connect, self.chat, self.conversations
        on("new", conversations.new)
        on("private", conversations.new_private)
        on("search", conversations.search)
        on("sidebar", self.side_panel.toggle)
        on("focus", self.area.show_chat)
        on("attach", chat.files.choose)
        on("stop", self._escape)
        on("regenerate", chat.regenerate_last)
        on("copy", chat.copy_last_reply)
        on("edit", chat.edit_last)
        on("rename", conversations.rename_shown)
        on("pin", conversations.pin_shown)
        on("delete", conversations.delete_shown)
        on("undo", conversations.deletions.undo)
        on("deleted", conversations.show_deleted)
        on("palette", self.show_palette)
        on("export", self._export_shown)
        on("export_all", lambda: self.transfer.ask_export(None))
        on("import", self.transfer.ask_import)
        on("reply_options", self.settings_controller.show_reply_options)
        on("settings", self.settings_controller.show_page)
        on("help", self.show_help)
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

    def show_error(self, sentence: str) -> None:
        """Say that something went wrong; nothing is interrupted."""
        self.notice.show_message(sentence)

    def come_up(self) -> None:
        """Show the window above the others: Tern was launched once more."""
        if self.isMinimized():
            self.showNormal()
        bring_up(self)

    def show_palette(self) -> None:
        """Every action, then every conversation."""
        actions = [a for a in self.actions_.all() if a.isEnabled() and a.objectName() != "palette"]
        commands = [Command(each.text(), self.actions_.keys_of(each), each.trigger) for each in actions]
        for each in self.look_menu.actions():
            commands.append(Command(f"{self.look_menu.title()}: {each.text()}", "", each.trigger))
        kind = self.tr("Conversation")
        for summary in self.store.summaries():
            commands.append(Command(summary.title, kind, partial(self.conversations.show, summary.id)))
        self.palette_.open(commands)

    def show_help(self) -> None:
        """Every key."""
        if self.help_page is None:
            keys = self.actions_.with_keys()
            keys[1:1] = [("Enter", self.tr("Send")), ("Shift+Enter", self.tr("New line"))]
            keys.append(
                ("Up", self.tr("Edit the last message, when nothing is written; again: the one before"))
            )
            keys.append(("Ctrl+Shift+V", self.tr("Paste a long text into the message itself")))
            self.help_page = HelpPage(self._theme, keys, self)
            self.help_page.about_requested.connect(self.show_about)
        bring_up(self.help_page)

    def show_about(self) -> None:
        """What Tern is and consists of."""
        if self.about_page is None:
            from tern.ui.window.about_page import AboutPage  # late: it reads what is installed

            self.about_page = AboutPage(self._theme, self)
        bring_up(self.about_page)

    def _escape(self) -> None:
        """One thing at a time: the sidebar that covers the chat, then the reply or the editing."""
        if not self.side_panel.close_over():
            self.chat.escape()

    def _export_shown(self) -> None:
        if (shown := self.conversations.shown) is not None:
            self.transfer.ask_export([shown])

    def _reply_ended(self) -> None:
        """The keyboard goes back to the composer, unless something is typed or chosen in the sidebar."""
        if self.isActiveWindow() and not self.sidebar.isAncestorOf(self.focusWidget() or self):
            self.area.chat.focus_composer()

    def _model_loaded(self, info: ModelInfo) -> None:
        self.greeting.set_guide(info.path == paths.guide_model())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed where nothing takes it, as after a click on a reply, is written in the composer."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        typed = event.text()
        # AltGr is Ctrl and Alt on some systems, and writes.
        writes = not held or held == Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if writes and typed and typed.isprintable() and self.composer.isVisible():
            self.area.chat.focus_composer()
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
        self.chat.leave()
        self._settings[WINDOW_GEOMETRY] = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings[SIDEBAR_OPEN] = self.side_panel.wanted
        tray.hide_with_pages(self)  # what follows waits for threads; what stands there meanwhile looks frozen
        QGuiApplication.sync()
        self.chat.files.close()
        self.transfer.close()
        self._save_settings()
        self.queue.close()
        self.conversations.close()
        self.upkeep.close()
        self.settings_controller.close()
        for page in (self.help_page, self.about_page):
            if page is not None:
                page.close()
        super().closeEvent(event)
