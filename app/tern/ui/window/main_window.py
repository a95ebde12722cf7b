"""The window: many conversations, one on show, and the window itself. Wires them; decides only what follows what."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QWidget

from tern import paths
from tern.chat.presets import own_presets
from tern.chat.session import Session
from tern.chat.store import Store
from tern.chat.types import Draft, Manner
from tern.errors import UserError
from tern.settings import (
    ACCENT,
    CONTEXT_SIZE,
    DENSITY,
    ENTER_SENDS,
    FONT_SIZE,
    KV_TYPE,
    MODEL_PATH,
    OFFLINE,
    QUIET,
    REDUCED_MOTION,
    SIDEBAR_OPEN,
    THEME,
    THREADS,
    TRAY,
    WINDOW_GEOMETRY,
    Setting,
    Settings,
)
from tern.ui.settings.reply_options_page import MannerPage
from tern.ui.settings.settings_page import SettingsPage, settings_page
from tern.ui.shared.actions import look_menu
from tern.ui.style.focus_ring import FocusRing
from tern.ui.style.theme import Mode, Theme
from tern.ui.window import tray
from tern.ui.window.chat_controller import UNDO_S, ChatWindow
from tern.ui.window.header import MenuEntry
from tern.ui.window.help_page import HelpPage
from tern.ui.window.menu_bar import MenuBar
from tern.ui.window.palette import Command, Palette
from tern.ui.window.transfer import Carrying
from tern.ui.window.tray import Tray

_RELOAD_MS = 800  # after the last change: a number is turned in several steps
_DENSITIES = {"comfortable": 1.0, "compact": 0.6}
_OF_THE_MODEL = (THREADS, QUIET, KV_TYPE, CONTEXT_SIZE)  # take effect by opening it again
_SHOWN = "shown"  # a fact in the store: the conversation on show


class MainWindow(ChatWindow):
    """The conversations of ``store`` with one model. Call :meth:`open_model` once the window is up.

    Without a store nothing is kept. ``save_settings`` is called after each change of ``settings``.
    """

    models_requested = Signal()
    network_requested = Signal()
    setting_changed = Signal(object)  # Setting

    def __init__(
        self,
        theme: Theme,
        store: Store | None = None,
        settings: Settings | None = None,
        save_settings: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(theme, store or Store.in_memory(), settings or Settings())
        self._save_settings = save_settings
        self._help: HelpPage | None = None
        self._about: QWidget | None = None
        self._settings_page: SettingsPage | None = None
        self._manner_page: MannerPage | None = None
        self._reload_timer = QTimer(self, singleShot=True, interval=_RELOAD_MS)
        self._reload_timer.timeout.connect(self.desk.reload)
        self._noted = self.store.fact(_SHOWN)
        self._new_manner = Manner()  # of the conversation that was begun, with its draft, and not yet asked
        self._gone: dict[
            int, float
        ] = {}  # conversations that can be brought back, and when they were deleted
        self.tray = Tray(self, self.actions_, self._settings, self.come_up)
        self._make_actions()
        self._look = look_menu(self._theme, self._choose_look, self)
        self.menus = MenuBar(self, self.actions_, look_menu(self._theme, self._choose_look, self))
        self._build(self._menu())
        self.palette_ = Palette(self._theme, self.sides)
        self.palette_.left_alone.connect(self.focus_composer)
        self._ring = FocusRing(self._theme, self)
        self.carrying = Carrying(self.store, self.notice, self._theme, self)
        self._connect_chat()
        self._connect()
        self._restore_window()
        self._list_conversations()
        self._show_session()
        self._restore_written()
        if self.store.warning:
            self.notice.show_message(self.store.warning)

    def _menu(self) -> list[MenuEntry]:
        acts = self.actions_
        one = [acts["rename"], acts["pin"], acts["export"], acts["delete"]]
        files = [acts["export_all"], acts["import"]]
        about: list[MenuEntry] = [self._look, acts["settings"], acts["help"], acts["about"]]
        return [
            acts["manner"],
            *one,
            None,
            acts["copy"],
            acts["palette"],
            None,
            *files,
            None,
            *about,
            None,
            acts["quit"],
        ]

    def _connect(self) -> None:
        self.composer.preset_button.more_requested.connect(self.show_manner)
        self.composer.preset_button.own = lambda: own_presets(self._settings)
        self.sidebar.chosen.connect(self.show_conversation)
        self.sidebar.searched.connect(self._search)
        self.sidebar.renamed.connect(self.rename)
        self.sidebar.pin_requested.connect(self.pin)
        self.sidebar.delete_requested.connect(self.delete)
        self.sidebar.export_requested.connect(lambda number: self.carrying.ask_export(number))
        self.desk.conversation_changed.connect(self._list_one)
        self.carrying.imported.connect(self._list_conversations)
        self.greeting.set_guide(not self._settings[MODEL_PATH])
        self.desk.model_loaded.connect(lambda info: self.greeting.set_guide(info.path == paths.guide_model()))

    def _make_actions(self) -> None:
        add = self.actions_.add
        add("new", self.tr("New chat"), "Ctrl+N", self.new_chat)
        add("search", self.tr("Search all conversations"), "Ctrl+F", self.search)
        add("sidebar", self.tr("Show or hide the conversations"), "Ctrl+\\", lambda: self.sides.toggle())
        add("focus", self.tr("Write a message"), "Ctrl+L", self.focus_composer)
        add("attach", self.tr("Attach files…"), "Ctrl+Shift+A", lambda: self.files.choose())
        add("stop", self.tr("Stop the reply"), "Esc", self.escape)
        add("regenerate", self.tr("Regenerate the last reply"), "Ctrl+R", self.regenerate_last)
        add("copy", self.tr("Copy last reply"), "Ctrl+Shift+C", self.copy_last_reply)
        add("edit", self.tr("Edit the last message"), "", self.edit_last)
        add("rename", self.tr("Rename this conversation"), "", self.rename_shown)
        add("pin", self.tr("Pin or unpin this conversation"), "", self.pin_shown)
        add("delete", self.tr("Delete this conversation"), "", self.delete_shown)
        add("palette", self.tr("Find an action or a conversation"), "Ctrl+K", self.show_palette)
        add(
            "export",
            self.tr("Export this conversation…"),
            "",
            lambda: self.carrying.ask_export(self._session.conversation),
        )
        add("export_all", self.tr("Export all conversations…"), "", lambda: self.carrying.ask_export(None))
        add("import", self.tr("Import conversations…"), "", lambda: self.carrying.ask_import())
        add("manner", self.tr("How this conversation is answered"), "Ctrl+Shift+P", self.show_manner)
        add("models", self.tr("Models"), "Ctrl+M", self.models_requested.emit)
        add("network", self.tr("Connections and token"), "", self.network_requested.emit)
        add("settings", self.tr("Settings"), "Ctrl+,", self.show_settings)
        add("help", self.tr("Keyboard shortcuts"), "F1", self.show_help)
        add("about", self.tr("About Tern"), "", self.show_about)
        add("menus", self.tr("Open the menus"), "F10", lambda: self.menus.open())
        add("quit", self.tr("Quit"), "Ctrl+Q", self.tray.quit)

    # Conversations

    def new_chat(self) -> None:
        """An empty conversation; a reply still running goes on where it belongs."""
        waits = self._session.conversation is not None and self.store.draft(None) != Draft()
        self._switch(Session(self.store, manner=self._new_manner if waits else None))

    def show_conversation(self, conversation: int, message: int | None = None) -> None:
        """Open a conversation, at ``message`` when a search found one."""
        if conversation != self._session.conversation:
            self._switch(self.desk.session(conversation))
        if message is not None:
            session = self._session
            if not session.busy and message not in [entry.id for entry in session.path]:
                self._do(lambda: session.choose(message))
                self._show_session()
            self.transcript.reveal(message, self.sidebar.words_found(message))
        self.sides.close_over()

    def search(self) -> None:
        self.sides.reveal()
        self.sidebar.focus_search()

    def rename(self, conversation: int, title: str) -> None:
        self._do(lambda: self.store.rename(conversation, title))
        self._list_one(conversation)

    def rename_shown(self) -> None:
        self.sides.reveal()
        self.sidebar.rename_current()

    def pin(self, conversation: int, pinned: bool) -> None:
        self._do(lambda: self.store.set_pinned(conversation, pinned))
        self._list_one(conversation)

    def pin_shown(self) -> None:
        if (shown := self._session.conversation) is not None:
            self.pin(shown, not self.store.summary(shown).pinned)

    def delete(self, conversation: int) -> None:
        """Take a conversation away; it can be undone for ten seconds."""

        def undo() -> None:
            for number in gone:
                self._do(partial(self.store.undelete, number))
            self._list_conversations()
            self.show_conversation(conversation)
            self._gone.clear()

        title = self.store.summary(conversation).title
        if not self._do(lambda: self.store.delete(conversation)):
            return
        self._gone = {number: at for number, at in self._gone.items() if time.monotonic() - at < UNDO_S}
        self._gone[conversation] = time.monotonic()
        gone = list(self._gone)
        self.desk.stop(self.desk.session(conversation))
        if conversation == self._session.conversation:
            self.new_chat()
        self._list_one(conversation)
        said = self.tr("“{0}” was deleted.").format(title)
        if len(gone) > 1:
            said = self.tr("{0} conversations were deleted.").format(len(gone))
        self.notice.show_message(said, self.tr("Undo"), undo, tone="calm", seconds=UNDO_S, lasting=True)

    def delete_shown(self) -> None:
        if self._session.conversation is not None:
            self.delete(self._session.conversation)

    def show_palette(self) -> None:
        """Every action, then every conversation."""
        acts = [a for a in self.actions_.all() if a.isEnabled() and a.objectName() != "palette"]
        commands = [Command(act.text(), self.actions_.keys_of(act), act.trigger) for act in acts]
        for act in self._look.actions():
            commands.append(Command(f"{self._look.title()}: {act.text()}", "", act.trigger))
        kind = self.tr("Conversation")
        for summary in self.store.summaries():
            commands.append(Command(summary.title, kind, partial(self.show_conversation, summary.id)))
        self.palette_.open(commands)

    def _switch(self, session: Session) -> None:
        self._leave()
        if self._session.conversation is None:
            self._new_manner = self._session.manner
        if self._manner_page is not None:
            self._manner_page.close()  # it is about the other one
        self._session, self._editing = session, None
        self.notice.clear()
        self._show_session()
        self._restore_written()

    def _show_title(self) -> None:
        super()._show_title()
        shown = self._session.conversation
        if (fact := str(shown or "")) != self._noted:  # the next start opens it
            self._noted = fact
            self._do(lambda: self.store.note(_SHOWN, fact))
        for name in ("rename", "pin", "delete", "export"):
            self.actions_[name].setEnabled(shown is not None)
        self.sidebar.show_current(shown)

    def _list_conversations(self) -> None:
        """Show what conversations there are now."""
        summaries = self.store.summaries()
        busy = {summary.id for summary in summaries if self.desk.is_busy(summary.id)}
        self.sidebar.show_conversations(summaries, busy)
        if self.sidebar.query:
            self._search(self.sidebar.query)
        self._show_title()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._look_again()

    def _look_again(self) -> None:
        """Show what `tern chats` has added or deleted meanwhile."""
        try:
            if not self.store.changed_elsewhere():
                return
        except UserError:
            return  # what is done next says that the disk refuses
        shown = self._session.conversation
        if shown is not None and not self._session.busy and self.store.listed(shown) is None:
            written = Draft(self.composer.text, self.composer.attachments)
            self.new_chat()
            if written.text.strip() and not self.composer.text:
                self.composer.put(written.text, written.attachments)
        self._list_conversations()

    def _list_one(self, conversation: int) -> None:
        """Show what became of one conversation: reading ten thousand to say so would be felt."""
        summary = self.store.listed(conversation)
        self.sidebar.show_change(conversation, summary, self.desk.is_busy(conversation))
        if self.sidebar.query:
            self._search(self.sidebar.query)
        self._show_title()

    def _search(self, query: str) -> None:
        if query:
            self.sidebar.show_hits(self.store.search(query))
        else:
            self.sidebar.show_all()

    # The window itself

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed where nothing takes it, as after a click on a reply, is written in the composer."""
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        typed = event.text()
        # AltGr is Ctrl and Alt on some systems, and writes.
        writes = not held or held == Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if writes and typed and typed.isprintable() and self.composer.isVisible():
            self.focus_composer()
            self.composer.editor.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def show_help(self) -> None:
        if self._help is None:
            keys = self.actions_.with_keys()
            keys[1:1] = [("Enter", self.tr("Send")), ("Shift+Enter", self.tr("New line"))]
            keys.append(
                ("Up", self.tr("Edit the last message, when nothing is written; again: the one before"))
            )
            keys.append(("Ctrl+Shift+V", self.tr("Paste a long text into the message itself")))
            self._help = HelpPage(self._theme, keys, self)
            self._help.about_requested.connect(self.show_about)
        _raise(self._help)

    def show_about(self) -> None:
        """What Tern is and consists of."""
        if self._about is None:
            from tern.ui.window.about_page import AboutPage  # late: it reads what is installed

            self._about = AboutPage(self._theme, self)
        _raise(self._about)

    def come_up(self) -> None:
        """Show the window above the others: Tern was launched once more."""
        if self.isMinimized():
            self.showNormal()
        _raise(self)

    def show_settings(self) -> None:
        if self._settings_page is None:
            self._settings_page = settings_page(self._theme, self._settings, self)
            self._settings_page.changed.connect(self._setting_changed)
            if not tray.available():
                self._settings_page.disable(
                    TRAY, self.tr("This system has no notification area that Tern could stay in.")
                )
            if "network" in self.actions_:
                self._settings_page.add_action(OFFLINE.group, "networkButton", self.actions_["network"])
        if not self._settings_page.isVisible():
            self._settings_page.search.clear()  # what was looked for last time hides what is looked for now
        self._settings_page.load()
        _raise(self._settings_page)

    def show_manner(self) -> None:
        """The system prompt and the sampling of the conversation on show."""
        if self._manner_page is not None:
            self._manner_page.close()
            self._manner_page.deleteLater()
        self._manner_page = MannerPage(self._theme, self._session, self._settings, self)
        self._manner_page.changed.connect(self.show_manner_in_force)
        self._manner_page.presets_changed.connect(self._save_settings)
        self._manner_page.presets_changed.connect(self.show_manner_in_force)
        _raise(self._manner_page)

    def _setting_changed(self, setting: Setting[Any]) -> None:
        self._save_settings()
        self.apply_settings()
        self.setting_changed.emit(setting)
        if setting in _OF_THE_MODEL:
            self._reload_timer.start()

    def apply_settings(self) -> None:
        """Make the window look and behave as the settings say."""
        settings = self._settings
        self._theme.set_mode(Mode(settings[THEME]))
        self._theme.set_scale(settings[FONT_SIZE] / FONT_SIZE.default)
        self._theme.set_accent(settings[ACCENT])
        self._theme.set_still(settings[REDUCED_MOTION])
        self.tray.apply()
        self._theme.set_density(_DENSITIES[settings[DENSITY]])
        self.composer.set_enter_sends(settings[ENTER_SENDS])
        self.fitting.count()

    def _choose_look(self, mode: Mode) -> None:
        self._settings[THEME] = mode.value
        self._setting_changed(THEME)

    def _restore_window(self) -> None:
        """As it was left: place, sidebar, conversation."""
        if geometry := self._settings[WINDOW_GEOMETRY]:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        self.sides.set_wanted(self._settings[SIDEBAR_OPEN])
        shown = self.store.fact(_SHOWN)
        if shown.isdigit() and any(summary.id == int(shown) for summary in self.store.summaries()):
            self._session = self.desk.session(int(shown))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.tray.hides(event):
            return
        self._leave()
        self._settings[WINDOW_GEOMETRY] = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings[SIDEBAR_OPEN] = self.sides.wanted
        tray.hide_with_pages(self)  # what follows waits for threads; what stands there meanwhile looks frozen
        QGuiApplication.sync()
        self.files.close()
        self.carrying.close()
        self._save_settings()
        self.desk.close()
        for page in (self._help, self._about, self._settings_page, self._manner_page):
            if page is not None:
                page.close()
        super().closeEvent(event)


def _raise(page: QWidget) -> None:
    page.show()
    page.raise_()
    page.activateWindow()
