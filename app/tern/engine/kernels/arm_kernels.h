// The Arm kernels, compiled twice: with the dot product (arm_dotprod.c) and with the 8-bit matrix
// multiply as well (arm_i8mm.c, which defines TERN_I8MM). sdot multiplies signed bytes: codes 0..2
// are, wherever they are masked except at the top two bits, which are shifted down instead.
#include <arm_neon.h>

#include "float_ops.h"

static INLINE int32x4_t dot4(int32x4_t sum, uint8x16_t codes, int8x16_t q) {
    return vdotq_s32(sum, vreinterpretq_s8_u8(codes), q);
}

// Codes of run s where they lie: run 0 and 3 count once, run 1 16-fold, run 2 4-fold.
static INLINE uint8x16_t run0(uint8x16_t c) { return vshrq_n_u8(c, 6); }
static INLINE uint8x16_t run1(uint8x16_t c) { return vandq_u8(c, vdupq_n_u8(0x30)); }
static INLINE uint8x16_t run2(uint8x16_t c) { return vandq_u8(c, vdupq_n_u8(0x0C)); }
static INLINE uint8x16_t run3(uint8x16_t c) { return vandq_u8(c, vdupq_n_u8(0x03)); }

// ---- decode: one row after another ----
struct sums {
    int32x4_t s0, s1, s2, s3;
};

static INLINE void accumulate(struct sums *a, const uint8_t *code, const int8_t *q) {
    const uint8x16_t c = vld1q_u8(code);
    a->s0 = dot4(a->s0, run0(c), vld1q_s8(q));
    a->s1 = dot4(a->s1, run1(c), vld1q_s8(q + 64));
    a->s2 = dot4(a->s2, run2(c), vld1q_s8(q + 128));
    a->s3 = dot4(a->s3, run3(c), vld1q_s8(q + 192));
}

static INLINE int32_t total(const struct sums *a, const struct sums *b) {
    const int32x4_t once = vaddq_s32(vaddq_s32(a->s0, b->s0), vaddq_s32(a->s3, b->s3));
    const int32x4_t s1 = vshrq_n_s32(vaddq_s32(a->s1, b->s1), 4), s2 = vshrq_n_s32(vaddq_s32(a->s2, b->s2), 2);
    return vaddvq_s32(vaddq_s32(once, vaddq_s32(s1, s2)));
}

static void rows(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc) {
    const int32x4_t zero = vdupq_n_s32(0);
    for (int32_t r = 0; r < n_rows; r++) {
        const uint8_t *code = codes + (which ? which[r] : r) * stride;
        const int64_t gap = bytes_ahead(which, r, ahead, stride);
        struct sums a = {zero, zero, zero, zero}, b = a;  // two sets, to hide the latency of sdot
        int32_t i = 0;
        for (; i + PAIR_BYTES <= n / 4; i += PAIR_BYTES) {
            const int8_t *qp = q + i * 4;
            if (gap) prefetch_l1(code + i + gap);
            accumulate(&a, code + i, qp);
            accumulate(&b, code + i + 16, qp + 16);
            accumulate(&a, code + i + 32, qp + 32);
            accumulate(&b, code + i + 48, qp + 48);
        }
        if (i < n / 4) {
            accumulate(&a, code + i, q + i * 4);
            accumulate(&b, code + i + 16, q + i * 4 + 16);
        }
        acc[r] = total(&a, &b);
    }
}

// ---- prefill ----
static INLINE uint8x16_t run_codes(uint8x16_t c, int32_t s) {
    return vandq_u8(vshlq_u8(c, vdupq_n_s8((int8_t)(2 * s - 6))), vdupq_n_u8(3));
}

static INLINE uint8x16_t load_or_zero(const uint8_t *p, int exists) { return exists ? vld1q_u8(p) : vdupq_n_u8(0); }

