"""A scripted tour of the window that saves a picture of every stop: ``xvfb-run python tests/tools/tour.py FOLDER``.

The guide answers itself (--fake: a FakeEngine does); texts that need more Markdown than it writes are spoken by a
FakeEngine. A person then looks at every picture. Where openbox is installed it manages the windows.
Fonts: Inter and JetBrains Mono stand for the system's where they
are installed.
"""

# ruff: noqa: E402 (fonts and paths must be set before Qt is imported)
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "app"), str(Path(__file__).resolve().parents[1])]
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
{aliases}</fontconfig>"""
_ALIAS = (
    '<match><test name="family"><string>{0}</string></test><edit name="family" mode="prepend" binding="strong">\
<string>{1}</string></edit></match>'
)
_WANTED = {"sans-serif": "Inter", "monospace": "JetBrains Mono"}


def _choose_fonts(folder: Path) -> None:
    installed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=False).stdout
    aliases = [_ALIAS.format(generic, name) for generic, name in _WANTED.items() if name in installed]
    file = folder / "fonts.conf"
    file.write_text(_FONTS.format(aliases="\n".join(aliases)))
    os.environ["FONTCONFIG_FILE"] = str(file)


_SCRATCH = Path(tempfile.mkdtemp(prefix="tern-tour-"))
_choose_fonts(_SCRATCH)

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QScrollArea, QToolButton, QWidget

from tern import paths
from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.store import Store
from tern.chat.types import Draft, State
from tern.engine.fake_engine import FakeEngine
from tern.engine.types import EngineOptions, Stats
from tern.errors import UserError
from tern.metrics import forecast
from tern.open_engine import open_engine
from tern.settings import SECTIONS, Settings
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.settings import language
from tern.ui.shared.closables import Layer
from tern.ui.style.theme import Mode, Theme
from tern.ui.window.main_window import MainWindow
from tern.ui.window.models_controller import ModelsController
from ui.samples import EVERYTHING

ANSWER = """Of course. Here is the whole of it, in C:

```c
int32_t dot(const int8_t *w, const int8_t *x, int n) {
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[i] * x[i];   /* w is -1, 0 or +1 */
    return sum;
}
```

And what each weight costs to read:

| Format | Bits a weight | 2B4T layers |
|:-------|------:|------:|
| F16 | 16 | 4.2 GB |
| Q4_K | 4.5 | 1.2 GB |
| **I2_S** | 2 | 0.52 GB |

