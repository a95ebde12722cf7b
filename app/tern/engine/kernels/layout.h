// Memory layouts shared by all instruction sets, and the table each of them fills.
#ifndef TERN_LAYOUT_H
#define TERN_LAYOUT_H

#include <stdint.h>
#include <string.h>

#include "compiler.h"
#include "instruction_sets.h"
#include "tern_kernels.h"

// ---- A quantized token ----
// I2_S packs 128 values ("a group") into 32 bytes, so 64 code bytes, one 512-bit register, hold two
// groups. q follows that: for groups 2p and 2p+1, four runs of 64 values; run s holds the 32 values
// at bit position 6 - 2s of group 2p, then those of group 2p+1. A missing last group is zeros.
// Narrower registers read the same runs in halves or quarters.
enum { GROUP = 128, GROUP_BYTES = 32, PAIR = 256, PAIR_BYTES = 64 };

// Follows the padded q of each token.
struct quant_trailer {
    float inv_scale;  // max(|x|max, 1e-5) / 127
    int32_t sum;      // sum of q: turns sums over codes 0..2 into sums over -1..1
    int32_t n_live;   // length of the live list, or -1: none was written
    int32_t n;
    int32_t pad[12];
};
// The live list, when there is one, follows the trailer: int32 column[n + LIST_SLACK], then int8
// q[n + LIST_SLACK]; n_live entries in ascending order, then entries with q = 0 up to a multiple of
// four. The slack is for that and for vectors stored whole.
enum { LIST_SLACK = 16 };

static inline int32_t padded_pairs(int32_t n) { return (n + PAIR - 1) / PAIR; }

static inline int32_t q_position(int32_t column) {
    const int32_t group = column / GROUP, j = column % GROUP;
    return group / 2 * PAIR + j / 32 * 64 + group % 2 * 32 + j % 32;
}

static inline struct quant_trailer *row_trailer(int8_t *row, int32_t n) {
    return (struct quant_trailer *)(void *)(row + (int64_t)padded_pairs(n) * PAIR);
}
static inline int32_t *row_live_columns(int8_t *row, int32_t n) {
    return (int32_t *)(void *)(row_trailer(row, n) + 1);
}
static inline int8_t *row_live_q(int8_t *row, int32_t n) {
    return (int8_t *)(row_live_columns(row, n) + n + LIST_SLACK);
}

// ---- Packed rows: five codes in a byte (packed.c) ----
// A row's codes are taken in the order of q, as runs of 64. Byte i of the k-th 64 bytes holds value i of
// runs 5k .. 5k+4 as t0 .. t4: 81 t4 + 27 t0 + 9 t1 + 3 t2 + t3, so that t0..t3 are one table look-up and
// t4 what is left. 20 runs (a period) are five pairs of groups; only rows of whole periods are packed.
enum {
    PACKED_BYTES = 64, PACKED_COLUMNS = 320,                            // one register
    PERIOD_PAIRS = 5, PACKED_PERIOD = PERIOD_PAIRS * PAIR,              // columns
    PERIOD_BYTES = 4 * PACKED_BYTES, PERIOD_CODE_BYTES = PACKED_PERIOD / 4,  // packed, and as I2_S
};

static inline int32_t packed_stride(int32_t n) { return n / PACKED_PERIOD * PERIOD_BYTES; }

extern const uint8_t tern_four_codes[128];  // 27 t0 + 9 t1 + 3 t2 + t3 -> the byte of I2_S
void tern_unpack_five(const uint8_t *packed, uint8_t *codes);  // one period to I2_S; the plain form

// ---- A panel: what the prefill GEMM multiplies ----
// PANEL_ROWS weight rows over one pair of groups, unpacked to bytes 0..2: [step][row][4]. Step k
// holds, for every row, the four values that face q[4k .. 4k+3] of the pair. A dword of four
// weights sits in each 32-bit lane, a dword of four activations is broadcast against it, and the
// sums of PANEL_ROWS rows for one token come out side by side, ready to store. (Only the functions
// of one instruction set see a panel; NEON i8mm has its own order, [step of 8][row][8].)
enum { PANEL_ROWS = 64, PANEL_STEPS = PAIR / 4, PANEL_BYTES = PANEL_ROWS * PAIR, UNPACK_ROWS = 16 };

// Where products are looked up instead (x86_256_tables.h), a panel is half as large and faces tables made of q, a
// kilobyte and a line for a token's pair of groups. Making them pays when several panels use them.
enum { TABLES_BYTES = 1024 + 64, TABLE_PANEL_BYTES = PANEL_BYTES / 2, TABLE_PANELS = 4 };

// ---- Columns: what sparse decode reads ----
// Column-major: column j takes columns_stride(n_out) bytes, a block of 64 bytes for each 256 rows.
// Row r of a block (r = 64s + 16z + 4l + d) sits in byte 16l + 4z + d at bits 6 - 2s. Interleaving
// the bytes of four columns within 128-bit lanes (punpckl/h bw, then wd; zip1/zip2 on Arm) then
// gives four registers z whose dwords hold one row of the four columns, rows in natural order.
enum { BLOCK_ROWS = 256, BLOCK_BYTES = 64 };

