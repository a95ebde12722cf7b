// Prepares the column-major copy of a matrix, from which sparse decode reads only live columns.
#include "layout.h"

int64_t tern_columns_bytes(int32_t n_in, int32_t n_out) { return columns_stride(n_out) * n_in; }

// Rows beyond n_out get code 1 (zero): their sums are never stored.
void tern_repack_columns(const uint8_t *codes, int32_t n_in, int32_t n_out, uint8_t *out) {
    const int64_t stride = columns_stride(n_out), row_bytes = n_in / 4;
    // For each code byte position (four columns, 32 apart) gather the bytes of a block's rows once,
    // then spread them over the four columns.
    for (int64_t block = 0; block < stride / BLOCK_BYTES; block++)
        for (int64_t i = 0; i < row_bytes; i++) {
            const int64_t column = i / GROUP_BYTES * GROUP + i % GROUP_BYTES;
            uint8_t packed[4][BLOCK_BYTES];
            for (int32_t byte = 0; byte < BLOCK_BYTES; byte++) {
                const int32_t l = byte / 16, z = byte / 4 % 4, d = byte % 4;
                uint32_t code[4];
                for (int32_t s = 0; s < 4; s++) {
                    const int64_t row = block * BLOCK_ROWS + 64 * s + 16 * z + 4 * l + d;
                    code[s] = row < n_out ? codes[row * row_bytes + i] : 0x55u;
                }
                for (int32_t run = 0; run < 4; run++) {
                    const int32_t shift = 6 - 2 * run;
                    packed[run][byte] = (uint8_t)((code[0] >> shift & 3) << 6 | (code[1] >> shift & 3) << 4 |
                                                  (code[2] >> shift & 3) << 2 | (code[3] >> shift & 3));
                }
            }
            for (int32_t run = 0; run < 4; run++)
                memcpy(out + (column + 32 * run) * stride + block * BLOCK_BYTES, packed[run], BLOCK_BYTES);
        }
}
