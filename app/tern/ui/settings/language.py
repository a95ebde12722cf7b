"""Which language Tern's own words are in. A translation is a file ``tern_CODE.qm``: those that come with Tern lie in
resources/translations, and any other can be put into the folder ``translations`` beside the conversations.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from tern import paths
from tern.errors import UserError

log = logging.getLogger(__name__)

SYSTEM = "system"
_PREFIX, _SUFFIX = "tern_", ".qm"


def folders() -> list[Path]:
    """Where translations are looked for: the person's own first."""
    try:
        own = [paths.data_dir() / "translations"]
    except UserError as error:
        log.warning("own translations not looked for: %s", error)
        own = []
    return [*own, paths.resources_dir() / "translations"]


def offered() -> list[tuple[str, str]]:
    """(code, name in that language) of every language there is a translation for; English always."""
    codes = {"en"}
    for folder in folders():
        codes |= {path.stem.removeprefix(_PREFIX) for path in folder.glob(f"{_PREFIX}*{_SUFFIX}")}
    return sorted((code, _name(code)) for code in codes)


def _name(code: str) -> str:
    """What the language calls itself; Qt would say "American English" and write some names small."""
    name = "English" if code == "en" else QLocale(code).nativeLanguageName()
    return name[:1].upper() + name[1:] or code


def install(app: QApplication, choice: str) -> str:
    """Have ``app`` speak the language ``choice`` (a code, or the system's); returns the code that it speaks now.

    Must come before anything is shown. Qt's own words (buttons of its dialogs, menus of its fields) come along.
    """
    locale = QLocale.system() if choice == SYSTEM else QLocale(choice)
    spoken = "en"
    _load(app, QLocale("en"))  # holds the plurals; whatever is not translated is said as there
    wanted = [QLocale(code) for code in locale.uiLanguages()] if choice == SYSTEM else [locale]
    for candidate in wanted:
        if candidate.language() is QLocale.Language.English:
            locale = candidate
            break
        if _load(app, candidate):
            locale, spoken = candidate, candidate.bcp47Name()
            break
    else:
        locale = QLocale("en")
    QLocale.setDefault(locale)
    app.setLayoutDirection(locale.textDirection() if spoken != "en" else Qt.LayoutDirection.LeftToRight)
    return spoken


def _load(app: QApplication, locale: QLocale) -> bool:
    """Whether there was a translation of Tern; with it come Qt's own words."""
    translator = QTranslator(app)
    if not any(translator.load(locale, _PREFIX.rstrip("_"), "_", str(folder)) for folder in folders()):
        return False
    of_qt = QTranslator(app)
    if of_qt.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(of_qt)
    return app.installTranslator(translator)
