"""Whether a GGUF file can chat here, read from its header: an answer in milliseconds, without opening the model.

Everyone who shows, imports or opens a model asks here, so all say the same sentence. What a header cannot
tell is tried in a process of its own (``trial``). Knows the file and the names that llama.cpp knows; runs nothing.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from tern.engine.config import ARCHITECTURES, BitnetConfig
from tern.engine.gguf.reader import GGUFFile
from tern.engine.gguf.values import shown
from tern.errors import Sentence, UserError

# What the pinned libllama has a graph for. A test holds it against the library's own list.
KNOWN = frozenset(
    """
    clip llama llama4 deci falcon baichuan grok gpt2 gptj gptneox mpt starcoder refact bert modern-bert
    nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert bloom stablelm qwen qwen2 qwen2moe
    qwen2vl qwen3 qwen3moe qwen3next qwen3vl qwen3vlmoe qwen35 qwen35moe qwen4exp phi2 phi3 phimoe plamo
    plamo2 plamo3 codeshell orion internlm2 minicpm minicpm3 gemma gemma2 gemma3 gemma3n gemma4
    gemma4-assistant gemma-embedding starcoder2 mamba mamba2 maple jamba falcon-h1 xverse command-r cohere2
    cohere2moe dbrx olmo olmo2 olmoe muse-glimmer openelm arctic deepseek deepseek2 deepseek2-ocr deepseek32
    deepseek4 chatglm glm4 glm4moe glm-dsa bitnet t5 t5encoder jais jais2 nemotron nemotron_h nemotron_h_moe
    exaone exaone4 exaone-moe rwkv6 rwkv6qwen2 rwkv7 arwkv7 granite granitemoe granitehybrid graniteswitch
    granite_swa chameleon wavtokenizer-dec plm bailingmoe bailingmoe2 bailingmoe3 dots1 dots3note arcee afmoe
    laguna ernie4_5 ernie4_5-moe hunyuan-moe hunyuan-dense hunyuan_vl hy_v3 hy_v4 smollm3 gpt-oss lfm2 lfm2moe
    dream smallthinker llada llada-moe seed_oss grovemoe apertus minimax-m2 cogvlm rnd1 pangu-embedded
    mistral3 mistral4 paddleocr mimo2 step35 spark2_5 llama-embed maincoder kimi-linear kimi-k3 glm5-next
    talkie mellum eagle3 minimax-m3 dflash nanbeige qwen3tts pockettts minimax-01 hrm_text
    """.split()  # noqa: SIM905  # a list of words reads better
)
_ENCODERS = frozenset(
    """
    bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert t5encoder
    gemma-embedding llama-embed
    """.split()  # noqa: SIM905  # a list of words reads better
)
_SPEECH = frozenset({"wavtokenizer-dec", "qwen3tts", "pockettts"})
_DRAFTERS = frozenset({"eagle3", "dflash", "gemma4-assistant"})
DIFFUSION = frozenset({"dream", "llada", "llada-moe", "rnd1"})
_FIRST_PART = re.compile(r"(?P<stem>.+)-00001-of-(?P<count>\d{5})\.gguf")  # as llama.cpp names them
_RERANK = 4  # llama.cpp's pooling type; 0 is none, the others make one vector of a text


class CannotChatError(UserError):
    """A file that is no model to chat with, or that cannot be read."""


def check(path: Path) -> None:
    """Raise CannotChatError, saying why and what to do, where the file at ``path`` cannot chat."""
    if found := problem(path):
        raise CannotChatError("{problem}", problem=found)


def problem(path: Path) -> str:
    """What :func:`check` says; empty where the file can chat. Quick, and quicker the second time."""
    try:
        status = path.stat()
        size, modified = status.st_size, status.st_mtime_ns
    except OSError:
        size, modified = -1, -1  # opening it says what is wrong
    try:
        return _problem(os.fspath(path), size, modified) or _part_missing(path)
    except UserError as error:
        return error.sentence


def _part_missing(path: Path) -> str:
    """What to say where the file is the first part of a model and another is not beside it."""
    match = _FIRST_PART.fullmatch(path.name)
    if match is None:
        return ""
    for number in range(2, int(match["count"]) + 1):
        part = path.with_name(f"{match['stem']}-{number:05}-of-{match['count']}.gguf")
        if not part.exists():
            return Sentence(
                "{part} is missing, a part of this model. Put it beside {name}.",
                part=shown(part.name),
                name=shown(path.name),
            )
    return ""


@lru_cache(256)
def _problem(path: str, size: int, modified: int) -> str:
    """What to say of this very file, empty where it can chat; size and time tell it from another in its place.

    Raises UserError, which is not remembered, where the system does not let it be opened.
    """
    try:
        with GGUFFile.open(path) as file:
            check_file(file)
    except UserError as error:
        if isinstance(error.__cause__ or error.__context__, OSError):
            raise
        return error.sentence
    return ""


def check_file(file: GGUFFile) -> None:
    """As :func:`check`, for an open file."""
    name = shown(file.path.name)
    arch = file.get("general.architecture", str)
    kind = file.get("general.type", str, "model")
    if kind == "adapter":
        raise CannotChatError(
            "{name} is an adapter (LoRA), which changes another model. Choose the model itself.", name=name
        )
    if kind == "mmproj" or arch == "clip":
        raise CannotChatError(
            "{name} holds only the vision or audio part of a model. Choose the model itself.", name=name
        )
    if kind == "vocab":
        raise CannotChatError("{name} holds only a vocabulary, no model. Choose the model itself.", name=name)
    if kind == "imatrix":
        raise CannotChatError(
            "{name} is an importance matrix, used for making models smaller. Choose the model itself.",
            name=name,
        )
    part = file.get("split.no", int, 0)
    if part > 0:
        count = file.get("split.count", int, 0)
        raise CannotChatError(
            "{name} is part {part} of {count} of a model. Choose its first part.",
            name=name,
            part=part + 1,
            count=count,
        )
    _check_architecture(file, name, arch)
    _check_vocabulary(file, name)
    if arch in ARCHITECTURES:
        config = BitnetConfig.from_gguf(file)
        if config.bos_id is None or config.eos_id is None:
            raise CannotChatError(
                "{name} names no begin or end token, so Tern cannot chat with it. "
                "Fetch the model from its original source.",
                name=name,
            )


def _check_architecture(file: GGUFFile, name: str, arch: str) -> None:
    if arch in _ENCODERS:
        raise _embeds(name)
    if arch == "t5":
        raise CannotChatError(
            "{name} rewrites one text into another (T5), which Tern cannot chat with. Choose a chat model.",
            name=name,
        )
    if arch in _SPEECH:
        raise CannotChatError("{name} makes speech, not text. Choose a chat model.", name=name)
    if arch in _DRAFTERS:
        raise CannotChatError(
            "{name} only drafts words for a larger model and cannot chat by itself. Choose the larger model.",
            name=name,
        )
    if arch in DIFFUSION:
        raise CannotChatError(
            "{name} writes all words of a reply at once (diffusion); Tern runs models that write word by word. "
            "Choose another model.",
            name=name,
        )
    if arch not in KNOWN and arch not in ARCHITECTURES:
        raise CannotChatError(
            "{name} is a model of the kind {arch}, which the llama.cpp in this Tern does not know yet. A newer "
            "Tern may; until then, choose another model.",
            name=name,
            arch=shown(arch),
        )
    pooling = file.get(f"{arch}.pooling_type", int, 0)
    if pooling == _RERANK:
        raise CannotChatError("{name} ranks texts and writes none. Choose a chat model.", name=name)
    if pooling > 0 or not file.get(f"{arch}.attention.causal", bool, True):
        raise _embeds(name)


def _embeds(name: str) -> CannotChatError:
    return CannotChatError(
        "{name} is an embedding model: it compares texts and writes none. Choose a chat model.", name=name
    )


def _check_vocabulary(file: GGUFFile, name: str) -> None:
    kind = file.get("tokenizer.ggml.model", str, "none")
    if kind in ("none", "no_vocab") or "tokenizer.ggml.tokens" not in file.metadata:
        raise CannotChatError(
            "{name} has no vocabulary, so it cannot read or write text. Choose another file of this model.",
            name=name,
        )
    if kind == "bert":
        raise _embeds(name)
    tokens = file.strings("tokenizer.ggml.tokens")
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None and file.get("split.count", int, 1) > 1:
        return  # it may lie in another part
    if embedding is None:
        raise CannotChatError("{name} holds only a vocabulary, no model. Choose the model itself.", name=name)
    rows = embedding.shape[1] if len(embedding.shape) > 1 else 1
    if rows != len(tokens):
        raise CannotChatError(
            "{name} contradicts itself: a vocabulary of {tokens:,} tokens, and a model of {rows:,}. "
            "Choose another file of this model.",
            name=name,
            tokens=len(tokens),
            rows=rows,
        )
    twice = tokens.repeated()  # llama.cpp gives empty ones names of their own
    if twice is not None:
        raise CannotChatError(
            "{name} has the token {token!r} twice in its vocabulary. Choose another file of this model.",
            name=name,
            token=shown(twice.decode(errors="replace")),
        )
