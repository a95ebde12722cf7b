// The ggml custom ops: they read tensors, share the work among ggml's threads and call the active
// instruction set. No ggml function is called, so the library links to nothing.
//
// ggml puts a barrier between nodes and none inside one. Units of work are taken from a counter in
// the op's userdata, so that threads of unequal speed (efficiency cores, a busy machine) finish
// together; results do not depend on who took what.
#include <stddef.h>

#include "float_ops.h"
#include "ggml_tensor.h"
#include "rows.h"

enum {
    UNIT_ROWS = 16,      // rows in a unit of decode
    STREAM_AHEAD = 8192, // bytes: the hardware prefetcher stops at each page, this one does not
    TOKEN_BLOCK = 256,   // tokens a panel is multiplied with before the next panel is unpacked
    TABLE_BLOCK = 128,   // the same where TABLE_PANELS panels are filled at once
    BLOCK_SUMS = TABLE_BLOCK * TABLE_PANELS * PANEL_ROWS,  // of either
    ROWS_UP_TO = 2,      // tokens up to which row-by-row sums beat unpacking a panel
    GATE_ROWS = 4,       // rows of the gate between two looks at which are live
    UP_AHEAD = 16,       // live rows of `up` between their prefetch and their use,
    UP_ROWS = 4,         // which so many have together
};

// Every unit this thread takes, one after another.
#define FOR_UNITS(i, next, n_units, nth)                                                               \
    for (struct run run; (run = take_run(next, n_units, nth)).first >= 0;)                             \
        for (int32_t i = run.first; i < run.end; i++)

static int8_t *quant_row(const struct ggml_tensor *t, int64_t token) { return (int8_t *)t->data + token * t->nb[1]; }

static float *float_row(const struct ggml_tensor *t, int64_t token) {
    return (float *)(void *)((char *)t->data + token * t->nb[1]);
}

int64_t tern_quant_row_bytes(int32_t n, int32_t live) {
    const int64_t list = live ? ((int64_t)n + LIST_SLACK) * (int64_t)(sizeof(int32_t) + 1) : 0;
    return (int64_t)padded_pairs(n) * PAIR + (int64_t)sizeof(struct quant_trailer) + (list + 63) / 64 * 64;
}

int64_t tern_sizeof_ggml_tensor(void) { return (int64_t)sizeof(struct ggml_tensor); }

// ---- norm + quantize: whole tokens to threads ----
void tern_op_norm_quant(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    struct tern_norm_quant_args *a = userdata;
    const struct kernel *k = tern_active_kernel();
    const int64_t n_tokens = dst->ne[1];
    const int32_t live = a->live && n_tokens == 1;
    for (int64_t t = ith; t < n_tokens; t += nth) {
        int8_t *row = quant_row(dst, t);
        k->norm_quant(float_row(dst->src[0], t), a->weight, a->eps, a->n, live, row);
        if (live) {
            a->live_columns += row_trailer(row, a->n)->n_live;
            a->total_columns += a->n;
        }
    }
}

// dst as if its source had been normed and quantized by an op before. `row` has room for the quantized token.
struct quantized_source {
    struct ggml_tensor quantized, dst;
};

static void quantize_source(const struct kernel *k, const struct ggml_tensor *dst, struct tern_norm_quant_args *a,
                            int ith, int8_t *row, struct quantized_source *s) {
    k->norm_quant(float_row(dst->src[0], 0), a->weight, a->eps, a->n, a->live, row);
    if (a->live && ith == 0) {
        a->live_columns += row_trailer(row, a->n)->n_live;
        a->total_columns += a->n;
    }
    s->quantized.data = row;
    s->quantized.nb[1] = 0;  // there is one token
    s->dst = *dst;
    s->dst.src[0] = &s->quantized;
}

// Room for TERN_MAX_FUSED columns with their list; on the stack, because every thread needs its own.
enum { FUSED_BYTES = TERN_MAX_FUSED + 64 + (TERN_MAX_FUSED + LIST_SLACK) * 5 + 64 };

// ---- bitlinear: one to three matrices, outputs one after another, optional residual ----
struct unit {
    const struct tern_matrix *mat;
    int32_t row, n_rows;  // within the matrix
    int64_t out;          // first row within dst
};

