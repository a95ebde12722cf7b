"""Keeps Tern's translations: finds every text of the window, and has Qt's tools merge and compile them.

    python packaging/translate.py update     finds the texts, merges them into resources/translations/*.ts (lupdate)
    python packaging/translate.py release    makes the .qm files that Tern loads (lrelease)
    python packaging/translate.py missing    prints what has no translation yet

Between the first two, a person translates in Qt Linguist (`pyside6-linguist resources/translations/tern_de.ts`) or in
any editor. English needs a file too: it holds the plurals. See resources/translations/README.md.

Texts are literals in `tr()` of a class, in `translate("context", "text")`, or in the `_tr("text")` of a module; those
of the settings table, the presets and the errors come from where they are.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import PySide6

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "app" / "tern"
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("de", "en")
TABLES = {
    "settings",
    "presets",
    "errors",
    "catalogue",
}  # contexts whose texts are not literals where they are shown
ROOMS = (
    "chat",
    "engine",
    "library",
    "open_engine.py",
    "data_lock.py",
    "paths.py",
    "settings.py",
    "metrics/fresh_process.py",
    "ui/models/downloads.py",
)
ERRORS = {
    "UserError", "SettingError", "SilentError", "HubError", "ChangedError", "RangeError", "FullError", "DamagedError",
    "GGUFError", "BrokenFileError", "CannotChatError", "CacheTypeError", "ContextSizeError", "DiedError",
    "RefusedError", "TemplateError", "TooLittleMemoryError", "UnknownModelError", "_UnusableError",
}  # fmt: skip
REASONS = {"_fail", "error", "_text", "_kind"}  # they are told what is wrong with a model file
SENTENCES = {
    "BEGINS_AGAIN",
    "BEGINS_AGAIN_WHOLE",
    "WHOLE_AGAIN",
    "BUG_SENTENCE",
    "_FOREIGN",
    "_NO_MODEL",
    "_NO_REASON",
    "what",
    "why",
}  # names in those rooms whose texts are said as well


@dataclass(frozen=True, order=True)
class Text:
    """One text to translate. ``plural``: it has %n."""

    context: str
    source: str
    plural: bool = False


class NotLiteralError(Exception):
    """A text that is put together before it is translated: nobody could translate it."""


def texts() -> set[Text]:
    """Every text of the window. Raises NotLiteralError, naming the place."""
    found = set(_of_tables())
    for path in sorted((SOURCE / "ui").rglob("*.py")):
        found |= set(_of_module(path))
    return found


def _of_tables() -> Iterator[Text]:
    from tern.chat.presets import PRESETS
    from tern.library import catalog, hub_progress
    from tern.settings import TABLE

    for entry in catalog.entries():
        yield from (Text("catalogue", words) for words in (entry.good_for, entry.languages))

    yield from (Text("downloads", words) for words in hub_progress.WORDS)
    for form in error_forms():
        yield Text("errors", form)
    for preset in PRESETS:
        yield Text("presets", preset.name)
    for setting in TABLE:
        if setting.label:
            words = (setting.group, setting.label, setting.help, setting.lowest)
            choices = (label for _, label in setting.choices)
            yield from (Text("settings", word) for word in (*words, *choices) if word)


def error_forms() -> list[str]:
    """What the errors of other rooms say, with {0}, {1} where something is filled in."""
    found = set()
    for room in ROOMS:
        place = SOURCE / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found |= {form for part in _said_by(node) if (form := _form(part)) and " " in form}
    return sorted(found)


def _said_by(node: ast.AST) -> list[ast.expr]:
    """The expressions that become (part of) the sentence of an error."""
    if isinstance(node, ast.Call) and _name(node) in ERRORS | REASONS and not _logs(node):
        return [part for each in node.args[:2] for part in _choices(each)]
    if isinstance(node, ast.Call) and _name(node) == "__init__" and node.args:  # of an error's class
        return [node.args[0]]
    if isinstance(node, ast.Assign) and any(
        getattr(target, "id", "") in SENTENCES for target in node.targets
    ):
        return node.value.values if isinstance(node.value, ast.Dict) else [node.value]
    return []


def _logs(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "log"


def _choices(expression: ast.expr) -> list[ast.expr]:
    """Both ends of `a if c else b`."""
    return [expression.body, expression.orelse] if isinstance(expression, ast.IfExp) else [expression]


def _form(expression: ast.expr) -> str:
    """A text with numbered gaps for what an f-string fills in; empty for anything else."""
    parts = expression.values if isinstance(expression, ast.JoinedStr) else [expression]
    words, gaps = "", 0
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            words += part.value.replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            words += f"{{{gaps}}}"
            gaps += 1
        else:
            return ""
    return words


def _of_module(path: Path) -> Iterator[Text]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    helpers = dict(_helpers(tree))
    yield from _of_node(tree, "", helpers, path)


def _helpers(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, context) of the module's functions that only translate what they are given."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and _name(call) == "translate" and len(call.args) >= 2:
                    context, text = call.args[:2]
                    if isinstance(context, ast.Constant) and isinstance(text, ast.Name):
                        yield node.name, str(context.value)


def _of_node(node: ast.AST, context: str, helpers: dict[str, str], path: Path) -> Iterator[Text]:
    if isinstance(node, ast.ClassDef):
        context = node.name
    if isinstance(node, ast.FunctionDef) and node.name in helpers and not context:
        return
    if isinstance(node, ast.Call):
        name, args = _name(node), node.args
        if name == "tr" and args:
            yield _text(context, args[0], len(args) > 2, path)
        elif name == "translate" and len(args) >= 2 and isinstance(args[0], ast.Constant):
            yield _text(str(args[0].value), args[1], len(args) > 3, path)
        elif name in helpers and isinstance(node.func, ast.Name) and args:
            of_table = helpers[name] in TABLES and not isinstance(args[0], ast.Constant)
            yield from [] if of_table else [_text(helpers[name], args[0], len(args) > 1, path)]
    for child in ast.iter_child_nodes(node):
        yield from _of_node(child, context, helpers, path)


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(context: str, argument: ast.expr, plural: bool, path: Path) -> Text:
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        raise NotLiteralError(f"{path.name}:{argument.lineno}: {ast.unparse(argument)}")
    return Text(context, argument.value, plural)


def update() -> None:
    """Merge the texts into every .ts file: new ones come in, others go, translations stay."""
    (FOLDER / "errors.json").write_text(
        json.dumps(error_forms(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    lines = []
    for text in sorted(texts()):
        context, source = json.dumps(text.context), _c_literal(text.source)
        lines.append(
            f"QCoreApplication::translate({context}, {source}{', nullptr, 1' if text.plural else ''});"
        )
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "texts.cpp"
        listed.write_text("\n".join(lines), encoding="utf-8")
        for language in LANGUAGES:
            options = ["-no-obsolete", "-locations", "none", "-source-language", "en"]
            options += ["-pluralonly"] if language == "en" else []
            _qt("lupdate", *options, str(listed), "-target-language", language, "-ts", str(_ts(language)))


def release(folder: Path = FOLDER) -> None:
    """Compile every .ts file into ``folder``."""
    for language in LANGUAGES:
        _qt("lrelease", "-nounfinished", str(_ts(language)), "-qm", str(folder / f"tern_{language}.qm"))


def read(language: str) -> dict[Text, list[str]]:
    """The finished translations in a .ts file: one, or one for each plural form."""
    found = {}
    for context in ET.parse(_ts(language)).getroot().iter("context"):
        name = context.findtext("name") or ""
        for message in context.iter("message"):
            plural = message.get("numerus") == "yes"
            translation = message.find("translation")
            if translation is None or translation.get("type") == "unfinished":
                continue
            forms = [form.text or "" for form in translation.iter("numerusform")]
            words = forms if plural else [translation.text or ""]
            found[Text(name, message.findtext("source") or "", plural)] = words
    return found


def missing(language: str = "de") -> list[Text]:
    """What has no translation yet; in English only plurals need one."""
    wanted = texts() if language != "en" else {text for text in texts() if text.plural}
    return sorted(wanted - set(read(language)))


def _ts(language: str) -> Path:
    return FOLDER / f"tern_{language}.ts"


def _c_literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _qt(tool: str, *arguments: str) -> None:
    """Run one of Qt's tools, which come with PySide6."""
    folder = Path(PySide6.__file__).parent
    program = next(path for path in (folder / tool, folder / f"{tool}.exe") if path.is_file())
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool} failed: {done.stdout}{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("update", "release", "missing"))
    what = parser.parse_args().what
    if what == "update":
        update()
    elif what == "release":
        release()
    else:
        for language in LANGUAGES:
            for text in missing(language):
                print(language, text.context, repr(text.source))


if __name__ == "__main__":
    sys.exit(main())
