// Integer dot products over the coarse head, compiled once per instruction set: COARSE_ROWS names the function.
#include "coarse.h"
#include "compiler.h"
#include "simd.h"

enum { COARSE_AHEAD = 8192 };  // bytes: rows lie one after another, and the hardware prefetcher stops at each page

#if defined(__AVX512VNNI__)
// As an instruction for GCC, which otherwise copies the sums to and fro; see x86_512.h.
static INLINE __m512i add_dot4(__m512i sum, __m512i codes, const int8_t *x) {
#if defined(__GNUC__) && !defined(__clang__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "m"(*(const __m512i_u *)(const void *)x));
    return sum;
#else
    return _mm512_dpbusd_epi32(sum, codes, _mm512_loadu_si512(x));
#endif
}
static inline int32_t coarse_row_of_bytes(const uint8_t *row, const int8_t *x, int32_t n) {
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    for (int32_t i = 0; i < n; i += 128) {
        prefetch_l2(row + i / 2 + COARSE_AHEAD);
        const __m512i u = _mm512_loadu_si512(row + i / 2);
        s0 = add_dot4(s0, _mm512_and_si512(u, nibble), x + i);
        s1 = add_dot4(s1, _mm512_and_si512(_mm512_srli_epi16(u, 4), nibble), x + i + 64);
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}
static inline int32_t coarse_row(const uint8_t *row, const int8_t *high, const int8_t *low, int32_t n) {
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i h0 = _mm512_setzero_si512(), h1 = h0, l0 = h0, l1 = h0;
    for (int32_t i = 0; i < n; i += 128) {
        prefetch_l2(row + i / 2 + COARSE_AHEAD);
        const __m512i u = _mm512_loadu_si512(row + i / 2);
        const __m512i a = _mm512_and_si512(u, nibble), b = _mm512_and_si512(_mm512_srli_epi16(u, 4), nibble);
        h0 = add_dot4(h0, a, high + i);
        h1 = add_dot4(h1, b, high + i + 64);
        l0 = add_dot4(l0, a, low + i);
        l1 = add_dot4(l1, b, low + i + 64);
    }
    const __m512i h = _mm512_slli_epi32(_mm512_add_epi32(h0, h1), 7);
    return _mm512_reduce_add_epi32(_mm512_add_epi32(h, _mm512_add_epi32(l0, l1)));
}
#elif defined(__AVX2__)
// A product of a pair is at most 2 * 15 * 128 = 3840 with high (8 of them fit int16: two blocks of 128 columns), and
// 2 * 15 * 64 = 1920 with low (16: four blocks). Widening after so many halves the multiplications.
static inline __m256i add_products(__m256i pairs, __m256i u, const int8_t *x) {
    return _mm256_add_epi16(pairs, _mm256_maddubs_epi16(u, _mm256_loadu_si256((const __m256i *)(const void *)x)));
}
static inline int32_t add_all_lanes(__m256i s) {
    s = _mm256_hadd_epi32(s, s);
    s = _mm256_hadd_epi32(s, s);
    return _mm256_extract_epi32(s, 0) + _mm256_extract_epi32(s, 4);
}
static inline int32_t coarse_row_of_bytes(const uint8_t *row, const int8_t *x, int32_t n) {
    const __m256i nibble = _mm256_set1_epi8(15), one = _mm256_set1_epi16(1);
    __m256i s = _mm256_setzero_si256();
    for (int32_t i = 0; i < n;) {
        __m256i pairs = _mm256_setzero_si256();
        for (const int32_t end = n - i < 256 ? n : i + 256; i < end; i += 128) {
            prefetch_l2(row + i / 2 + COARSE_AHEAD);
            for (int32_t j = 0; j < 64; j += 32) {
                const __m256i u = _mm256_loadu_si256((const __m256i *)(const void *)(row + i / 2 + j));
                pairs = add_products(pairs, _mm256_and_si256(u, nibble), x + i + j);
                pairs = add_products(pairs, _mm256_and_si256(_mm256_srli_epi16(u, 4), nibble), x + i + j + 64);
            }
        }
        s = _mm256_add_epi32(s, _mm256_madd_epi16(pairs, one));
    }
    return add_all_lanes(s);
}
static inline int32_t coarse_row(const uint8_t *row, const int8_t *high, const int8_t *low, int32_t n) {
    const __m256i nibble = _mm256_set1_epi8(15), one = _mm256_set1_epi16(1), factor = _mm256_set1_epi16(X_HIGH);
    __m256i s = _mm256_setzero_si256();
    for (int32_t i = 0; i < n;) {
        __m256i l = _mm256_setzero_si256();
        for (const int32_t last = n - i < 512 ? n : i + 512; i < last;) {
            __m256i h = _mm256_setzero_si256();
            for (const int32_t end = last - i < 256 ? last : i + 256; i < end; i += 128) {
                prefetch_l2(row + i / 2 + COARSE_AHEAD);
                for (int32_t j = 0; j < 64; j += 32) {
                    const __m256i u = _mm256_loadu_si256((const __m256i *)(const void *)(row + i / 2 + j));
                    const __m256i a = _mm256_and_si256(u, nibble);
                    const __m256i b = _mm256_and_si256(_mm256_srli_epi16(u, 4), nibble);
                    h = add_products(add_products(h, a, high + i + j), b, high + i + j + 64);
                    l = add_products(add_products(l, a, low + i + j), b, low + i + j + 64);
                }
            }
            s = _mm256_add_epi32(s, _mm256_madd_epi16(h, factor));
        }
        s = _mm256_add_epi32(s, _mm256_madd_epi16(l, one));
    }
    return add_all_lanes(s);
}
#elif defined(__ARM_FEATURE_DOTPROD)
static inline int32_t coarse_row_of_bytes(const uint8_t *row, const int8_t *x, int32_t n) {
    int32x4_t s[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int32_t i = 0; i < n; i += 128) {
        prefetch_l2(row + i / 2 + COARSE_AHEAD);
        for (int32_t j = 0; j < 64; j += 32) {
            const uint8x16_t u = vld1q_u8(row + i / 2 + j), v = vld1q_u8(row + i / 2 + j + 16);
            const int8_t *p = x + i + j;
            s[0] = vdotq_s32(s[0], vreinterpretq_s8_u8(vandq_u8(u, vdupq_n_u8(15))), vld1q_s8(p));
            s[1] = vdotq_s32(s[1], vreinterpretq_s8_u8(vshrq_n_u8(u, 4)), vld1q_s8(p + 64));
            s[2] = vdotq_s32(s[2], vreinterpretq_s8_u8(vandq_u8(v, vdupq_n_u8(15))), vld1q_s8(p + 16));
            s[3] = vdotq_s32(s[3], vreinterpretq_s8_u8(vshrq_n_u8(v, 4)), vld1q_s8(p + 80));
        }
    }
    return vaddvq_s32(vaddq_s32(vaddq_s32(s[0], s[1]), vaddq_s32(s[2], s[3])));
}
static inline int32_t coarse_row(const uint8_t *row, const int8_t *high, const int8_t *low, int32_t n) {
    int32x4_t h[2] = {vdupq_n_s32(0), vdupq_n_s32(0)}, l[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int32_t i = 0; i < n; i += 128)
        for (int32_t j = 0; j < 64; j += 16) {
            const uint8x16_t u = vld1q_u8(row + i / 2 + j);
            const int8x16_t a = vreinterpretq_s8_u8(vandq_u8(u, vdupq_n_u8(15)));
            const int8x16_t b = vreinterpretq_s8_u8(vshrq_n_u8(u, 4));
            h[0] = vdotq_s32(h[0], a, vld1q_s8(high + i + j));
            h[1] = vdotq_s32(h[1], b, vld1q_s8(high + i + j + 64));
            l[0] = vdotq_s32(l[0], a, vld1q_s8(low + i + j));
            l[1] = vdotq_s32(l[1], b, vld1q_s8(low + i + j + 64));
        }
    return (vaddvq_s32(vaddq_s32(h[0], h[1])) << 7) + vaddvq_s32(vaddq_s32(l[0], l[1]));
}
#else
static inline int32_t coarse_row_of_bytes(const uint8_t *row, const int8_t *x, int32_t n) {
    int32_t s = 0;
    for (int32_t i = 0; i < n; i += 128)
        for (int32_t j = 0; j < 64; j++) s += (row[i / 2 + j] & 15) * x[i + j] + (row[i / 2 + j] >> 4) * x[i + j + 64];
    return s;
}
static inline int32_t coarse_row(const uint8_t *row, const int8_t *high, const int8_t *low, int32_t n) {
    int32_t h = 0, l = 0;
    for (int32_t i = 0; i < n; i += 128)
        for (int32_t j = 0; j < 64; j++) {
            const int32_t a = row[i / 2 + j] & 15, b = row[i / 2 + j] >> 4;
            h += a * high[i + j] + b * high[i + j + 64];
            l += a * low[i + j] + b * low[i + j + 64];
        }
    return h * X_HIGH + l;
}
#endif

static void COARSE_ROWS(const uint8_t *rows, int32_t n_rows, const int8_t *high, const int8_t *low, int32_t n,
                        int32_t *acc) {
    for (int32_t r = 0; r < n_rows; r++) {
        const uint8_t *row = rows + (int64_t)r * (n / 2);
        acc[r] = low ? coarse_row(row, high, low, n) : coarse_row_of_bytes(row, high, n);
    }
}
