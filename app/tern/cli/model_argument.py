"""What ``--model`` means: a file, the name of an installed model, or the built-in guide."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tern.cli import options
from tern.errors import UserError

if TYPE_CHECKING:
    from tern.engine.types import Engine


def installed_path(asked: Path) -> Path:
    """The file that ``--model`` means: a path that exists, or the name of an installed model."""
    if asked.exists() or (asked.suffix.lower() == ".gguf" and len(asked.parts) > 1):
        return asked
    from tern.library import catalog, shelf

    found = shelf.find(str(asked))
    if found is not None:
        return found.path
    return asked if catalog.find(str(asked)) is None else shelf.need(str(asked)).path


def model_path(args: argparse.Namespace) -> Path:
    """The model asked for, by path or by the name of an installed one, or the built-in guide."""
    from tern import paths

    return installed_path(args.model) if args.model is not None else paths.guide_model()


def open_asked(args: argparse.Namespace, progress: Callable[[float], None]) -> Engine:
    """The engine of the model that ``--model`` asks for, whichever can run it.

    A template that comes with a file is run for a model fetched by its catalogue name, or with --trust-template.
    """
    from tern.library import shelf
    from tern.open_engine import open_any_engine

    path = model_path(args)
    trusted = args.trust_template or shelf.template_trusted(path)
    with naming_options():
        return open_any_engine(path, options.engine_options(args), progress, trusted)


@contextmanager
def naming_options() -> Iterator[None]:
    """Where a person's consent is asked for, add what says it in the terminal."""
    try:
        yield
    except UserError as error:
        from tern.engine.chat_template import UntrustedTemplateError

        if not isinstance(error, UntrustedTemplateError):
            raise
        raise UserError("{error} To allow it, add --trust-template to the command.", error=error) from error
