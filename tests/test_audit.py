"""What `make audit` says of the answer it gets: a vulnerability fails it, silence does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PATH = Path(__file__).resolve().parents[1] / "packaging" / "audit.py"
_spec = importlib.util.spec_from_file_location("audit", _PATH)
assert _spec is not None
assert _spec.loader is not None
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)


def test_a_vulnerability_is_named_and_fails() -> None:
    bad = {"name": "some", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
    said, code = audit.verdict({"dependencies": [bad, {"name": "other", "version": "2", "vulns": []}]})
    assert code == 1
    assert "some 1.0: PYSEC-1, mended in 1.1" in said


def test_a_registry_that_does_not_answer_is_said_and_fails_nothing() -> None:
    said, code = audit.verdict({"dependencies": [{"name": "some", "skip_reason": "not found on PyPI"}]})
    assert code == 0
    assert "Not audited" in said