static inline int64_t columns_stride(int32_t n_out) {
    return (int64_t)((n_out + BLOCK_ROWS - 1) / BLOCK_ROWS) * BLOCK_BYTES;
}

// The 64 rows with the same s are a panel, so prefill can unpack panels from columns as well, and a
// matrix that has columns needs no rows.
static inline int32_t step_column(int32_t step) {  // first of the four columns of a panel's step
    const int32_t position = 4 * step;
    return position % 64 / 32 * GROUP + position / 64 * 32 + position % 32;
}

// How the ops finish integer sums; see float_ops.h.
struct finish_args {
    const int32_t *acc;   // sums over codes 0..2
    int32_t sum;          // of q
    float inv_scale;
    float scale;
    const float *residual;  // or NULL
};

// How far from row r what is prefetched with it lies: `ahead` of `rows` below, in bytes.
static inline int64_t bytes_ahead(const int32_t *which, int32_t r, int32_t ahead, int64_t stride) {
    return which && ahead ? (which[r + ahead] - which[r]) * stride : ahead;
}

// One instruction set. Every sum is over codes 0..2 unless something else is said; the ops subtract the sum of q.
struct float_kernel;  // float_kernels.h
extern const struct float_kernel tern_float_scalar, tern_float_avx2, tern_float_avx512, tern_float_neon;

struct kernel {
    const char *name;
    // acc[r] = sum over n columns of code * q, for n_rows rows `stride` bytes apart: which[r], or r itself if
    // `which` is NULL. What comes later is prefetched line by line as the rows are read, because a processor drops
    // prefetches when many come at once: the bytes `ahead`, or where rows are named the row `ahead` places later in
    // `which` (0: nothing).
    void (*rows)(const uint8_t *codes, int64_t stride, const int32_t *which, int32_t n_rows, const int8_t *q,
                 int32_t n, int32_t ahead, int32_t *acc);
    // The same for packed rows, and one period of such a row as I2_S. NULL where they are not decoded in registers.
    // `packs`: that was faster wherever it was measured, so that small models are packed untimed.
    int32_t packs;
    void (*packed_rows)(const uint8_t *packed, const int32_t *which, int32_t n_rows, const int8_t *q, int32_t n,
                        int32_t ahead, int32_t *acc);
    void (*unpack_five)(const uint8_t *packed, uint8_t *codes);
    // UNPACK_ROWS rows (n_rows of them real, the others become zeros) over one pair of groups, of
    // which n_bytes = 32 or 64 exist, into rows first_row .. first_row + 15 of the panel.
    void (*unpack)(const uint8_t *codes, int64_t stride, int32_t n_rows, int32_t n_bytes, int32_t first_row,
                   uint8_t *panel);
    // The same from columns: the rows of run s of a block, over n_columns = 128 or 256 columns; `block`
    // points at the block in the first of them.
    void (*unpack_columns)(const uint8_t *block, int64_t stride, int32_t s, int32_t n_columns, uint8_t *panel);
    // Where products are looked up: the tables of one pair of groups of one token. No q is -128. NULL where they are
    // multiplied.
    void (*tables)(const int8_t *q, uint8_t *tables);
    // c[t][PANEL_ROWS] = or += panel . q of n_tokens tokens, 1 <= n_tokens <= tile_tokens. With `tables` it takes those
    // for q, and sums over codes -1..1.
    void (*tile)(const uint8_t *panel, const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c,
                 int32_t accumulate);
    int32_t tile_tokens;
    // acc[n_blocks * 256] = sum over n_live columns (a multiple of four) of code * q; `columns`
    // points at the first block.
    void (*columns)(const uint8_t *columns, int64_t stride, const int32_t *live, const int8_t *live_q,
                    int32_t n_live, int32_t n_blocks, int32_t *acc);
    // The float work, float_ops.h compiled for this instruction set.
    void (*norm_quant)(const float *x, const float *weight, float eps, int32_t n, int32_t live, int8_t *row);
    void (*finish)(const struct finish_args *a, int32_t n_rows, float *y);
    void (*finish_gated)(const struct finish_args *gate, const struct finish_args *up, int32_t activation,
                         int32_t n_rows, float *y);
    const struct float_kernel *floats;  // attention and the output head, which several of them share
};

extern const struct kernel tern_kernel_scalar;
#define TERN_DECLARE(isa) extern const struct kernel tern_kernel_##isa;
TERN_INSTRUCTION_SETS(TERN_DECLARE)
#undef TERN_DECLARE

// The instruction set in use, and one by name or NULL where this CPU lacks it (kernels.c).
const struct kernel *tern_active_kernel(void);
const struct kernel *tern_kernel_named(const char *name);

#endif
