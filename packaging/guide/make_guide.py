"""Makes the built-in guide from nothing: data, training, export. One command, one GPU, about ten minutes.

    python packaging/guide/make_guide.py [--work FOLDER] [--steps N]

Then make the goldens again: see tests/golden/README.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GUIDE = ROOT / "resources" / "guide" / "tern-guide.gguf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "guide", help="folder for data and checkpoints"
    )
    parser.add_argument("--steps", type=int, default=5200)
    parser.add_argument("--out", type=Path, default=GUIDE)
    args = parser.parse_args()
    work = args.work.resolve()
    model = work / "model"
    environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{ROOT / 'app'}"}
    for step in (
        ["prepare", "--out", str(work)],
        ["train", "--data", str(work), "--out", str(model), "--steps", str(args.steps)],
        [
            "export",
            "--model",
            str(model),
            "--tokenizer",
            str(work / "tokenizer.json"),
            "--out",
            str(args.out),
        ],
    ):
        subprocess.run(
            [sys.executable, "-m", f"guide_recipe.{step[0]}", *step[1:]], check=True, env=environment
        )


if __name__ == "__main__":
    main()
