// Runs every op on every instruction set of this CPU over random shapes and compares each with the
// scalar reference, bit for bit. Every buffer has exactly the size the API asks for, so that a
// sanitizer sees the first byte too far. Arguments: seed, rounds. Prints what it ran.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ggml_tensor.h"
#include "layout.h"
#include "random.h"

static uint8_t *random_codes(int64_t bytes, int kind) {
    uint8_t *codes = take(bytes);
    for (int64_t i = 0; i < bytes; i++) {
        int byte = 0;
        for (int k = 0; k < 4; k++) byte = byte << 2 | (kind < 3 ? kind : (int)(random32() % 3));
        codes[i] = (uint8_t)byte;
    }
    return codes;
}

static float *random_floats(int64_t n, int kind) {
    static const float sizes[] = {1.0f, 1e-40f, 1e18f, 1e-6f};
    float *x = take(n * 4);
    for (int64_t i = 0; i < n; i++) {
        const float v = ((float)(random32() % 20001) - 10000.0f) / 5000.0f;
        switch (kind) {
        case 0: x[i] = 0.0f; break;
        case 1: x[i] = 1.0f; break;
        case 2: x[i] = -1.0f; break;
        case 3: x[i] = random32() % 5 ? 0.0f : v; break;
        default: x[i] = v * sizes[kind % 4];
        }
    }
    return x;
}

static struct ggml_tensor tensor(void *data, int64_t row_bytes, int64_t ne0, int64_t tokens) {
    struct ggml_tensor t;
    memset(&t, 0, sizeof t);
    t.ne[0] = ne0;
    t.ne[1] = tokens;
    t.ne[2] = t.ne[3] = 1;
    t.nb[1] = (size_t)row_bytes;
    t.data = data;
    return t;
}

typedef void (*op)(struct ggml_tensor *, int, int, void *);

static void run(op f, struct ggml_tensor *dst, int nth, void *args) {
    for (int ith = 0; ith < nth; ith++) f(dst, ith, nth, args);
}

enum { N_OUTPUTS = 6 };  // the last two from packed rows, where they can be packed

// What one shape gives on the active instruction set: quantized rows and the outputs of the ops.
struct outputs {
    int8_t *rows;
    int64_t rows_bytes;
    float *y[N_OUTPUTS];
    int64_t y_bytes[N_OUTPUTS];
};

struct shape {
    int32_t n, tokens, nth, live, activation, n_mats, n_out[3], n_ff;
    float *x, *weight, *residual;
    uint8_t *codes[3], *gate, *up, *columns, *packed, *packed_gate, *packed_up;
};

static struct outputs run_all(const struct shape *s) {
    struct outputs o = {0};
    const int64_t row_bytes = tern_quant_row_bytes(s->n, s->live);
    o.rows_bytes = row_bytes * s->tokens;
    o.rows = take(o.rows_bytes);
    memset(o.rows, 0, (size_t)o.rows_bytes);
    struct ggml_tensor x = tensor(s->x, 4 * (int64_t)s->n, s->n, s->tokens);
    struct ggml_tensor rows = tensor(o.rows, row_bytes, row_bytes, s->tokens);
    rows.src[0] = &x;
    struct tern_norm_quant_args quant = {.weight = s->weight, .eps = 1e-5f, .n = s->n, .live = s->live};
    run(tern_op_norm_quant, &rows, s->nth, &quant);

    if (s->live && s->tokens == 1) {  // what lies beyond the live list is anything
        const int32_t used = (row_trailer(o.rows, s->n)->n_live + 3) / 4 * 4, room = s->n + LIST_SLACK;
        memset(row_live_columns(o.rows, s->n) + used, 0, (size_t)(room - used) * sizeof(int32_t));
        memset(row_live_q(o.rows, s->n) + used, 0, (size_t)(room - used));
    }

