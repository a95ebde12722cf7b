// Prefill with AVX2 alone: two columns at a time are looked up, not multiplied. Part of x86_256.h.
//
// Two codes have nine pairs of values, and what such a pair contributes, -x-y .. x+y, is a byte in a table of the token.
// vpshufb looks up 32 bytes at once in 16 entries a lane and gives 0 where the index has its top bit set; with (0, 0)
// left to that, two tables of eight share a lane. Neighbouring bytes of the index then are the two pairs of one row, and
// vpmaddubsw by ones adds what they found: 64 products for three instructions, where multiplying takes four.
//
// A step is a byte of I2_S: its four codes belong to the columns at b, 64 + b, 128 + b and 192 + b of the pair of
// groups. The high nibble (runs 0 and 1) is looked up in the lower table, the low one (runs 2 and 3) in the upper.
// A panel is [step][row][2]; within 16 rows the order is 0, 8, 1, 9, .. 7, 15, so that the sums of the even lanes and
// those of the odd ones are rows in order. An int16 lane holds a whole panel: 256 columns times 127.
//
// Where |x| + |y| > 127 an entry is clipped, and the rest is looked up in a table of rests. That is rare: activations
// are scaled by their largest, so few pairs of random ones (2 in 100) and hardly any of a trained model's reach that.
enum { STEPS = PAIR_BYTES, STEP_ROWS_BYTES = 2 * PANEL_ROWS, TILE_TOKENS = 5, REGISTERS = PANEL_ROWS / 16 };

static INLINE __m256i both_lanes(__m128i v) { return _mm256_broadcastsi128_si256(v); }

// Signs of x (runs 0 and 2) and of y (runs 1 and 3) in each entry.
static INLINE __m256i x_signs(void) {
    return both_lanes(_mm_setr_epi8(-1, -1, -1, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 1, 1, 1));
}
static INLINE __m256i y_signs(void) {
    return both_lanes(_mm_setr_epi8(-1, 0, 1, -1, 1, -1, 0, 1, -1, 0, 1, -1, 1, -1, 0, 1));
}
enum { ONLY_Y = 4, ONLY_X = 6 };  // the entries that hold y and x alone

// The entry of a nibble a << 2 | b with codes a and b of 0..2; nibbles with a 3 do not occur.
static INLINE __m256i entries(int first) {
    const char f = (char)first, none = (char)0x80;
    return both_lanes(_mm_setr_epi8(f, f + 1, f + 2, none, f + 3, none, f + 4, none, f + 5, f + 6, f + 7, none, none, none,
                                    none, none));
}

