"""The report of ``tern bench`` as Markdown that reads well in a terminal. Made from the JSON report alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tern.errors import format_size
from tern.metrics.speed import THIN_SPACE, format_count, format_rate, format_speed

_PER_LINE = 10  # layers in a row of the table of live parts


def markdown(report: dict[str, Any]) -> str:
    """The whole report."""
    parts = [_head, _speed, _energy, _memory, _limits, _compare, _peer, _live, _notes]
    return "\n".join(line for part in parts for line in part(report)).rstrip()


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table with its columns set under each other."""
    widths = [max(len(cell) for cell in column) for column in zip(titles, *rows, strict=True)]
    lines = [titles, ["-" * width for width in widths], *rows]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]


def decode_key(context: int) -> str:
    """The JSON key of decode after so many tokens of context: ``decode`` when it is empty."""
    return f"decode_{context}" if context else "decode"


def _head(report: dict[str, Any]) -> Iterator[str]:
    computer, versions = report["computer"], report["versions"]
    threads = "1 thread" if report["threads"] == 1 else f"{report['threads']} threads"
    model = report["model"]
    if report["synthetic"]:
        wanted = report["sparsity_wanted"]
        gates = "half of the gates live" if wanted is None else f"{wanted:.0%} zeros before `down` wanted"
        model = f"{model} {report['synthetic']}, {gates}"
    cores = f"{computer['physical_cores']} cores"
    yield "# Tern bench"
    yield ""
    yield f"{model} · {format_size(report['file_bytes'])}"
    yield f"kernel {report['kernel']} · {threads} · KV cache {report['kv_type']}"
    yield f"{computer['cpu']}, {cores} · {format_size(computer['memory_mb'] * 1e6)} of memory"
    yield computer["system"]
    yield (
        f"Tern {versions['tern']} · Python {versions['python']} · "
        f"llama-cpp-python {versions['llama_cpp_python']} · ggml {versions['ggml']}"
    )
    yield ""
    if report["disturbed"]:
        yield (
            f"**Other programs took {report['other_programs']:.0%} of the processors: these figures are too low. "
            "Measure again when the computer is idle.**"
        )
        yield ""


def _speed(report: dict[str, Any]) -> Iterator[str]:
    rows = [_rate_row(f"prefill, {n:,} tokens", report[f"prefill_{n}"]) for n in report["prompts"]]
    for context in report["contexts"]:
        rate = report[decode_key(context)]
        place = f"after {context:,} tokens" if context else "empty context"
        part = f" ({rate['part_of_empty']:.0%})" if "part_of_empty" in rate else ""
        rows.append(_rate_row(f"decode, {place}{part}", rate))
    chat = report["chat"]
    place = f"{chat['context_used']:,} tokens"
    rows.append((f"a reply up to {place}, sampled", format_speed(chat["tokens_per_s"]), "", "1"))
    python = report["python_ms_per_token"]
    if python is not None:
        span = f"{python['high']:.2f} at most"
        rows.append(("Python between two tokens", _ms(python["median"]), span, str(python["tokens"])))
    cold = report["cold_start"]
    rows.append(
        (
            f"cold start to first token ({cold['prompt_tokens']} of prompt)",
            _seconds(cold["first_token_s"]),
            f"{_seconds(cold['high'])} to {_seconds(cold['low'])}",
            str(len(cold["repeats"])),
        )
    )
    yield "## Speed"
    yield ""
    yield from table(("", "median", "slowest to fastest", "repeats"), rows)
    yield ""


def _rate_row(label: str, rate: dict[str, Any]) -> tuple[str, str, str, str]:
    spread = f"{format_rate(rate['low'])} to {format_rate(rate['high'])}"
    return label, format_speed(rate["tokens_per_s"]), spread, str(len(rate["repeats"]))


def _energy(report: dict[str, Any]) -> Iterator[str]:
    energy = report["reply"]["energy"]
    if energy["joules"] is None:
        yield f"Energy: not available ({energy['why']})."
    else:
        each = energy["joules_per_token"]
        yield f"Energy, {energy['scope']} by {energy['source']}, over one reply with its reading:"
        yield ""
        rows = [("power", f"{energy['watts']:.1f} W")]
        if energy["idle_watts"] is not None:
            rows.append(("at rest before", f"{energy['idle_watts']:.1f} W"))
        rows.append(("energy a token", "-" if each is None else f"{each:.2f} J"))
        if (above := energy["joules_per_token_above_idle"]) is not None:
            rows.append(("without what the rest takes", f"{above:.2f} J"))
        yield from table(("energy", "measured"), rows)
    yield ""


def _memory(report: dict[str, Any]) -> Iterator[str]:
    memory = report["memory"]
    rows = sorted(memory["parts_mb"].items(), key=lambda item: -item[1])
    cells: list[tuple[str, str]] = [(name, format_size(size * 1e6)) for name, size in rows if size >= 0.05]
    cells.append(("**resident**", f"**{format_size(memory['resident_mb'] * 1e6)}**"))
    yield f"## Memory, open and chatting at {memory['context_used']:,} tokens of context"
    yield ""
    yield from table(("part", "resident"), cells)
    yield ""
    if memory["peak_mb"] is not None:
        peak = format_size(memory["peak_mb"] * 1e6)
        yield f"At its peak it was {peak}. The part that is the mapped file can be reclaimed by the system."
        yield ""


