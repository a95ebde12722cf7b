// Dot products of the output head, compiled once per instruction set: DOT_ROWS names the function. Each runs in
// four sums of 16 lanes, joined in one fixed order, so that a logit has the same bits whoever computes it.
#include "ggml_tensor.h"
#include "head.h"
#include "simd.h"

static inline vf load_weights(const uint8_t *row, int32_t type, int32_t i) {
    return type == GGML_TYPE_F16 ? vf_load_half((const uint16_t *)(const void *)row + i)
                                 : vf_load((const float *)(const void *)row + i);
}

static inline float dot_row(const uint8_t *row, int32_t type, const float *x, int32_t n) {
    vf a = vf_set(0.0f), b = a, c = a, d = a;
    for (int32_t i = 0; i < n; i += 4 * LANES16) {
        a = vf_fma(load_weights(row, type, i), vf_load(x + i), a);
        b = vf_fma(load_weights(row, type, i + LANES16), vf_load(x + i + LANES16), b);
        c = vf_fma(load_weights(row, type, i + 2 * LANES16), vf_load(x + i + 2 * LANES16), c);
        d = vf_fma(load_weights(row, type, i + 3 * LANES16), vf_load(x + i + 3 * LANES16), d);
    }
    return vf_sum(vf_add(vf_add(a, b), vf_add(c, d)));
}

static void DOT_ROWS(const uint8_t *rows, int64_t row_bytes, int32_t type, int32_t n_rows, const float *x,
                     int64_t x_stride, int32_t n_tokens, int32_t n, float *out, int64_t out_stride) {
    for (int32_t r = 0; r < n_rows; r++) {
        const uint8_t *row = rows + r * row_bytes;
        for (int32_t t = 0; t < n_tokens; t++)
            out[t * out_stride + r] = type == GGML_TYPE_F16 ? dot_row(row, GGML_TYPE_F16, x + t * x_stride, n)
                                                            : dot_row(row, GGML_TYPE_F32, x + t * x_stride, n);
    }
}

static void ROW_TO_FLOATS(const uint8_t *row, int32_t type, int32_t n, float *out) {
    for (int32_t i = 0; i < n; i += LANES16) vf_store(out + i, load_weights(row, type, i));
}
