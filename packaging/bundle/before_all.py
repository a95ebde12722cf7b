"""Runs in the bundled program before all else, as PyInstaller's own preparations for Qt: they load it."""

import os
import sys

# The program that starts this one sets it for the libraries of the bundle, which are found by now. Others that are
# started from here (the browser, the file manager) need the system's own.
if (before := os.environ.pop("LD_LIBRARY_PATH_ORIG", None)) is not None:
    os.environ["LD_LIBRARY_PATH"] = before
else:
    os.environ.pop("LD_LIBRARY_PATH", None)

from tern.engine.kernels.loader import check_processor
from tern.errors import UserError

# Qt and NumPy end the process where the processor lacks what they are built for.
try:
    check_processor()
except UserError as error:
    if sys.stderr is not None:
        print(f"tern: {error}", file=sys.stderr)
    sys.exit(1)