// Steps at which an entry is clipped, of 32 steps whose four activations are at q.
static INLINE uint32_t clipped(const int8_t *q) {
    const __m256i high = _mm256_adds_epu8(_mm256_abs_epi8(load(q)), _mm256_abs_epi8(load(q + 64)));
    const __m256i low = _mm256_adds_epu8(_mm256_abs_epi8(load(q + 128)), _mm256_abs_epi8(load(q + 192)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(high, low));  // 128 and more have the top bit set
}

enum { CLIPPED_AT = 16 * STEPS };  // where the tables end; bit b of the eight bytes there: step b is clipped

static void tables(const int8_t *q, uint8_t *out) {
    const __m256i sx = x_signs(), sy = y_signs();
    // Lane 0 spreads the first four bytes of eight, lane 1 the last four.
    const __m256i x = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6,
                                       6, 6);
    const __m256i y = _mm256_add_epi8(x, _mm256_set1_epi8(1));
    TERN_ALIGNED(32) int8_t four[PAIR];  // of step b at 4b, the steps of a register in the order of its lanes
    for (int32_t b = 0; b < STEPS; b += 32) {
        const __m256i high0 = _mm256_unpacklo_epi8(load(q + b), load(q + 64 + b));
        const __m256i high1 = _mm256_unpackhi_epi8(load(q + b), load(q + 64 + b));
        const __m256i low0 = _mm256_unpacklo_epi8(load(q + 128 + b), load(q + 192 + b));
        const __m256i low1 = _mm256_unpackhi_epi8(load(q + 128 + b), load(q + 192 + b));
        const __m256i s0 = _mm256_unpacklo_epi16(high0, low0), s1 = _mm256_unpackhi_epi16(high0, low0);
        const __m256i s2 = _mm256_unpacklo_epi16(high1, low1), s3 = _mm256_unpackhi_epi16(high1, low1);
        store(four + 4 * b, _mm256_permute2x128_si256(s0, s1, 0x20));
        store(four + 4 * b + 32, _mm256_permute2x128_si256(s2, s3, 0x20));
        store(four + 4 * b + 64, _mm256_permute2x128_si256(s0, s1, 0x31));
        store(four + 4 * b + 96, _mm256_permute2x128_si256(s2, s3, 0x31));
    }
    for (int32_t b = 0; b < STEPS; b += 2) {
        int64_t two;
        memcpy(&two, four + 4 * b, sizeof two);
        const __m256i steps = _mm256_set1_epi64x(two);
        store(out + 16 * b, _mm256_adds_epi8(_mm256_sign_epi8(_mm256_shuffle_epi8(steps, x), sx),
                                             _mm256_sign_epi8(_mm256_shuffle_epi8(steps, y), sy)));
    }
    const uint64_t mask = clipped(q) | (uint64_t)clipped(q + 32) << 32;
    memcpy(out + CLIPPED_AT, &mask, sizeof mask);
}

// ---- panels ----
// The two entries of each byte of I2_S in `codes`, as neighbours: of the first eight bytes of each lane in *low.
static INLINE void entries_of(__m256i codes, __m256i *low, __m256i *high) {
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i a = _mm256_shuffle_epi8(entries(0), _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble));
    const __m256i b = _mm256_shuffle_epi8(entries(8), _mm256_and_si256(codes, nibble));
    *low = _mm256_unpacklo_epi8(a, b);
    *high = _mm256_unpackhi_epi8(a, b);
}

// Transposes 16 rows of 16 bytes in each lane: r[i] becomes byte i of all rows.
static INLINE void transpose_bytes(__m256i r[16]) {
    __m256i t[16];
    UNROLL for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm256_unpacklo_epi8(r[i], r[i + 8]);
        t[2 * i + 1] = _mm256_unpackhi_epi8(r[i], r[i + 8]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        r[2 * i] = _mm256_unpacklo_epi8(t[i], t[i + 8]);
        r[2 * i + 1] = _mm256_unpackhi_epi8(t[i], t[i + 8]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm256_unpacklo_epi8(r[i], r[i + 8]);
        t[2 * i + 1] = _mm256_unpackhi_epi8(r[i], r[i + 8]);
    }
    UNROLL for (int i = 0; i < 8; i++) {
        r[2 * i] = _mm256_unpacklo_epi8(t[i], t[i + 8]);
        r[2 * i + 1] = _mm256_unpackhi_epi8(t[i], t[i + 8]);
    }
}

static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    for (int32_t first = 0; first < PAIR_BYTES; first += 32) {
        __m256i r[UNPACK_ROWS];
        for (int32_t i = 0; i < UNPACK_ROWS; i++) {  // in the order of the lanes
            const int32_t row = i / 2 + i % 2 * 8;
            r[i] = row < n_rows && first < n_bytes ? load(codes + row * stride + first) : _mm256_setzero_si256();
        }
        transpose_bytes(r);
        UNROLL for (int i = 0; i < 16; i++) {
            __m256i low, high;
            entries_of(r[i], &low, &high);
            uint8_t *out = panel + (first + i) * STEP_ROWS_BYTES + first_row * 2;
            store(out, _mm256_permute2x128_si256(low, high, 0x20));
            store(out + 16 * STEP_ROWS_BYTES, _mm256_permute2x128_si256(low, high, 0x31));
        }
    }
}

