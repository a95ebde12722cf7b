"""Earlier runs of the benchmark on this computer: one JSON report a file, in the data folder."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from tern import paths
from tern.atomic import replacing

log = logging.getLogger(__name__)

_KEPT = 100


def timed(measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The report with when it was made (``measured_at``, UTC) and how many ``seconds`` it took."""
    started, now = time.monotonic(), dt.datetime.now(dt.UTC)
    report = measure()
    return {**report, "measured_at": now.isoformat(timespec="seconds"), "seconds": time.monotonic() - started}


def keep(report: dict[str, Any]) -> None:
    """Add a report; the oldest leave. A disk that refuses costs the history, not the result."""
    try:
        folder = paths.data_dir() / "benchmarks"
        folder.mkdir(exist_ok=True)
        name = f"{report['measured_at'].replace(':', '').replace('+0000', 'Z')}.json"
        with replacing(folder / name) as file:
            file.write(json.dumps(report, indent=1).encode())
        for old in sorted(folder.glob("*.json"))[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("benchmark not kept: %s", error)


def earlier() -> list[dict[str, Any]]:
    """The reports, oldest first; what cannot be read is passed over."""
    found = []
    for path in sorted((paths.data_dir() / "benchmarks").glob("*.json")):
        try:
            report = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(report, dict) and "measured_at" in report and isinstance(report.get("decode"), dict):
            found.append(report)
    return found
