// Rows with five codes in a byte: 3^5 = 243 fit where I2_S keeps four. A fifth less to read for a CPU
// that decodes them faster than its memory delivers them.
#include "layout.h"

int64_t tern_packed_bytes(int32_t n_in, int32_t n_out) {
    return n_in % PACKED_PERIOD ? 0 : (int64_t)packed_stride(n_in) * n_out;
}

// Code of a run at byte i of a period, from its five registers of I2_S.
static inline uint8_t code_of(const uint8_t *codes, int32_t run, int32_t i) {
    return codes[run / 4 * PAIR_BYTES + i] >> (6 - 2 * (run % 4)) & 3;
}

static inline uint8_t thrice_plus(uint8_t digits, uint8_t digit) { return (uint8_t)(digits + digits + digits + digit); }

// Register k of a period, k known to the compiler: then the loop over bytes becomes vectors.
static inline void pack_register(const uint8_t *codes, const int32_t k, uint8_t *out) {
    for (int32_t i = 0; i < PACKED_BYTES; i++) {
        uint8_t digits = code_of(codes, 5 * k + 4, i);
        for (int32_t run = 0; run < 4; run++) digits = thrice_plus(digits, code_of(codes, 5 * k + run, i));
        out[i] = digits;
    }
}

void tern_pack_rows(const uint8_t *codes, int32_t n_in, int32_t first, int32_t end, uint8_t *out) {
    const int64_t stride = n_in / 4, packed = packed_stride(n_in);
    for (int64_t row = first; row < end; row++)
        for (int64_t period = 0; period < n_in / PACKED_PERIOD; period++) {
            uint8_t from[PERIOD_CODE_BYTES];  // a copy, so that no store can change what is still to be read
            uint8_t *to = out + row * packed + period * PERIOD_BYTES;
            memcpy(from, codes + row * stride + period * PERIOD_CODE_BYTES, sizeof from);
            pack_register(from, 0, to);
            pack_register(from, 1, to + PACKED_BYTES);
            pack_register(from, 2, to + 2 * PACKED_BYTES);
            pack_register(from, 3, to + 3 * PACKED_BYTES);
        }
}

// 27 t0 + 9 t1 + 3 t2 + t3 -> t0 t1 t2 t3 at bits 6, 4, 2, 0; the rest is never looked up.
#define ONE(v) (uint8_t)((v) / 27 << 6 | (v) / 9 % 3 << 4 | (v) / 3 % 3 << 2 | (v) % 3)
#define NINE(v) ONE(v), ONE(v + 1), ONE(v + 2), ONE(v + 3), ONE(v + 4), ONE(v + 5), ONE(v + 6), ONE(v + 7), ONE(v + 8)
const uint8_t tern_four_codes[128] = {NINE(0),  NINE(9),  NINE(18), NINE(27), NINE(36),
                                      NINE(45), NINE(54), NINE(63), NINE(72)};

void tern_unpack_five(const uint8_t *packed, uint8_t *codes) {
    memset(codes, 0, PERIOD_CODE_BYTES);
    for (int32_t run = 0; run < 20; run++)
        for (int32_t i = 0; i < PACKED_BYTES; i++) {
            const uint8_t byte = packed[run / 5 * PACKED_BYTES + i];
            const int32_t digit = run % 5;
            const uint32_t code = digit == 4 ? byte / 81u : tern_four_codes[byte % 81] >> (6 - 2 * digit) & 3u;
            codes[run / 4 * PAIR_BYTES + i] |= (uint8_t)(code << (6 - 2 * (run % 4)));
        }
}