static INLINE uint8x16_t zip_low_64(uint8x16_t a, uint8x16_t b) {
    return vreinterpretq_u8_u64(vzip1q_u64(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b)));
}
static INLINE uint8x16_t zip_high_64(uint8x16_t a, uint8x16_t b) {
    return vreinterpretq_u8_u64(vzip2q_u64(vreinterpretq_u64_u8(a), vreinterpretq_u64_u8(b)));
}
static INLINE uint8x16_t zip_low_32(uint8x16_t a, uint8x16_t b) {
    return vreinterpretq_u8_u32(vzip1q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}
static INLINE uint8x16_t zip_high_32(uint8x16_t a, uint8x16_t b) {
    return vreinterpretq_u8_u32(vzip2q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}

// Interleaves 16 bytes of four columns: register z holds, in its dwords, four rows of each run.
struct rows4 {
    uint8x16_t z[4];
};

static INLINE struct rows4 interleave(uint8x16_t c0, uint8x16_t c1, uint8x16_t c2, uint8x16_t c3) {
    const uint16x8_t low01 = vreinterpretq_u16_u8(vzip1q_u8(c0, c1)), high01 = vreinterpretq_u16_u8(vzip2q_u8(c0, c1));
    const uint16x8_t low23 = vreinterpretq_u16_u8(vzip1q_u8(c2, c3)), high23 = vreinterpretq_u16_u8(vzip2q_u8(c2, c3));
    return (struct rows4){{vreinterpretq_u8_u16(vzip1q_u16(low01, low23)), vreinterpretq_u8_u16(vzip2q_u16(low01, low23)),
                           vreinterpretq_u8_u16(vzip1q_u16(high01, high23)),
                           vreinterpretq_u8_u16(vzip2q_u16(high01, high23))}};
}

static INLINE struct rows4 interleave_columns(const uint8_t *c, int64_t stride) {
    return interleave(vld1q_u8(c), vld1q_u8(c + stride), vld1q_u8(c + 2 * stride), vld1q_u8(c + 3 * stride));
}

#ifndef TERN_I8MM
// Panel [step][row][4]: transposes four rows of four dwords.
static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    for (int32_t r = 0; r < UNPACK_ROWS; r += 4)
        for (int32_t byte = 0; byte < PAIR_BYTES; byte += 16) {
            const uint8_t *p = codes + r * stride + byte;
            const int in = byte < n_bytes;
            const uint8x16_t a = load_or_zero(p, in && r < n_rows), b = load_or_zero(p + stride, in && r + 1 < n_rows);
            const uint8x16_t c = load_or_zero(p + 2 * stride, in && r + 2 < n_rows);
            const uint8x16_t d = load_or_zero(p + 3 * stride, in && r + 3 < n_rows);
            const uint8x16_t ab = zip_low_32(a, b), cd = zip_low_32(c, d), ab2 = zip_high_32(a, b), cd2 = zip_high_32(c, d);
            const uint8x16_t dword[4] = {zip_low_64(ab, cd), zip_high_64(ab, cd), zip_low_64(ab2, cd2),
                                         zip_high_64(ab2, cd2)};
            for (int32_t i = 0; i < 4; i++)
                for (int32_t s = 0; s < 4; s++)
                    vst1q_u8(panel + (16 * s + byte / 4 + i) * PANEL_ROWS * 4 + (first_row + r) * 4,
                             run_codes(dword[i], s));
        }
}

static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    if (n_columns < PAIR) memset(panel, 0, PANEL_BYTES);
    for (int32_t step = 0; step < PANEL_STEPS; step++) {
        if (step_column(step) >= n_columns) continue;
        for (int32_t l = 0; l < 4; l++) {
            const struct rows4 r = interleave_columns(block + step_column(step) * stride + 16 * l, stride);
            for (int32_t z = 0; z < 4; z++)
                vst1q_u8(panel + step * PANEL_ROWS * 4 + (16 * z + 4 * l) * 4, run_codes(r.z[z], s));
        }
    }
}

// 16 rows by nt tokens: 24 accumulators, a register of q for each token (four steps of it), two for
// weights. nt is a constant at each call; the accumulators have names because compilers keep an
// array of them in memory.
struct rows16 {
    int32x4_t r0, r1, r2, r3;
};

static INLINE struct rows16 start(const int32_t *c, int32_t accumulate) {
    const int32x4_t zero = vdupq_n_s32(0);
    if (!accumulate) return (struct rows16){zero, zero, zero, zero};
    return (struct rows16){vld1q_s32(c), vld1q_s32(c + 4), vld1q_s32(c + 8), vld1q_s32(c + 12)};
}

static INLINE void put(int32_t *c, struct rows16 a) {
    vst1q_s32(c, a.r0);
    vst1q_s32(c + 4, a.r1);
    vst1q_s32(c + 8, a.r2);
    vst1q_s32(c + 12, a.r3);
}

