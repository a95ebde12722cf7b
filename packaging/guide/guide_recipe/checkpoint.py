"""What training leaves behind: the finished ternary network in one file, and its latent weights to go on from.

``guide.npz`` is what export.py reads. ``latent_N.npz`` hold the latent weights rounded to 8 bits: enough to train on.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from guide_recipe.model import BitLinear, Guide, ternary

LATENT_STEP = 32.0  # latent weights are kept in units of mean |w| / 32
LATENT_FILES = 3


def _layers(model: Guide) -> list[tuple[str, BitLinear]]:
    return [(name, module) for name, module in model.named_modules() if isinstance(module, BitLinear)]


def save(model: Guide, folder: Path) -> None:
    """Write guide.npz and the latent files of ``model`` (on the CPU) into ``folder``."""
    arrays: dict[str, np.ndarray] = {"config": np.array(json.dumps(dataclasses.asdict(model.config)))}
    latent: list[dict[str, np.ndarray]] = [{} for _ in range(LATENT_FILES)]
    for number, (name, layer) in enumerate(_layers(model)):
        weight = layer.weight.detach()
        codes, scale = ternary(weight)
        packed = (codes.numpy().astype(np.int8) + 1).astype(np.uint8).reshape(-1, 4)
        arrays[f"{name}.packed"] = packed[:, 0] | packed[:, 1] << 2 | packed[:, 2] << 4 | packed[:, 3] << 6
        arrays[f"{name}.shape"] = np.array(weight.shape)
        arrays[f"{name}.scale"] = np.float32(scale.item())
        steps = (weight / scale * LATENT_STEP).round().clamp(-127, 127)
        latent[number % LATENT_FILES][name] = steps.numpy().astype(np.int8)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            arrays[name] = parameter.detach().numpy()
    arrays["token_embd.weight"] = model.token_embd.detach().half().numpy()
    np.savez(folder / "guide.npz", **arrays)
    for number, part in enumerate(latent):
        np.savez(folder / f"latent_{number}.npz", **part)


def codes_of(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Codes 0, 1, 2 (rows, cols) of the layer ``name`` in a loaded guide.npz."""
    packed = arrays[f"{name}.packed"]
    codes = np.stack([packed >> shift & 3 for shift in (0, 2, 4, 6)], axis=-1)
    return codes.reshape(arrays[f"{name}.shape"]).astype(np.uint8)


def load(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of guide.npz."""
    with np.load(folder / "guide.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def load_latent(model: Guide, folder: Path) -> None:
    """Put the latent weights, norms and embedding of an earlier run into ``model``."""
    arrays = load(folder)
    latent: dict[str, np.ndarray] = {}
    for number in range(LATENT_FILES):
        with np.load(folder / f"latent_{number}.npz") as part:
            latent |= {name: part[name] for name in part.files}
    with torch.no_grad():
        for name, layer in _layers(model):
            scale = float(arrays[f"{name}.scale"])
            layer.weight.copy_(torch.from_numpy(latent[name].astype(np.float32)) * (scale / LATENT_STEP))
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.copy_(torch.from_numpy(arrays[name]))
        model.token_embd.copy_(torch.from_numpy(arrays["token_embd.weight"].astype(np.float32)))
