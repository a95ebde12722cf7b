// The rows of a ternary matrix as the ops read them: I2_S or packed, one by one or as panels.
#ifndef TERN_ROWS_H
#define TERN_ROWS_H

#include "layout.h"
#include "threads.h"

enum { ALIGNED_Q = 16 * 1024 };

static inline int32_t min32(int32_t a, int32_t b) { return a < b ? a : b; }

// A quantized token as the row kernels want it: 64-byte aligned, because ggml aligns tensors to 32
// and a 64-byte load that crosses a cache line costs two.
struct token {
    const int8_t *q;
    struct quant_trailer trailer;
};

static inline struct token aligned_token(const int8_t *row, int32_t n, int8_t *buffer) {
    struct token t = {.q = row};
    const int64_t bytes = (int64_t)padded_pairs(n) * PAIR;
    memcpy(&t.trailer, row + bytes, sizeof t.trailer);
    if ((uintptr_t)row % 64 && bytes <= ALIGNED_Q) t.q = memcpy(buffer, row, (size_t)bytes);
    return t;
}

// Rows lie one after another, packed or as I2_S.
static inline int64_t row_stride(const struct tern_matrix *m, int32_t n_in) {
    return m->packed ? packed_stride(n_in) : n_in / 4;
}

static inline const uint8_t *row_at(const struct tern_matrix *m, int64_t row, int32_t n_in) {
    return (m->packed ? m->packed : m->codes) + row * row_stride(m, n_in);
}

static inline void unpack_period(const struct kernel *k, const uint8_t *packed, uint8_t *codes) {
    if (k->unpack_five)
        k->unpack_five(packed, codes);
    else
        tern_unpack_five(packed, codes);
}

// acc[r] = sums of rows which[r], or row + r if `which` is NULL.
static inline void row_sums(const struct kernel *k, const struct tern_matrix *m, int32_t row, const int32_t *which,
                            int32_t n_rows, const struct token *t, int32_t n_in, int32_t ahead, int32_t *acc) {
    const uint8_t *from = row_at(m, which ? 0 : row, n_in);
    if (!m->packed) {
        k->rows(from, n_in / 4, which, n_rows, t->q, n_in, ahead, acc);
    } else if (k->packed_rows) {
        k->packed_rows(from, which, n_rows, t->q, n_in, ahead, acc);
    } else {
        TERN_ALIGNED(64) uint8_t codes[PERIOD_CODE_BYTES];
        for (int32_t r = 0; r < n_rows; r++) {
            const uint8_t *packed = from + (which ? which[r] : r) * row_stride(m, n_in);
            acc[r] = 0;
            for (int32_t first = 0; first < n_in; first += PACKED_PERIOD, packed += PERIOD_BYTES) {
                int32_t sum;
                unpack_period(k, packed, codes);
                k->rows(codes, 0, NULL, 1, t->q + first, PACKED_PERIOD, 0, &sum);
                acc[r] += sum;
            }
        }
    }
}

// Where a panel of PANEL_ROWS rows comes from: rows 16i .. 16i+15 from part[i], packed or not, or, if `columns`
// is set, the rows of run s of a block, `columns` pointing at that block in column 0.
struct panel_part {
    const uint8_t *rows;
    int32_t n_rows;
};

struct panel_source {
    struct panel_part part[PANEL_ROWS / UNPACK_ROWS];
    int64_t stride;      // bytes of a row
    int64_t next_panel;  // bytes from a part to the same part of the panel that takes its place
    int32_t packed;
    const uint8_t *columns;
    int64_t columns_stride;
    int32_t s;
};

// Parts first .. first + n_parts - 1 are rows row .. row + n_rows - 1 of m; all matrices of a panel are packed or none.
static inline void set_parts(struct panel_source *from, int32_t first, int32_t n_parts, const struct tern_matrix *m,
                      int32_t row, int32_t n_rows, int32_t n_in) {
    from->stride = row_stride(m, n_in);
    from->next_panel = (int64_t)n_parts * UNPACK_ROWS * from->stride;
    from->packed = m->packed != NULL;
    for (int32_t i = 0; i < n_parts; i++) {
        const int32_t left = n_rows - i * UNPACK_ROWS;
        from->part[first + i].n_rows = left < 0 ? 0 : min32(left, UNPACK_ROWS);
        from->part[first + i].rows = row_at(m, left > 0 ? row + i * UNPACK_ROWS : row, n_in);
    }
}

