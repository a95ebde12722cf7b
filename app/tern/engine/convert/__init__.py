"""Models into other forms: another encoding, from safetensors, for llama.cpp, or made up at random."""
