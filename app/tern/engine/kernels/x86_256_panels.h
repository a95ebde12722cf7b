// Prefill with VNNI: rows unpacked to bytes and multiplied. Part of x86_256.h.
enum { TILE_TOKENS = 6 };
#define TABLES NULL

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

// 16 rows by nt tokens.
static INLINE void tile_n(const uint8_t *panel, const int8_t *q, int64_t q_stride, const int nt, int32_t *c,
                          int32_t accumulate) {
    __m256i acc[TILE_TOKENS][2];
    UNROLL for (int t = 0; t < nt; t++) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
    for (int32_t k = 0; k < PANEL_STEPS; k++) {
        const __m256i w0 = load(panel + k * PANEL_ROWS * 4), w1 = load(panel + k * PANEL_ROWS * 4 + 32);
        UNROLL for (int t = 0; t < nt; t++) {
            int32_t four;
            memcpy(&four, q + t * q_stride + 4 * k, sizeof four);
            const __m256i b = _mm256_set1_epi32(four);
            acc[t][0] = TERN_DPBUSD(acc[t][0], w0, b);
            acc[t][1] = TERN_DPBUSD(acc[t][1], w1, b);
        }
    }
    UNROLL for (int t = 0; t < nt; t++) {
        UNROLL for (int v = 0; v < 2; v++) {
            int32_t *out = c + t * PANEL_ROWS + 8 * v;
            store(out, accumulate ? _mm256_add_epi32(load(out), acc[t][v]) : acc[t][v]);
        }
    }
}

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