So the processor reads **eight times less** than with 16 bits, and memory is what it waits for.
"""


PARTS = ("conversations", "settings", "composing", "shell", "walk", "pages", "sizes", "stage")


class Tour:
    """Walks through the window; :meth:`picture` saves what it looks like."""

    def __init__(self, application: QApplication, folder: Path, fake: bool) -> None:
        self._application = application
        self._folder = folder
        self._fake = fake
        self._number = 0
        self.theme = Theme(application, Mode.LIGHT)

    def wait(self, ms: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def until(self, true: Callable[[], bool], patience_s: float = 60) -> None:
        for _ in range(int(patience_s * 50)):
            if true():
                return
            self.wait(20)
        raise SystemExit("the tour waited in vain")

    def picture(self, name: str, of: QWidget) -> None:
        self.wait(150)
        self._number += 1
        path = self._folder / f"{self._number:02}-{name}.png"
        of.grab().save(str(path))
        print(path, flush=True)

    def screen(self, name: str, window: QWidget) -> None:
        """A picture of the window with whatever has popped up over it."""
        self.wait(300)
        self._number += 1
        path = self._folder / f"{self._number:02}-{name}.png"
        corner = window.mapToGlobal(QPoint())
        screen = window.screen()
        screen.grabWindow(0, corner.x(), corner.y(), window.width(), window.height()).save(str(path))
        print(path, flush=True)

    def window(
        self,
        engine: FakeEngine | None = None,
        width: int = 1100,
        height: int = 760,
        store: Store | None = None,
    ) -> MainWindow:
        window = MainWindow(self.theme, store)
        window.resize(width, height)
        window.show()
        window.activateWindow()
        self.wait(200)
        if engine is not None:
            window.open_model(lambda progress: engine)
        elif self._fake:
            window.open_model(lambda progress: FakeEngine(token_seconds=0.01))
        else:
            guide = paths.guide_model()
            window.open_model(lambda progress: open_engine(guide, EngineOptions(), progress))
        self.until(lambda: window.queue.info is not None)
        return window

    def ask(self, window: MainWindow, text: str, wait: bool = True) -> None:
        QTest.keyClicks(window.composer.editor, text)
        QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
        if wait:
            self.until(lambda: not window.session.busy)

    def conversations(self) -> None:
        """Many conversations: the sidebar, a search, branches, an undo, the sidebar over a narrow window."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(
                FakeEngine(["Once more, then.", ANSWER], token_seconds=0.01), store=_library()
            )
            window.conversations.show(window.store.summaries()[2].id)
            self.picture(f"conversations-{mode}", window)
            window.chat.regenerate_last()
            self.until(lambda window=window: not window.session.busy)
            self.picture(f"branches-{mode}", window)
            window.conversations.search()
            QTest.keyClicks(window.sidebar.search, "ternar")
            self.wait(300)
            QTest.keyClick(window.sidebar.search, Qt.Key.Key_Down)
            QTest.keyClick(window.sidebar.list, Qt.Key.Key_Return)
            self.picture(f"search-{mode}", window)
            window.sidebar.search.clear()
            self.wait(150)
            window.conversations.delete_shown()
            self.picture(f"deleted-{mode}", window)
            window.conversations.show(window.store.summaries()[0].id)
            window.chat.edit_last()
            self.picture(f"editing-{mode}", window)
            window.chat.escape()
            window.resize(520, 600)
            self.picture(f"narrow-{mode}", window)
            window.side_panel.toggle()
            self.picture(f"narrow-sidebar-{mode}", window)
            window.close()
        self.theme.set_mode(Mode.LIGHT)

    def settings(self) -> None:
        """The settings, searched, and what one conversation does otherwise."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(FakeEngine(), store=_library())
            window.conversations.show(window.store.summaries()[2].id)
            window.settings_controller.show_page()
            page = window.settings_controller.page
            assert page is not None
            self.theme.set_mode(mode)
            for number, section in enumerate(SECTIONS):
                page.show_section(section)
                self.picture(f"settings-{number}-{mode}", window)
            page.search.setText("token")
            self.picture(f"settings-searched-{mode}", window)
            page.close()
            window.show_palette()
            QTest.keyClicks(window.palette_.field, "con")
            self.picture(f"palette-{mode}", window)
            window.palette_.hide()
            window.settings_controller.show_reply_options()
            assert window.settings_controller.reply_options is not None
            self.picture(f"chat-settings-{mode}", window)
            window.close()
        self.theme.set_mode(Mode.LIGHT)

    def composing(self) -> None:
        """What is attached, what it costs, and a context that gets full."""
        files = [
            Attachment("Field notes, Svalbard.md", "Terns all day. " * 60, 912),
            Attachment("flights-2019.csv", "year;km\n" + "2019;70000\n" * 90, 1002),
            Attachment("", "Dear all,\n" + "we go north on Monday. " * 110, 2441, AttachmentKind.PASTE),
        ]
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(
                FakeEngine(
                    [ANSWER, "Seventy thousand kilometres.", "Yes."], context_size=1024, token_seconds=0.02
                )
            )
            self.ask(window, "Can you show me a ternary dot product, and what it saves?")
            window.composer.put(Draft("How far do they fly, and what do my notes say of it?", tuple(files)))
            self.wait(400)
            self.picture(f"attached-{mode}", window)
            window.resize(480, 420)
            self.picture(f"attached-narrow-{mode}", window)
            window.resize(1100, 760)
            QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
            self.until(lambda window=window: len(window.session.path) == 4 and not window.session.busy)
            self.wait(400)
            self.picture(f"attached-sent-{mode}", window)
            window.chat.edit_last()
            window.composer.put(Draft("word " * 1400, tuple(files[:1])))
            QTest.keyClick(window.composer.editor, Qt.Key.Key_Return)
            self.until(window.notice.isVisible)
            self.wait(400)
            self.picture(f"too-long-{mode}", window)
            window.resize(480, 420)
            self.picture(f"too-long-narrow-{mode}", window)
            window.composer.shelf.chips[0].opened.emit()
            page = window.findChild(AttachmentPage)
            self.picture(f"attachment-{mode}", window)
            page.close()
            window.close()
        self.theme.set_mode(Mode.LIGHT)

    def shell(self) -> None:
        """The first run with its card, and the pages beside the chat."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            settings = Settings()
            window = MainWindow(self.theme, _library(), settings)
            host = ModelsController(window, self.theme, settings, lambda: None, EngineOptions)
            window.show()
            window.activateWindow()
            host.open_first()
            self.until(lambda window=window: window.queue.info is not None)
            forecast = window.findChild(QLabel, "forecast")
            self.until(lambda forecast=forecast: forecast.isVisible())
            self.picture(f"card-{mode}", window)
            window.menus.open()
            self.screen(f"menus-{mode}", window)
            window.menus.hide()
            if (menu := QApplication.activePopupWidget()) is not None:
                menu.close()
            for name in ("about", "help", "reply_options", "models", "network"):
                window.actions_[name].trigger()
                self.wait(100)
                self.picture(f"{name}-{mode}", window)
            window.settings_controller.show_page()
            window.resize(480, 420)
            page = window.settings_controller.page
            assert page is not None
            QTest.keyClick(page.search, Qt.Key.Key_Tab)
            self.picture(f"settings-narrow-focus-{mode}", window)
            window.resize(1100, 760)
            window.area.show_chat()
            window.closables.close_from(Layer.PAGE)
            for accent in ("violet", "green") if mode is Mode.LIGHT else ("rose", "teal"):
                self.theme.set_accent(accent)
                self.picture(f"{accent}-{mode}", window)
            self.theme.set_accent("blue")
            window.resize(480, 420)
            self.picture(f"card-narrow-{mode}", window)
            window.close()
            host.close()
        self.theme.set_mode(Mode.LIGHT)

    def walk(self) -> None:
        window = self.window()
        self.picture("first-run", window)
        for question in ("What are you?", "Why is ternary fast?"):
            self.ask(window, question)
        self.wait(700)
        self.picture("chat-with-the-guide", window)
        self.theme.set_mode(Mode.DARK)
        self.picture("chat-dark", window)
        window.conversations.new()
        self.picture("first-run-dark", window)
        window.close()

        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(FakeEngine(["A short one.", ANSWER, EVERYTHING], token_seconds=0.03))
            self.ask(window, "Hello there!")
            self.ask(window, "Can you show me a ternary dot product, and what it saves?", wait=False)
            self.until(lambda window=window: "what each" in window.transcript.toPlainText())
            self.picture(f"streaming-{mode}", window)
            self.until(lambda window=window: not window.session.busy)
            place = window.transcript.cursorRect(window.transcript.document().find("int32_t sum")).center()
            QTest.mouseMove(window.transcript.viewport(), place)
            self.picture(f"code-and-table-{mode}", window)
            self.ask(window, "Everything you can write, please")
            window.transcript.selectAll()
            self.picture(f"all-of-markdown-{mode}", window)
            window.transcript.verticalScrollBar().setValue(430)
            window.transcript.setTextCursor(window.transcript.document().find("Quantize the"))
            self.picture(f"scrolled-up-{mode}", window)
            window.notice.show_message(
                "The memory ran out. Close other programs, then try again.", "Try again", lambda: None
            )
            self.picture(f"error-{mode}", window)
            window.resize(480, 420)
            self.picture(f"narrow-error-{mode}", window)
            window.close()

        self.theme.set_mode(Mode.LIGHT)
        window = self.window(width=480, height=420)
        self.picture("narrow-first-run", window)
        self.ask(window, "Why is ternary fast?")
        self.picture("narrow-chat", window)
        window.close()

        self.theme.set_scale(1.4)
        window = self.window()
        self.picture("large-first-run", window)
        self.ask(window, "Why is ternary fast?")
        self.picture("large-chat", window)
        window.close()
        self.theme.set_scale(1.0)

        window = MainWindow(self.theme)
        window.show()
        window.activateWindow()
        self.wait(200)
        window.open_model(lambda progress: (progress(0.4), self._slowly(), FakeEngine(["Here."]))[-1])
        self.ask(window, "Are you there already?", wait=False)
        self.wait(300)
        self.picture("waiting-for-the-model", window)
        self.until(lambda: not window.session.busy)
        window.composer.editor.setPlainText("A longer message\nover a few lines,\nwritten with Shift+Enter")
        self.picture("composer-grown", window)
        window.findChild(QToolButton, "menuButton").setFocus(Qt.FocusReason.TabFocusReason)
        self.picture("focus-ring", window)
        menu = window.findChild(QToolButton, "menuButton").menu()
        menu.popup(window.mapToGlobal(QPoint(window.width() - menu.sizeHint().width() - 12, 48)))
        menu.setActiveAction(menu.actions()[1])
        self.screen("menu", window)
        menu.close()
        window.show_help()
        self.picture("help", window)
        window.close()

        window = self.window(FakeEngine(error=UserError("x")))
        window.open_model(_broken)
        self.until(window.notice.isVisible)
        self.picture("model-cannot-be-opened", window)
        window.close()

    def pages(self) -> None:
        """What the person opens beside and over the chat, and what is marked in the list."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(FakeEngine([ANSWER], token_seconds=0.01), store=_library())
            window.conversations.show(window.store.summaries()[3].id)
            window.find_in_chat()
            QTest.keyClicks(window.findChild(QLineEdit, "findField"), "ternary")
            self.picture(f"find-{mode}", window)
            window.closables.close_from(Layer.BAR)
            window.conversations.new_private()
            self.ask(window, "What is a ternary weight?")
            self.picture(f"private-{mode}", window)
            window.conversations.new()
            self.picture(f"private-closing-{mode}", window)
            window.notice.hide()
            rows = window.sidebar.list
            rows.setFocus()
            QTest.keyClick(rows, Qt.Key.Key_Home)
            for _ in range(3):
                QTest.keyClick(rows, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
            self.picture(f"several-{mode}", window)
            QTest.keyClick(rows, Qt.Key.Key_Delete)
            self.picture(f"several-deleted-{mode}", window)
            window.conversations.show_deleted()
            self.picture(f"recently-deleted-{mode}", window)
            window.area.show_chat()
            window.conversations.end_private()
            window.close()

            settings = Settings()
            window = MainWindow(self.theme, _library(), settings)
            host = ModelsController(window, self.theme, settings, lambda: None, EngineOptions)
            window.show()
            window.activateWindow()
            host.open_first()
            self.until(lambda window=window: window.queue.info is not None)
            window.actions_["models"].trigger()
            self.wait(300)
            page = window.area.pages.currentWidget()
            arrow = next(
                each for each in page.findChildren(QToolButton) if each.accessibleName().startswith("Details")
            )
            arrow.click()
            self.picture(f"model-details-{mode}", window)
            area = page.findChild(QScrollArea)
            area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
            self.picture(f"models-end-{mode}", window)
            window.resize(480, 420)
            self.picture(f"models-narrow-{mode}", window)
            window.close()
            host.close()
        self.theme.set_mode(Mode.LIGHT)

    def sizes(self) -> None:
        """A large screen, and text of 24 px."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self.theme.set_mode(mode)
            window = self.window(FakeEngine([ANSWER], token_seconds=0.01), 1440, 900, _library())
            self.picture(f"large-greeting-{mode}", window)
            self.ask(window, "Can you show me a ternary dot product, and what it saves?")
            self.picture(f"large-chat-{mode}", window)
            window.settings_controller.show_page()
            self.theme.set_mode(mode)
            self.picture(f"large-settings-{mode}", window)
            window.close()
            self.theme.set_scale(24 / 15)
            for width, height in ((1100, 760), (480, 420)):
                window = self.window(FakeEngine([ANSWER], token_seconds=0.01), width, height, _library())
                self.picture(f"24px-{width}-greeting-{mode}", window)
                self.ask(window, "Can you show me a ternary dot product?")
                self.picture(f"24px-{width}-chat-{mode}", window)
                window.settings_controller.show_page()
                self.theme.set_mode(mode)
                self.theme.set_scale(24 / 15)
                self.picture(f"24px-{width}-settings-{mode}", window)
                window.close()
            self.theme.set_scale(1.0)
        self.theme.set_mode(Mode.LIGHT)

    def stage(self) -> None:
        """The whole screen, paper and black: before, during and after a reply; prompts and pace."""
        window = self.window()
        window.show_stage()
        stage = window.stage
        assert stage is not None
        for look in ("paper", "black"):
            assert stage.window is not None
            self.picture(f"stage-{look}", stage.window)
            stage.do("prompt2")
            self.until(lambda: len(stage.scene.lanes) == 1 and stage.scene.lanes[0].words > 20)
            self.picture(f"stage-running-{look}", stage.window)
            self.until(lambda: not stage.scene.lanes[0].writing)
            self.picture(f"stage-ended-{look}", stage.window)
            stage.do("edit")
            self.picture(f"stage-prompts-{look}", stage.window)
            stage.window.close_over()
            stage.do("calibrate")
            QTest.keyClick(stage.window.over, Qt.Key.Key_Space)
            self.picture(f"stage-pace-{look}", stage.window)
            stage.window.close_over()
            stage.do("look")
        window.close()

    @staticmethod
    def _slowly() -> None:
        time.sleep(1.5)


