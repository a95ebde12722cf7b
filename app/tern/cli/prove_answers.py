"""The hidden command behind ``engine/proof``: a process of its own that tries whether answers are right here."""

from __future__ import annotations

import argparse
import json

from tern.cli import options

_COMMAND = "prove-answers"  # engine.proof's, which is too heavy to import for --help


def register(subparsers: options.Subparsers) -> None:
    parser = subparsers.add_parser(_COMMAND)  # without a summary: no list shows it
    options.add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tern import paths
    from tern.engine import proof
    from tern.engine.types import EngineOptions, Message, Request, SamplingParams
    from tern.open_engine import open_engine

    sets, wrong = proof.kernels()
    guide = paths.guide_model()
    known = json.loads(guide.with_name(proof.KNOWN).read_text(encoding="utf-8"))
    engine = open_engine(guide, EngineOptions(kv_type="f32", threads=1))
    try:
        request = Request(
            [Message("user", known["question"])], SamplingParams(temperature=0.0), known["tokens"]
        )
        said = "".join(chunk.text for chunk in engine.generate(request))
    finally:
        engine.close()
    print(json.dumps({"sets": sets, "wrong": wrong, "answer": said == known["answer"]}))
    return 0
