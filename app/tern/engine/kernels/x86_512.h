// The 512-bit x86 kernels, compiled for AVX-512 with VNNI (x86_avx512vnni.c) and with VBMI as well
// (x86_avx512vbmi.c). vpdpbusd multiplies 64 unsigned codes by 64 signed activations and adds them in
// groups of four.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

// The hook of float_ops.h: compresses 16 columns at a time. Compressing into memory is slow on some
// CPUs; into a register, then stored whole, is not.
static INLINE int32_t append_live(const int8_t *q, int32_t first, int32_t *column, int8_t *value, int32_t count) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int half = 0; half < 2; half++) {
        const __m512i v = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(q + 16 * half)));
        const __mmask16 live = _mm512_test_epi32_mask(v, v);
        const __m512i columns = _mm512_add_epi32(lanes, _mm512_set1_epi32(first + 16 * half));
        _mm512_storeu_si512(column + count, _mm512_maskz_compress_epi32(live, columns));
        _mm_storeu_si128((__m128i *)(value + count), _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(live, v)));
        count += (int32_t)_mm_popcnt_u32(live);
    }
    return count;
}
#define TERN_APPEND_LIVE append_live

#include "float_ops.h"

// sum += groups of four codes * activations. GCC 12 copies the accumulators of a loop to and from the
// stack around the intrinsic (at half the speed); the instruction itself leaves it no choice.
static INLINE __m512i dot4(__m512i sum, __m512i codes, __m512i q) {
#if defined(__GNUC__) && !defined(__clang__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "vm"(q));
    return sum;
#else
    return _mm512_dpbusd_epi32(sum, codes, q);
#endif
}

static INLINE __m512i load(const void *p) { return _mm512_loadu_si512(p); }

static INLINE __m512i load_half(const void *p) {
    return _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)p));
}

// Codes are masked where they lie, never shifted: run s then counts 4^(3-s) fold, and its own
// accumulator is shifted back once a row. Masked codes reach 128, which fits the unsigned operand,
// and a lane stays below 2^31 for rows up to 2^20 columns.
struct sums {
    __m512i run[4];
};

static INLINE void accumulate_pair(struct sums *a, __m512i code, const int8_t *q) {
    for (int s = 0; s < 4; s++) {
        const __m512i masked = _mm512_and_si512(code, _mm512_set1_epi8((char)(0xC0 >> 2 * s)));
        a->run[s] = dot4(a->run[s], masked, load(q + 64 * s));
    }
}

static INLINE struct sums no_sums(void) {
    const __m512i zero = _mm512_setzero_si512();
    return (struct sums){{zero, zero, zero, zero}};
}

static INLINE __m512i run_total(const struct sums *a) {
    const __m512i high = _mm512_add_epi32(_mm512_srai_epi32(a->run[0], 6), _mm512_srai_epi32(a->run[1], 4));
    const __m512i low = _mm512_add_epi32(_mm512_srai_epi32(a->run[2], 2), a->run[3]);
    return _mm512_add_epi32(high, low);
}

static INLINE __m512i row_total(const uint8_t *code, const int8_t *q, int32_t n, int64_t ahead) {
    struct sums a = no_sums();
    for (const uint8_t *end = code + n / PAIR * PAIR_BYTES; code < end; code += PAIR_BYTES, q += PAIR) {
        if (ahead) prefetch_l2(code + ahead);
        accumulate_pair(&a, load(code), q);
    }
    if (n % PAIR) accumulate_pair(&a, load_half(code), q);
    return run_total(&a);
}

// The sums of four registers, side by side: half the shuffles of four sums apart.
static INLINE __m128i add_lanes_of_four(__m512i a, __m512i b, __m512i c, __m512i d) {
    const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    const __m512i abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// One row after another, four sums at a time: strided streams (several rows at once) halve the memory bandwidth.
static void rows(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc) {
    int32_t r = 0;
#define ROW(i) row_total(codes + (which ? which[i] : (i)) * stride, q, n, bytes_ahead(which, i, ahead, stride))
    for (; r + 4 <= n_rows; r += 4) {
        const __m512i a = ROW(r), b = ROW(r + 1), c = ROW(r + 2), d = ROW(r + 3);
        _mm_storeu_si128((__m128i *)(acc + r), add_lanes_of_four(a, b, c, d));
    }
    for (; r < n_rows; r++) acc[r] = _mm512_reduce_add_epi32(ROW(r));
#undef ROW
}

// Transposes 16 rows of 16 dwords in registers: r[i] becomes dword i of all rows.
static INLINE void transpose_16x16(__m512i r[16]) {
    __m512i t[16];
    UNROLL for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        const __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xDD);
        const __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xDD);
        t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[i + 8] = _mm512_shuffle_i32x4(a, c, 0xDD);
        t[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(b, d, 0xDD);
    }
    UNROLL for (int i = 0; i < 16; i++) r[i] = t[i];
}