def _library() -> Store:
    """Conversations of some weeks."""
    store = Store.in_memory()
    hour = 3600.0
    told = (
        (
            0.2,
            "Packing list for a week in Iceland",
            "What do I pack for a week in Iceland?",
            "Layers, and a towel.",
        ),
        (
            3,
            "Haiku about trains",
            "Write a haiku about trains",
            "Steel hums in the rain,\nwindows of strangers go by:\nthe platform stays.",
        ),
        (
            5,
            "Why are ternary weights quick?",
            "Why are ternary weights quick?",
            "Because a **ternary** weight needs no multiplication.\n\n- `+1` adds\n- `-1` subtracts\n- `0` is skipped",
        ),
        (30, "A title that is far too long for the narrow room that a sidebar has", "Hello", "Hello."),
        (50, "Regular expressions", "What does ^ mean in a regex?", "The start of the line."),
        (
            24 * 5,
            "Compare ternary and binary search",
            "Compare them",
            "A ternary search asks two questions a step.",
        ),
        (24 * 20, "Sourdough", "Feed the starter?", "Twice a day."),
        (24 * 400, "An old one", "Are you there?", "Yes."),
    )
    for age, title, question, answer in told:
        store.now = lambda age=age: time.time() - age * hour
        number = store.create(title)
        messages = [("user", question, State.DONE), ("assistant", answer, State.DONE)]
        reply = store.add(number, messages, None)[-1]
        reply.stats = Stats(
            tokens=42,
            decode_tokens_per_s=38.4,
            time_to_first_token_s=0.3,
            context_used=120,
            context_size=4096,
        )
        store.save(reply)
    store.set_pinned(store.summaries()[4].id, True)
    store.now = time.time
    return store