    struct tern_bitlinear_args linear = {.n_mats = s->n_mats, .n_in = s->n};
    int64_t total = 0;
    for (int m = 0; m < s->n_mats; m++) {
        linear.mats[m] = (struct tern_matrix){s->codes[m], NULL, 0.37f * (float)(m + 1), s->n_out[m], NULL};
        total += s->n_out[m];
    }
    struct ggml_tensor residual = tensor(s->residual, 4 * total, total, s->tokens);
    for (int with_residual = 0; with_residual < 2; with_residual++) {
        o.y_bytes[with_residual] = 4 * total * s->tokens;
        o.y[with_residual] = take(o.y_bytes[with_residual]);
        struct ggml_tensor y = tensor(o.y[with_residual], 4 * total, total, s->tokens);
        y.src[0] = &rows;
        y.src[1] = with_residual ? &residual : NULL;
        run(tern_op_bitlinear, &y, s->nth, &linear);
    }
    struct tern_gate_up_args gated = {.gate = {s->gate, NULL, 0.9f, s->n_ff, NULL}, .up = {s->up, NULL, -1.1f, s->n_ff, NULL},
                                      .norm = NULL, .n_in = s->n, .activation = s->activation};
    o.y_bytes[2] = 4 * (int64_t)s->n_ff * s->tokens;
    o.y[2] = take(o.y_bytes[2]);
    struct ggml_tensor g = tensor(o.y[2], 4 * (int64_t)s->n_ff, s->n_ff, s->tokens);
    g.src[0] = &rows;
    run(tern_op_gate_up, &g, s->nth, &gated);

    o.y_bytes[3] = 4 * (int64_t)s->n_out[0] * s->tokens;
    o.y[3] = take(o.y_bytes[3]);
    struct tern_bitlinear_args sparse = {
        .mats = {{NULL, s->columns, 0.37f, s->n_out[0], NULL}}, .n_mats = 1, .n_in = s->n};
    struct ggml_tensor c = tensor(o.y[3], 4 * (int64_t)s->n_out[0], s->n_out[0], s->tokens);
    c.src[0] = &rows;
    run(tern_op_bitlinear, &c, s->nth, &sparse);
    if (s->tokens == 1 && s->n <= TERN_MAX_FUSED) {  // the ops that norm their source themselves say the same
        linear.norm = gated.norm = &quant;
        struct {
            op f;
            struct ggml_tensor *dst;
            void *args;
            int which;
        } fused[] = {{tern_op_bitlinear, &c, &linear, 0}, {tern_op_gate_up, &g, &gated, 2}};
        for (int i = 0; i < 2; i++) {
            float *y = take(o.y_bytes[fused[i].which]);
            struct ggml_tensor *dst = fused[i].dst;
            void *kept = dst->data;
            dst->src[0] = &x;
            dst->data = y;
            run(fused[i].f, dst, s->nth, fused[i].args);
            if (memcmp(y, o.y[fused[i].which], (size_t)o.y_bytes[fused[i].which]) != 0) {
                fprintf(stderr, "fused norm differs: n %d, op %d\n", s->n, i);
                exit(1);
            }
            dst->src[0] = &rows;
            dst->data = kept;
            free(y);
        }
        linear.norm = gated.norm = NULL;
    }
    if (!s->packed) return o;

    // The codes are left out, so that only the packed rows can have been read.
    for (int i = 4; i < N_OUTPUTS; i++) {
        o.y_bytes[i] = i == 4 ? o.y_bytes[3] : o.y_bytes[2];
        o.y[i] = take(o.y_bytes[i]);
    }
    struct tern_bitlinear_args packed = {
        .mats = {{NULL, NULL, 0.37f, s->n_out[0], s->packed}}, .n_mats = 1, .n_in = s->n};
    c.data = o.y[4];
    run(tern_op_bitlinear, &c, s->nth, &packed);
    gated.gate.codes = gated.up.codes = NULL;
    gated.gate.packed = s->packed_gate;
    gated.up.packed = s->packed_up;
    g.data = o.y[5];
    run(tern_op_gate_up, &g, s->nth, &gated);
    // The same numbers as from the rows themselves.
    if (memcmp(o.y[5], o.y[2], (size_t)o.y_bytes[2]) != 0 || memcmp(o.y[4], o.y[3], (size_t)o.y_bytes[3]) != 0) {
        fprintf(stderr, "packed rows differ from I2_S: n %d, tokens %d\n", s->n, s->tokens);
        exit(1);
    }
    return o;
}

