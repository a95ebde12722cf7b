"""``tern eval``: the logits of given tokens, or the perplexity of a text."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tern.cli import options
from tern.cli.model_argument import model_path
from tern.cli.streams import json_text
from tern.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tern.engine.bitnet_model import BitnetModel

DEFAULT_WINDOW = 512
MEANINGFUL_TOKENS = 1000  # with fewer the text says more about itself than about the model


def register(subparsers: options.Subparsers) -> None:
    parser = options.command(
        subparsers,
        "eval",
        "compute logits of tokens, or the perplexity of a text",
        "With --tokens and --out: F32 logits of every token over the whole vocabulary, as a NumPy file.\n"
        "With --text: the perplexity of a text (lower is better).",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--tokens", type=options.path, metavar="FILE.npy", help="token ids, a one-dimensional array"
    )
    source.add_argument("--text", type=options.path, metavar="FILE", help="a text")
    options.add_encoding(parser, "the text")
    parser.add_argument(
        "--out", type=options.path, metavar="LOGITS.npy", help="where the logits go: (tokens, vocabulary)"
    )
    parser.add_argument(
        "--window",
        type=options.positive,
        metavar="N",
        help=f"tokens of context to predict the text from (default: {DEFAULT_WINDOW}, or the model's if less)",
    )
    options.add_engine(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run, usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    if args.tokens is not None and args.out is None:
        args.usage_error("--tokens needs --out: where the logits go")
    if args.text is not None and args.out is not None:
        args.usage_error("--out needs --tokens")
    if args.tokens is not None and args.window is not None:
        args.usage_error("--window needs --text")
    return _write_logits(args) if args.tokens is not None else _perplexity(args)


def _write_logits(args: argparse.Namespace) -> int:
    """Needs the network alone: a file without a vocabulary will do."""
    from tern.cli.terminal import ProgressLine
    from tern.open_engine import open_model

    model = open_model(model_path(args), options.engine_options(args))
    try:
        tokens = _load_tokens(args.tokens, model.config.n_vocab, model.context_size)
        with ProgressLine("Computing") as progress:
            _compute(model, tokens, args.out, progress)
        n_vocab = model.config.n_vocab
    finally:
        model.close()
    if args.json:
        print(json_text({"tokens": len(tokens), "n_vocab": n_vocab, "out": str(args.out)}))
    return 0


def _compute(
    model: BitnetModel, tokens: NDArray[np.int32], out: Path, progress: Callable[[float], None]
) -> None:
    import numpy as np

    from tern.atomic import replacing
    from tern.metrics import evaluation

    header = {"descr": "<f4", "fortran_order": False, "shape": (len(tokens), model.config.n_vocab)}
    try:
        with replacing(out) as file:
            np.lib.format.write_array_header_1_0(file, header)
            done = 0
            for piece in evaluation.logits(model, tokens):
                file.write(np.ascontiguousarray(piece, "<f4").data.cast("B"))
                done += len(piece)
                progress(done / len(tokens))
    except OSError as error:
        raise UserError("Tern could not write {out} ({reason}).", out=out, reason=error.strerror) from error


def _load_tokens(path: Path, n_vocab: int, context_size: int) -> NDArray[np.int32]:
    import numpy as np

    try:
        tokens = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            "Tern cannot read {path} as a NumPy array ({error}).", path=path, error=error
        ) from error
    if not isinstance(tokens, np.ndarray) or tokens.ndim != 1 or tokens.dtype.kind not in "iu":
        raise UserError(
            "{path} must hold a one-dimensional array of whole numbers: the token ids.", path=path
        )
    if not 0 < len(tokens) <= context_size:
        raise UserError(
            "{path} holds {tokens:,} tokens; the context takes 1 to {context_size:,}.",
            path=path,
            tokens=len(tokens),
            context_size=context_size,
        )
    if int(tokens.min()) < 0 or int(tokens.max()) >= n_vocab:
        raise UserError(
            "{path} holds token ids outside the vocabulary (0 to {last:,}).", path=path, last=n_vocab - 1
        )
    return tokens.astype(np.int32)


def _perplexity(args: argparse.Namespace) -> int:
    import numpy as np

    from tern.cli.terminal import ProgressLine
    from tern.metrics import evaluation
    from tern.open_engine import open_engine

    text = _load_text(args.text, args.encoding)
    with ProgressLine("Opening the model") as progress:
        engine = open_engine(model_path(args), options.engine_options(args), progress)
    try:
        tokens = np.asarray(engine.tokenizer.encode(text), np.int32)
        if len(tokens) == 0:
            raise UserError("{path} holds no text.", path=args.text)
        window = min(args.window or DEFAULT_WINDOW, engine.info.context_size)
        if window < 2:
            raise UserError("A window needs at least 2 tokens: one to know and one to predict.")
        bos = engine.model.config.bos_id
        assert bos is not None  # open_engine refuses such a file
        with ProgressLine("Reading") as progress:
            found = evaluation.perplexity(engine.model, tokens, bos, window, progress)
    finally:
        engine.close()
    if args.json:
        report = {"perplexity": found.value, "error": found.error, "tokens": found.tokens, "window": window}
        print(json_text(report))
    else:
        figures = f"{found.value:.3f} ± {found.error:.3f}"
        print(f"perplexity {figures} over {found.tokens:,} tokens, window {window:,}")
        if found.tokens < MEANINGFUL_TOKENS:
            count = "1 token" if found.tokens == 1 else f"{found.tokens:,} tokens"
            print(f"This text is too short to judge a model by: {count}.", end=" ")
            print(f"Take one of {MEANINGFUL_TOKENS:,} tokens or more.")
    return 0


def _load_text(path: Path, encoding: str | None) -> str:
    from tern.chat.encodings import NotTextError, decode, decode_as
    from tern.chat.normalize import as_written
    from tern.cli.terminal import say_reading

    try:
        data = path.read_bytes()
        found = decode(data) if encoding is None else decode_as(data, encoding)
    except OSError as error:
        raise UserError("Tern cannot read {path} ({reason}).", path=path, reason=error.strerror) from error
    except NotTextError as error:
        raise UserError(
            "{path} is not a text. Give --text a plain text file, in any encoding.", path=path
        ) from error
    say_reading(path.name, found.encoding, found.faults, encoding)
    return as_written(found.text)
