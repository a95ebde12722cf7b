// The 256-bit x86 kernels, compiled twice: AVX2 alone (x86_avx2.c) and AVX2 with VNNI
// (x86_avxvnni.c, which defines TERN_DPBUSD). Without VNNI, vpmaddubsw multiplies 32 codes by 32
// activations and adds pairs into int16; a pair stays within 2 * 2 * 128 = 512, so 64 pairs fit
// (-32768 .. 32512) before they must be widened to int32.
#include <immintrin.h>

#include "float_ops.h"

#if defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#define INLINE inline __attribute__((always_inline))
#else
#define UNROLL
#define INLINE __forceinline
#endif

static INLINE __m256i load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
static INLINE void store(void *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }

static INLINE __m256i widen(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }

// Codes of run s, 0..2 in each byte.
static INLINE __m256i run_codes(__m256i code, int s) {
    return _mm256_and_si256(_mm256_srli_epi16(code, 6 - 2 * s), _mm256_set1_epi8(3));
}

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

// Prefetches what lies `ahead` bytes from what it reads (0: nothing).
static INLINE int32_t dot(const uint8_t *code, const int8_t *q, int32_t n, int64_t ahead) {
#ifdef TERN_DPBUSD
    const int32_t n_groups = n / GROUP;
    __m256i run[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int32_t g = 0; g < n_groups; g++) {
        if (ahead && g % 2 == 0) _mm_prefetch((const char *)code + g * GROUP_BYTES + ahead, _MM_HINT_T0);
        const __m256i c = load(code + g * GROUP_BYTES);
        const int8_t *qg = q + g / 2 * PAIR + g % 2 * 32;
        // Masked where they lie: run s counts 4^(3-s) fold and is shifted back at the end.
        UNROLL for (int s = 0; s < 4; s++) run[s] = TERN_DPBUSD(
            run[s], _mm256_and_si256(c, _mm256_set1_epi8((char)(0xC0 >> 2 * s))), load(qg + 64 * s));
    }
    const __m256i high = _mm256_add_epi32(_mm256_srai_epi32(run[0], 6), _mm256_srai_epi32(run[1], 4));
    return add_lanes(_mm256_add_epi32(high, _mm256_add_epi32(_mm256_srai_epi32(run[2], 2), run[3])));
#else
    __m256i sum = _mm256_setzero_si256();
    for (const uint8_t *end = code + n / 4; code < end;) {
        struct pairs p = no_pairs();
        for (const uint8_t *last = end - code < FLUSH ? end : code + FLUSH; code < last; q += PAIR) {
            if (ahead) _mm_prefetch((const char *)code + ahead, _MM_HINT_T0);
            add_group(&p, load(code), q);
            code += GROUP_BYTES;
            if (code == end) break;  // an odd number of groups: the last has no partner
            add_group(&p, load(code), q + GROUP_BYTES);
            code += GROUP_BYTES;
        }
        sum = _mm256_add_epi32(sum, all_of(p));
    }
    return add_lanes(sum);
#endif
}

static void rows(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc) {
    for (int32_t r = 0; r < n_rows; r++)
        acc[r] = dot(codes + (which ? which[r] : r) * stride, q, n, bytes_ahead(which, r, ahead, stride));
}

// ---- prefill ----
// Transposes 8 rows of 8 dwords: r[i] becomes dword i of all rows.
static INLINE void transpose_8x8(__m256i r[8]) {
    __m256i t[8];
    UNROLL for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        const __m256i a = r[i], b = r[i + 4];
        r[i] = _mm256_permute2x128_si256(a, b, 0x20);
        r[i + 4] = _mm256_permute2x128_si256(a, b, 0x31);
    }
}

static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    for (int32_t first = 0; first < UNPACK_ROWS; first += 8)
        for (int32_t half = 0; half < 2; half++) {
            __m256i r[8];
            for (int32_t i = 0; i < 8; i++)
                r[i] = first + i < n_rows && half * 32 < n_bytes ? load(codes + (first + i) * stride + half * 32)
                                                                : _mm256_setzero_si256();
            transpose_8x8(r);
            UNROLL for (int i = 0; i < 8; i++) {
                uint8_t *out = panel + (half * 8 + i) * PANEL_ROWS * 4 + (first_row + first) * 4;
                UNROLL for (int s = 0; s < 4; s++) store(out + 16 * s * PANEL_ROWS * 4, run_codes(r[i], s));
            }
        }
}