def _broken(progress: Callable[[float], None]) -> FakeEngine:
    raise UserError("tern-guide.gguf is cut short: 9,000,000 of 13,919,808 bytes. Install Tern again.")


@contextmanager
def _window_manager() -> Iterator[None]:
    """One that gives and takes the keyboard, as on a desktop; none where none is installed."""
    program = shutil.which("openbox") if QApplication.platformName() == "xcb" else None
    print("window manager:", program or "none", flush=True)
    if program is None:
        yield
        return
    with subprocess.Popen([program, "--sm-disable"], stderr=subprocess.DEVNULL) as manager:
        time.sleep(1)  # it says nothing when it is ready
        try:
            yield
        finally:
            manager.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fake", action="store_true", help="do without the guide")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--language", default="en", help="as de; rtl turns the English window around")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    paths.set_data_dir(_SCRATCH)
    forecast._MOST_OTHERS = 1.0  # a picture wants a speed, also beside other programs
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Tern")
    application.setFont(QFont("sans-serif"))
    tour = Tour(application, args.folder, args.fake)
    if args.language == "rtl":
        application.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    else:
        language.install(application, args.language)
    with _window_manager():
        for part in PARTS:
            if args.part in (None, part):
                getattr(tour, part)()
    assert not [w for w in application.topLevelWidgets() if w.isVisible() and not isinstance(w, QMenu)]


if __name__ == "__main__":
    main()