static int32_t count_units(const struct tern_bitlinear_args *a, int32_t rows) {
    int32_t n = 0;
    for (int32_t m = 0; m < a->n_mats; m++) n += (a->mats[m].n_out + rows - 1) / rows;
    return n;
}

static struct unit find_unit(const struct tern_bitlinear_args *a, int32_t rows, int32_t index) {
    int64_t out = 0;
    int32_t m = 0;
    for (;; m++) {
        const int32_t here = (a->mats[m].n_out + rows - 1) / rows;
        if (index < here) break;
        index -= here;
        out += a->mats[m].n_out;
    }
    const int32_t row = index * rows;
    return (struct unit){&a->mats[m], row, min32(rows, a->mats[m].n_out - row), out + row};
}

static struct finish_args finish_for(const struct ggml_tensor *dst, const struct unit *u, int64_t token,
                                     const struct quant_trailer *trailer, const int32_t *acc) {
    const struct ggml_tensor *residual = dst->src[1];
    return (struct finish_args){acc, trailer->sum, trailer->inv_scale, u->mat->scale,
                                residual ? float_row(residual, token) + u->out : NULL};
}

// Units of at most two blocks of 256 rows: enough cache lines of a column to be worth a visit; as many units as all
// threads can share.
static void bitlinear_columns(const struct kernel *k, struct ggml_tensor *dst, struct tern_bitlinear_args *a, int nth) {
    TERN_ALIGNED(64) int32_t acc[2 * BLOCK_ROWS];
    int8_t *row = quant_row(dst->src[0], 0);
    const struct quant_trailer *trailer = row_trailer(row, a->n_in);
    const struct tern_matrix *mat = &a->mats[0];
    const int32_t n_blocks = (mat->n_out + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const int32_t n_units = ((n_blocks + 1) / 2 + nth - 1) / nth * nth;
    FOR_UNITS(i, &a->next, n_units, nth) {
        const int32_t block = (int32_t)((int64_t)n_blocks * i / n_units);
        const int32_t end = (int32_t)((int64_t)n_blocks * (i + 1) / n_units), first_row = block * BLOCK_ROWS;
        if (block == end) continue;
        const struct unit u = {mat, first_row, min32(end * BLOCK_ROWS, mat->n_out) - first_row, first_row};
        const struct finish_args f = finish_for(dst, &u, 0, trailer, acc);
        k->columns(mat->columns + block * BLOCK_BYTES, columns_stride(mat->n_out), row_live_columns(row, a->n_in),
                   row_live_q(row, a->n_in), (trailer->n_live + 3) / 4 * 4, end - block, acc);
        k->finish(&f, u.n_rows, float_row(dst, 0) + u.out);
    }
}

static void bitlinear_rows(const struct kernel *k, struct ggml_tensor *dst, struct tern_bitlinear_args *a, int nth) {
    TERN_ALIGNED(64) int8_t buffer[ROWS_UP_TO][ALIGNED_Q];
    struct token token[ROWS_UP_TO];
    int32_t acc[UNIT_ROWS];
    for (int64_t t = 0; t < dst->ne[1]; t++) token[t] = aligned_token(quant_row(dst->src[0], t), a->n_in, buffer[t]);
    const int32_t n_units = count_units(a, UNIT_ROWS);
    FOR_UNITS(i, &a->next, n_units, nth) {
        const struct unit u = find_unit(a, UNIT_ROWS, i);
        for (int64_t t = 0; t < dst->ne[1]; t++) {
            const struct finish_args f = finish_for(dst, &u, t, &token[t].trailer, acc);
            row_sums(k, u.mat, u.row, NULL, u.n_rows, &token[t], a->n_in, STREAM_AHEAD, acc);
            k->finish(&f, u.n_rows, float_row(dst, t) + u.out);
        }
    }
}

// How many panels a unit takes together: several where they share tables, but so few that all threads have their share.
static int32_t panels_at_once(const struct kernel *k, int32_t n_panels, int32_t n_blocks, int nth) {
    int32_t n = k->tables ? TABLE_PANELS : 1;
    while (n > 1 && n_panels / n * n_blocks < 4 * nth) n /= 2;
    return n;
}

static struct panel_source panel_of(const struct tern_matrix *m, int32_t row, int32_t n_rows, int32_t n_in) {
    struct panel_source from = {.columns = NULL};
    if (m->columns) {
        from.columns = m->columns + row / BLOCK_ROWS * BLOCK_BYTES;
        from.columns_stride = columns_stride(m->n_out);
        from.s = row % BLOCK_ROWS / PANEL_ROWS;
    } else {
        set_parts(&from, 0, PANEL_ROWS / UNPACK_ROWS, m, row, n_rows, n_in);
    }
    return from;
}

static int32_t token_blocks(const struct kernel *k, int64_t n_tokens) {
    const int32_t block = k->tables ? TABLE_BLOCK : TOKEN_BLOCK;
    return (int32_t)((n_tokens + block - 1) / block);
}

// c[panel][token][PANEL_ROWS] of tokens [first, end).
static void multiply(const struct kernel *k, struct panel_source *from, int32_t n_panels, int32_t n_in,
                     const struct ggml_tensor *rows, int64_t first, int64_t end, int32_t *c) {
    for (int32_t p = 0; p < n_panels; p++) from[p].next_panel *= n_panels;
    const int8_t *q = quant_row(rows, first);
    const int64_t stride = (int64_t)rows->nb[1];
    const int32_t n_tokens = (int32_t)(end - first);
    if (k->tables)
        look_up_panels(k, from, n_panels, n_in, q, stride, n_tokens, c, (int64_t)n_tokens * PANEL_ROWS);
    else
        multiply_panel(k, from, n_in, q, stride, n_tokens, c);
}

static void bitlinear_panels(const struct kernel *k, struct ggml_tensor *dst, struct tern_bitlinear_args *a, int nth) {
    TERN_ALIGNED(64) int32_t c[BLOCK_SUMS];
    const int64_t n_tokens = dst->ne[1];
    const int32_t n_blocks = token_blocks(k, n_tokens);
    const int32_t at_once = panels_at_once(k, count_units(a, PANEL_ROWS), n_blocks, nth), rows = at_once * PANEL_ROWS;
    const int32_t n_units = count_units(a, rows) * n_blocks;
    FOR_UNITS(i, &a->next, n_units, nth) {
        const struct unit u = find_unit(a, rows, i / n_blocks);
        const int64_t first = n_tokens * (i % n_blocks) / n_blocks, end = n_tokens * (i % n_blocks + 1) / n_blocks;
        struct panel_source from[TABLE_PANELS];
        int32_t n_panels = 0;
        for (int32_t r = 0; r < u.n_rows; r += PANEL_ROWS)
            from[n_panels++] = panel_of(u.mat, u.row + r, min32(u.n_rows - r, PANEL_ROWS), a->n_in);
        multiply(k, from, n_panels, a->n_in, dst->src[0], first, end, c);
        for (int64_t t = first; t < end; t++)
            for (int32_t p = 0; p < n_panels; p++) {
                struct finish_args f = finish_for(dst, &u, t, row_trailer(quant_row(dst->src[0], t), a->n_in),
                                                  c + (p * (end - first) + t - first) * PANEL_ROWS);
                if (k->tables) f.sum = 0;
                if (f.residual) f.residual += p * PANEL_ROWS;
                k->finish(&f, min32(u.n_rows - p * PANEL_ROWS, PANEL_ROWS), float_row(dst, t) + u.out + p * PANEL_ROWS);
            }
    }
}

static void bitlinear(const struct kernel *k, struct ggml_tensor *dst, struct tern_bitlinear_args *a, int nth) {
    int has_columns = 0;
    for (int32_t m = 0; m < a->n_mats; m++) has_columns |= a->mats[m].columns != NULL;
    if (has_columns && a->n_mats == 1 && dst->ne[1] == 1 &&
        row_trailer(quant_row(dst->src[0], 0), a->n_in)->n_live >= 0)
        bitlinear_columns(k, dst, a, nth);
    else if (has_columns || dst->ne[1] > ROWS_UP_TO)
        bitlinear_panels(k, dst, a, nth);
    else
        bitlinear_rows(k, dst, a, nth);
}

void tern_op_bitlinear(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    prefer_fast_cores();
    struct tern_bitlinear_args *a = userdata;
    const struct kernel *k = tern_active_kernel();
    if (a->norm) {
        TERN_ALIGNED(64) int8_t row[FUSED_BYTES];
        struct quantized_source s;
        quantize_source(k, dst, a->norm, ith, row, &s);
        bitlinear(k, &s.dst, a, nth);
    } else {
        bitlinear(k, dst, a, nth);
    }
}

// ---- gate and up ----
static struct finish_args sums_of(const struct tern_matrix *m, const struct quant_trailer *t, const int32_t *acc) {
    return (struct finish_args){acc, t->sum, t->inv_scale, m->scale, NULL};
}

// One token with ReLU2: where the gate is closed the row of `up` is never read. Skipping rows defeats the hardware
// prefetcher, so a live row is prefetched while the row UP_AHEAD live rows earlier is multiplied. Gate and up take turns
// in small steps, so that both streams keep coming. Live rows are collected without a branch, which at half of them live
// would be guessed wrong every other time.
struct live_rows {
    int32_t n, row[UP_AHEAD + UP_ROWS + GATE_ROWS];
    float gate[UP_AHEAD + UP_ROWS + GATE_ROWS];
};

// The first n live rows leave the queue; those `ahead` places behind them are prefetched.
static void multiply_live(const struct kernel *k, const struct tern_matrix *m, const struct token *t, int32_t n_in,
                          struct live_rows *live, int32_t n, int32_t ahead, float *y) {
    int32_t acc[UP_ROWS];
    float up[UP_ROWS];
    const struct finish_args f = sums_of(m, &t->trailer, acc);
    row_sums(k, m, 0, live->row, n, t, n_in, ahead, acc);
    k->finish(&f, n, up);
    for (int32_t i = 0; i < n; i++) y[live->row[i]] = relu2_gated(live->gate[i], up[i]);
    live->n -= n;
    memmove(live->row, live->row + n, (size_t)live->n * sizeof *live->row);
    memmove(live->gate, live->gate + n, (size_t)live->n * sizeof *live->gate);
}

static void gate_up_live(const struct kernel *k, struct ggml_tensor *dst, struct tern_gate_up_args *a, int nth) {
    TERN_ALIGNED(64) int8_t buffer[ALIGNED_Q];
    const struct token token = aligned_token(quant_row(dst->src[0], 0), a->n_in, buffer);
    const int64_t up_stride = row_stride(&a->up, a->n_in);
    float *y = float_row(dst, 0);
    struct live_rows live = {.n = 0};
    int64_t n_live = 0;
    int32_t acc[GATE_ROWS];
    float gate[GATE_ROWS];
    const struct finish_args f = sums_of(&a->gate, &token.trailer, acc);
    const int32_t n_units = (a->gate.n_out + GATE_ROWS - 1) / GATE_ROWS;
    FOR_UNITS(i, &a->next, n_units, nth) {
        const int32_t first = i * GATE_ROWS, n_rows = min32(GATE_ROWS, a->gate.n_out - first), before = live.n;
        row_sums(k, &a->gate, first, NULL, n_rows, &token, a->n_in, STREAM_AHEAD, acc);
        k->finish(&f, n_rows, gate);
        for (int32_t r = 0; r < n_rows; r++) {
            y[first + r] = 0.0f;
            live.row[live.n] = first + r;
            live.gate[live.n] = gate[r];
            live.n += gate[r] > 0.0f;
        }
        for (int32_t l = before; l < live.n && n_live + l - before < UP_AHEAD; l++)  // the rest: multiply_live
            for (int64_t b = 0; b < up_stride; b += 64) prefetch_l2(row_at(&a->up, live.row[l], a->n_in) + b);
        n_live += live.n - before;
        while (live.n >= UP_AHEAD + UP_ROWS) multiply_live(k, &a->up, &token, a->n_in, &live, UP_ROWS, UP_AHEAD, y);
    }
    while (live.n) multiply_live(k, &a->up, &token, a->n_in, &live, min32(live.n, UP_ROWS), 0, y);
    add_statistic(&a->live_rows, n_live);
}

static void gate_up_rows(const struct kernel *k, struct ggml_tensor *dst, struct tern_gate_up_args *a, int nth) {
    TERN_ALIGNED(64) int8_t buffer[ROWS_UP_TO][ALIGNED_Q];
    struct token token[ROWS_UP_TO];
    int32_t gate_acc[UNIT_ROWS], up_acc[UNIT_ROWS];
    for (int64_t t = 0; t < dst->ne[1]; t++) token[t] = aligned_token(quant_row(dst->src[0], t), a->n_in, buffer[t]);
    const int32_t n_units = (a->gate.n_out + UNIT_ROWS - 1) / UNIT_ROWS;
    FOR_UNITS(i, &a->next, n_units, nth) {
        const int32_t first = i * UNIT_ROWS, n_rows = min32(UNIT_ROWS, a->gate.n_out - first);
        for (int64_t t = 0; t < dst->ne[1]; t++) {
            const struct finish_args gate = sums_of(&a->gate, &token[t].trailer, gate_acc);
            const struct finish_args up = sums_of(&a->up, &token[t].trailer, up_acc);
            row_sums(k, &a->gate, first, NULL, n_rows, &token[t], a->n_in, STREAM_AHEAD, gate_acc);
            row_sums(k, &a->up, first, NULL, n_rows, &token[t], a->n_in, STREAM_AHEAD, up_acc);
            k->finish_gated(&gate, &up, a->activation, n_rows, float_row(dst, t) + first);
        }
    }
}

// A panel is half gate, half up, so that both sums of a row meet in one buffer.
static void gate_up_panels(const struct kernel *k, struct ggml_tensor *dst, struct tern_gate_up_args *a, int nth) {
    enum { ROWS = PANEL_ROWS / 2, PARTS = ROWS / UNPACK_ROWS };
    TERN_ALIGNED(64) int32_t c[BLOCK_SUMS];
    const int64_t n_tokens = dst->ne[1];
    const int32_t n_blocks = token_blocks(k, n_tokens), all = (a->gate.n_out + ROWS - 1) / ROWS;
    const int32_t at_once = panels_at_once(k, all, n_blocks, nth), n_units = (all + at_once - 1) / at_once * n_blocks;
    FOR_UNITS(i, &a->next, n_units, nth) {
        const int32_t row = i / n_blocks * at_once * ROWS;
        const int64_t first = n_tokens * (i % n_blocks) / n_blocks, end = n_tokens * (i % n_blocks + 1) / n_blocks;
        struct panel_source from[TABLE_PANELS] = {{.columns = NULL}};
        int32_t n_panels = 0;
        for (int32_t r = row; r < min32(row + at_once * ROWS, a->gate.n_out); r += ROWS, n_panels++) {
            set_parts(&from[n_panels], 0, PARTS, &a->gate, r, min32(ROWS, a->gate.n_out - r), a->n_in);
            set_parts(&from[n_panels], PARTS, PARTS, &a->up, r, min32(ROWS, a->gate.n_out - r), a->n_in);
        }
        multiply(k, from, n_panels, a->n_in, dst->src[0], first, end, c);
        for (int64_t t = first; t < end; t++) {
            const struct quant_trailer *trailer = row_trailer(quant_row(dst->src[0], t), a->n_in);
            for (int32_t p = 0; p < n_panels; p++) {
                const int32_t *sums = c + (p * (end - first) + t - first) * PANEL_ROWS, r = row + p * ROWS;
                struct finish_args gate = sums_of(&a->gate, trailer, sums), up = sums_of(&a->up, trailer, sums + ROWS);
                if (k->tables) gate.sum = up.sum = 0;
                k->finish_gated(&gate, &up, a->activation, min32(ROWS, a->gate.n_out - r), float_row(dst, t) + r);
            }
        }
    }
}

static void gate_up(const struct kernel *k, struct ggml_tensor *dst, struct tern_gate_up_args *a, int ith, int nth) {
    if (dst->ne[1] > ROWS_UP_TO) {
        gate_up_panels(k, dst, a, nth);
    } else if (dst->ne[1] == 1 && a->activation == TERN_RELU2) {
        if (ith == 0) add_statistic(&a->total_rows, a->gate.n_out);
        gate_up_live(k, dst, a, nth);
    } else {
        gate_up_rows(k, dst, a, nth);
    }
}

void tern_op_gate_up(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    prefer_fast_cores();
    struct tern_gate_up_args *a = userdata;
    const struct kernel *k = tern_active_kernel();
    if (a->norm) {
        TERN_ALIGNED(64) int8_t row[FUSED_BYTES];
        struct quantized_source s;
        quantize_source(k, dst, a->norm, ith, row, &s);
        gate_up(k, &s.dst, a, ith, nth);
    } else {
        gate_up(k, dst, a, ith, nth);
    }
}
