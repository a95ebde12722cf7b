// The 256-bit x86 kernels, compiled twice: AVX2 alone (x86_avx2.c) and AVX2 with VNNI
// (x86_avxvnni.c, which defines TERN_DPBUSD). Without VNNI, vpmaddubsw multiplies 32 codes by 32
// activations and adds pairs into int16; a pair stays within 2 * 2 * 128 = 512, so 64 pairs fit
// (-32768 .. 32512) before they must be widened to int32.
#include <immintrin.h>

#include "float_ops.h"

static INLINE __m256i load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
static INLINE void store(void *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }

static INLINE __m256i widen(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }

#ifdef TERN_DPBUSD
// Codes of run s, 0..2 in each byte.
static INLINE __m256i run_codes(__m256i code, int s) {
    return _mm256_and_si256(_mm256_srli_epi16(code, 6 - 2 * s), _mm256_set1_epi8(3));
}
#endif

static INLINE int32_t add_lanes(__m256i v) {
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1));
    return _mm_cvtsi128_si32(x);
}

// One step of a prefill tile. As instructions for GCC, which otherwise keeps accumulators on the stack;
// see x86_512.h.
static INLINE __m256i tile_step(__m256i sum, __m256i codes, __m256i q) {
#ifdef TERN_DPBUSD
    return TERN_DPBUSD(sum, codes, q);
#else
    const __m256i pairs = _mm256_maddubs_epi16(codes, q);
#if defined(__GNUC__) && !defined(__clang__)
    __asm__("vpaddw %1, %0, %0" : "+x"(sum) : "x"(pairs));
    return sum;
#else
    return _mm256_add_epi16(sum, pairs);
#endif
#endif
}

// ---- decode: one row after another ----
#ifndef TERN_DPBUSD
// Sums of pairs in int16. Runs 1 and 3 are masked at the bottom of each nibble, runs 0 and 2 where they lie, which counts
// them 4-fold and saves two of three shifts. 4-fold a pair is at most 4 * 512, so 16 of them fit: two a group, 8 groups.
enum { FLUSH = 8 * GROUP_BYTES };
struct pairs {
    __m256i once, fourfold;
};

static INLINE struct pairs no_pairs(void) { return (struct pairs){_mm256_setzero_si256(), _mm256_setzero_si256()}; }

static INLINE void add_group(struct pairs *p, __m256i code, const int8_t *q) {
    const __m256i low = _mm256_set1_epi8(3), next = _mm256_set1_epi8(12), high = _mm256_srli_epi16(code, 4);
    p->once = tile_step(p->once, _mm256_and_si256(code, low), load(q + 192));
    p->fourfold = tile_step(p->fourfold, _mm256_and_si256(code, next), load(q + 128));
    p->once = tile_step(p->once, _mm256_and_si256(high, low), load(q + 64));
    p->fourfold = tile_step(p->fourfold, _mm256_and_si256(high, next), load(q));
}

static INLINE __m256i all_of(struct pairs p) {
    return _mm256_add_epi32(widen(p.once), _mm256_srai_epi32(widen(p.fourfold), 2));
}
#endif

#ifdef TERN_DPBUSD
// Masked where they lie: run s counts 4^(3-s) fold and is shifted back at the end.
struct sums {
    __m256i run[4];
};

static INLINE void add_group(struct sums *a, __m256i code, const int8_t *q) {
    UNROLL for (int s = 0; s < 4; s++) a->run[s] =
        TERN_DPBUSD(a->run[s], _mm256_and_si256(code, _mm256_set1_epi8((char)(0xC0 >> 2 * s))), load(q + 64 * s));
}

static INLINE struct sums no_sums(void) {
    const __m256i zero = _mm256_setzero_si256();
    return (struct sums){{zero, zero, zero, zero}};
}

static INLINE __m256i run_total(const struct sums *a) {
    __m256i run[4];
    UNROLL for (int s = 0; s < 4; s++) run[s] = _mm256_srai_epi32(a->run[s], 6 - 2 * s);
    return _mm256_add_epi32(_mm256_add_epi32(run[0], run[1]), _mm256_add_epi32(run[2], run[3]));
}