// Half a block at a time; 16-bit lanes of *low are rows 4l .. 4l + 3 of z = 0 and z = 1, of *high those of z = 2 and 3,
// where l = 2 * half + lane.
static INLINE void entries_of_columns(const uint8_t *c, int64_t stride, __m128i shift, __m256i *low, __m256i *high) {
    const __m256i three = _mm256_set1_epi8(3);
#define CODES(run) _mm256_and_si256(_mm256_srl_epi16(load(c + (run) * 32 * stride), shift), three)
    const __m256i a = _mm256_or_si256(_mm256_slli_epi16(CODES(0), 2), CODES(1));
    const __m256i b = _mm256_or_si256(_mm256_slli_epi16(CODES(2), 2), CODES(3));
#undef CODES
    const __m256i ea = _mm256_shuffle_epi8(entries(0), a), eb = _mm256_shuffle_epi8(entries(8), b);
    *low = _mm256_unpacklo_epi8(ea, eb);
    *high = _mm256_unpackhi_epi8(ea, eb);
}

static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    const __m128i shift = _mm_cvtsi32_si128(6 - 2 * s);
    if (n_columns < PAIR) memset(panel, 0, (size_t)STEPS * STEP_ROWS_BYTES);
    for (int32_t b = 0; b < STEPS && b / 32 * GROUP < n_columns; b++) {
        const uint8_t *c = block + (b / 32 * GROUP + b % 32) * stride;
        __m256i low[2], high[2];
        UNROLL for (int half = 0; half < 2; half++) entries_of_columns(c + 32 * half, stride, shift, &low[half], &high[half]);
        uint8_t *out = panel + b * STEP_ROWS_BYTES;
        store(out, _mm256_unpacklo_epi16(low[0], low[1]));
        store(out + 32, _mm256_unpackhi_epi16(low[0], low[1]));
        store(out + 64, _mm256_unpacklo_epi16(high[0], high[1]));
        store(out + 96, _mm256_unpackhi_epi16(high[0], high[1]));
    }
}

// ---- tiles ----
static INLINE __m256i found(__m256i table, __m256i which) {
    return _mm256_maddubs_epi16(_mm256_set1_epi8(1), _mm256_shuffle_epi8(table, which));
}

// As an instruction for GCC, which otherwise keeps accumulators on the stack; see x86_512.h.
static INLINE __m256i add_found(__m256i sum, __m256i table, __m256i which) {
    const __m256i pairs = found(table, which);
#if defined(__GNUC__) && !defined(__clang__)
    __asm__("vpaddw %1, %0, %0" : "+x"(sum) : "x"(pairs));
    return sum;
#else
    return _mm256_add_epi16(sum, pairs);
#endif
}

static INLINE int lowest_bit(uint64_t bits) {
#if defined(_MSC_VER) && !defined(__clang__)
    unsigned long index;
    _BitScanForward64(&index, bits);
    return (int)index;
#else
    return __builtin_ctzll(bits);
#endif
}

// What clipping took from the entries of a step.
static INLINE __m256i rests(const uint8_t *table) {
    const __m128i t = _mm_loadu_si128((const __m128i *)(const void *)table);
    const __m128i sx = _mm256_castsi256_si128(x_signs()), sy = _mm256_castsi256_si128(y_signs());
    const __m128i upper = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8);
    const __m128i x = _mm_shuffle_epi8(t, _mm_add_epi8(upper, _mm_set1_epi8(ONLY_X)));
    const __m128i y = _mm_shuffle_epi8(t, _mm_add_epi8(upper, _mm_set1_epi8(ONLY_Y)));
    return both_lanes(_mm_sub_epi8(_mm_add_epi8(_mm_sign_epi8(x, sx), _mm_sign_epi8(y, sy)), t));
}