static int same(const struct outputs *a, const struct outputs *b) {
    if (memcmp(a->rows, b->rows, (size_t)a->rows_bytes) != 0) return 0;
    for (int i = 0; i < N_OUTPUTS; i++)
        if (a->y[i] && memcmp(a->y[i], b->y[i], (size_t)a->y_bytes[i]) != 0) return 0;
    return 1;
}

static void release(struct outputs *o) {
    free(o->rows);
    for (int i = 0; i < N_OUTPUTS; i++) free(o->y[i]);
}

static uint8_t *packed(const uint8_t *codes, int32_t n, int32_t n_out) {
    const int64_t bytes = tern_packed_bytes(n, n_out);
    if (!bytes) return NULL;
    uint8_t *out = take(bytes);
    tern_pack_rows(codes, n, 0, n_out, out);
    return out;
}

static struct shape random_shape(void) {
    static const int32_t few_or_many[] = {1, 1, 1, 2, 3, 4, 7, 12, 37};
    struct shape s = {.n = 128 * between(1, 9), .tokens = few_or_many[random32() % 9], .nth = between(1, 8),
                      .live = between(0, 1), .activation = between(0, 1), .n_mats = between(1, 3)};
    // Now and then more tokens than a block has, or more columns than the aligned copy holds; never both,
    // and few rows, because the scalar reference does the same work.
    const int large = random32() % 10;
    if (large == 0) s.tokens = 261, s.n = 128 * between(1, 3);
    if (large == 1) s.n = 128 * between(129, 135), s.tokens = between(1, 4);
    if (large > 7) s.n = 1280 * between(1, 2);
    int64_t total = 0;
    const int codes_kind = between(0, 6);
    for (int m = 0; m < s.n_mats; m++) {
        s.n_out[m] = large < 2 || random32() % 4 ? between(1, 90) : between(250, 600);
        s.codes[m] = random_codes((int64_t)s.n_out[m] * s.n / 4, codes_kind);
        total += s.n_out[m];
    }
    s.n_ff = between(1, large < 2 ? 70 : 150);
    s.gate = random_codes((int64_t)s.n_ff * s.n / 4, 3);
    s.up = random_codes((int64_t)s.n_ff * s.n / 4, codes_kind);
    s.packed = packed(s.codes[0], s.n, s.n_out[0]);
    s.packed_gate = packed(s.gate, s.n, s.n_ff);
    s.packed_up = packed(s.up, s.n, s.n_ff);
    const int kind = between(0, 7);
    s.x = random_floats((int64_t)s.n * s.tokens, kind);
    s.weight = between(0, 1) ? random_floats(s.n, 4) : NULL;
    s.residual = random_floats(total * s.tokens, 4);
    s.columns = take(tern_columns_bytes(s.n, s.n_out[0]));
    tern_repack_columns(s.codes[0], s.n, s.n_out[0], s.columns);
    return s;
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const int rounds = argc > 2 ? atoi(argv[2]) : 50;
    char names[128];
    snprintf(names, sizeof names, "%s", tern_kernels_available());
    int compared = 0;
    for (int round = 0; round < rounds; round++) {
        struct shape s = random_shape();
        if (tern_select_kernel("scalar") != 0) return 2;
        struct outputs expected = run_all(&s);
        char list[128];
        memcpy(list, names, sizeof list);
        for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
            if (tern_select_kernel(name) != 0) return 2;
            struct outputs got = run_all(&s);
            if (!same(&got, &expected)) {
                fprintf(stderr, "%s differs from scalar: round %d, n %d, tokens %d, threads %d\n", name, round, s.n,
                        s.tokens, s.nth);
                exit(1);
            }
            release(&got);
            compared++;
        }
        release(&expected);
        for (int m = 0; m < s.n_mats; m++) free(s.codes[m]);
        free(s.gate);
        free(s.up);
        free(s.x);
        free(s.weight);
        free(s.residual);
        free(s.columns);
        free(s.packed);
        free(s.packed_gate);
        free(s.packed_up);
    }
    printf("%d comparisons equal; instruction sets: %s\n", compared, names);
    tern_select_kernel(NULL);
    printf("chosen: %s\n", tern_kernel_name());
    return 0;
}
