"""Assistants and prompts, on a sheet: made, changed, deleted, exported to a file and imported from one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tern.atomic import replacing
from tern.chat import assistants_file
from tern.chat.file_text import load
from tern.chat.presets import ICONS, MOST_QUESTIONS, Preset, keep_own, own_presets, remove_own
from tern.chat.prompts import Prompt, keep_prompt, own_prompts, remove_prompt
from tern.chat.types import Manner
from tern.errors import UserError
from tern.settings import TEMPERATURE, TOP_P, Setting, Settings
from tern.ui.shared.notice import Notice
from tern.ui.shared.sheet import Sheet
from tern.ui.style.controls import Choice, Real
from tern.ui.style.icons import action_icon
from tern.ui.style.theme import Size, Space, Theme

_ENDING = "tern.json"
_STEP = 0.05


class AssistantsPage(Sheet):
    """``changed``: the settings hold others now. ``chosen``: a chat is wanted with the assistant of that manner."""

    changed = Signal()
    chosen = Signal(object)  # Manner

    def __init__(self, theme: Theme, settings: Settings, parent: QWidget) -> None:
        super().__init__(theme, self.tr("Assistants and prompts"), parent, QSize(860, 640))
        self.setObjectName("assistantsPage")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self._editing: Preset | Prompt | None = None
        self.notice = Notice(theme, self.body)
        self.list = QListWidget(self.body)
        self.list.setObjectName("settingsSections")
        self.list.setAccessibleName(self.tr("Assistants and prompts"))
        self.list.setAccessibleDescription(self.tr("Choose one to change it."))
        self.list.setFixedWidth(210)
        self._forms = QStackedWidget(self.body)
        self._forms.addWidget(self._assistant_form())
        self._forms.addWidget(self._prompt_form())
        self._lay_out()
        self.list.currentItemChanged.connect(lambda item, _: self._open(item))
        self._fill()
        self.begin_with(self.list)

    # Parts

    def _assistant_form(self) -> QWidget:
        form = QWidget(self.body)
        form.setObjectName("settingsBody")
        self.name = QLineEdit(form)
        self.icon = Choice(form)
        for name in ("", *ICONS):
            self.icon.addItem(name.replace("-", " ") or self.tr("No icon"), name)
            if name:
                self.icon.setItemIcon(self.icon.count() - 1, action_icon(name, self._theme))
        self.instructions = QPlainTextEdit(form)
        self.questions = QPlainTextEdit(form)
        self.temperature, self.top_p = (self._number(setting, form) for setting in (TEMPERATURE, TOP_P))
        rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(Space.S)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        for words, help_, widget in (
            (self.tr("Name"), self.tr("What the assistant is called."), self.name),
            (self.tr("Icon"), self.tr("Stands beside its name."), self.icon),
            (
                self.tr("Instructions"),
                self.tr("Sent before each chat: who it is, and how it answers."),
                self.instructions,
            ),
            (self.tr("Temperature"), self.tr("Low is exact, high is inventive."), self.temperature),
            (self.tr("Top-p"), self.tr("How many of the likely words are considered."), self.top_p),
            (
                self.tr("Opening questions"),
                self.tr("One a line, up to four; shown in a new chat."),
                self.questions,
            ),
        ):
            self._add_row(rows, words, help_, widget)
        return form

    def _prompt_form(self) -> QWidget:
        form = QWidget(self.body)
        form.setObjectName("settingsBody")
        self.prompt_name = QLineEdit(form)
        self.prompt_text = QPlainTextEdit(form)
        rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(Space.S)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self._add_row(rows, self.tr("Name"), self.tr("Found by it after “/”."), self.prompt_name)
        self._add_row(rows, self.tr("Text"), self.tr("Put into your message."), self.prompt_text)
        return form

    def _add_row(self, rows: QFormLayout, words: str, help_: str, widget: QWidget) -> None:
        label = QLabel(words, self.body)
        label.setFont(self._theme.font(Size.CONTROL))
        label.setBuddy(widget)
        widget.setAccessibleName(words)
        widget.setAccessibleDescription(help_)
        widget.setToolTip(help_)
        if isinstance(widget, QPlainTextEdit):
            widget.setTabChangesFocus(True)
        rows.addRow(label, widget)

    def _number(self, setting: Setting[float], parent: QWidget) -> Real:
        """The setting's range, and under it one step for the default."""
        box = Real(parent)
        low, high = float(setting.low or 0.0), float(setting.high or 1.0)
        box.setRange(low - _STEP, high)
        box.setSingleStep(_STEP)
        box.setSpecialValueText(self.tr("Default"))
        return box

    def _button(self, name: str, words: str, about: str, kind: str = "floating") -> QPushButton:
        button = QPushButton(words, self.body)
        button.setObjectName(name)
        button.setProperty("kind", kind)
        button.setAutoDefault(False)
        button.setAccessibleDescription(about)
        button.setToolTip(about)
        return button

    def _lay_out(self) -> None:
        new = self._button(
            "newAssistant", self.tr("New assistant"), self.tr("Begins an assistant of your own.")
        )
        prompt = self._button("newPrompt", self.tr("New prompt"), self.tr("Begins a prompt of your own."))
        import_ = self._button(
            "importAssistants", self.tr("Import…"), self.tr("Adds assistants and prompts from a file.")
        )
        export = self._button(
            "exportAssistants", self.tr("Export…"), self.tr("Saves all assistants and prompts to a file.")
        )
        self.delete = self._button(
            "deleteAssistant", self.tr("Delete"), self.tr("Deletes what is shown here.")
        )
        self.talk = self._button(
            "talkToAssistant", self.tr("New chat with it"), self.tr("Begins a chat with this assistant.")
        )
        self.save = self._button(
            "saveAssistant", self.tr("Save"), self.tr("Keeps what is shown here."), "accent"
        )
        new.clicked.connect(lambda: self._begin(assistant=True))
        prompt.clicked.connect(lambda: self._begin(assistant=False))
        import_.clicked.connect(self._ask_import)
        export.clicked.connect(self._ask_export)
        self.delete.clicked.connect(self._delete)
        self.talk.clicked.connect(self._talk)
        self.save.clicked.connect(self._save)
        side = QVBoxLayout()
        side.setSpacing(Space.S)
        side.addWidget(self.list, 1)
        for first, second in ((new, prompt), (import_, export)):
            pair = QHBoxLayout()
            pair.addWidget(first)
            pair.addWidget(second)
            side.addLayout(pair)
        acts = QHBoxLayout()
        acts.addWidget(self.delete)
        acts.addStretch(1)
        acts.addWidget(self.talk)
        acts.addWidget(self.save)
        main = QVBoxLayout()
        main.setSpacing(Space.S)
        main.addWidget(self._forms, 1)
        main.addLayout(acts)
        row = QHBoxLayout()
        row.setSpacing(Space.XL)
        row.addLayout(side)
        row.addLayout(main, 1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self.notice)
        column.addLayout(row, 1)

    # What there is

    def _fill(self, show: str = "") -> None:
        """List all; ``show``: the name of the one to open."""
        self.list.blockSignals(True)
        self.list.clear()
        for kind, owned in ((True, own_presets(self._settings)), (False, own_prompts(self._settings))):
            for one in owned:
                item = QListWidgetItem(one.name if kind else f"/{one.name}")
                item.setData(Qt.ItemDataRole.UserRole, one)
                if isinstance(one, Preset):
                    item.setIcon(action_icon(one.icon or "sliders-horizontal", self._theme, "quiet"))
                self.list.addItem(item)
        self.list.blockSignals(False)
        rows = [self.list.item(row) for row in range(self.list.count())]
        found = next((item for item in rows if item.text().lstrip("/") == show), rows[0] if rows else None)
        if found is None:
            self._begin(assistant=True)
        else:
            self.list.setCurrentItem(found)
            self._open(found)

    def _open(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        one = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(one, Preset):
            self._show_assistant(one)
        else:
            self._show_prompt(one)

    def _begin(self, assistant: bool) -> None:
        """A new one, with nothing in it."""
        self.list.setCurrentRow(-1)
        if assistant:
            self._show_assistant(Preset("", "", Manner("")))
            self.name.setFocus()
        else:
            self._show_prompt(Prompt("", ""))
            self.prompt_name.setFocus()
        self._editing = None
        self.delete.setEnabled(False)

    def _show_assistant(self, preset: Preset) -> None:
        self._editing = preset
        self._forms.setCurrentIndex(0)
        self.name.setText(preset.name)
        self.icon.setCurrentIndex(max(0, self.icon.findData(preset.icon)))
        self.instructions.setPlainText(preset.manner.system or "")
        self.questions.setPlainText("\n".join(preset.questions))
        for setting, box in ((TEMPERATURE, self.temperature), (TOP_P, self.top_p)):
            box.setValue(preset.manner.sampling.get(setting.key, box.minimum()))
        self.talk.show()
        self.delete.setEnabled(True)

    def _show_prompt(self, prompt: Prompt) -> None:
        self._editing = prompt
        self._forms.setCurrentIndex(1)
        self.prompt_name.setText(prompt.name)
        self.prompt_text.setPlainText(prompt.text)
        self.talk.hide()
        self.delete.setEnabled(True)

    # What is done

    def _manner(self) -> Manner:
        sampling = dict(self._editing.manner.sampling) if isinstance(self._editing, Preset) else {}
        for setting, box in ((TEMPERATURE, self.temperature), (TOP_P, self.top_p)):
            if box.value() <= box.minimum():
                sampling.pop(setting.key, None)
            else:
                sampling[setting.key] = round(box.value(), 3)
        return Manner(self.instructions.toPlainText().strip() or None, sampling)

    def _save(self) -> bool:
        """Keep what is shown; whether it has a name to be kept under."""
        assistant = self._forms.currentIndex() == 0
        name = (self.name if assistant else self.prompt_name).text().strip()
        if not name:
            self.notice.show_message(self.tr("Give it a name first."), tone="calm", seconds=6)
            return False
        old = self._editing.name if self._editing is not None else name
        if assistant:
            lines = [line.strip() for line in self.questions.toPlainText().split("\n") if line.strip()]
            manner, icon = self._manner(), str(self.icon.currentData())
            if old != name:
                remove_own(self._settings, old)
            keep_own(self._settings, name, manner, lines[:MOST_QUESTIONS], icon)
        else:
            if old != name:
                remove_prompt(self._settings, old)
            keep_prompt(self._settings, name, self.prompt_text.toPlainText())
        self._fill(name)
        self.changed.emit()
        return True

    def _talk(self) -> None:
        if self._save():
            manner = self._manner()
            self.close()
            self.chosen.emit(manner)

    def _delete(self) -> None:
        if isinstance(self._editing, Preset):
            remove_own(self._settings, self._editing.name)
        elif self._editing is not None:
            remove_prompt(self._settings, self._editing.name)
        self._fill()
        self.changed.emit()

    # Files

    def _ask_export(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export assistants and prompts"), f"assistants.{_ENDING}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda path: self.export(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, path: Path) -> None:
        """Write all of them to ``path``."""
        data = assistants_file.to_bytes(own_presets(self._settings), own_prompts(self._settings))
        try:
            with replacing(path) as file:
                file.write(data)
        except OSError as error:
            words = self.tr("{0} could not be written ({1}).").format(path.name, error.strerror or error)
            self.notice.show_message(words)
        else:
            self.notice.show_message(self.tr("Saved as {0}.").format(path.name), tone="calm", seconds=6)

    def _ask_import(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Import assistants and prompts"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Assistants") + " (*.json)")
        dialog.fileSelected.connect(lambda path: self.import_(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def import_(self, path: Path) -> None:
        """Add those of the file at ``path``; nothing that is here is replaced."""
        try:
            data = load(path, assistants_file.MOST_BYTES)
            assistants, prompts = assistants_file.from_bytes(data, path.name)
        except UserError as error:
            self.notice.show_message(error.sentence)
            return
        count = assistants_file.take_in(self._settings, assistants, prompts)
        self._fill()
        self.changed.emit()
        words = self.tr("1 added.") if count == 1 else self.tr("{0} added.").format(count)
        self.notice.show_message(words, tone="calm", seconds=6)
