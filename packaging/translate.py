"""Keeps Tern's translations: finds every text of the window, and has Qt's tools merge and compile them.

    python packaging/translate.py update     finds the texts, merges them into resources/translations/*.ts (lupdate)
    python packaging/translate.py release    makes the .qm files that Tern loads (lrelease)
    python packaging/translate.py missing    prints what has no translation yet

Between the first two, a person translates in Qt Linguist (`pyside6-linguist resources/translations/tern_de.ts`) or in
any editor. English needs a file too: it holds the plurals. See resources/translations/README.md.

Texts are literals in `tr()` of a class, in `translate("context", "text")`, or in the `_tr("text")` of a module; the
forms of errors are literals in `UserError("{path} is empty.", path=path)`, its kin and `Sentence` (tern/errors.py).
Those of the settings table, the presets and the catalogue come from where they are.
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
TERMINAL = SOURCE / "cli"  # which speaks English
ROOTS = (
    "Sentence",
    "UserError",
)  # of the classes that are given the form of a sentence, as their first parameter, form


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
            words = (
                setting.group,
                setting.section,
                setting.label,
                setting.help,
                setting.lowest,
                *setting.ends,
            )
            choices = (label for _, label in setting.choices)
            yield from (Text("settings", word) for word in (*words, *choices) if word)


def error_forms() -> list[str]:
    """What the errors of Tern say in the window, with a gap like {path} for each value. Raises NotLiteralError."""
    makers = form_takers()
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        if not path.is_relative_to(TERMINAL):
            found |= {_text("", call.args[0], False, path).source for call in form_calls(path, makers)}
    return sorted(form for form in found if not _is_gap(form))


def form_takers() -> dict[str, set[str] | None]:
    """Sentence, UserError and all its kin: each one's parameters that are no values of its form; None for a class that
    is given no form, because it has its own."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: dict[str, set[str] | None] = {root: set() for root in ROOTS}
    grown = True
    while grown:
        grown = False
        for node in classes:
            bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
            base = next((base for base in bases if base in found), None)
            if base is not None and node.name not in found:
                found[node.name], grown = _parameters(node, found[base]), True
    return found


def _parameters(kind: ast.ClassDef, inherited: set[str] | None) -> set[str] | None:
    for node in kind.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            _, *names = (argument.arg for argument in (*node.args.posonlyargs, *node.args.args))
            return {argument.arg for argument in node.args.kwonlyargs} if names == ["form"] else None
    return inherited


def form_calls(path: Path, takers: dict[str, set[str] | None]) -> Iterator[ast.Call]:
    """The calls in the module at ``path`` whose first argument is the form of a sentence."""
    if path == SOURCE / "errors.py":
        return  # where forms are handled, and none is
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and takers.get(_name(node)) is not None:
            yield node
        elif isinstance(node, ast.ClassDef) and node.name in takers:
            yield from (call for call in ast.walk(node) if isinstance(call, ast.Call) and _gives_own(call))


def _gives_own(call: ast.Call) -> bool:
    """Whether a class gives its base a form of its own, not the one that it was given."""
    return _name(call) == "__init__" and bool(call.args) and ast.unparse(call.args[0]) != "form"


def _is_gap(form: str) -> bool:
    """Whether the sentence is all in its value."""
    return form.startswith("{") and form.find("}") == len(form) - 1


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
