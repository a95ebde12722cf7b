"""``tern --self-test``: whether this installation works, window and all. What a release is tried with."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tern import paths


def run() -> int:
    """Try it in a folder of its own, which is gone afterwards. Returns the exit code: 0 when all of it works."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="tern-self-test-") as folder:
        paths.set_data_dir(Path(folder))
        from tern.ui import app

        return app.run(app.WindowOptions(self_test=True))
