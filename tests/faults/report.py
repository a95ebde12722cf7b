"""docs/FAULTS.md: what was tried, how often, when, and what came of it. Only what was made is in it."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from faults.harness import ROOT, Kept, Row, kept

REPORT = ROOT / "docs" / "FAULTS.md"

_HEAD = """# Faults that Tern survives

Written by `make faults` on {when}, on {machine}. Each row is a file in
[tests/faults](../tests/faults/README.md); what is quick of it runs with `make test`. A trial counts as passed only when
all that the row demands was found; the seconds are the longest of all trials, on the machine named, beside other work.

| fault | passes when | trials | failed | took | last made | of |
|---|---|---|---|---|---|---|
"""


def write(rows: Sequence[Row]) -> int:
    """Write the report; returns how many trials in it failed."""
    lines, details, bad, last = [], [], 0, ""
    for row in rows:
        made = kept(row.name)
        failed = [each for each in made if each.outcome.problems]
        bad += len(failed)
        of = f"{len(made):,} of {row.times:,}" if len(made) != row.times else f"{row.times:,}"
        newest = max((each.when for each in made), default="never")
        last = max(last, newest if made else "")
        took = _duration(sum(each.took_s for each in made))
        revisions = ", ".join(dict.fromkeys(each.revision for each in made)) or "-"
        lines.append(
            f"| {row.fault} | {row.passes} | {of} | {len(failed)} | {took} | {newest} | {revisions} |"
        )
        details += _details(row, made, failed)
    head = _HEAD.format(when=last or "no day yet", machine=_machine())
    REPORT.write_text(head + "\n".join(lines) + "\n" + "".join(details), encoding="utf-8")
    print(f"{REPORT}: {bad} failed")
    return bad


def _details(row: Row, made: Sequence[Kept], failed: Sequence[Kept]) -> list[str]:
    counts: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for each in made:
        for what, number in each.outcome.counts.items():
            counts[what] = counts.get(what, 0) + number
        for what, took in each.outcome.seconds.items():
            seconds[what] = max(seconds.get(what, 0.0), took)
    if not made:
        return []
    said = [f"{number:,} {what}" for what, number in counts.items()]
    said += [f"{what} {took:.2f} s" for what, took in seconds.items()]
    lines = [f"\n**{row.name}**: {'; '.join(said) or 'nothing counted'}.\n"]
    for each in failed[:20]:
        first = each.outcome.problems[0].splitlines()[-1][:200]
        lines.append(f"- trial {each.number}, {each.when}: {first}\n")
    return lines


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _machine() -> str:
    from tern.metrics.cpu import cpu

    info = cpu()
    return f"{info.name}, {info.logical_cores} logical processors, {platform.system()} {platform.release()}"
