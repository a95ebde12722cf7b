"""Asks the Python registry whether a version that Tern uses has a known vulnerability: ``make audit``. Names and
versions of the installed packages leave the computer, and nothing else. Where the registry is silent, that is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

TOOL = Path(__file__).resolve().parents[1] / "build" / "audit"  # not among what Tern or its tests need


def verdict(found: dict[str, Any]) -> tuple[str, int]:
    """What to print of pip-audit's JSON, and the exit code: 1 for a vulnerability."""
    packages = found["dependencies"]
    bad = [package for package in packages if package.get("vulns")]
    skipped = [package for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {vuln['id']}, mended in {', '.join(vuln['fix_versions']) or 'none'}"
        for package in bad
        for vuln in package["vulns"]
    ]
    if len(skipped) == len(packages):
        return "Not audited: the registry cannot be reached from here.", 0
    lines.append(f"{len(packages) - len(skipped)} packages audited, {len(bad)} with a known vulnerability.")
    return "\n".join(lines), int(bool(bad))


def main() -> int:
    if not (TOOL / "pip_audit").is_dir():
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(TOOL), "pip-audit"]
        if subprocess.run(command, check=False).returncode:
            print("Not audited: pip-audit could not be fetched.")
            return 0
    run = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--path",
         sysconfig.get_path("purelib")],
        env={**os.environ, "PYTHONPATH": str(TOOL)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        found = json.loads(run.stdout)
    except ValueError:
        print(f"Not audited: {run.stderr.strip().splitlines()[-1:] or 'no answer'}")
        return 0
    said, code = verdict(found)
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
