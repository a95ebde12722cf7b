// The output head: rows of F16 or F32 weights times F32 activations, without rounding the activations.
#ifndef TERN_HEAD_H
#define TERN_HEAD_H

#include "tern_kernels.h"

// out[t * out_stride + r] = row r . x[t * x_stride ...] for n_rows rows `row_bytes` apart and n_tokens
// tokens; n is a multiple of 128. type: ggml_type F16 or F32.
typedef void dot_rows_fn(const uint8_t *rows, int64_t row_bytes, int32_t type, int32_t n_rows, const float *x,
                         int64_t x_stride, int32_t n_tokens, int32_t n, float *out, int64_t out_stride);

typedef void row_to_floats_fn(const uint8_t *row, int32_t type, int32_t n, float *out);

#endif
