"""Asks whether a foreign chat template may be run: shows the whole of it, says what it is, and takes yes or no."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from tern.library.shelf import Installed
from tern.ui.shared.labels import button, text
from tern.ui.shared.sheet import Sheet
from tern.ui.style.theme import Size, Space, Theme


class TemplatePage(Sheet):
    """``answered`` carries whether the template may be run. ``known``: llama.cpp recognizes it without running it."""

    answered = Signal(bool)

    def __init__(self, theme: Theme, model: Installed, template: str, known: bool, parent: QWidget) -> None:
        title = QCoreApplication.translate("TemplatePage", "The chat template of {0}").format(model.title)
        super().__init__(theme, title, parent, QSize(620, 520))
        self.setObjectName("templatePage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        said = self.tr(
            "This model brings its own chat template: a small program that puts your messages into the form it was "
            "trained on. It runs in a sandbox that can neither read files nor use the network. Tern does not run what "
            "comes with a file unless you say so."
        )
        if not template:
            said = self.tr(
                "This file has no chat template; a common form is used, which may not be the model's."
            )
        elif known:
            said += " " + self.tr("Tern knows this form and can also chat without running it.")
        else:
            said += " " + self.tr("Without it this model cannot chat.")
        self.template = QPlainTextEdit(template, self.body)
        self.template.setObjectName("templateText")
        self.template.setReadOnly(True)
        self.template.setAccessibleName(self.tr("The template's text"))
        self.template.setAccessibleDescription(said)
        self.template.setFont(theme.mono(Size.SMALL))
        self.template.setTabChangesFocus(True)
        self.template.setVisible(bool(template))
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        allow, refuse = self.tr("Allow it"), self.tr("Not now")
        if model.template_allowed:
            allow, refuse = self.tr("Keep allowing it"), self.tr("Stop allowing it")
        if template:
            buttons.addWidget(
                button(self.body, "allowButton", allow, model.title, lambda: self._answer(True))
            )
            buttons.addWidget(
                button(self.body, "refuseButton", refuse, model.title, lambda: self._answer(False))
            )
        else:
            buttons.addWidget(button(self.body, "refuseButton", self.tr("Close"), "", self.close))
        buttons.addStretch(1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(text(theme, said, Size.CONTROL, self.body))
        column.addWidget(self.template, 1)
        column.addLayout(buttons)

    def _answer(self, allowed: bool) -> None:
        self.answered.emit(allowed)
        self.close()
