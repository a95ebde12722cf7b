"""What Tern is, its version, and the licence of everything it consists of, on a sheet."""

from __future__ import annotations

import platform

from PySide6.QtCore import QCoreApplication, QSize, Qt, qVersion
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tern import __version__
from tern.ui.shared.sheet import Sheet
from tern.ui.style.icons import app_icon
from tern.ui.style.theme import Size, Space, Theme
from tern.ui.window.licences import components

_MARK = 48


class AboutPage(Sheet):
    """Made when it is asked for: the packages are looked up then."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        title = QCoreApplication.translate("AboutPage", "About Tern")
        super().__init__(theme, title, parent, QSize(720, 640))  # licence texts have lines of 80 characters
        self.setObjectName("aboutPage")
        self._mark = QLabel(self.body)
        self._mark.setAccessibleName(self.tr("The Tern logo"))
        self._title = QLabel(f"Tern {__version__}", self.body)
        self._sentence = QLabel(
            self.tr(
                "Runs BitNet, a language model of −1, 0 and +1, on this computer. Nothing you write leaves it."
            ),
            self.body,
        )
        self._heading = QLabel(self.tr("Components and licences"), self.body)
        for words in (self._title, self._sentence, self._heading):
            words.setWordWrap(True)
        self.list = QListWidget(self.body)
        self.list.setObjectName("licenceList")
        self.list.setAccessibleName(self.tr("Parts of Tern"))
        self.list.setAccessibleDescription(self.tr("The licence of the selected one is shown below."))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text = QPlainTextEdit(self.body)
        self.text.setObjectName("licenceText")
        self.text.setAccessibleName(self.tr("Licence"))
        self.text.setAccessibleDescription(self.tr("The full text of the chosen licence."))
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(Space.S)  # its text stands under the list's
        names = QVBoxLayout()
        names.setSpacing(Space.XS)
        names.addWidget(self._title)
        names.addWidget(self._sentence)
        top = QHBoxLayout()
        top.setSpacing(Space.L)
        top.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(names, 1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addSpacing(Space.S)
        column.addWidget(self._heading)
        column.addWidget(self.list, 2)
        column.addWidget(self.text, 3)

        copy = QPushButton(self.tr("Copy details for a report"), self.body)
        copy.setObjectName("copyDetails")
        copy.setProperty("kind", "floating")
        copy.setAccessibleDescription(self.tr("Puts the versions and this system's name on the clipboard."))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details()))
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)

        self._components = components()
        for part in self._components:
            name = f"{part.name} {part.version}".strip()
            item = QListWidgetItem(f"{name} · {part.licence}")
            item.setToolTip(item.text())
            self.list.addItem(item)
        self.list.currentRowChanged.connect(self._show_licence)
        self.list.setCurrentRow(0)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _show_licence(self, row: int) -> None:
        if 0 <= row < len(self._components):
            self.text.setPlainText(self._components[row].text())

    def _restyle(self) -> None:
        self._mark.setPixmap(app_icon().pixmap(QSize(_MARK, _MARK), self.devicePixelRatioF()))
        self._title.setFont(self._theme.font(Size.LARGE, weight=QFont.Weight.DemiBold))
        self._sentence.setFont(self._theme.font(Size.CONTROL))
        self._heading.setFont(self._theme.font(Size.CONTROL, weight=QFont.Weight.DemiBold))
        self.list.setFont(self._theme.font(Size.CONTROL))
        self.text.setFont(self._theme.mono(Size.SMALL))


def details() -> str:
    """What whoever reads a report must know, and nothing of the person."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"Tern {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {system}"