// sums[row] = what the clipped entries of a token lack.
static INLINE void add_rests(const uint8_t *panel, const uint8_t *tables, uint64_t clipped, int16_t *sums) {
    __m256i sum[REGISTERS];
    UNROLL for (int i = 0; i < REGISTERS; i++) sum[i] = _mm256_setzero_si256();
    for (; clipped; clipped &= clipped - 1) {
        const int step = lowest_bit(clipped);
        const __m256i table = rests(tables + 16 * step);
        UNROLL for (int i = 0; i < REGISTERS; i++)
            sum[i] = _mm256_add_epi16(sum[i], found(table, load(panel + step * STEP_ROWS_BYTES + 32 * i)));
    }
    UNROLL for (int i = 0; i < REGISTERS; i++) store(sums + 16 * i, sum[i]);
}

// 32 rows by nt tokens. nt is a constant at each call; `from` holds where the sums of each token begin.
static INLINE void tile_n(const uint8_t *panel, const uint8_t *tables, int64_t stride, const int nt,
                          const int16_t *const *from, const int32_t first_row, int32_t *c, int32_t accumulate) {
    __m256i sum[TILE_TOKENS][2];
    UNROLL for (int t = 0; t < nt; t++) {
        sum[t][0] = load(from[t] + first_row);
        sum[t][1] = load(from[t] + first_row + 16);
    }
    panel += first_row * 2;
    for (int32_t b = 0; b < STEPS; b++) {
        const __m256i which0 = load(panel + b * STEP_ROWS_BYTES), which1 = load(panel + b * STEP_ROWS_BYTES + 32);
        UNROLL for (int t = 0; t < nt; t++) {
            const __m256i table = both_lanes(_mm_loadu_si128((const __m128i *)(const void *)(tables + t * stride + 16 * b)));
            sum[t][0] = add_found(sum[t][0], table, which0);
            sum[t][1] = add_found(sum[t][1], table, which1);
        }
    }
    c += first_row;
    UNROLL for (int t = 0; t < nt; t++) {
        UNROLL for (int i = 0; i < 2; i++) {
            int32_t *out = c + t * PANEL_ROWS + 16 * i;
            const __m256i even = _mm256_srai_epi32(_mm256_slli_epi32(sum[t][i], 16), 16);
            const __m256i odd = _mm256_srai_epi32(sum[t][i], 16);
            store(out, accumulate ? _mm256_add_epi32(load(out), even) : even);
            store(out + 8, accumulate ? _mm256_add_epi32(load(out + 8), odd) : odd);
        }
    }
}

static void tile(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate) {
    static TERN_ALIGNED(32) const int16_t zeros[PANEL_ROWS];
    const uint8_t *tables = (const uint8_t *)q;
    TERN_ALIGNED(32) int16_t sums[TILE_TOKENS][PANEL_ROWS];
    const int16_t *from[TILE_TOKENS];
    for (int32_t t = 0; t < n_tokens; t++) {
        uint64_t clipped;
        memcpy(&clipped, tables + t * q_stride + CLIPPED_AT, sizeof clipped);
        if (clipped) add_rests(panel, tables + t * q_stride, clipped, sums[t]);
        from[t] = clipped ? sums[t] : zeros;
    }
    for (int32_t r = 0; r < PANEL_ROWS; r += 32)
        switch (n_tokens) {
        case 1: tile_n(panel, tables, q_stride, 1, from, r, c, accumulate); break;
        case 2: tile_n(panel, tables, q_stride, 2, from, r, c, accumulate); break;
        case 3: tile_n(panel, tables, q_stride, 3, from, r, c, accumulate); break;
        case 4: tile_n(panel, tables, q_stride, 4, from, r, c, accumulate); break;
        default: tile_n(panel, tables, q_stride, TILE_TOKENS, from, r, c, accumulate); break;
        }
}
#define TABLES tables
