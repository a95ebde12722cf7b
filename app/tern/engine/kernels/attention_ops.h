// Attention of a block of queries, compiled once per instruction set: ATTEND names the function.
//
// FlashAttention's running softmax [Dao et al. 2022]: for each block of positions, scores = q k^T, then with
// the new row maximum m the old sums are scaled by e^(m_old - m) and the block's e^(score - m) and their
// products with v are added. Both products are the same small matrix multiplication; sums run over their
// inner index in ascending order, so the tile shape changes no bit.
#include "attention.h"
#include "ggml_tensor.h"
#include "simd.h"
#include "threads.h"

#if defined(__AVX512F__)
enum { TILE_ROWS = 6, TILE_VECTORS = 4 };  // 24 of 32 registers
#elif defined(__aarch64__)
enum { TILE_ROWS = 3, TILE_VECTORS = 2 };  // 24 of 32 registers, four each
#else
enum { TILE_ROWS = 3, TILE_VECTORS = 2 };  // 12 of 16 registers, two each
#endif

// c[rows][16 * vectors] (+)= a[rows][depth] b[depth][...], rows and vectors constant after inlining. The sums have
// names because GCC 12 keeps an array of them on the stack, at a third of the speed.
#define EACH_VECTOR(F, i) F(i, 0) F(i, 1) F(i, 2) F(i, 3)
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5)
#define EACH_SUM(F) \
    EACH_VECTOR(F, 0) EACH_VECTOR(F, 1) EACH_VECTOR(F, 2) EACH_VECTOR(F, 3) EACH_VECTOR(F, 4) EACH_VECTOR(F, 5)
#define IN(i, j) (i < rows && j < vectors)
#define START(i, j) vf s##i##j = IN(i, j) && accumulate ? vf_load(c + i * c_stride + j * LANES16) : vf_set(0.0f);
#define COLUMN(j) const vf b##j = j < vectors ? vf_load(b + k * b_stride + j * LANES16) : vf_set(0.0f);
#define FACTOR(i) const vf a##i = i < rows ? vf_set(a[i * a_stride + k]) : vf_set(0.0f);
#define ADD(i, j) \
    if (IN(i, j)) s##i##j = vf_fma(a##i, b##j, s##i##j);
