"""Writes random_nets.npz: the logits of transformers' BitNetForCausalLM, in F32, for every net of random_nets.py.

python tests/golden/make_random_nets.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import hf_bitnet
import numpy as np
import random_nets
import torch


def main() -> None:
    arrays: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for net in random_nets.NETS:
            path = Path(scratch) / f"{net.name}.gguf"
            random_nets.write(net, path)
            model = hf_bitnet.load(path)
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([net.prompt])).logits[0]
            arrays[net.name] = logits.numpy().astype(np.float32)
            path.unlink()
    np.savez_compressed(random_nets.LOGITS, **arrays)
    print(f"{len(arrays)} nets, {random_nets.LOGITS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
