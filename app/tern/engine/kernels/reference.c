// The scalar reference: the plainest form of every kernel. All others must equal it to the last bit.
#include "float_ops.h"

static int32_t code_at(const uint8_t *codes, int32_t column) {
    const int32_t j = column % GROUP;
    return codes[column / GROUP * GROUP_BYTES + j % 32] >> (6 - 2 * (j / 32)) & 3;
}

static void rows(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc) {
    (void)ahead;
    for (int32_t r = 0; r < n_rows; r++) {
        const uint8_t *row = codes + (which ? which[r] : r) * stride;
        int32_t sum = 0;
        for (int32_t column = 0; column < n; column++) sum += code_at(row, column) * q[q_position(column)];
        acc[r] = sum;
    }
}

static void unpack(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel) {
    panel += first_row * 4;
    for (int32_t r = 0; r < UNPACK_ROWS; r++)
        for (int32_t i = 0; i < PAIR_BYTES; i++) {
            const int32_t byte = r < n_rows && i < n_bytes ? codes[r * stride + i] : 0;
            for (int32_t run = 0; run < 4; run++) {
                const int32_t step = (run * 64 + i) / 4;
                panel[step * PANEL_ROWS * 4 + r * 4 + i % 4] = (uint8_t)(byte >> (6 - 2 * run) & 3);
            }
        }
}

static void unpack_columns(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel) {
    for (int32_t step = 0; step < PANEL_STEPS; step++)
        for (int32_t r = 0; r < PANEL_ROWS; r++)
            for (int32_t i = 0; i < 4; i++) {
                const int32_t column = step_column(step) + i, z = r / 16, l = r / 4 % 4, d = r % 4;
                const int32_t byte = column < n_columns ? block[column * stride + 16 * l + 4 * z + d] : 0;
                panel[step * PANEL_ROWS * 4 + r * 4 + i] = (uint8_t)(byte >> (6 - 2 * s) & 3);
            }
}

static void tile(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate) {
    for (int32_t t = 0; t < n_tokens; t++)
        for (int32_t r = 0; r < PANEL_ROWS; r++) {
            int32_t sum = accumulate ? c[t * PANEL_ROWS + r] : 0;
            for (int32_t k = 0; k < PAIR; k++)
                sum += panel[k / 4 * PANEL_ROWS * 4 + r * 4 + k % 4] * q[t * q_stride + k];
            c[t * PANEL_ROWS + r] = sum;
        }
}

static void columns(const uint8_t *columns, int64_t stride, const int32_t *live, const int8_t *live_q,
                    int32_t n_live, int32_t n_blocks, int32_t *acc) {
    memset(acc, 0, (size_t)n_blocks * BLOCK_ROWS * sizeof *acc);
    for (int32_t i = 0; i < n_live; i++)
        for (int32_t r = 0; r < n_blocks * BLOCK_ROWS; r++) {
            const int32_t s = r / 64 % 4, z = r / 16 % 4, l = r / 4 % 4, d = r % 4;
            const uint8_t byte = columns[live[i] * stride + r / BLOCK_ROWS * BLOCK_BYTES + 16 * l + 4 * z + d];
            acc[r] += (byte >> (6 - 2 * s) & 3) * live_q[i];
        }
}

const struct kernel tern_kernel_scalar = {
    .name = "scalar",
    .rows = rows,
    .unpack = unpack,
    .unpack_columns = unpack_columns,
    .tile = tile,
    .tile_tokens = 8,
    .columns = columns,
    .norm_quant = norm_quant_row,
    .finish = finish_rows,
    .finish_gated = finish_gated_rows,
    .floats = &tern_float_scalar,
};