// One register of weights (four rows) against the same step of every token.
#define STEP_ROWS(part, lane)                                                              \
    {                                                                                      \
        const int8x16_t w = vld1q_s8(weights + 16 * (#part[1] - '0'));                     \
        t0.part = vdotq_laneq_s32(t0.part, w, q0, lane);                                   \
        if (nt > 1) t1.part = vdotq_laneq_s32(t1.part, w, q1, lane);                       \
        if (nt > 2) t2.part = vdotq_laneq_s32(t2.part, w, q2, lane);                       \
        if (nt > 3) t3.part = vdotq_laneq_s32(t3.part, w, q3, lane);                       \
        if (nt > 4) t4.part = vdotq_laneq_s32(t4.part, w, q4, lane);                       \
        if (nt > 5) t5.part = vdotq_laneq_s32(t5.part, w, q5, lane);                       \
    }
#define STEP(lane)                      \
    STEP_ROWS(r0, lane)                 \
    STEP_ROWS(r1, lane)                 \
    STEP_ROWS(r2, lane)                 \
    STEP_ROWS(r3, lane)                 \
    weights += PANEL_ROWS * 4;

static INLINE void tile_n(const uint8_t *panel, const int8_t *q, int64_t q_stride, const int nt, int32_t *c,
                          int32_t accumulate) {
    const int8_t *weights = (const int8_t *)panel;
    struct rows16 t0 = start(c, accumulate), t1, t2, t3, t4, t5;
    int8x16_t q0, q1, q2, q3, q4, q5;
    if (nt > 1) t1 = start(c + PANEL_ROWS, accumulate);
    if (nt > 2) t2 = start(c + 2 * PANEL_ROWS, accumulate);
    if (nt > 3) t3 = start(c + 3 * PANEL_ROWS, accumulate);
    if (nt > 4) t4 = start(c + 4 * PANEL_ROWS, accumulate);
    if (nt > 5) t5 = start(c + 5 * PANEL_ROWS, accumulate);
    for (int32_t k = 0; k < PAIR; k += 16) {
        q0 = vld1q_s8(q + k);
        if (nt > 1) q1 = vld1q_s8(q + q_stride + k);
        if (nt > 2) q2 = vld1q_s8(q + 2 * q_stride + k);
        if (nt > 3) q3 = vld1q_s8(q + 3 * q_stride + k);
        if (nt > 4) q4 = vld1q_s8(q + 4 * q_stride + k);
        if (nt > 5) q5 = vld1q_s8(q + 5 * q_stride + k);
        STEP(0)
        STEP(1)
        STEP(2)
        STEP(3)
    }
    put(c, t0);
    if (nt > 1) put(c + PANEL_ROWS, t1);
    if (nt > 2) put(c + 2 * PANEL_ROWS, t2);
    if (nt > 3) put(c + 3 * PANEL_ROWS, t3);
    if (nt > 4) put(c + 4 * PANEL_ROWS, t4);
    if (nt > 5) put(c + 5 * PANEL_ROWS, t5);
}

enum { ROW_BYTES = 4 };  // of a row in one step of the panel

#else  // TERN_I8MM

// Panel [step of 8][row][8]: smmla takes two rows of eight values, and I2_S has them side by side.
enum { ROW_BYTES = 8, STEP8_BYTES = PANEL_ROWS * 8 };

static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    for (int32_t r = 0; r < UNPACK_ROWS; r += 2)
        for (int32_t byte = 0; byte < PAIR_BYTES; byte += 16) {
            const uint8_t *p = codes + r * stride + byte;
            const int in = byte < n_bytes;
            const uint8x16_t a = load_or_zero(p, in && r < n_rows), b = load_or_zero(p + stride, in && r + 1 < n_rows);
            const uint8x16_t low = zip_low_64(a, b), high = zip_high_64(a, b);
            for (int32_t s = 0; s < 4; s++) {
                uint8_t *out = panel + (8 * s + byte / 8) * STEP8_BYTES + (first_row + r) * 8;
                vst1q_u8(out, run_codes(low, s));
                vst1q_u8(out + STEP8_BYTES, run_codes(high, s));
            }
        }
}

static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    if (n_columns < PAIR) memset(panel, 0, PANEL_BYTES);
    for (int32_t step = 0; step < PANEL_STEPS; step += 2) {
        if (step_column(step) >= n_columns) continue;
        for (int32_t l = 0; l < 4; l++) {
            const uint8_t *c = block + step_column(step) * stride + 16 * l;
            const struct rows4 a = interleave_columns(c, stride), b = interleave_columns(c + 4 * stride, stride);
            for (int32_t z = 0; z < 4; z++) {
                uint8_t *out = panel + step / 2 * STEP8_BYTES + (16 * z + 4 * l) * 8;
                vst1q_u8(out, run_codes(zip_low_32(a.z[z], b.z[z]), s));
                vst1q_u8(out + 16, run_codes(zip_high_32(a.z[z], b.z[z]), s));
            }
        }
    }
}

