// Attention of one token, compiled once per instruction set: ATTEND_ONE names the function.
//
// Decode reads the whole cache for a few query rows, so it is a race against memory. The cache is read exactly once,
// in the order it lies, and each key and value meets all its query heads as it comes: nothing is copied, nothing
// transposed. Query heads are taken four at a time (rows of zeros fill up): a quad.
//
// Keys: sums over 16 lanes, four heads by four positions, then a fixed tree over the lanes. Values: sums over
// positions in ascending order. So the tile shape changes no bit.
#include "attention.h"
#include "ggml_tensor.h"
#include "simd.h"
#include "threads.h"

enum {
    QUAD = 4,           // query heads and positions in a tile
    BLOCK = 64,         // positions between two steps of the running softmax
    FETCH_AHEAD = 8,   // positions between a prefetch and its use
    QUADS = 64,         // room for so many quads ...
    QUERY_FLOATS = MAX_QUERIES * MAX_HEAD_DIM,  // ... of so many floats altogether
    Q8_BLOCK = 34,      // bytes: an F16 scale and 32 int8
};

// 16 values of a cached head as floats.
static INLINE vf cached(const uint8_t *head, int type, int32_t vector, vf scale) {
    if (type == GGML_TYPE_F16) return vf_load_half((const uint16_t *)(const void *)head + vector * LANES16);
    if (type == GGML_TYPE_Q8_0)
        return vf_mul(scale, vf_load_i8((const int8_t *)head + vector / 2 * Q8_BLOCK + 2 + vector % 2 * LANES16));
    return vf_load((const float *)(const void *)head + vector * LANES16);
}

// The scale that `vector` needs.
static INLINE vf cached_scale(const uint8_t *head, int type, int32_t vector) {
    return type == GGML_TYPE_Q8_0 ? vf_set_half(head + vector / 2 * Q8_BLOCK) : vf_set(1.0f);
}

// Prefetches are dropped when many come at once, so each step of a tile sends for its share of the bytes ahead: what
// four positions take up for 16 values of a head. With Q8_0 that is 68 bytes: a line with each step, and one at first.
static INLINE void fetch_share(const uint8_t *next, int type, int32_t vector) {
#if defined(__GNUC__)
    __asm__ volatile("");  // GCC 12 takes a function of prefetches alone for one without effect, and drops its calls
#endif
    const int32_t bytes = type == GGML_TYPE_Q8_0 ? 64 : QUAD * LANES16 * (type == GGML_TYPE_F16 ? 2 : 4);
    for (int32_t b = 0; b < bytes; b += 64) prefetch_l1(next + vector * bytes + b);
}

static INLINE void fetch_first(const uint8_t *next, int type, int32_t vectors) {
    if (type == GGML_TYPE_Q8_0) fetch_share(next, type, vectors);
}

#define EACH4(F, i) F(i, 0) F(i, 1) F(i, 2) F(i, 3)
#define EACH16(F) EACH4(F, 0) EACH4(F, 1) EACH4(F, 2) EACH4(F, 3)

// A tile of keys: s[4 positions][4 heads] = q[head] . k[position]
static INLINE void score_tile(const float *q, const uint8_t *k0, const uint8_t *k1, const uint8_t *k2,
                                          const uint8_t *k3, int type, int32_t dim, const uint8_t *next, float *s) {
    const int32_t step = type == GGML_TYPE_Q8_0 ? 2 : 1, vectors = dim / LANES16;
    fetch_first(next, type, vectors);
#define SCALE(p) const vf scale##p = cached_scale(k##p, type, d);
#define KEY(p) const vf key##p = cached(k##p, type, d + i, scale##p);
#define QUERY(h) const vf query##h = vf_load(q + h * dim + (d + i) * LANES16);
#if defined(__AVX512F__)
#define ZERO(h, p) vf s##h##p = vf_set(0.0f);
#define MULTIPLY(h, p) s##h##p = vf_fma(query##h, key##p, s##h##p);
    EACH16(ZERO)
    for (int32_t d = 0; d < vectors; d += step) {
        SCALE(0) SCALE(1) SCALE(2) SCALE(3)
#pragma GCC unroll 2
        for (int32_t i = 0; i < step; i++) {
            fetch_share(next, type, d + i);
            KEY(0) KEY(1) KEY(2) KEY(3)
            QUERY(0) QUERY(1) QUERY(2) QUERY(3)
            EACH16(MULTIPLY)
        }
    }
    vf_store(s, vf_sum_16(s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33));
#else
#define MULTIPLY(h, p) s##h = vf_fma(query##h, key##p, s##h);
#define POSITION(p)                                            \
    {                                                          \
        vf s0 = vf_set(0.0f), s1 = s0, s2 = s0, s3 = s0;       \
        for (int32_t d = 0; d < vectors; d += step) {          \
            SCALE(p)                                           \
            for (int32_t i = 0; i < step; i++) {               \
                if (p == 0) fetch_share(next, type, d + i);    \
                KEY(p)                                         \
                QUERY(0) QUERY(1) QUERY(2) QUERY(3)            \
                MULTIPLY(0, p) MULTIPLY(1, p) MULTIPLY(2, p) MULTIPLY(3, p) \
            }                                                  \
        }                                                      \
        vf_sum_4(s0, s1, s2, s3, s + QUAD * p);                \
    }
    POSITION(0) POSITION(1) POSITION(2) POSITION(3)
#endif
#undef SCALE
#undef KEY
#undef QUERY
#undef ZERO
#undef MULTIPLY
#undef POSITION
}