// Prefetches what lies `ahead` bytes from what it reads (0: nothing). Neighbouring groups have sums of their own, because
// vpdpbusd takes five cycles to add and two can begin in each.
static INLINE int32_t dot(const uint8_t *code, const int8_t *q, int32_t n, int64_t ahead) {
    struct sums a = no_sums(), b = no_sums();
    for (const uint8_t *end = code + n / PAIR * PAIR_BYTES; code < end; code += PAIR_BYTES, q += PAIR) {
        if (ahead) prefetch_l2(code + ahead);
        add_group(&a, load(code), q);
        add_group(&b, load(code + GROUP_BYTES), q + GROUP_BYTES);
    }
    if (n % PAIR) add_group(&a, load(code), q);
    UNROLL for (int s = 0; s < 4; s++) a.run[s] = _mm256_add_epi32(a.run[s], b.run[s]);
    return add_lanes(run_total(&a));
}
#else
// Prefetches what lies `ahead` bytes from what it reads (0: nothing).
static INLINE int32_t dot(const uint8_t *code, const int8_t *q, int32_t n, int64_t ahead) {
    __m256i sum = _mm256_setzero_si256();
    for (const uint8_t *end = code + n / 4; code < end;) {
        struct pairs p = no_pairs();
        for (const uint8_t *last = end - code < FLUSH ? end : code + FLUSH; code < last; q += PAIR) {
            if (ahead) prefetch_l2(code + ahead);
            add_group(&p, load(code), q);
            code += GROUP_BYTES;
            if (code == end) break;  // an odd number of groups: the last has no partner
            add_group(&p, load(code), q + GROUP_BYTES);
            code += GROUP_BYTES;
        }
        sum = _mm256_add_epi32(sum, all_of(p));
    }
    return add_lanes(sum);
}
#endif

static void rows(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc) {
    for (int32_t r = 0; r < n_rows; r++)
        acc[r] = dot(codes + (which ? which[r] : r) * stride, q, n, bytes_ahead(which, r, ahead, stride));
}

#include "x86_256_packed.h"
#ifdef TERN_DPBUSD
#include "x86_256_panels.h"
#else
#include "x86_256_tables.h"
#endif

// ---- sparse decode ----
// A pass: half a block, 128 rows, over at most BATCH live columns.
#ifdef TERN_DPBUSD
enum { BATCH = 16, AHEAD = 64 };
// Bytes 32h .. 32h+31 of four columns; once for the registers z of either byte interleave (low: z = 0, 1; high: z = 2,
// 3), so that 8 accumulators suffice.
static INLINE void columns_half_pass(const uint8_t *bytes, int64_t stride, const int32_t *live, const int8_t *live_q,
                                     int32_t n_live, int32_t n_ahead, const int high, int32_t *acc) {
    __m256i sum[4][2];
    UNROLL for (int s = 0; s < 4; s++) {
        UNROLL for (int z = 0; z < 2; z++) sum[s][z] = load(acc + 64 * s + 32 * high + 16 * z);
    }
    for (int32_t i = 0; i < n_live; i += 4) {
        if (i < n_ahead)
            for (int j = 0; j < 4; j++) prefetch_l1(bytes + live[i + AHEAD + j] * stride);
        const __m256i c0 = load(bytes + live[i] * stride), c1 = load(bytes + live[i + 1] * stride);
        const __m256i c2 = load(bytes + live[i + 2] * stride), c3 = load(bytes + live[i + 3] * stride);
        int32_t four;
        memcpy(&four, live_q + i, sizeof four);
        const __m256i q = _mm256_set1_epi32(four);
        const __m256i c01 = high ? _mm256_unpackhi_epi8(c0, c1) : _mm256_unpacklo_epi8(c0, c1);
        const __m256i c23 = high ? _mm256_unpackhi_epi8(c2, c3) : _mm256_unpacklo_epi8(c2, c3);
        const __m256i row[2] = {_mm256_unpacklo_epi16(c01, c23), _mm256_unpackhi_epi16(c01, c23)};
        UNROLL for (int s = 0; s < 4; s++) {
            UNROLL for (int z = 0; z < 2; z++) sum[s][z] = TERN_DPBUSD(sum[s][z], run_codes(row[z], s), q);
        }
    }
    UNROLL for (int s = 0; s < 4; s++) {
        UNROLL for (int z = 0; z < 2; z++) store(acc + 64 * s + 32 * high + 16 * z, sum[s][z]);
    }
}

