"""The recipe of Tern's built-in guide: writes its data, trains a small BitNet b1.58, exports it as GGUF.

Runs apart from the app: needs torch and tokenizers, which Tern itself does not.
"""