// A tile of values: o[head] += s[position][head] * v[position]
static INLINE void value_tile(const float *s, const uint8_t *v0, const uint8_t *v1, const uint8_t *v2,
                                          const uint8_t *v3, int type, int32_t dim, const uint8_t *next, float *o) {
    const int32_t step = type == GGML_TYPE_Q8_0 ? 2 : 1, vectors = dim / LANES16;
    fetch_first(next, type, vectors);
#define WEIGHT(p, h) const vf weight##p##h = vf_set(s[QUAD * p + h]);
#define SCALE(p) const vf scale##p = cached_scale(v##p, type, d);
#define VALUE(p) const vf value##p = cached(v##p, type, d + i, scale##p);
#define LOAD(h) vf o##h = vf_load(o + h * dim + (d + i) * LANES16);
#define MULTIPLY(p, h) o##h = vf_fma(weight##p##h, value##p, o##h);
#define STORE(h) vf_store(o + h * dim + (d + i) * LANES16, o##h);
    EACH16(WEIGHT)
    for (int32_t d = 0; d < vectors; d += step) {
        SCALE(0) SCALE(1) SCALE(2) SCALE(3)
#pragma GCC unroll 2
        for (int32_t i = 0; i < step; i++) {
            fetch_share(next, type, d + i);
            LOAD(0) LOAD(1) LOAD(2) LOAD(3)
            VALUE(0) VALUE(1) VALUE(2) VALUE(3)
            EACH16(MULTIPLY)
            STORE(0) STORE(1) STORE(2) STORE(3)
        }
    }
#undef WEIGHT
#undef SCALE
#undef VALUE
#undef LOAD
#undef MULTIPLY
#undef STORE
}

// The block's scores become e^(score - maximum); the older sums are scaled to the new maximum.
static void soften(float *s, int32_t count, float *largest, float *sum, float *o, int32_t dim) {
    const int32_t end = (count + QUAD - 1) / QUAD * LANES16;
    for (int32_t i = count * QUAD; i < end; i++) s[i] = -INFINITY;
    const vf old = vf_load(largest);
    vf top = vf_load(s), total = vf_set(0.0f);
    for (int32_t i = LANES16; i < end; i += LANES16) top = vf_max(top, vf_load(s + i));
    top = vf_max(old, vf_max_by_4(top));
    for (int32_t i = 0; i < end; i += LANES16) vf_store(s + i, vf_exp(vf_sub(vf_load(s + i), top)));
    for (int32_t i = count * QUAD; i < end; i++) s[i] = 0.0f;
    for (int32_t i = 0; i < end; i += LANES16) total = vf_add(total, vf_load(s + i));
    float factor[LANES16];
    const vf f = vf_exp(vf_sub(old, top));
    vf_store(factor, f);
    vf_store(largest, top);
    vf_store(sum, vf_fma(vf_load(sum), f, total));
    for (int32_t h = 0; h < QUAD; h++)
        for (int32_t d = 0; d < dim; d += LANES16)
            vf_store(o + h * dim + d, vf_mul(vf_load(o + h * dim + d), vf_set(factor[h])));
}

// What one call works on: so many groups of heads that their queries stay in L1.
struct decode_state {
    TERN_ALIGNED(64) float q[QUERY_FLOATS], o[QUERY_FLOATS], s[QUADS * BLOCK * QUAD];
    TERN_ALIGNED(64) float largest[QUADS * LANES16], sum[QUADS * LANES16];
};

