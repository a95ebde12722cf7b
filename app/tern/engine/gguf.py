"""Read GGUF v3 files strictly."""

from tern.engine.gguf_types import TensorType, ValueType

__all__ = ["TensorType", "ValueType"]
