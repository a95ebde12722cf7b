# ruff: noqa: E501 - the cases read best in columns
"""Writes guide_greedy.json: greedy replies of the built-in guide as transformers' BitNetForCausalLM gives them, in F32.

PYTHONPATH=app python tests/golden/make_guide_goldens.py
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import hf_bitnet
import torch
from transformers import BitNetForCausalLM

from tern.engine.gguf.reader import GGUFFile
from tern.engine.prompt import build
from tern.engine.tokenizer import Tokenizer
from tern.engine.types import Message
from tern.engine.vocabulary import sidecar

GUIDE = Path(__file__).resolve().parents[2] / "resources" / "guide" / "tern-guide.gguf"
OUT = Path(__file__).parent / "guide_greedy.json"
MAX_TOKENS = 120

# Each case is the person's messages; the guide's own replies stand between them. A leading "!" is a system message.
CASES = (
    ["What are you?"], ["Who are you?"], ["How do I get the big model?"], ["What is ternary?"],
    ["Why is ternary fast?"], ["why 1.58 bits"], ["Is this private?"], ["do i need the internet"],
    ["What are the keyboard shortcuts?"], ["how much memory does it need"], ["What is BitNet?", "Tell me more", "and what else"],
    ["What is 17 + 25?"], ["what is 17 + 25?", "and 3 more", "minus 20"], ["what is 9 x 7"], ["what is 345 + 278"],
    ["What is the capital of France, and what is 17 + 25? Answer briefly."], ["What is the capital of Japan?", "and Peru?"],
    ["What is the opposite of hot?"], ["how do you spell banana"], ["how many letters are in the word planet"],
    ["reverse tern"], ["Tell me a joke", "another one"], ["Write a haiku about the sea"], ["tell me a story"],
    ["write a function that reverses a string"], ["make a table of the planets"], ["Why is the sky blue?"],
    ["My name is Clara", "What is my name?"], ["what is relu squared", "what did i just ask"],
    ["What will the weather be tomorrow?"], ["Who was Ferdinand Magellan?"], ["Write an essay about the French Revolution."],
    ["!You are a helpful assistant.", "Hello!"], ["!Answer briefly.", "what is tern", "how do i start a new chat", "thanks"],
    ["count to 20"], ["asdf"], ["hi", "how are you", "i am fine, thanks", "what can you do"], ["schöne Grüße! \U0001f426 ça va?"],
)  # fmt: skip


def greedy(model: BitNetForCausalLM, prompt: list[int], ends: set[int]) -> tuple[list[int], str, float]:
    """(reply ids, finish reason, smallest gap between the best and the second logit on the way)."""
    reply: list[int] = []
    margin = float("inf")
    cache, step = None, prompt
    while len(reply) < MAX_TOKENS:
        with torch.no_grad():
            out = model(input_ids=torch.tensor([step]), past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        best = torch.topk(out.logits[0, -1], 2)
        margin = min(margin, float(best.values[0] - best.values[1]))
        token = int(best.indices[0])
        if token in ends:
            return reply, "end_of_turn", margin
        reply.append(token)
        step = [token]
    return reply, "max_tokens", margin


def main() -> None:
    torch.set_num_threads(2)
    model = hf_bitnet.load(GUIDE)
    with GGUFFile.open(GUIDE) as file, tempfile.TemporaryDirectory() as scratch:
        tokenizer = Tokenizer(sidecar(file, Path(scratch)))
        context = file.get("bitnet-b1.58.context_length", int)
    cases = []
    for asked in CASES:
        messages: list[Message] = []
        for text in asked:
            if text.startswith("!"):
                messages.append(Message("system", text[1:]))
                continue
            messages.append(Message("user", text))
            prompt = build(messages, tokenizer.encode, tokenizer.bos, tokenizer.eot, context).tokens
            ids, finish, margin = greedy(model, prompt, {tokenizer.eot, tokenizer.eos})
            reply = tokenizer.decode(ids)
            cases.append(
                {
                    "messages": [[message.role, message.content] for message in messages],
                    "prompt_ids": prompt,
                    "reply_ids": ids,
                    "reply": reply,
                    "finish": finish,
                    "margin": round(margin, 4),
                }
            )
            messages.append(Message("assistant", reply))
    tokenizer.close()
    digest = hashlib.sha256(GUIDE.read_bytes()).hexdigest()
    document = {"guide_sha256": digest, "max_tokens": MAX_TOKENS, "cases": cases}
    OUT.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(cases)} replies, smallest margins {sorted(case['margin'] for case in cases)[:5]}")


if __name__ == "__main__":
    main()
