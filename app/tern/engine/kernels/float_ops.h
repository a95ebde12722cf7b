// The float work around the integer sums, compiled once for each instruction set by including this
// file. Bits must not depend on the compiler's choice of vectors: every operation is written in one
// order (sums in 16 lanes, then a fixed tree), the build forbids contraction to fused multiply-add,
// and only +, *, /, sqrt are used, which IEEE 754 rounds correctly everywhere. SiLU's expf is the
// one exception; it is called per element, never vectorized.
#ifndef TERN_FLOAT_OPS_H
#define TERN_FLOAT_OPS_H

#include <math.h>

#include "layout.h"

enum { LANES = 16 };

// 1 / sqrt(mean(x^2) + eps), as LlamaRMSNorm and BitNetRMSNorm; the sum in double, where products
// of floats are exact.
static inline float rms_scale(const float *x, int32_t n, float eps) {
    double lane[LANES] = {0};
    for (int32_t i = 0; i < n; i += LANES)
        for (int32_t j = 0; j < LANES; j++) lane[j] += (double)x[i + j] * (double)x[i + j];
    for (int32_t width = LANES / 2; width > 0; width /= 2)
        for (int32_t j = 0; j < width; j++) lane[j] += lane[j + width];
    const float mean = (float)(lane[0] / (double)n);
    return 1.0f / sqrtf(mean + eps);
}

static inline float normed(float x, float scale, const float *weight, int32_t i) {
    return weight ? weight[i] * (x * scale) : x;
}

// Magnitudes compare like their bits, and a maximum of integers compiles to vectors where one of
// floats does not.
static inline float abs_max(const float *x, const float *weight, float scale, int32_t n) {
    int32_t max = 0;
    for (int32_t i = 0; i < n; i++) {
        const float a = fabsf(normed(x[i], scale, weight, i));
        int32_t bits;
        memcpy(&bits, &a, sizeof bits);
        max = bits > max ? bits : max;
    }
    float m;
    memcpy(&m, &max, sizeof m);
    return m;
}

// Round half to even and clip to -127 .. 127, which the scale leaves only by rounding errors: nothing finite reaches the
// formula's -128. Clipping first gives the same value, bounds being integers, and sends NaN (from infinite inputs) to
// -127 instead of into undefined behaviour. Adding 1.5 * 2^23 leaves no bits for a fraction, so the addition itself
// rounds half to even.
static inline int32_t quantize(float v) {
    const float magic = 12582912.0f;
    v = v > -127.0f ? v : -127.0f;
    v = v < 127.0f ? v : 127.0f;
    return (int32_t)((v + magic) - magic);
}

static inline int32_t quantize_row(const float *x, const float *weight, float norm, float s, int32_t n, int8_t *q) {
    for (int32_t g = 0; g < n / GROUP; g++)
        for (int32_t run = 0; run < 4; run++) {
            int8_t *out = q + g / 2 * PAIR + run * 64 + g % 2 * 32;
            const int32_t first = g * GROUP + run * 32;
            for (int32_t j = 0; j < 32; j++)
                out[j] = (int8_t)quantize(normed(x[first + j], norm, weight, first + j) * s);
        }
    if (n / GROUP % 2)
        for (int32_t run = 0; run < 4; run++) memset(q + n / PAIR * PAIR + run * 64 + 32, 0, 32);
    int32_t sum = 0;
    for (int32_t i = 0; i < padded_pairs(n) * PAIR; i++) sum += q[i];
    return sum;
}

// Appends the nonzero ones of 32 neighbouring columns to the live list; returns its new length.
#ifndef TERN_APPEND_LIVE
#define TERN_APPEND_LIVE append_live
static inline int32_t append_live(const int8_t *q, int32_t first, int32_t *column, int8_t *value, int32_t count) {
    for (int32_t j = 0; j < 32; j++) {  // writes always, advances if live: no branch to mispredict
        column[count] = first + j;
        value[count] = q[j];
        count += q[j] != 0;
    }
    return count;
}
#endif

// Nonzero columns in ascending order, then zeros up to a multiple of four.
static inline int32_t list_live(int8_t *row, int32_t n) {
    int32_t *column = row_live_columns(row, n);
    int8_t *value = row_live_q(row, n);
    int32_t count = 0;
    for (int32_t first = 0; first < n; first += 32)
        count = TERN_APPEND_LIVE(row + q_position(first), first, column, value, count);
    for (int32_t i = count; i < (count + 3) / 4 * 4; i++) {
        column[i] = count ? column[count - 1] : 0;
        value[i] = 0;
    }
    return count;
}

static inline void norm_quant_row(const float *x, const float *weight, float eps, int32_t n, int32_t live, int8_t *row) {
    // The branch on weight is taken here, once, so that the loops compile to straight vectors.
    float norm = 1.0f, max;
    if (weight) {
        norm = rms_scale(x, n, eps);
        max = abs_max(x, weight, norm, n);
    } else {
        max = abs_max(x, NULL, norm, n);
    }
    max = max > 1e-5f ? max : 1e-5f;
    const float s = 127.0f / max;
    struct quant_trailer trailer = {.inv_scale = max / 127.0f, .n_live = -1, .n = n};
    trailer.sum = weight ? quantize_row(x, weight, norm, s, n, row) : quantize_row(x, NULL, norm, s, n, row);
    if (live) trailer.n_live = list_live(row, n);
    memcpy(row_trailer(row, n), &trailer, sizeof trailer);
}

static inline float finished(int32_t acc, const struct finish_args *a) {
    return ((float)(acc - a->sum) * a->inv_scale) * a->scale;
}

static inline void finish_rows(const struct finish_args *a, int32_t n_rows, float *y) {
    const struct finish_args f = *a;
    if (f.residual)
        for (int32_t r = 0; r < n_rows; r++) y[r] = finished(f.acc[r], &f) + f.residual[r];
    else
        for (int32_t r = 0; r < n_rows; r++) y[r] = finished(f.acc[r], &f);
}

// relu(gate)^2 * up. A closed gate gives +0 whatever `up` is, so that skipping its row is exact.
static inline float relu2_gated(float gate, float up) {
    const float y = (gate * gate) * up;
    return gate > 0.0f ? y : 0.0f;
}

static inline float silu_gated(float gate, float up) { return (gate / (1.0f + expf(-gate))) * up; }

static inline void finish_gated_rows(const struct finish_args *gate, const struct finish_args *up, int32_t activation,
                              int32_t n_rows, float *y) {
    const struct finish_args g = *gate, u = *up;
    if (activation == TERN_SILU)
        for (int32_t r = 0; r < n_rows; r++) y[r] = silu_gated(finished(g.acc[r], &g), finished(u.acc[r], &u));
    else
        for (int32_t r = 0; r < n_rows; r++) y[r] = relu2_gated(finished(g.acc[r], &g), finished(u.acc[r], &u));
}

#endif
