"""Tern: an exact, fast, offline chat app for ternary language models."""

__version__ = "0.1.0"
