// AVX-512 with VNNI and VBMI: rows of five codes a byte (packed.c) decode in registers.
#include "x86_512.h"

// In each byte of `packed` 81 t4 + 27 t0 + 9 t1 + 3 t2 + t3.
struct codes5 {
    __m512i four;  // t0..t3 as in I2_S, at bits 6, 4, 2, 0
    __m512i top;   // 81 t4
};

static INLINE struct codes5 decode(__m512i packed) {
    const __m512i low = _mm512_loadu_si512(tern_four_codes), high = _mm512_loadu_si512(tern_four_codes + 64);
    const __m512i step = _mm512_set1_epi8(81);
    // Below 81 the difference wraps to something large, so the minimum subtracts only where it can.
    const __m512i once = _mm512_min_epu8(packed, _mm512_sub_epi8(packed, step));
    const __m512i rest = _mm512_min_epu8(once, _mm512_sub_epi8(once, step));
    return (struct codes5){_mm512_permutex2var_epi8(low, rest, high), _mm512_sub_epi8(packed, rest)};
}

static INLINE __m512i packed_total(const uint8_t *packed, const int8_t *q, int32_t n_blocks, int64_t ahead) {
    struct sums a = no_sums();
    __m512i top = _mm512_setzero_si512();  // 81 fold
    for (int32_t b = 0; b < n_blocks; b++) {
        if (ahead) prefetch_l2(packed + ahead);
        const struct codes5 c = decode(load(packed));
        accumulate_pair(&a, c.four, q);
        top = dot4(top, c.top, load(q + 256));
        packed += PACKED_BYTES;
        q += PACKED_COLUMNS;
    }
    return _mm512_add_epi32(_mm512_mullo_epi32(run_total(&a), _mm512_set1_epi32(81)), top);
}

// Division by 81 of what is a multiple of it: the inverse of 81 modulo 2^32.
static INLINE int32_t exactly_by_81(int32_t sum) { return (int32_t)((uint32_t)sum * 0x781948B1u); }

static void packed_rows(const uint8_t *packed, const int32_t *which, int32_t n_rows, const int8_t *q, int32_t n,
                        int32_t ahead, int32_t *acc) {
    const int32_t n_blocks = n / PACKED_COLUMNS;
    const int64_t stride = packed_stride(n);
    int32_t r = 0;
#define ROW(i) \
    packed_total(packed + (which ? which[i] : (i)) * stride, q, n_blocks, bytes_ahead(which, i, ahead, stride))
    for (; r + 4 <= n_rows; r += 4) {
        const __m512i a = ROW(r), b = ROW(r + 1), c = ROW(r + 2), d = ROW(r + 3);
        const __m128i sums = _mm_mullo_epi32(add_lanes_of_four(a, b, c, d), _mm_set1_epi32(0x781948B1));
        _mm_storeu_si128((__m128i *)(acc + r), sums);
    }
    for (; r < n_rows; r++) acc[r] = exactly_by_81(_mm512_reduce_add_epi32(ROW(r)));
#undef ROW
}

// Four packed registers hold 20 runs, which are five registers of I2_S.
static void unpack_five(const uint8_t *packed, uint8_t *codes) {
    struct codes5 c[4];
    __m512i top[4];
    UNROLL for (int i = 0; i < 4; i++) {
        c[i] = decode(load(packed + i * PACKED_BYTES));
        top[i] = _mm512_and_si512(c[i].top, _mm512_set1_epi8(3));  // 0, 81, 162 end in 0, 1, 2
    }
    // Where run r of register i goes is decided by shifts of whole bytes' bits; masks cut what crosses a byte.
#define LEFT(v, n, mask) _mm512_and_si512(_mm512_slli_epi16(v, n), _mm512_set1_epi8((char)(mask)))
#define RIGHT(v, n, mask) _mm512_and_si512(_mm512_srli_epi16(v, n), _mm512_set1_epi8((char)(mask)))
    _mm512_storeu_si512(codes, c[0].four);
    _mm512_storeu_si512(codes + 64, _mm512_or_si512(LEFT(top[0], 6, 0xC0), RIGHT(c[1].four, 2, 0x3F)));
    _mm512_storeu_si512(codes + 128, _mm512_or_si512(_mm512_or_si512(LEFT(c[1].four, 6, 0xC0), LEFT(top[1], 4, 0x30)),
                                                     RIGHT(c[2].four, 4, 0x0F)));
    _mm512_storeu_si512(codes + 192, _mm512_or_si512(_mm512_or_si512(LEFT(c[2].four, 4, 0xF0), LEFT(top[2], 2, 0x0C)),
                                                     RIGHT(c[3].four, 6, 0x03)));
    _mm512_storeu_si512(codes + 256, _mm512_or_si512(LEFT(c[3].four, 2, 0xFC), top[3]));
#undef LEFT
#undef RIGHT
}

const struct kernel tern_kernel_avx512vbmi = TERN_KERNEL_512("avx512vbmi", packed_rows, unpack_five);
