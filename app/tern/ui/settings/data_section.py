"""Where the chats lie, how much they take and how they are backed up: the end of the settings' section about them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tern import paths
from tern.chat import database_file
from tern.errors import UserError
from tern.ui.shared.labels import button, text
from tern.ui.shared.translate_errors import said
from tern.ui.style.number_text import size_text
from tern.ui.style.theme import Size, Space, Theme


class DataSection(QWidget):
    """Call :meth:`reload` when it comes into view."""

    delete_all = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("dataSection")
        self.setAccessibleName(self.tr("Your data"))
        self._heading = text(theme, self.tr("Your data"), Size.CONTROL, self)
        self.folder = text(theme, "", Size.SMALL, self, quiet=True)
        self.folder.setObjectName("dataFolder")
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.amount = text(theme, "", Size.SMALL, self, quiet=True)
        self.amount.setObjectName("dataAmount")
        about = self.tr("where chats, models and backups are")
        self._open = button(self, "openDataFolder", self.tr("Open folder"), about, self._open_folder)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._heading, self.folder, self.amount):
            words.addWidget(label)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.S, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(words)
        self._delete = button(self, "deleteAllChats", self.tr("Delete all chats"), "", self.delete_all.emit)
        buttons = QHBoxLayout()  # beside the words they would leave a folder no room
        buttons.setSpacing(Space.S)
        for each in (self._open, self._delete):
            buttons.addWidget(each)
        buttons.addStretch(1)
        column.addLayout(buttons)
        theme.changed.connect(self._restyle)
        self._restyle()

    def reload(self) -> None:
        """Look at the folder again."""
        try:
            folder = paths.data_dir()
        except UserError as error:
            self.folder.setText(said(error))
            self.amount.clear()
            self._open.setEnabled(False)
            return
        self.folder.setText(
            str(folder).replace("/", "/\u200b").replace("\\", "\\\u200b")
        )  # may break its line
        backups = database_file.backups(folder / database_file.BACKUPS)
        chats = sum(_size(path) for path in folder.glob(f"{database_file.FILE_NAME}*"))
        parts = [self.tr("Chats take {0}.").format(size_text(chats))]
        if backups:
            words = self.tr("%n backup(s), the newest from {0}.", "", len(backups))
            parts.append(words.format(_date(backups[0])))
        else:
            parts.append(self.tr("No backup yet; one is made every day."))
        self.amount.setText(" ".join(parts))

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.data_dir())))

    def _restyle(self) -> None:
        self._heading.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        for label in (self.folder, self.amount):
            label.setFont(self._theme.font(Size.SMALL, tabular=True))


def _date(path: Path) -> str:
    try:
        made = QDateTime.fromSecsSinceEpoch(int(path.stat().st_mtime))
    except OSError:
        return path.stem
    return QLocale().toString(made, QLocale.FormatType.ShortFormat)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
