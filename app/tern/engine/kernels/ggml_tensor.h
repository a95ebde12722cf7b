// What the ops know of ggml: how a tensor lies in memory, and the types they read. Written here, so that the kernels
// are built where llama-cpp-python is not installed yet; a test holds it to the ggml.h of the version Tern runs with,
// and loading asks for its size.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { GGML_TYPE_F32 = 0, GGML_TYPE_F16 = 1, GGML_TYPE_Q8_0 = 8, GGML_TYPE_I32 = 26 };

struct ggml_tensor {
    int type;
    void *buffer;
    int64_t ne[4];  // elements, innermost first
    size_t nb[4];   // strides in bytes
    int op;
    int32_t op_params[16];
    int32_t flags;
    struct ggml_tensor *src[10];
    struct ggml_tensor *view_src;
    size_t view_offs;
    void *data;
    char name[64];
    void *extra;
    char padding[8];
};
