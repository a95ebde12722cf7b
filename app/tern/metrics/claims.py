"""What is said of BitNet b1.58 2B4T elsewhere, each with its source and what it means. Data."""

from __future__ import annotations

from dataclasses import dataclass

_REPORT = "BitNet b1.58 2B4T Technical Report, arXiv:2504.12285"


@dataclass(frozen=True, slots=True)
class Claim:
    """``key`` names what a computer's own figure is compared with."""

    key: str
    figure: str
    source: str
    meaning: str


CLAIMS = (
    Claim(
        "memory",
        "0.4 GB",
        _REPORT,
        "The ternary weights alone: without the embeddings (0.66 GB in the official file), the conversation and the "
        "program.",
    ),
    Claim(
        "latency",
        "29 ms a token",
        _REPORT,
        "Decoding with bitnet.cpp on an i7-13800H with 8 threads.",
    ),
    Claim(
        "latency",
        "50 ms a token",
        "The chart of bitnet.cpp's 2026 release, microsoft/BitNet",
        "The same processor in a newer measurement by the same authors: 20 tokens a second with 6 threads.",
    ),
    Claim(
        "energy",
        "0.028 J a token",
        _REPORT,
        "An estimate of the arithmetic alone for a chip of 7 nm; no machine was measured, and reading the memory is "
        "not in it.",
    ),
    Claim(
        "sparsity",
        "over 80% zeros",
        "The FAQ in microsoft/BitNet's training guide",
        "Values before the down projection that are zero. Tern measures them in what you write.",
    ),
)