// 16 rows by three pairs of tokens. An accumulator is two tokens by two rows; the odd token of an odd
// count is computed twice.
struct rows16 {
    int32x4_t p0, p1, p2, p3, p4, p5, p6, p7;
};

static INLINE int32x4_t start2(const int32_t *even, const int32_t *odd, int32_t accumulate) {
    return accumulate ? vcombine_s32(vld1_s32(even), vld1_s32(odd)) : vdupq_n_s32(0);
}

static INLINE struct rows16 start(const int32_t *e, const int32_t *o, int32_t accumulate) {
    return (struct rows16){start2(e, o, accumulate),           start2(e + 2, o + 2, accumulate),
                           start2(e + 4, o + 4, accumulate),   start2(e + 6, o + 6, accumulate),
                           start2(e + 8, o + 8, accumulate),   start2(e + 10, o + 10, accumulate),
                           start2(e + 12, o + 12, accumulate), start2(e + 14, o + 14, accumulate)};
}

static INLINE void put2(int32_t *even, int32_t *odd, int32x4_t a, int32x4_t b) {
    vst1q_s32(odd, vcombine_s32(vget_high_s32(a), vget_high_s32(b)));
    vst1q_s32(even, vcombine_s32(vget_low_s32(a), vget_low_s32(b)));
}

static INLINE void put(int32_t *e, int32_t *o, struct rows16 a) {
    put2(e, o, a.p0, a.p1);
    put2(e + 4, o + 4, a.p2, a.p3);
    put2(e + 8, o + 8, a.p4, a.p5);
    put2(e + 12, o + 12, a.p6, a.p7);
}