def _limits(report: dict[str, Any]) -> Iterator[str]:
    read, live = report["bytes_per_token"], report["live"]
    limit, bandwidth = report["dense_limit_tokens_per_s"], report["memory_bandwidth_gb_s"]
    parts = [
        ("attention", "attention", None),
        ("gate", "gate", None),
        ("up", "up", live["rows"]),
        ("down", "down", live["columns"]),
        ("head", "output head", None),
        ("other", "norms, embedding row", None),
    ]
    yield "## Compared with the memory"
    yield ""
    rows: list[tuple[str, str]] = [
        (name if part is None else f"{name}, {part:.0%} of it live", format_size(read[key]))
        for key, name, part in parts
    ]
    rows.append(("**bytes a token** (estimate)", f"**{format_size(read['total'])}**"))
    yield from table(("decode at an empty context reads", ""), rows)
    yield ""
    threads = report["memory_bandwidth"]["threads"]
    rows = [(f"memory bandwidth, reading, {threads} threads", _gb_s(bandwidth))]
    if "decode" in report:
        used = report["decode_reads_gb_s"]
        rows.append(("decode's reading", f"{_gb_s(used)} ({used / bandwidth:.0%})"))
    dense = format_size(report["dense_bytes_per_token"])
    rows.append((f"limit of a dense engine, 2 bits + Q6_K head: {dense} a token", format_speed(limit)))
    if "decode" in report:
        part = report["decode_by_dense_limit"]
        spread = f"{min(part['ratios']):.2f} to {max(part['ratios']):.2f}"
        rows.append(
            ("Tern's decode relative to that limit, repeat by repeat", f"{part['ratio']:.2f} ({spread})")
        )
    yield from table(("", ""), rows)
    yield ""


def _compare(report: dict[str, Any]) -> Iterator[str]:
    if "compare" not in report:
        return
    found = report["compare"]
    yield "## Compared with llama.cpp's kernels"
    yield ""
    yield (
        f"The same weights as TQ2_0 with a Q6_K head, through the same graph, in turns: {found['pairs']} pairs, "
        "median ratio."
    )
    yield f"llama.cpp as it was built for Tern: {' '.join(report['ggml_features'])}."
    yield ""
    yield from _in_turns(found, "llama_cpp", "llama.cpp")


def _peer(report: dict[str, Any]) -> Iterator[str]:
    if "peer" not in report:
        return
    found = report["peer"]
    build = f", build {found['build']}" if found["build"] else ""
    yield "## Compared with another program"
    yield ""
    yield (
        f"{found['program']}{build}, with {found['file']} ({found['model'] or 'no type named'}), in turns: "
        f"{found['pairs']} pairs, median ratio. Each of its runs is a process of its own, which warms up first."
    )
    yield ""
    yield from _in_turns(found, "peer", Path(found["program"]).name)


def _in_turns(found: dict[str, Any], other: str, name: str) -> Iterator[str]:
    rows = []
    for label, key in (
        ("decode, empty context", "decode"),
        *((f"prefill, {n:,} tokens", f"prefill_{n}") for n in found["prompts"]),
    ):
        versus = found[key]
        rows.append(
            (
                label,
                format_speed(versus["tern"]["tokens_per_s"]),
                format_speed(versus[other]["tokens_per_s"]),
                f"**{versus['ratio']:.2f}**",
                f"{min(versus['ratios']):.2f} to {max(versus['ratios']):.2f}",
            )
        )
    yield from table(("", "Tern", name, "ratio", "lowest to highest"), rows)
    yield ""


def _live(report: dict[str, Any]) -> Iterator[str]:
    layers = report["live"]["layers"]
    if not layers:
        return
    yield "## Live parts, layer by layer"
    yield ""
    rows = []
    for start in range(0, len(layers), _PER_LINE):
        piece = layers[start : start + _PER_LINE]
        span = f"{start} to {start + len(piece) - 1}"
        for key, name in (("rows", "rows of `up`"), ("columns", "columns of `down`")):
            cells = ["-" if layer[key] is None else f"{layer[key]:.0%}" for layer in piece]
            rows.append((span, name, " ".join(cell.rjust(4) for cell in cells)))
    yield from table(("layers", "", "live, in percent"), rows)
    yield ""


def _notes(report: dict[str, Any]) -> Iterator[str]:
    faults, load = report["major_page_faults"], report["computer"]["load_before"]
    yield "## How"
    yield ""
    yield f"- Random tokens, {report['decoded_tokens']} written in each repeat; one run of each kind first, uncounted."
    if report["wanted_logits"] is None:
        yield "- Every logit of every token was computed (--exact-head)."
    else:
        yield (
            f"- Of each token the best {report['wanted_logits']} logits, as a chat's sampling needs them; "
            f"the whole head had to help {format_count(report['head_fallbacks'])} times."
        )
    if faults is None:
        waits = "this system does not say whether Tern waited for the disk"
    else:
        waits = f"{format_count(faults)} page{'' if faults == 1 else 's'} came from the disk meanwhile"
    yield f"- Page cache: the file was read end to end just before; {waits}."
    passes = report["memory_bandwidth"]["passes"]
    yield (
        f"- Memory bandwidth: the median of {len(passes)} passes in turns with decode at the empty context, "
        f"{min(passes):.1f} to {max(passes):.1f}{THIN_SPACE}GB/s; each repeat is held against the passes around it."
    )
    yield (
        "- Bytes a token: attention + gate + up × live rows + down × live columns + head + norms + one embedding "
        "row; the KV cache comes on top."
    )
    before = "" if load is None else f"; load {load:.2f} before"
    yield f"- Other programs took {report['other_programs']:.0%} of the processors meanwhile{before}."
    yield ""


def _gb_s(value: float) -> str:
    return f"{value:.1f}{THIN_SPACE}GB/s"


def _ms(value: float) -> str:
    return f"{value:.2f}{THIN_SPACE}ms"


def _seconds(value: float) -> str:
    return f"{value:.2f}{THIN_SPACE}s"
