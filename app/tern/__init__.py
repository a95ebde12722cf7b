"""Tern: an exact, fast, offline chat app for ternary language models."""

import os

# NumPy's BLAS would start a thread a core and keep buffers for each, for products that Tern never asks of it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