#define STORE(i, j) \
    if (IN(i, j)) vf_store(c + i * c_stride + j * LANES16, s##i##j);

static inline __attribute__((always_inline)) void multiply_tile(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *c,
                                 int64_t c_stride, int32_t depth, int accumulate, int rows, int vectors) {
    EACH_SUM(START)
    for (int32_t k = 0; k < depth; k++) {
        COLUMN(0) COLUMN(1) COLUMN(2) COLUMN(3)
        EACH_ROW(FACTOR)
        EACH_SUM(ADD)
    }
    EACH_SUM(STORE)
}

// The loops above unroll into registers only when both counts are constants.
static void multiply_rows(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *c,
                          int64_t c_stride, int32_t depth, int accumulate, int rows, int vectors) {
#define CASE(R, V)                  \
    if (rows == R && vectors == V) { \
        multiply_tile(a, a_stride, b, b_stride, c, c_stride, depth, accumulate, R, V); \
        return;                     \
    }
#define CASES(V) CASE(1, V) CASE(2, V) CASE(3, V)
    CASES(1) CASES(2)
#if defined(__AVX512F__)
    CASES(3) CASES(4)
#define MORE(V) CASE(4, V) CASE(5, V) CASE(6, V)
    MORE(1) MORE(2) MORE(3) MORE(4)
#endif
}

static void multiply(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *c, int64_t c_stride,
                     int32_t rows, int32_t vectors, int32_t depth, int accumulate) {
    for (int32_t j = 0; j < vectors; j += TILE_VECTORS) {
        const int wide = vectors - j < TILE_VECTORS ? vectors - j : TILE_VECTORS;
        for (int32_t i = 0; i < rows; i += TILE_ROWS) {
            const int high = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
            multiply_rows(a + i * a_stride, a_stride, b + j * LANES16, b_stride, c + i * c_stride + j * LANES16,
                          c_stride, depth, accumulate, high, wide);
        }
    }
}

// One cached head, `dim` values of the cache's type, as floats; padded with zeros to whole vectors.
static inline void head_to_floats(const uint8_t *in, int32_t type, int32_t dim, float *out) {
    int32_t i = 0;
    if (type == GGML_TYPE_F16) {
        for (; i + LANES16 <= dim; i += LANES16) vf_store(out + i, vf_load_half((const uint16_t *)(const void *)in + i));
        if (i < dim) {
            uint16_t rest[LANES16] = {0};
            memcpy(rest, in + 2 * (int64_t)i, 2 * (size_t)(dim - i));
            vf_store(out + i, vf_load_half(rest));
        }
    } else if (type == GGML_TYPE_Q8_0) {  // blocks of an F16 scale and 32 int8
        for (; i < dim; i += 32) {
            uint16_t scale[LANES16] = {0};
            float d[LANES16];
            memcpy(scale, in, 2);
            vf_store(d, vf_load_half(scale));
            const vf s = vf_set(d[0]);
            for (int32_t j = 0; j < 32; j += LANES16)
                vf_store(out + i + j, vf_mul(s, vf_load_i8((const int8_t *)in + 2 + j)));
            in += 34;
        }
    } else {
        for (; i + LANES16 <= dim; i += LANES16) vf_store(out + i, vf_load((const float *)(const void *)in + i));
        if (i < dim) {
            memset(out + i, 0, LANES16 * sizeof(float));
            memcpy(out + i, in + 4 * (int64_t)i, 4 * (size_t)(dim - i));
        }
    }
}

// One head's rows lie apart, which hardware prefetchers do not follow. While position `index` of this task is read, the
// same share of the next chunk is fetched, line after line in memory's order.
static inline void fetch_ahead(const struct attend_task *a, int64_t at, int32_t index) {
#if defined(__GNUC__)
    __asm__ volatile("");  // GCC 12 takes a function of prefetches alone for one without effect, and drops its calls
#endif
    for (int64_t b = 0; b < a->head_bytes; b += 64) {
        if (a->cold) {
            prefetch_l2(a->k + at + AHEAD * a->row_bytes + b);
            prefetch_l2(a->v + at + AHEAD * a->row_bytes + b);
        }
        if (a->next_k) {
            prefetch_l2(a->next_k + index * a->head_bytes + b);
            prefetch_l2(a->next_v + index * a->head_bytes + b);
        }
    }
}

static void ATTEND(const struct attend_task *a) {
    TERN_ALIGNED(64) float q[MAX_QUERIES * MAX_HEAD_DIM], o[MAX_QUERIES * MAX_HEAD_DIM];
    TERN_ALIGNED(64) float keys[POSITION_BLOCK * MAX_HEAD_DIM], values[POSITION_BLOCK * MAX_HEAD_DIM];
    TERN_ALIGNED(64) float rows[LANES16 * MAX_HEAD_DIM], s[MAX_QUERIES * POSITION_BLOCK];
    float largest[MAX_QUERIES], sum[MAX_QUERIES];
    const int32_t dim = a->head_dim, vectors = (dim + LANES16 - 1) / LANES16, width = vectors * LANES16;
    const int32_t n_rows = a->n_tokens * a->n_shared;
    for (int32_t m = 0; m < n_rows; m++) {
        const float *from = a->q + m / a->n_shared * a->q_stride + m % a->n_shared * dim;
        for (int32_t d = 0; d < dim; d++) q[m * width + d] = from[d] * a->scale;
        for (int32_t d = dim; d < width; d++) q[m * width + d] = 0.0f;
        largest[m] = -INFINITY;
        sum[m] = 0.0f;
    }
    memset(o, 0, (size_t)n_rows * (size_t)width * sizeof *o);
    for (int32_t first = a->first; first < a->end; first += POSITION_BLOCK) {
        const int32_t count = a->end - first < POSITION_BLOCK ? a->end - first : POSITION_BLOCK;
        const int32_t blocks = (count + LANES16 - 1) / LANES16;
        for (int32_t p = 0; p < blocks * LANES16; p += LANES16) {
            for (int32_t i = 0; i < LANES16; i++) {
                if (p + i < count) {
                    const int64_t at = (int64_t)(first + p + i) * a->row_bytes;
                    head_to_floats(a->k + at, a->type, dim, rows + i * width);
                    head_to_floats(a->v + at, a->type, dim, values + (p + i) * width);
                    fetch_ahead(a, at, first + p + i - a->first);
                } else {
                    memset(rows + i * width, 0, (size_t)width * sizeof *rows);
                    memset(values + (p + i) * width, 0, (size_t)width * sizeof *values);
                }
            }
            for (int32_t d = 0; d < width; d += LANES16)
                vf_transpose(rows + d, width, keys + d * POSITION_BLOCK + p, POSITION_BLOCK);
        }
        multiply(q, width, keys, POSITION_BLOCK, s, POSITION_BLOCK, n_rows, blocks, dim, 0);
        for (int32_t m = 0; m < n_rows; m++) {
            float *row = s + m * POSITION_BLOCK;
            int32_t seen = a->first_position + m / a->n_shared + 1 - first;  // causal: of this block
            seen = seen < 0 ? 0 : seen < count ? seen : count;
            for (int32_t p = seen; p < blocks * LANES16; p++) row[p] = -INFINITY;
            vf top = vf_set(-INFINITY);
            for (int32_t b = 0; b < blocks; b++) top = vf_max(top, vf_load(row + b * LANES16));
            const float block_largest = vf_largest(top);
            const float m_new = block_largest > largest[m] ? block_largest : largest[m];
            if (m_new == -INFINITY) {
                memset(row, 0, (size_t)blocks * LANES16 * sizeof *row);
                continue;
            }
            vf total = vf_set(0.0f);
            for (int32_t b = 0; b < blocks; b++)
                vf_store(row + b * LANES16, vf_exp(vf_sub(vf_load(row + b * LANES16), vf_set(m_new))));
            for (int32_t p = seen; p < blocks * LANES16; p++) row[p] = 0.0f;
            for (int32_t b = 0; b < blocks; b++) total = vf_add(total, vf_load(row + b * LANES16));
            if (largest[m] != m_new) {
                float factor[LANES16];
                vf_store(factor, vf_exp(vf_sub(vf_set(largest[m]), vf_set(m_new))));
                const vf f = vf_set(largest[m] == -INFINITY ? 0.0f : factor[0]);
                for (int32_t d = 0; d < width; d += LANES16)
                    vf_store(o + m * width + d, vf_mul(vf_load(o + m * width + d), f));
                sum[m] = largest[m] == -INFINITY ? 0.0f : sum[m] * factor[0];
                largest[m] = m_new;
            }
            sum[m] += vf_sum(total);
        }
        multiply(s, POSITION_BLOCK, values, width, o, width, n_rows, vectors, blocks * LANES16, 1);
    }
    for (int32_t m = 0; m < n_rows; m++) {
        float *out = a->out + m / a->n_shared * a->out_stride + m % a->n_shared * a->row_stride;
        if (a->partial) {
            out[0] = largest[m];
            out[1] = sum[m];
            memcpy(out + PARTIAL_EXTRA, o + m * width, (size_t)dim * sizeof *out);
        } else {
            for (int32_t d = 0; d < dim; d++) out[d] = o[m * width + d] / sum[m];
        }
    }
}