// Tiles of one block, keys or values, in the order they lie in memory; `after` is what will be read next.
static INLINE void block_tiles(const struct attend_one_task *a, struct decode_state *state, int values,
                                           int type, const uint8_t *rows, const uint8_t *after, int32_t count,
                                           int32_t groups) {
    const int32_t dim = a->head_dim, quads = (a->n_shared + QUAD - 1) / QUAD;
    for (int32_t p = 0; p < count; p += QUAD) {
        const int32_t ahead = p + FETCH_AHEAD;
        const uint8_t *next = ahead < count ? rows + ahead * a->row_bytes : after + (ahead - count) * a->row_bytes;
        const uint8_t *r0 = rows + p * a->row_bytes, *r1 = rows + (p + 1 < count ? p + 1 : count - 1) * a->row_bytes;
        const uint8_t *r2 = rows + (p + 2 < count ? p + 2 : count - 1) * a->row_bytes;
        const uint8_t *r3 = rows + (p + 3 < count ? p + 3 : count - 1) * a->row_bytes;
        for (int32_t g = 0, i = 0; g < groups; g++) {
            const int64_t at = g * a->head_bytes;
            for (int32_t j = 0; j < quads; j++, i++) {
                float *s = state->s + (i * BLOCK + p) * QUAD;
                if (values)
                    value_tile(s, r0 + at, r1 + at, r2 + at, r3 + at, type, dim, next + QUAD * at, state->o + i * QUAD * dim);
                else
                    score_tile(state->q + i * QUAD * dim, r0 + at, r1 + at, r2 + at, r3 + at, type, dim, next + QUAD * at, s);
            }
        }
    }
}

static INLINE void attend_groups(const struct attend_one_task *a, int type, int32_t group, int32_t groups) {
    struct decode_state state;
    const int32_t dim = a->head_dim, quads = (a->n_shared + QUAD - 1) / QUAD, all = groups * quads;
    for (int32_t i = 0; i < all * QUAD; i++) {
        const int32_t g = group + i / (quads * QUAD), h = i % (quads * QUAD);
        const vf scale = vf_set(h < a->n_shared ? a->scale : 0.0f);
        const float *from = a->q + ((int64_t)g * a->n_shared + (h < a->n_shared ? h : 0)) * dim;
        for (int32_t d = 0; d < dim; d += LANES16) vf_store(state.q + i * dim + d, vf_mul(vf_load(from + d), scale));
    }
    const uint8_t *keys = a->k + group * a->head_bytes, *values = a->v + group * a->head_bytes;
    for (int32_t piece = a->first_piece; piece < a->end_piece; piece++) {
        const int32_t begin = piece_begin(a->positions, a->pieces, piece);
        const int32_t end = piece_begin(a->positions, a->pieces, piece + 1);
        for (int32_t i = 0; i < all * QUAD * dim; i += LANES16) vf_store(state.o + i, vf_set(0.0f));
        for (int32_t i = 0; i < all * LANES16; i++) {
            state.largest[i] = -INFINITY;
            state.sum[i] = 0.0f;
        }
        for (int32_t first = begin; first < end; first += BLOCK) {
            const int32_t count = end - first < BLOCK ? end - first : BLOCK;
            const uint8_t *k = keys + first * a->row_bytes, *v = values + first * a->row_bytes;
            block_tiles(a, &state, 0, type, k, v, count, groups);
            for (int32_t i = 0; i < all; i++)
                soften(state.s + i * BLOCK * QUAD, count, state.largest + i * LANES16, state.sum + i * LANES16,
                       state.o + i * QUAD * dim, dim);
            block_tiles(a, &state, 1, type, v, k + count * a->row_bytes, count, groups);
        }
        for (int32_t i = 0; i < groups * a->n_shared; i++) {
            const int32_t padded = i / a->n_shared * quads * QUAD + i % a->n_shared, quad = padded / QUAD;
            float total[LANES16];
            float *out = a->out + (((int64_t)piece * a->n_kv_heads + group) * a->n_shared + i) * (PARTIAL_EXTRA + dim);
            vf_store(total, vf_add_by_4(vf_load(state.sum + quad * LANES16)));
            out[0] = state.largest[quad * LANES16 + padded % QUAD];
            out[1] = total[padded % QUAD];
            memcpy(out + PARTIAL_EXTRA, state.o + (int64_t)padded * dim, (size_t)dim * sizeof *out);
        }
    }
}

static void ATTEND_ONE(const struct attend_one_task *a) {
    const int32_t quads = (a->n_shared + QUAD - 1) / QUAD;
    int32_t together = QUERY_FLOATS / (quads * QUAD * a->head_dim);
    if (together > QUADS / quads) together = QUADS / quads;
    for (int32_t group = 0; group < a->n_kv_heads; group += together) {
        const int32_t groups = a->n_kv_heads - group < together ? a->n_kv_heads - group : together;
        if (a->type == GGML_TYPE_F16)
            attend_groups(a, GGML_TYPE_F16, group, groups);
        else if (a->type == GGML_TYPE_Q8_0)
            attend_groups(a, GGML_TYPE_Q8_0, group, groups);
        else
            attend_groups(a, GGML_TYPE_F32, group, groups);
    }
}
