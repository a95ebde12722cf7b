"""Trains the guide: two pre-training stages, then supervised tuning, as in the BitNet b1.58 reports. One GPU or a CPU.

python -m guide_recipe.train --data FOLDER --out FOLDER [--steps N] [--resume FOLDER]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from guide_recipe import checkpoint
from guide_recipe.model import Config, Guide, rounded_embedding
from guide_recipe.prepare import LEARNED

MODEL_KEYS = ("vocab", "context", "width", "ffn", "layers", "heads", "kv_heads")


@dataclass(frozen=True, slots=True)
class Stage:
    """``share`` of all steps; learning rate from ``start`` linearly to ``end``; share of plain ``english`` rows."""

    name: str
    share: float
    start: float
    end: float
    weight_decay: float
    english: float
    replies_only: bool


STAGES = (
    Stage("stage 1", 0.45, 2.4e-3, 1.5e-3, 0.1, 0.25, False),
    Stage("stage 2", 0.25, 1.0e-3, 5.0e-4, 0.0, 0.15, False),
    Stage("tuning", 0.30, 5.0e-4, 2.0e-5, 0.0, 0.0, True),
)
WARMUP = 60


class Rows:
    """Draws rows in shuffled order, again and again."""

    def __init__(self, rows: np.ndarray, device: torch.device, seed: int) -> None:
        self._rows = torch.from_numpy(rows.astype(np.int32)).to(device)
        self._generator = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.long)

    def draw(self, count: int) -> Tensor:
        while len(self._order) < count:
            fresh = torch.randperm(len(self._rows), generator=self._generator)
            self._order = torch.cat((self._order, fresh))
        taken, self._order = self._order[:count], self._order[count:]
        return self._rows[taken.to(self._rows.device)]


def loss_sum(model: Guide, rows: Tensor, replies_only: bool, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """(summed cross-entropy, number of tokens) over the learned tokens of ``rows`` (batch, context + 1)."""
    ids = (rows & (LEARNED - 1)).long()
    logits = model(ids[:, :-1], dtype).float()
    each = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    weight = ((rows[:, 1:] & LEARNED) != 0).flatten().float() if replies_only else torch.ones_like(each)
    return (each * weight).sum(), weight.sum()


def optimizer_for(model: Guide, fused: bool) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "decays": True}, {"params": vectors, "decays": False}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=fused)


def train(
    model: Guide,
    data: dict[str, np.ndarray],
    steps: int,
    batch: int,
    stages: tuple[Stage, ...] = STAGES,
    seed: int = 1,
) -> list[float]:
    """Train in place; returns the loss per learned token of every step. Prints progress."""
    device = model.token_embd.device
    on_gpu = device.type == "cuda"
    dtype = torch.bfloat16 if on_gpu else torch.float32
    if on_gpu:
        for (
            block
        ) in model.blk:  # one block at a time: all share one compiled form, and compiling takes seconds
            block.compile()
    dialogues = Rows(data["dialogues"], device, seed)
    english = Rows(data["english"], device, seed + 1) if "english" in data else None
    held_out = torch.from_numpy(data["held_out"][:batch].astype(np.int32)).to(device)
    optimizer = optimizer_for(model, on_gpu)
    constant = float(
        batch * model.config.context
    )  # the loss is a sum; a constant keeps the gradients' size sane
    losses: list[Tensor] = []
    done, began = 0, time.perf_counter()
    for number, stage in enumerate(stages):
        if stage.replies_only:
            rounded_embedding(model)
        stage_steps = round(steps * stage.share)
        for i in range(stage_steps):
            rate = stage.start + (stage.end - stage.start) * i / stage_steps
            if number == 0:
                rate *= min(1.0, (i + 1) / min(WARMUP, stage_steps))
            for group in optimizer.param_groups:
                group["lr"], group["weight_decay"] = rate, stage.weight_decay if group["decays"] else 0.0
            plain = round(batch * stage.english) if english is not None else 0
            rows = dialogues.draw(batch - plain)
            if english is not None and plain:
                rows = torch.cat((rows, english.draw(plain)))
            total, count = loss_sum(model, rows, stage.replies_only, dtype)
            (total / constant).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append((total / count).detach())
            done += 1
            if done in (1, 2, 10) or done % 100 == 0 or i == stage_steps - 1:
                with torch.no_grad():
                    total, count = loss_sum(model, held_out, True, dtype)
                    replies = (total / count).item()
                seconds = time.perf_counter() - began
                print(
                    f"{stage.name} step {done} loss {losses[-1].item():.4f} held-out replies {replies:.4f}"
                    f" {done * batch * model.config.context / seconds / 1e3:.0f} k tokens/s {seconds:.0f} s",
                    flush=True,
                )
    rounded_embedding(model)
    return [loss.item() for loss in losses]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument(
        "--resume", type=Path, help="folder of an earlier run to start from (stage 1 is then left out)"
    )
    for key in MODEL_KEYS:
        parser.add_argument(f"--{key.replace('_', '-')}", type=int, default=getattr(Config(), key))
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = Config(**{key: getattr(args, key) for key in MODEL_KEYS})
    model = Guide(config)
    stages = STAGES
    if args.resume:
        checkpoint.load_latent(model, args.resume)
        whole = 1.0 - STAGES[0].share
        stages = tuple(
            Stage(s.name, s.share / whole, s.start, s.end, s.weight_decay, s.english, s.replies_only)
            for s in STAGES[1:]
        )
    model.to(device)
    with np.load(args.data / "data.npz") as arrays:
        data = {name: arrays[name] for name in arrays.files}
    losses = train(model, data, args.steps, args.batch, stages)
    args.out.mkdir(parents=True, exist_ok=True)
    model.cpu()
    checkpoint.save(model, args.out)
    np.save(args.out / "losses.npy", np.array(losses, np.float32))


if __name__ == "__main__":
    main()