static INLINE void columns_pass(const uint8_t *bytes, int64_t stride, const int32_t *live, const int8_t *live_q,
                                int32_t n_live, int32_t n_ahead, int32_t *acc) {
    columns_half_pass(bytes, stride, live, live_q, n_live, n_ahead, 0, acc);
    columns_half_pass(bytes, stride, live, live_q, n_live, 0, 1, acc);
}
#else
enum { BATCH = 32, AHEAD = 64 };  // 16 pairs of columns: what the 4-fold sums of `pairs` hold
// The 16 sums of one run and one byte interleave, widened: rows 16z .. 16z + 7 for z = 0, 1 (2, 3 if interleaved high).
static INLINE void add_rows(int32_t *acc, __m256i pairs, const int shift) {
    const __m256i low = _mm256_srai_epi32(_mm256_unpacklo_epi16(pairs, pairs), 16 + shift);
    const __m256i high = _mm256_srai_epi32(_mm256_unpackhi_epi16(pairs, pairs), 16 + shift);
    store(acc, _mm256_add_epi32(load(acc), low));
    store(acc + 16, _mm256_add_epi32(load(acc + 16), high));
}

// Two columns interleave by bytes, so that a 16-bit lane is a row: its sum of pairs fits for 16 pairs, 4-fold too.
static INLINE void columns_pass(const uint8_t *bytes, int64_t stride, const int32_t *live, const int8_t *live_q,
                                int32_t n_live, int32_t n_ahead, int32_t *acc) {
    const __m256i low = _mm256_set1_epi8(3), next = _mm256_set1_epi8(12);
    __m256i sum[2][4];  // of each interleave, of each run
    UNROLL for (int z = 0; z < 2; z++) {
        UNROLL for (int s = 0; s < 4; s++) sum[z][s] = _mm256_setzero_si256();
    }
    for (int32_t i = 0; i < n_live; i += 2) {
        if (i < n_ahead) {
            prefetch_l1(bytes + live[i + AHEAD] * stride);
            prefetch_l1(bytes + live[i + AHEAD + 1] * stride);
        }
        const __m256i c0 = load(bytes + live[i] * stride), c1 = load(bytes + live[i + 1] * stride);
        int16_t two;
        memcpy(&two, live_q + i, sizeof two);
        const __m256i q = _mm256_set1_epi16(two);
        const __m256i row[2] = {_mm256_unpacklo_epi8(c0, c1), _mm256_unpackhi_epi8(c0, c1)};
        UNROLL for (int z = 0; z < 2; z++) {
            const __m256i high = _mm256_srli_epi16(row[z], 4);
            sum[z][0] = tile_step(sum[z][0], _mm256_and_si256(high, next), q);
            sum[z][1] = tile_step(sum[z][1], _mm256_and_si256(high, low), q);
            sum[z][2] = tile_step(sum[z][2], _mm256_and_si256(row[z], next), q);
            sum[z][3] = tile_step(sum[z][3], _mm256_and_si256(row[z], low), q);
        }
    }
    UNROLL for (int z = 0; z < 2; z++) {
        UNROLL for (int s = 0; s < 4; s++) add_rows(acc + 64 * s + 32 * z, sum[z][s], s % 2 ? 0 : 2);
    }
}
#endif

static void columns(const uint8_t *columns, int64_t stride, const int32_t *live, const int8_t *live_q,
                    int32_t n_live, int32_t n_blocks, int32_t *acc) {
    memset(acc, 0, (size_t)n_blocks * BLOCK_ROWS * sizeof *acc);
    for (int32_t i = 0; i < AHEAD && i < n_live; i++)
        for (int32_t b = 0; b < n_blocks; b++)
            prefetch_l1(columns + live[i] * stride + b * BLOCK_BYTES);
    for (int32_t first = 0; first < n_live; first += BATCH) {
        const int32_t batch = n_live - first < BATCH ? n_live - first : BATCH;
        for (int32_t half = 0; half < 2 * n_blocks; half++) {
            const int32_t n_ahead = half % 2 == 0 && n_live - first > AHEAD ? n_live - first - AHEAD : 0;
            columns_pass(columns + half * 32, stride, live + first, live_q + first, batch, n_ahead,
                         acc + half / 2 * BLOCK_ROWS + half % 2 * 8);
        }
    }
}

#define TERN_KERNEL_256(ISA)                                                                                    \
    {                                                                                                           \
        .name = ISA, .rows = rows, .packed_rows = packed_rows, .unpack_five = unpack_five, .tables = TABLES,    \
        .unpack = unpack, .unpack_columns = unpack_columns,                                                     \
        .tile = tile, .tile_tokens = TILE_TOKENS, .columns = columns, .norm_quant = norm_quant_row, .finish = finish_rows,    \
        .finish_gated = finish_gated_rows,                                                                      \
        .floats = &tern_float_avx2,                                                                             \
    }
