"""The style sheet: how widgets look, by their object name or their ``kind`` property. ``@name`` is one of the theme's
tokens, sizes or radii, filled in by ui/style/theme.
"""

# The focus ring is an outline in the accent colour; a transparent border of the same width keeps things from moving.
SHEET = """
QMainWindow, QWidget#centre { background: @paper; }
QToolTip { background: @ink; color: @paper; border: none; padding: 4px 8px; font-size: @small_px; }

QFrame#header { background: @paper; border: none; border-bottom: 1px solid @line; }
QFrame#readoutBar { background: @paper; border: none; border-top: 1px solid @line; }
QFrame#sidebar { background: @paper; border: none; }
QLineEdit { background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 5px 8px;
    font-size: @control_px; color: @ink; placeholder-text-color: @quiet; }
QLineEdit:focus { border: 2px solid @accent; padding: 4px 7px; }
QWidget#settingsBody QLabel { color: @ink; }
QWidget#settingsBody QLabel[kind="quiet"] { color: @quiet; }
QLineEdit:disabled { background: @paper; border-color: @line; color: @quiet; }
QComboBox, QAbstractSpinBox { background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 4px 10px;
    font-size: @control_px; color: @ink; selection-background-color: @selection; selection-color: @ink;
    combobox-popup: 0; }
QComboBox:hover, QAbstractSpinBox:hover { background: @hover; }
QComboBox:focus, QAbstractSpinBox:focus { border: 2px solid @accent; padding: 3px 9px; }
QComboBox:disabled, QAbstractSpinBox:disabled { background: @paper; border-color: @line; color: @quiet; }
QComboBox::drop-down { border: none; width: @caret; }
QComboBox::down-arrow { image: none; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { background: transparent; border: none;
    width: @caret; }
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow { image: none; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @line; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @edge; }
QSlider::handle:horizontal { width: 14px; margin: -6px 0; border-radius: 8px; background: @surface;
    border: 1px solid @edge; }
QSlider::handle:horizontal:hover { background: @hover; }
QSlider::handle:horizontal:focus { border: 2px solid @accent; width: 12px; }
QLineEdit#qt_spinbox_lineedit { border: none; padding: 0; background: transparent; }
QComboBox QAbstractItemView { background: @surface; border: 1px solid @edge; padding: 4px; outline: none; color: @ink; }
QComboBox QAbstractItemView::item { min-height: 24px; padding: 2px 6px; border-radius: 6px; color: @ink; }
QComboBox QAbstractItemView::item:selected { background: @chosen; color: @ink; }
QWidget#settingsBody QPlainTextEdit {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 4px 8px;
    font-size: @control_px; color: @ink; placeholder-text-color: @quiet; }
QWidget#settingsBody QPlainTextEdit:focus {
    border: 2px solid @accent; padding: 3px 7px; }
QListWidget#licenceList, QPlainTextEdit#licenceText {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 4px; color: @ink; }
QListWidget#licenceList:focus, QPlainTextEdit#licenceText:focus { border: 2px solid @accent; padding: 3px; }
QListWidget#licenceList::item { padding: 4px 6px; border-radius: 6px; color: @ink; }
QListWidget#licenceList::item:selected { background: @chosen; color: @ink; }
QFrame#palette { background: @surface; border: 1px solid @edge; border-radius: @block; }
QFrame#findBar { background: @surface; border: 1px solid @edge; border-radius: @block; padding: 1px; }
QFrame#findBar[focused="true"] { border: 2px solid @accent; padding: 0; }
QLineEdit#findField, QLineEdit#findField:focus { background: transparent; border: none; padding: 6px 8px; }
QListWidget#paletteList::item { padding: 6px 8px; border-radius: 6px; color: @ink; }
QListWidget#paletteList::item:disabled { color: @quiet; }
QListWidget#paletteList::item:selected { background: @chosen; color: @ink; }
QListView { background: transparent; border: none; outline: none; }
QToolButton[kind="row"] { text-align: left; padding: 5px 7px; }
QLineEdit#searchField { border-color: @line; padding-left: 2px; }
QLineEdit#searchField:focus { border-color: @accent; padding-left: 1px; }
QPushButton#chatTitle { font-size: @body_px; font-weight: 600; color: @ink; text-align: left; padding: 3px 6px; }
QPushButton#chatTitle:disabled { color: @ink; }
QLineEdit#chatTitleField { font-size: @body_px; font-weight: 600; padding: 3px 7px; }
QLineEdit#chatTitleField:focus { padding: 2px 6px; }
QPushButton#modelName { color: @quiet; padding: 5px 6px; }
QPushButton#modelName:hover { color: @ink; }
QPushButton::menu-indicator { image: none; width: 0; }
QLabel[kind="quiet"] { color: @quiet; font-size: @small_px; }
QLabel[kind="figure"] { color: @ink; font-size: @small_px; }
QLabel[kind="figure"][idle="true"] { color: @quiet; }
QPushButton[kind="figure"] { color: @quiet; font-size: @small_px; padding: 1px 6px; }
QPushButton[kind="figure"]:hover { color: @ink; }

QFrame#sheet { background: @paper; border: 1px solid @line; border-radius: @block; }
QWidget#sheetBody, QWidget#settingsBody { background: @paper; }
QFrame#chatPanel { background: @paper; border: none; }
QListWidget#settingsSections::item { padding: 6px 10px; border-radius: 6px; color: @ink; }
QListWidget#settingsSections::item:hover { background: @hover; }
QListWidget#settingsSections::item:selected { background: @chosen; color: @ink; }
QTextBrowser#transcript, QTextBrowser#deletedTranscript, QTextBrowser#compareTranscript0,
QTextBrowser#compareTranscript1, QScrollArea, QWidget#greeting {
    background: @paper; border: none;
}

QFrame#composerBox { background: @surface; border: 1px solid @edge; border-radius: @block; padding: 1px; }
QFrame#composerBox[focused="true"] { border: 2px solid @accent; padding: 0; }
QPlainTextEdit#composer {
    background: transparent; border: none; font-size: @body_px; color: @ink; placeholder-text-color: @quiet;
}

QFrame#composerBox[target="true"] { border: 2px dashed @accent; padding: 0; }
QLabel#contextReadout[state="near"], QLabel#contextReadout[state="leaving"],
QLabel#contextReadout[state="over"] { color: @warning; font-weight: 600; }
QScrollArea#attachments, QWidget#attachmentBoard { background: transparent; border: none; }
QPlainTextEdit#attachmentText, QPlainTextEdit#importText, QPlainTextEdit#templateText {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 4px 8px; color: @ink; }
QPlainTextEdit#attachmentText:focus, QPlainTextEdit#importText:focus, QPlainTextEdit#templateText:focus {
    border: 2px solid @accent; padding: 3px 7px; }

QPushButton, QToolButton {
    font-size: @control_px; color: @ink; background: transparent;
    border: 2px solid transparent; border-radius: @radius; padding: 5px 10px;
}
QPushButton:hover, QToolButton:hover { background: @hover; }
QPushButton:focus, QToolButton:focus { border-color: @accent; }
QPushButton:disabled, QToolButton:disabled { color: @quiet; }
QToolButton::menu-indicator { image: none; width: 0; }

QPushButton#sendButton { background: @accent; color: @on_accent; font-weight: 600; padding: 5px 14px; }
QPushButton#sendButton:hover { background: @accent_hover; }
QPushButton#sendButton:focus { border-color: @ink; }
QPushButton#sendButton:disabled { background: @hover; color: @quiet; }
QPushButton#stopButton { background: transparent; color: @ink; border: 1px solid @edge; font-weight: 600;
    padding: 6px 15px; }
QPushButton#stopButton:hover { background: @hover; }
QPushButton#stopButton:focus { border: 2px solid @accent; padding: 5px 14px; }

QPushButton[kind="card"] {
    background: @surface; border: 1px solid @line; border-radius: @block; padding: 12px 16px;
    text-align: left; font-size: @control_px; color: @ink;
}
QPushButton[kind="card"]:hover { border-color: @accent; background: @surface; }
QPushButton[kind="card"]:focus { border: 2px solid @accent; padding: 11px 15px; }

QFrame#firstModelCard { background: @surface; border: 1px solid @line; border-radius: @block; }
QFrame#firstModelCard QLabel[kind="quiet"] { font-size: @control_px; }

QToolButton[kind="floating"], QPushButton[kind="floating"] {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 4px 10px; font-size: @small_px;
}
QToolButton[kind="floating"]:hover, QPushButton[kind="floating"]:hover { background: @hover; }
QPushButton[kind="floating"]:disabled { background: transparent; border-color: @line; }
QToolButton[kind="floating"]:focus, QPushButton[kind="floating"]:focus { border: 2px solid @accent; padding: 3px 9px; }
QPushButton[kind="accent"] { background: @accent; color: @on_accent; font-weight: 600;
    border: 2px solid transparent; padding: 6px 18px; font-size: @control_px; }
QPushButton[kind="accent"]:hover { background: @accent_hover; }
QPushButton[kind="accent"]:focus { border-color: @ink; }
QFrame[kind="hero"] { background: @surface; border: 1px solid @line; border-radius: @block; }
QFrame[kind="hero"] QLabel { color: @ink; }
QFrame[kind="hero"] QLabel[kind="quiet"] { color: @quiet; }
QFrame[kind="modelRow"] { background: transparent; border: none; border-bottom: 1px solid @line; }
QToolButton[kind="bare"] { padding: 1px; border-radius: 6px; }
QToolButton[kind="more"] { color: @quiet; padding: 5px 8px 5px 2px; }
QToolButton[kind="more"]:hover { color: @ink; }
QFrame[kind="chip"] { background: @paper; border: 1px solid @line; border-radius: @radius; }
QPushButton[kind="chip"], QToolButton[kind="chip"] { padding: 1px 4px; border-radius: 6px; }
QPushButton[kind="chip"]:hover, QToolButton[kind="chip"]:hover { background: @line; }
QPushButton[kind="small"], QToolButton[kind="small"] { padding: 2px 6px; font-size: @small_px; color: @quiet; }
QPushButton[kind="small"]:hover, QToolButton[kind="small"]:hover { color: @ink; }

QFrame#longDocument { background: @hover; border: none; border-radius: @radius; }
QFrame#guideBar { background: @hover; border: none; border-radius: @radius; }

QFrame#notice { background: @notice; border: 1px solid @mark; border-radius: @radius; }
QFrame#notice QTextEdit { color: @ink; font-size: @control_px; background: transparent; border: none; padding: 0; }
QFrame#notice QPushButton { border: 1px solid @edge; padding: 6px 11px; }
QFrame#notice QPushButton:focus { border: 2px solid @accent; padding: 5px 10px; }
QFrame#notice[tone="calm"] { background: @surface; border: 1px solid @line; }

QMenu { background: @surface; color: @ink; border: 1px solid @line; border-radius: @radius; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: @chosen; }
QMenu::item:disabled { color: @quiet; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }

QMenuBar { background: @paper; color: @ink; border-bottom: 1px solid @line; padding: 2px 4px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: 6px; }
QMenuBar::item:selected { background: @chosen; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar::handle:vertical { background: @edge; border-radius: 3px; min-height: 32px; margin: 2px 3px; }
QScrollBar::handle:vertical:hover { background: @quiet; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle:horizontal { background: @edge; border-radius: 3px; min-width: 32px; margin: 3px 2px; }
QScrollBar::handle:horizontal:hover { background: @quiet; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; width: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""