#define STEP_PAIR(part)                                                    \
    {                                                                      \
        const int8x16_t w = vld1q_s8(weights + 16 * (#part[1] - '0'));     \
        t0.part = vmmlaq_s32(t0.part, q0, w);                              \
        if (nt > 2) t1.part = vmmlaq_s32(t1.part, q1, w);                  \
        if (nt > 4) t2.part = vmmlaq_s32(t2.part, q2, w);                  \
    }

static INLINE int8x16_t two_tokens(const int8_t *even, const int8_t *odd) {
    return vcombine_s8(vld1_s8(even), vld1_s8(odd));
}

static INLINE void tile_n(const uint8_t *panel, const int8_t *q, int64_t q_stride, const int nt, int32_t *c,
                          int32_t accumulate) {
    const int8_t *weights = (const int8_t *)panel;
    const int odd0 = nt > 1 ? 1 : 0, odd1 = nt > 3 ? 3 : 2, odd2 = nt > 5 ? 5 : 4;
    struct rows16 t0 = start(c, c + odd0 * PANEL_ROWS, accumulate), t1, t2;
    int8x16_t q0, q1, q2;
    if (nt > 2) t1 = start(c + 2 * PANEL_ROWS, c + odd1 * PANEL_ROWS, accumulate);
    if (nt > 4) t2 = start(c + 4 * PANEL_ROWS, c + odd2 * PANEL_ROWS, accumulate);
    for (int32_t k = 0; k < PAIR; k += 8, weights += STEP8_BYTES) {
        q0 = two_tokens(q + k, q + odd0 * q_stride + k);
        if (nt > 2) q1 = two_tokens(q + 2 * q_stride + k, q + odd1 * q_stride + k);
        if (nt > 4) q2 = two_tokens(q + 4 * q_stride + k, q + odd2 * q_stride + k);
        STEP_PAIR(p0)
        STEP_PAIR(p1)
        STEP_PAIR(p2)
        STEP_PAIR(p3)
        STEP_PAIR(p4)
        STEP_PAIR(p5)
        STEP_PAIR(p6)
        STEP_PAIR(p7)
    }
    put(c, c + odd0 * PANEL_ROWS, t0);
    if (nt > 2) put(c + 2 * PANEL_ROWS, c + odd1 * PANEL_ROWS, t1);
    if (nt > 4) put(c + 4 * PANEL_ROWS, c + odd2 * PANEL_ROWS, t2);
}
#endif

static void tile(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate) {
    for (int32_t r = 0; r < PANEL_ROWS; r += 16) {
        const uint8_t *p = panel + r * ROW_BYTES;
        switch (n_tokens) {
        case 1: tile_n(p, q, q_stride, 1, c + r, accumulate); break;
        case 2: tile_n(p, q, q_stride, 2, c + r, accumulate); break;
        case 3: tile_n(p, q, q_stride, 3, c + r, accumulate); break;
        case 4: tile_n(p, q, q_stride, 4, c + r, accumulate); break;
        case 5: tile_n(p, q, q_stride, 5, c + r, accumulate); break;
        default: tile_n(p, q, q_stride, 6, c + r, accumulate); break;
        }
    }
}

// ---- sparse decode ----
// A quarter of a block, bytes 16l .. 16l+15: 64 rows in 16 accumulators.
struct quarter {
    int32x4_t s0, s1, s2, s3;  // of one z
};

static INLINE struct quarter load_sums(const int32_t *acc) {
    return (struct quarter){vld1q_s32(acc), vld1q_s32(acc + 64), vld1q_s32(acc + 128), vld1q_s32(acc + 192)};
}

static INLINE struct quarter add_columns(struct quarter a, uint8x16_t c, int8x16_t q) {
    return (struct quarter){dot4(a.s0, run0(c), q), dot4(a.s1, run1(c), q), dot4(a.s2, run2(c), q),
                            dot4(a.s3, run3(c), q)};
}

static INLINE void store_sums(int32_t *acc, struct quarter a) {
    vst1q_s32(acc, a.s0);
    vst1q_s32(acc + 64, a.s1);
    vst1q_s32(acc + 128, a.s2);
    vst1q_s32(acc + 192, a.s3);
}

static INLINE void columns_quarter(const uint8_t *bytes, int64_t stride, const int32_t *live, const int8_t *live_q,
                                   int32_t n_live, int32_t *acc) {
    struct quarter z0 = load_sums(acc), z1 = load_sums(acc + 16), z2 = load_sums(acc + 32), z3 = load_sums(acc + 48);
    for (int32_t i = 0; i < n_live; i += 4) {
        const struct rows4 r = interleave(vld1q_u8(bytes + live[i] * stride), vld1q_u8(bytes + live[i + 1] * stride),
                                          vld1q_u8(bytes + live[i + 2] * stride), vld1q_u8(bytes + live[i + 3] * stride));
        int32_t four;
        memcpy(&four, live_q + i, sizeof four);
        const int8x16_t q = vreinterpretq_s8_s32(vdupq_n_s32(four));
        z0 = add_columns(z0, r.z[0], q);
        z1 = add_columns(z1, r.z[1], q);
        z2 = add_columns(z2, r.z[2], q);
        z3 = add_columns(z3, r.z[3], q);
    }
    store_sums(acc, z0);
    store_sums(acc + 16, z1);
    store_sums(acc + 32, z2);
    store_sums(acc + 48, z3);
}

static void columns(const uint8_t *columns, int64_t stride, const int32_t *live, const int8_t *live_q,
                    int32_t n_live, int32_t n_blocks, int32_t *acc) {
    enum { BATCH = 16, AHEAD = 64 };
    memset(acc, 0, (size_t)n_blocks * BLOCK_ROWS * sizeof *acc);
    for (int32_t first = 0; first < n_live; first += BATCH) {
        const int32_t batch = n_live - first < BATCH ? n_live - first : BATCH;
        for (int32_t i = first ? first + AHEAD : 0; i < first + AHEAD + BATCH && i < n_live; i++)
            for (int32_t b = 0; b < n_blocks; b++) prefetch_l2(columns + live[i] * stride + b * BLOCK_BYTES);
        for (int32_t b = 0; b < n_blocks; b++)
            for (int32_t l = 0; l < 4; l++)
                columns_quarter(columns + b * BLOCK_BYTES + 16 * l, stride, live + first, live_q + first, batch,
                                acc + b * BLOCK_ROWS + 4 * l);
    }
    for (int32_t b = 0; b < n_blocks; b++)  // what the masks left 16-fold and 4-fold
        for (int32_t r = 0; r < 64; r++) {
            acc[b * BLOCK_ROWS + 64 + r] >>= 4;
            acc[b * BLOCK_ROWS + 128 + r] >>= 2;
        }
}

#define TERN_KERNEL_NEON(ISA)                                                                                   \
    {                                                                                                           \
        .name = ISA, .rows = rows, .unpack = unpack, .unpack_columns = unpack_columns, .tile = tile,            \
        .tile_tokens = 6, .columns = columns, .norm_quant = norm_quant_row, .finish = finish_rows,              \
        .finish_gated = finish_gated_rows,                                                                      \
        .floats = &tern_float_neon,                                                                             \
    }
