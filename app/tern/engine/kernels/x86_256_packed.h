// Rows with five codes a byte (packed.c), in 256-bit registers. Part of x86_256.h.
//
// Without a look-up of 128 entries (AVX-512 VBMI) what is left of a byte after 81 t4 is divided by nine, and each half is
// looked up in nine entries. That takes twice the instructions of I2_S; whether it pays is timed on each computer.

// Of 32 bytes 81 t4 + 27 t0 + 9 t1 + 3 t2 + t3.
struct codes5 {
    __m256i four;  // t0..t3 as in I2_S, at bits 6, 4, 2, 0
    __m256i top;   // 81 t4
};

static INLINE struct codes5 decode(__m256i packed) {
    const __m256i step = _mm256_set1_epi8(81);
#define NINE_ENTRIES(factor) _mm256_broadcastsi128_si256(_mm_setr_epi8( \
    0, factor, 2 * factor, 4 * factor, 5 * factor, 6 * factor, (char)(8 * factor), (char)(9 * factor), (char)(10 * factor), \
    0, 0, 0, 0, 0, 0, 0))
    const __m256i high_codes = NINE_ENTRIES(16), low_codes = NINE_ENTRIES(1);
#undef NINE_ENTRIES
    const __m256i nine_times =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 9, 18, 27, 36, 45, 54, 63, 72, 0, 0, 0, 0, 0, 0, 0));
    // Below 81 the difference wraps to something large, so the minimum subtracts only where it can.
    const __m256i once = _mm256_min_epu8(packed, _mm256_sub_epi8(packed, step));
    const __m256i rest = _mm256_min_epu8(once, _mm256_sub_epi8(once, step));
    // By nine: 57 / 512 rounds down to the same whole number up to 80. Even bytes, then odd ones.
    const __m256i even = _mm256_srli_epi16(_mm256_maddubs_epi16(rest, _mm256_set1_epi16(57)), 9);
    const __m256i odd = _mm256_srli_epi16(_mm256_maddubs_epi16(rest, _mm256_set1_epi16(57 << 8)), 1);
    const __m256i high = _mm256_or_si256(even, _mm256_and_si256(odd, _mm256_set1_epi16((short)0xFF00)));
    const __m256i low = _mm256_sub_epi8(rest, _mm256_shuffle_epi8(nine_times, high));
    const __m256i four = _mm256_or_si256(_mm256_shuffle_epi8(high_codes, high), _mm256_shuffle_epi8(low_codes, low));
    return (struct codes5){four, _mm256_sub_epi8(packed, rest)};
}

// 0, 81 and 162 end in the bits 0, 1 and 2.
static INLINE __m256i top_codes(struct codes5 c) { return _mm256_and_si256(c.top, _mm256_set1_epi8(3)); }

static INLINE int32_t packed_dot(const uint8_t *packed, const int8_t *q, int32_t n, int64_t ahead) {
    __m256i sum = _mm256_setzero_si256();
#ifdef TERN_DPBUSD
    struct sums a = no_sums();
#endif
    for (int32_t first = 0; first < n; first += PACKED_PERIOD) {
#ifndef TERN_DPBUSD
        struct pairs p = no_pairs();  // a period is eight halves of a register: what the 4-fold sums hold
#endif
        UNROLL for (int i = 0; i < PERIOD_BYTES; i += 32) {
            if (ahead && i % 64 == 0) prefetch_l2(packed + i + ahead);
            const struct codes5 c = decode(load(packed + i));
            const int8_t *at = q + i / PACKED_BYTES * PACKED_COLUMNS + i % PACKED_BYTES;
#ifdef TERN_DPBUSD
            add_group(&a, c.four, at);
            sum = TERN_DPBUSD(sum, top_codes(c), load(at + 256));
#else
            add_group(&p, c.four, at);
            p.once = tile_step(p.once, top_codes(c), load(at + 256));
#endif
        }
#ifndef TERN_DPBUSD
        sum = _mm256_add_epi32(sum, all_of(p));
#endif
        packed += PERIOD_BYTES;
        q += PACKED_PERIOD;
    }
#ifdef TERN_DPBUSD
    sum = _mm256_add_epi32(sum, run_total(&a));
#endif
    return add_lanes(sum);
}

static void packed_rows(const uint8_t *packed, const int32_t *which, int32_t n_rows, const int8_t *q, int32_t n,
                        int32_t ahead, int32_t *acc) {
    const int64_t stride = packed_stride(n);
    for (int32_t r = 0; r < n_rows; r++)
        acc[r] = packed_dot(packed + (which ? which[r] : r) * stride, q, n, bytes_ahead(which, r, ahead, stride));
}

// Four packed registers hold 20 runs, which are five registers of I2_S; half of each at a time.
static void unpack_five(const uint8_t *packed, uint8_t *codes) {
    for (int half = 0; half < 64; half += 32) {
        struct codes5 c[4];
        __m256i top[4];
        UNROLL for (int i = 0; i < 4; i++) {
            c[i] = decode(load(packed + i * PACKED_BYTES + half));
            top[i] = top_codes(c[i]);
        }
        // Where run r of register i goes is decided by shifts of whole bytes' bits; masks cut what crosses a byte.
#define LEFT(v, n, mask) _mm256_and_si256(_mm256_slli_epi16(v, n), _mm256_set1_epi8((char)(mask)))
#define RIGHT(v, n, mask) _mm256_and_si256(_mm256_srli_epi16(v, n), _mm256_set1_epi8((char)(mask)))
#define OR(a, b) _mm256_or_si256(a, b)
        uint8_t *out = codes + half;
        store(out, c[0].four);
        store(out + 64, OR(LEFT(top[0], 6, 0xC0), RIGHT(c[1].four, 2, 0x3F)));
        store(out + 128, OR(OR(LEFT(c[1].four, 6, 0xC0), LEFT(top[1], 4, 0x30)), RIGHT(c[2].four, 4, 0x0F)));
        store(out + 192, OR(OR(LEFT(c[2].four, 4, 0xF0), LEFT(top[2], 2, 0x0C)), RIGHT(c[3].four, 6, 0x03)));
        store(out + 256, OR(LEFT(c[3].four, 2, 0xFC), top[3]));
#undef OR
#undef LEFT
#undef RIGHT
    }
}