// Half a block at a time: bytes 32h .. 32h+31 hold rows 16z + 8h .. 16z + 8h + 7 of each run.
static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    const __m256i mask = _mm256_set1_epi8(3);
    const __m128i shift = _mm_cvtsi32_si128(6 - 2 * s);
    if (n_columns < PAIR) memset(panel, 0, PANEL_BYTES);
    for (int32_t step = 0; step < PANEL_STEPS; step++) {
        if (step_column(step) >= n_columns) continue;
        for (int32_t h = 0; h < 2; h++) {
            const uint8_t *c = block + step_column(step) * stride + 32 * h;
            const __m256i c0 = load(c), c1 = load(c + stride), c2 = load(c + 2 * stride), c3 = load(c + 3 * stride);
            const __m256i low01 = _mm256_unpacklo_epi8(c0, c1), high01 = _mm256_unpackhi_epi8(c0, c1);
            const __m256i low23 = _mm256_unpacklo_epi8(c2, c3), high23 = _mm256_unpackhi_epi8(c2, c3);
            const __m256i z[4] = {
                _mm256_unpacklo_epi16(low01, low23), _mm256_unpackhi_epi16(low01, low23),
                _mm256_unpacklo_epi16(high01, high23), _mm256_unpackhi_epi16(high01, high23)};
            uint8_t *out = panel + step * PANEL_ROWS * 4 + 32 * h;
            UNROLL for (int i = 0; i < 4; i++) store(out + 64 * i, _mm256_and_si256(_mm256_srl_epi16(z[i], shift), mask));
        }
    }
}

// 16 rows by nt tokens. With VNNI the accumulators are int32; without, int16 pairs over the 64 steps
// of a panel, which is exactly what fits.
static INLINE void tile_n(const uint8_t *panel, const int8_t *q, int64_t q_stride, const int nt, int32_t *c,
                          int32_t accumulate) {
    __m256i acc[6][2];
    UNROLL for (int t = 0; t < nt; t++) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
    for (int32_t k = 0; k < PANEL_STEPS; k++) {
        const __m256i w0 = load(panel + k * PANEL_ROWS * 4), w1 = load(panel + k * PANEL_ROWS * 4 + 32);
        UNROLL for (int t = 0; t < nt; t++) {
            int32_t four;
            memcpy(&four, q + t * q_stride + 4 * k, sizeof four);
            const __m256i b = _mm256_set1_epi32(four);
            acc[t][0] = tile_step(acc[t][0], w0, b);
            acc[t][1] = tile_step(acc[t][1], w1, b);
        }
    }
    UNROLL for (int t = 0; t < nt; t++) {
        UNROLL for (int v = 0; v < 2; v++) {
            int32_t *out = c + t * PANEL_ROWS + 8 * v;
#ifdef TERN_DPBUSD
            const __m256i sum = acc[t][v];
#else
            const __m256i sum = widen(acc[t][v]);
#endif
            store(out, accumulate ? _mm256_add_epi32(load(out), sum) : sum);
        }
    }
}

#ifdef TERN_DPBUSD
enum { TILE_TOKENS = 6 };
#else
enum { TILE_TOKENS = 5 };  // a sixth would spill: vpmaddubsw needs a register for its result
#endif

static void tile(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate) {
    for (int32_t r = 0; r < PANEL_ROWS; r += 16) {
        const uint8_t *p = panel + r * 4;
        switch (n_tokens) {
        case 1: tile_n(p, q, q_stride, 1, c + r, accumulate); break;
        case 2: tile_n(p, q, q_stride, 2, c + r, accumulate); break;
        case 3: tile_n(p, q, q_stride, 3, c + r, accumulate); break;
        case 4: tile_n(p, q, q_stride, 4, c + r, accumulate); break;
        case 5: tile_n(p, q, q_stride, 5, c + r, accumulate); break;
        default: tile_n(p, q, q_stride, TILE_TOKENS, c + r, accumulate); break;
        }
    }
}

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
            for (int j = 0; j < 4; j++) _mm_prefetch((const char *)bytes + live[i + AHEAD + j] * stride, _MM_HINT_T0);
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
            _mm_prefetch((const char *)bytes + live[i + AHEAD] * stride, _MM_HINT_T0);
            _mm_prefetch((const char *)bytes + live[i + AHEAD + 1] * stride, _MM_HINT_T0);
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
            _mm_prefetch((const char *)columns + live[i] * stride + b * BLOCK_BYTES, _MM_HINT_T0);
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
        .name = ISA, .rows = rows, .unpack = unpack, .unpack_columns = unpack_columns, .tile = tile,            \
        .tile_tokens = TILE_TOKENS, .columns = columns, .norm_quant = norm_quant_row, .finish = finish_rows,    \
        .finish_gated = finish_gated_rows,                                                                      \
        .floats = &tern_float_avx2,                                                                             \
    }