static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    __m512i r[UNPACK_ROWS];
    for (int32_t i = 0; i < UNPACK_ROWS; i++)
        r[i] = i >= n_rows               ? _mm512_setzero_si512()
               : n_bytes == PAIR_BYTES ? load(codes + i * stride)
                                       : load_half(codes + i * stride);
    transpose_16x16(r);
    const __m512i mask = _mm512_set1_epi8(3);
    UNROLL for (int i = 0; i < 16; i++) {
        uint8_t *out = panel + i * PANEL_ROWS * 4 + first_row * 4;
        const int64_t run = 16 * PANEL_ROWS * 4;
        _mm512_storeu_si512(out, _mm512_and_si512(_mm512_srli_epi16(r[i], 6), mask));
        _mm512_storeu_si512(out + run, _mm512_and_si512(_mm512_srli_epi16(r[i], 4), mask));
        _mm512_storeu_si512(out + 2 * run, _mm512_and_si512(_mm512_srli_epi16(r[i], 2), mask));
        _mm512_storeu_si512(out + 3 * run, _mm512_and_si512(r[i], mask));
    }
}

// Interleaves the bytes of four columns: register z holds, in its dwords, rows 16z .. 16z+15 of each run.
struct rows4 {
    __m512i z0, z1, z2, z3;
};

static INLINE struct rows4 interleave(const uint8_t *c0, const uint8_t *c1, const uint8_t *c2, const uint8_t *c3) {
    const __m512i low01 = _mm512_unpacklo_epi8(load(c0), load(c1)), high01 = _mm512_unpackhi_epi8(load(c0), load(c1));
    const __m512i low23 = _mm512_unpacklo_epi8(load(c2), load(c3)), high23 = _mm512_unpackhi_epi8(load(c2), load(c3));
    return (struct rows4){_mm512_unpacklo_epi16(low01, low23), _mm512_unpackhi_epi16(low01, low23),
                          _mm512_unpacklo_epi16(high01, high23), _mm512_unpackhi_epi16(high01, high23)};
}

static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    const __m512i mask = _mm512_set1_epi8(3);
    const __m128i shift = _mm_cvtsi32_si128(6 - 2 * s);
    if (n_columns < PAIR) memset(panel, 0, PANEL_BYTES);
    for (int32_t step = 0; step < PANEL_STEPS; step++) {
        if (step_column(step) >= n_columns) continue;
        const uint8_t *c = block + step_column(step) * stride;
        const struct rows4 r = interleave(c, c + stride, c + 2 * stride, c + 3 * stride);
        uint8_t *out = panel + step * PANEL_ROWS * 4;
        _mm512_storeu_si512(out, _mm512_and_si512(_mm512_srl_epi16(r.z0, shift), mask));
        _mm512_storeu_si512(out + 64, _mm512_and_si512(_mm512_srl_epi16(r.z1, shift), mask));
        _mm512_storeu_si512(out + 128, _mm512_and_si512(_mm512_srl_epi16(r.z2, shift), mask));
        _mm512_storeu_si512(out + 192, _mm512_and_si512(_mm512_srl_epi16(r.z3, shift), mask));
    }
}

// 64 rows by nt tokens with every accumulator in a register: 4 * 6 accumulators, 4 weight registers
// and one broadcast fill 29 of the 32. nt is a constant at each call. The accumulators have names
// because compilers keep an array of them in memory, even fully unrolled.
struct column {
    __m512i r0, r1, r2, r3;  // 64 rows of one token
};

static INLINE struct column start(const int32_t *c, int32_t accumulate) {
    const __m512i zero = _mm512_setzero_si512();
    if (!accumulate) return (struct column){zero, zero, zero, zero};
    return (struct column){load(c), load(c + 16), load(c + 32), load(c + 48)};
}

static INLINE struct column multiply(struct column a, struct column w, const int8_t *q) {
    int32_t four;
    memcpy(&four, q, sizeof four);
    const __m512i b = _mm512_set1_epi32(four);
    return (struct column){dot4(a.r0, w.r0, b), dot4(a.r1, w.r1, b),
                           dot4(a.r2, w.r2, b), dot4(a.r3, w.r3, b)};
}

static INLINE void put(int32_t *c, struct column a) {
    _mm512_storeu_si512(c, a.r0);
    _mm512_storeu_si512(c + 16, a.r1);
    _mm512_storeu_si512(c + 32, a.r2);
    _mm512_storeu_si512(c + 48, a.r3);
}

