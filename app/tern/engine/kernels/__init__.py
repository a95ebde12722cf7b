"""BitLinear in C (libtern_kernels) and its loader: knows ggml's tensors, not files, models or graphs."""
