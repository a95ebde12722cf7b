"""``tern doctor``: what Tern finds on this computer, to read or to send to someone who helps."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from tern import __version__
from tern.cli import options
from tern.cli.display import named_displays
from tern.cli.streams import json_text, say
from tern.errors import UserError, format_memory, format_size

_PACKAGES = ("llama-cpp-python", "numpy", "PySide6-Essentials", "psutil")


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "doctor",
        "check this computer, and what Tern needs",
        "Say what Tern finds on this computer: processor, kernels, versions, folders, memory; and at the end whether\n"
        "anything is missing, and what to do about it. Exit code 1 when something Tern needs is missing.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    report: dict[str, Any] = {}
    problems: list[str] = []
    for name, look in _SECTIONS.items():
        try:
            report[name] = look()
        except UserError as error:
            report[name] = {}
            problems.append(str(error))
    report["problems"] = problems
    report["hints"] = _hints(report)
    if args.json:  # to be sent to someone who helps
        report["verdict"] = "something is missing" if problems else "everything Tern needs is here"
        print(json_text(_without_the_person(report)))
    else:
        _print(report)
    return 1 if problems else 0


def _without_the_person(value: Any) -> Any:
    """``value`` with the home folder, which is called after the person, as ``~``."""
    if isinstance(value, dict):
        return {key: _without_the_person(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_the_person(each) for each in value]
    home = os.path.expanduser("~")  # noqa: PTH111  # never raises
    return value.replace(home, "~") if isinstance(value, str) and len(home) > 1 else value


def _hints(report: dict[str, Any]) -> list[str]:
    """What Tern can do without but would be better with, and what to do about each."""
    return [*_hints_of_the_computer(report), *_hints_of_models()]


def _hints_of_the_computer(report: dict[str, Any]) -> Iterator[str]:
    from tern.library import catalog

    best = catalog.entries()[0]
    if problem := report["screen"].get("problem"):
        yield f"No window can open here: {problem}. Tern works in the terminal: tern chat"
    if report["kernels"].get("chosen") == "scalar":
        yield "This processor has none of the instruction sets that make Tern fast; replies will be slow."
    free = report["memory"].get("available MB")
    if free is not None and free * 10**6 < best.memory:
        yield (
            f"Only {format_size(free * 10**6)} of memory is free, and {best.title} needs about "
            f"{format_memory(best.memory)}. Close other programs before you open it."
        )


def _hints_of_models() -> Iterator[str]:
    from tern.library import catalog, shelf

    best = catalog.entries()[0]
    try:
        here = shelf.installed()
        room = shutil.disk_usage(shelf.models_dir()).free
    except (UserError, OSError) as error:
        yield f"The models here could not be listed: {str(error).rstrip('.')}."
        return
    for model in here:
        if model.damaged:
            yield f"{model.name} is damaged. Repair it: tern models verify {model.name} --repair"
        elif not model.present:
            again = "Download" if model.from_hub else "Import"
            yield (
                f"The file of {model.name} is missing or incomplete. {again} it again, or: "
                f"tern models remove {model.name}"
            )
    if best.name not in {model.name for model in here if model.present}:
        size = best.size or 0
        if room < size:
            yield (
                f"{best.title} is not here yet, and the disk has too little room for it: {format_size(room)} free, "
                f"{format_size(size)} needed."
            )
        else:
            yield f"For real conversations, get {best.title} ({format_size(size)}): tern models fetch {best.name}"


def _versions() -> dict[str, str]:
    found = {"Tern": __version__, "Python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> dict[str, Any]:
    from tern.metrics.cpu import cpu
    from tern.metrics.thread_choice import thread_count
    from tern.settings import Settings

    info = cpu()
    return {
        "name": info.name,
        "machine": info.machine,
        "instruction sets": list(info.features),
        "logical cores": info.logical_cores,
        "physical cores": info.physical_cores,
        "container limit": info.limit,
        "performance cores": info.performance_cores,
        "threads Tern uses": thread_count(Settings.load()) or info.performance_cores,
    }


def _kernels() -> dict[str, Any]:
    from tern import paths
    from tern.engine import prepared
    from tern.engine.kernels import loader

    kernels = loader.load()
    models = [
        {"model": name, **layout.as_json(), "why": layout.why()}
        for name, layout in prepared.layouts(paths.cache_dir())
    ]
    return {"chosen": kernels.name, "available": list(kernels.available), "models": models}


def _ggml() -> dict[str, Any]:
    from tern.engine import ggml, libllama

    return {"version": ggml.load().version().decode(), "built with": libllama.load().features()}


def _memory() -> dict[str, int | None]:
    from tern.metrics.memory import available_memory, memory, memory_limit, total_memory

    limit = memory_limit()
    return {
        "total MB": total_memory() // 10**6,
        "limit MB": None if limit is None else limit // 10**6,
        "available MB": available_memory() // 10**6,
        "this process MB": memory().resident_bytes // 10**6,
    }


def _folders() -> dict[str, str]:
    from tern import paths

    return {
        "settings": str(paths.config_dir()),
        "data": str(paths.data_dir()),
        "cache": str(paths.cache_dir()),
        "log": str(paths.log_dir()),
        "resources": str(paths.resources_dir()),
    }


def _guide() -> dict[str, Any]:
    from tern import paths
    from tern.engine.config import BitnetConfig
    from tern.engine.gguf.reader import GGUFFile

    with GGUFFile.open(paths.guide_model()) as file:
        config = BitnetConfig.from_gguf(file)
        return {"name": config.name, "architecture": config.arch, "parameters": config.n_params}


def _answers() -> dict[str, Any]:
    """Found out anew each time: whoever asks wants to know it of now."""
    from tern import paths
    from tern.engine import proof
    from tern.metrics.fresh_process import tern_command

    folder = paths.override()
    command = [*tern_command(), proof.COMMAND, *([] if folder is None else ["--data-dir", str(folder)])]
    found = proof.prove(command, paths.guide_model(), paths.cache_dir())
    if found.trouble or found.wrong:
        raise UserError(
            "The kernels could not be proved right on this computer: {reason}. Set TERN_KERNEL=scalar, and tell "
            "whoever made this Tern.",
            reason=found.trouble or f"wrong sums with {', '.join(found.wrong)}",
        )
    return {
        "verified": found.when,
        "instruction sets": list(found.sets),
        "guide's known answer": "as published" if found.answer else "another one",
    }


def _screen() -> dict[str, Any]:
    from tern.cli.window import display_problem

    problem = display_problem()
    return {"usable": not problem, **({"problem": problem} if problem else {}), **named_displays()}


_SECTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "versions": _versions,
    "processor": _processor,
    "kernels": _kernels,
    "ggml": _ggml,
    "memory": _memory,
    "folders": _folders,
    "guide": _guide,
    "answers": _answers,
    "screen": _screen,
}


def _print_layouts(models: list[dict[str, Any]]) -> None:
    """Which instruction set and layout each prepared model has here, and by which timing."""
    for layout in models:
        codes = "five" if layout["packed"] else "four"
        timed = ", timed here:" if layout["why"] else ""
        say(f"  {layout['model']}: {layout['kernel']}, {codes} codes a byte{timed}")
        for line in layout["why"]:
            say(f"    {line}")


def _print(report: dict[str, Any]) -> None:
    for section in _SECTIONS:
        print(section)
        for key, value in report[section].items():
            label, words = key.removesuffix(" MB"), value
            if key == "models":
                _print_layouts(value)
                continue
            if label != key and value is not None:
                words = format_size(value * 10**6)
            elif isinstance(value, list):
                words = ", ".join(map(str, value))
            elif isinstance(value, bool):
                words = "yes" if value else "no"
            elif isinstance(value, int):
                words = f"{value:,}"
            say(f"  {label:<20}{'none' if words is None or words == '' else words}")
    print()
    for hint in report["hints"]:
        say(hint)
    problems = report["problems"]
    for problem in problems:
        say(problem)
    if not problems:
        say("Everything Tern needs is here.")
    else:
        what = "This keeps" if len(problems) == 1 else f"These {len(problems)} problems keep"
        say(f"{what} Tern from working. Reinstall Tern if what is said above does not help.")
