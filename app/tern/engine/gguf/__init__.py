"""GGUF files and what lies in them: read strictly, written, and ternary weights as bytes. Knows no model."""