static INLINE void tile_n(const uint8_t *panel, const int8_t *q, int64_t q_stride, const int nt, int32_t *c,
                          int32_t accumulate) {
    struct column t0, t1, t2, t3, t4, t5;
    t0 = start(c, accumulate);
    if (nt > 1) t1 = start(c + PANEL_ROWS, accumulate);
    if (nt > 2) t2 = start(c + 2 * PANEL_ROWS, accumulate);
    if (nt > 3) t3 = start(c + 3 * PANEL_ROWS, accumulate);
    if (nt > 4) t4 = start(c + 4 * PANEL_ROWS, accumulate);
    if (nt > 5) t5 = start(c + 5 * PANEL_ROWS, accumulate);
    for (int32_t k = 0; k < PANEL_STEPS; k++, panel += PANEL_ROWS * 4, q += 4) {
        const struct column w = {load(panel), load(panel + 64), load(panel + 128), load(panel + 192)};
        t0 = multiply(t0, w, q);
        if (nt > 1) t1 = multiply(t1, w, q + q_stride);
        if (nt > 2) t2 = multiply(t2, w, q + 2 * q_stride);
        if (nt > 3) t3 = multiply(t3, w, q + 3 * q_stride);
        if (nt > 4) t4 = multiply(t4, w, q + 4 * q_stride);
        if (nt > 5) t5 = multiply(t5, w, q + 5 * q_stride);
    }
    put(c, t0);
    if (nt > 1) put(c + PANEL_ROWS, t1);
    if (nt > 2) put(c + 2 * PANEL_ROWS, t2);
    if (nt > 3) put(c + 3 * PANEL_ROWS, t3);
    if (nt > 4) put(c + 4 * PANEL_ROWS, t4);
    if (nt > 5) put(c + 5 * PANEL_ROWS, t5);
}

static void tile(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate) {
    switch (n_tokens) {
    case 1: tile_n(panel, q, q_stride, 1, c, accumulate); break;
    case 2: tile_n(panel, q, q_stride, 2, c, accumulate); break;
    case 3: tile_n(panel, q, q_stride, 3, c, accumulate); break;
    case 4: tile_n(panel, q, q_stride, 4, c, accumulate); break;
    case 5: tile_n(panel, q, q_stride, 5, c, accumulate); break;
    default: tile_n(panel, q, q_stride, 6, c, accumulate); break;
    }
}

// One block of 256 rows, four live columns at a time; its 16 accumulators stay in registers.
static INLINE void columns_block(const uint8_t *block, int64_t stride, const int32_t *live, const int8_t *live_q,
                                 int32_t n_live, int32_t *acc) {
    __m512i sum[4][4];
    UNROLL for (int s = 0; s < 4; s++) {
        UNROLL for (int z = 0; z < 4; z++) sum[s][z] = load(acc + 64 * s + 16 * z);
    }
    for (int32_t i = 0; i < n_live; i += 4) {
        const struct rows4 r = interleave(block + live[i] * stride, block + live[i + 1] * stride,
                                          block + live[i + 2] * stride, block + live[i + 3] * stride);
        const __m512i row[4] = {r.z0, r.z1, r.z2, r.z3};
        int32_t four;
        memcpy(&four, live_q + i, sizeof four);
        const __m512i q = _mm512_set1_epi32(four);
        UNROLL for (int s = 0; s < 4; s++) {
            const __m512i mask = _mm512_set1_epi8((char)(0xC0 >> 2 * s));
            UNROLL for (int z = 0; z < 4; z++) sum[s][z] =
                dot4(sum[s][z], _mm512_and_si512(row[z], mask), q);
        }
    }
    UNROLL for (int s = 0; s < 4; s++) {
        UNROLL for (int z = 0; z < 4; z++) _mm512_storeu_si512(acc + 64 * s + 16 * z, sum[s][z]);
    }
}

static void columns(const uint8_t *columns, int64_t stride, const int32_t *live, const int8_t *live_q,
                    int32_t n_live, int32_t n_blocks, int32_t *acc) {
    enum { BATCH = 16, AHEAD = 64 };
    memset(acc, 0, (size_t)n_blocks * BLOCK_ROWS * sizeof *acc);
    for (int32_t first = 0; first < n_live; first += BATCH) {
        const int32_t batch = n_live - first < BATCH ? n_live - first : BATCH;
        for (int32_t i = first ? first + AHEAD : 0; i < first + AHEAD + BATCH && i < n_live; i++)
            for (int32_t b = 0; b < n_blocks; b++)
                prefetch_l2(columns + live[i] * stride + b * BLOCK_BYTES);
        for (int32_t b = 0; b < n_blocks; b++)
            columns_block(columns + b * BLOCK_BYTES, stride, live + first, live_q + first, batch,
                          acc + b * BLOCK_ROWS);
    }
    // The masks left run s counting 4^(3-s) fold.
    for (int32_t b = 0; b < n_blocks; b++)
        for (int32_t s = 0; s < 3; s++)
            for (int32_t r = 0; r < 64; r++) acc[b * BLOCK_ROWS + 64 * s + r] >>= 6 - 2 * s;
}

#define TERN_KERNEL_512(ISA, PACKED_ROWS, UNPACK_FIVE)                                                          \
    {                                                                                                           \
        .name = ISA, .rows = rows, .packs = (PACKED_ROWS) != NULL, .packed_rows = PACKED_ROWS,                  \
        .unpack_five = UNPACK_FIVE, .unpack = unpack,                                                           \
        .unpack_columns = unpack_columns, .tile = tile, .tile_tokens = 6, .columns = columns,                   \
        .norm_quant = norm_quant_row, .finish = finish_rows, .finish_gated = finish_gated_rows,                 \
        .floats = &tern_float_avx512,                                                                           \
    }