// `period` keeps PANEL_ROWS rows over the period of packed rows that `pair` is in.
static inline void fill_panel(const struct kernel *k, const struct panel_source *from, int32_t n_in, int32_t pair,
                       uint8_t *period, uint8_t *panel) {
    if (from->columns) {
        const uint8_t *block = from->columns + (int64_t)pair * PAIR * from->columns_stride;
        if (from->s == 0)  // the other three find the block in the cache
            for (int32_t c = PAIR; c < min32(n_in - pair * PAIR, 2 * PAIR); c++)
                prefetch_l2(block + c * from->columns_stride);
        k->unpack_columns(block, from->columns_stride, from->s, min32(n_in - pair * PAIR, PAIR), panel);
        return;
    }
    const int32_t n_bytes = min32(n_in / 4 - pair * PAIR_BYTES, PAIR_BYTES);
    const int32_t slice_bytes = (int32_t)(UNPACK_ROWS * from->stride / padded_pairs(n_in));
    for (int32_t i = 0; i < PANEL_ROWS / UNPACK_ROWS; i++) {
        const struct panel_part *part = &from->part[i];
        if (from->packed) {
            uint8_t *codes = period + i * UNPACK_ROWS * PERIOD_CODE_BYTES;
            if (pair % PERIOD_PAIRS == 0)
                for (int32_t r = 0; r < part->n_rows; r++)
                    unpack_period(k, part->rows + r * from->stride + pair / PERIOD_PAIRS * PERIOD_BYTES,
                                  codes + r * PERIOD_CODE_BYTES);
            k->unpack(codes + pair % PERIOD_PAIRS * PAIR_BYTES, PERIOD_CODE_BYTES, part->n_rows, n_bytes,
                      i * UNPACK_ROWS, panel);
        } else {
            k->unpack(part->rows + pair * PAIR_BYTES, from->stride, part->n_rows, n_bytes, i * UNPACK_ROWS, panel);
        }
        // The rows of a part are one piece of memory, but unpacking walks across them. So the next panel is
        // fetched a slice at a time, in the order it lies.
        const uint8_t *slice = part->rows + from->next_panel + (int64_t)pair * slice_bytes;
        for (int32_t b = 0; b < slice_bytes; b += 64) prefetch_l2(slice + b);
    }
}

// Tokens [first, end) of tile i of n_tiles, all of nearly equal size: a last tile of one or two would run at half speed.
struct tokens {
    int32_t first, end;
};

static inline struct tokens tile_tokens(int32_t i, int32_t n_tiles, int32_t n_tokens) {
    return (struct tokens){(int32_t)((int64_t)n_tokens * i / n_tiles), (int32_t)((int64_t)n_tokens * (i + 1) / n_tiles)};
}

// c[t][PANEL_ROWS] = sums over codes for tokens 0 .. n_tokens-1, whose rows begin at q.
static inline void multiply_panel(const struct kernel *k, const struct panel_source *from, int32_t n_in, const int8_t *q,
                           int64_t q_stride, int32_t n_tokens, int32_t *c) {
    TERN_ALIGNED(64) uint8_t panel[PANEL_BYTES];
    TERN_ALIGNED(64) uint8_t period[PANEL_ROWS * PERIOD_CODE_BYTES];
    const int32_t n_tiles = (n_tokens + k->tile_tokens - 1) / k->tile_tokens;
    for (int32_t pair = 0; pair < padded_pairs(n_in); pair++) {
        fill_panel(k, from, n_in, pair, period, panel);
        for (int32_t i = 0; i < n_tiles; i++) {
            const struct tokens t = tile_tokens(i, n_tiles, n_tokens);
            k->tile(panel, q + t.first * q_stride + pair * PAIR, q_stride, t.end - t.first, c + t.first * PANEL_ROWS,
                    pair > 0);
        }
    }
}

// The same for n_panels panels, each with its own c: the tables of a tile's tokens are made once for all of them.
static inline void look_up_panels(const struct kernel *k, const struct panel_source *from, int32_t n_panels, int32_t n_in,
                                  const int8_t *q, int64_t q_stride, int32_t n_tokens, int32_t *c, int64_t c_stride) {
    enum { TILE_MOST = 8 };
    TERN_ALIGNED(64) uint8_t panel[TABLE_PANELS][TABLE_PANEL_BYTES];
    TERN_ALIGNED(64) uint8_t period[TABLE_PANELS][PANEL_ROWS * PERIOD_CODE_BYTES];
    TERN_ALIGNED(64) uint8_t tables[TILE_MOST][TABLES_BYTES];
    const int32_t n_tiles = (n_tokens + k->tile_tokens - 1) / k->tile_tokens;
    for (int32_t pair = 0; pair < padded_pairs(n_in); pair++) {
        for (int32_t p = 0; p < n_panels; p++) fill_panel(k, &from[p], n_in, pair, period[p], panel[p]);
        for (int32_t i = 0; i < n_tiles; i++) {
            const struct tokens t = tile_tokens(i, n_tiles, n_tokens);
            for (int32_t j = t.first; j < t.end; j++) {
                const int8_t *at = q + j * q_stride + pair * PAIR, *soon = at + k->tile_tokens * q_stride;
                for (int32_t b = 0; b < PAIR; b += 64) prefetch_l1(soon + b);  // of the next tile
                k->tables(at, tables[j - t.first]);
            }
            for (int32_t p = 0; p < n_panels; p++)
                k->tile(panel[p], (const int8_t *)tables, TABLES_BYTES, t.end - t.first,
                        c + p * c_stride + t.first * PANEL_ROWS, pair > 0);
        }
    }
}

#endif
