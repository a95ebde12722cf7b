"""From files to chips: chosen in a dialog, dropped anywhere on the page or pasted, read on a thread of their own.
Knows the composer and nothing of conversations.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from tern.chat.attachments import Attachment, AttachmentKind
from tern.chat.file_text import MOST_BYTES, attached, load, pasted, read_folder, reread
from tern.engine.worker import BUG_SENTENCE
from tern.errors import UserError
from tern.ui.composer.attachment_chips import Chip
from tern.ui.composer.attachment_page import AttachmentPage
from tern.ui.composer.composer import Composer
from tern.ui.composer.editor import paths_of
from tern.ui.shared.long_lines import broken
from tern.ui.style.theme import Theme

log = logging.getLogger(__name__)

MOST = 8  # attachments of one message
_PATIENCE_S = 1.0  # with files that are still being read when the window closes
_MODEL = ".gguf"


class AttachFiles(QObject):
    """Fills the shelf of ``composer``. ``trouble`` carries a sentence about a file that cannot be attached.

    Call :meth:`close` before the window goes away: reading ends there.
    """

    trouble = Signal(object)  # a sentence, or a Sentence yet to be translated
    read_late = Signal(object, object)  # what ``tag`` gave when it was attached, Attachment: its chip is gone
    _read = Signal(int, object)  # number of the file, Attachment
    _refused = Signal(int, object)

    def __init__(self, theme: Theme, composer: Composer, page: QWidget) -> None:
        super().__init__(composer)
        self._theme = theme
        self._composer = composer
        self.tag: Callable[[], object] = lambda: None
        self._chips: dict[int, tuple[Chip, object]] = {}  # of the files that are being read
        self._next = 0
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._one_core = threading.Lock()  # is enough to make sense of bytes: the model wants the others
        self._read.connect(self._settle, Qt.ConnectionType.QueuedConnection)
        self._refused.connect(self._refuse, Qt.ConnectionType.QueuedConnection)
        composer.attach_requested.connect(self.choose)
        composer.editor.files_given.connect(self.attach)
        composer.editor.long_text_given.connect(self._fold)
        composer.editor.picture_given.connect(self._no_picture)
        composer.shelf.opened.connect(self._show)
        composer.shelf.reread_requested.connect(self._reread)
        self._page = page
        page.setAcceptDrops(True)
        page.installEventFilter(self)

    def choose(self) -> None:
        """Let the person choose files."""
        dialog = QFileDialog(self._composer.window(), self.tr("Attach files"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.attach([Path(name) for name in names]))
        dialog.open()

    def choose_folder(self) -> None:
        """Let the person choose a folder, whose files become one attachment."""
        dialog = QFileDialog(self._composer.window(), self.tr("Attach a folder"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(lambda names: self.attach([Path(name) for name in names]))
        dialog.open()

    def attach(self, paths: Sequence[Path]) -> None:
        """Read these files, each into a chip that is there at once."""
        for path in paths:
            if path.suffix.lower() == _MODEL:
                self.trouble.emit(
                    self.tr("{0} is a model, so it can't be attached. Open it on the Models page.").format(
                        path.name
                    )
                )
            elif self._has_room():
                self._next += 1
                chip = self._composer.shelf.add(None, path.name)
                self._chips[self._next] = chip, self.tag()
                chip.removed.connect(lambda number=self._next: self._chips.pop(number, None))
                self._read_apart(self._next, path)
        self._composer.editor.setFocus()

    def give_up(self, tag: object) -> None:
        """What is still being read for ``tag`` is not wanted any more."""
        self._chips = {number: one for number, one in self._chips.items() if one[1] != tag}

    def close(self) -> None:
        """End reading. A file that does not come (a pipe, a disk that has gone) is not waited for."""
        self._closing.set()
        end = time.monotonic() + _PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _read_apart(self, number: int, path: Path) -> None:
        """On a thread for this file alone, which holds up no other file, and not the end of the program."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(
            target=self._work, args=(number, path), name=f"tern-reading-{number}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _has_room(self) -> bool:
        if len(self._composer.shelf.chips) < MOST:
            return True
        self.trouble.emit(
            self.tr(
                "A message can have {0} attachments. Remove one, or send the rest with your next message."
            ).format(MOST)
        )
        return False

    def _work(self, number: int, path: Path) -> None:
        """On the reading thread."""
        try:
            if path.is_dir():
                with self._one_core:
                    self._tell(self._read, number, read_folder(path, self._closing.is_set))
                return
            data = load(path, MOST_BYTES)
            with self._one_core:
                if not self._closing.is_set():
                    self._tell(self._read, number, attached(path.name, data, self._closing.is_set))
        except UserError as error:
            self._tell(self._refused, number, error.sentence)
        except Exception:
            log.exception("attachment not read")
            self._tell(self._refused, number, BUG_SENTENCE)

    def _tell(self, signal: SignalInstance, *what: object) -> None:
        if not self._closing.is_set():
            with suppress(RuntimeError):  # the window has gone in this very moment
                signal.emit(*what)

    @Slot(int, object)
    def _settle(self, number: int, attachment: Attachment) -> None:
        if number not in self._chips:
            return  # it was taken away meanwhile
        chip, tag = self._chips.pop(number)
        if chip in self._composer.shelf.chips:
            self._composer.shelf.settle(chip, attachment)
        else:
            self.read_late.emit(tag, attachment)

    @Slot(int, object)
    def _refuse(self, number: int, sentence: str) -> None:
        if number not in self._chips:
            return
        chip, _ = self._chips.pop(number)
        if chip in self._composer.shelf.chips:
            self._composer.hold_back()
            self._composer.shelf.remove(chip)
        self.trouble.emit(sentence)

    def _reread(self, chip: Chip, encoding: str) -> None:
        if chip.attachment is None or encoding == chip.attachment.encoding:
            return
        try:
            self._composer.shelf.settle(chip, reread(chip.attachment, encoding))
        except UserError as error:
            self.trouble.emit(error.sentence)
        self._composer.editor.setFocus()  # or a space that is typed next opens the menu again

    # Pasted text

    def _fold(self, text: str) -> None:
        if self._has_room():
            self._composer.shelf.add(pasted(text))

    def _no_picture(self) -> None:
        self.trouble.emit(self.tr("A picture cannot be attached: the model reads text only."))

    def _show(self, chip: Chip) -> None:
        if chip.attachment is None:
            return

        def keep(text: str) -> None:
            if chip not in self._composer.shelf.chips:
                return
            if text.strip():
                self._composer.shelf.settle(chip, pasted(text))
            else:
                self._composer.shelf.remove(chip)

        def unfold(text: str) -> None:
            self._composer.shelf.remove(chip)
            self._composer.editor.insertPlainText(broken(text))
            self._composer.editor.setFocus()

        mine = chip.attachment.kind is AttachmentKind.PASTE
        page = AttachmentPage(
            self._theme,
            chip.attachment,
            self._composer.window(),
            keep if mine else None,
            unfold if mine else None,
        )
        page.show()

    # Dropping

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._page and isinstance(event, QDropEvent):  # entering and moving are made of it
            if not paths_of(event.mimeData()):
                return False
            event.acceptProposedAction()
            self._composer.set_target(event.type() != QEvent.Type.Drop)
            if event.type() == QEvent.Type.Drop:
                self.attach(paths_of(event.mimeData()))
            return True
        if watched is self._page and event.type() == QEvent.Type.DragLeave:
            self._composer.set_target(False)
        return super().eventFilter(watched, event)
