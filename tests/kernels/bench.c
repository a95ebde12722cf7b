// Times the ops over random weights of the 2B4T shape, without attention and head: what the kernels
// allow. Arguments: threads, tokens, repeats, density of live columns before `down` (1 = random, as
// it comes; < 1 zeroes part of the gated values), instruction set (optional).
// TERN_BENCH_ROWS in the environment keeps `down` in rows, TERN_BENCH_I2S all rows in I2_S where they would be packed.
// Prints for each op its time per pass (median and best), the bandwidth of the bytes a dense engine would
// read and the multiply-adds it would do.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ggml_tensor.h"
#include "tern_kernels.h"

enum { LAYERS = 30, EMBD = 2560, KV = 640, FF = 6912, N_OPS = 7, MAX_REPEATS = 101 };
static const char *op_names[N_OPS] = {"norm", "qkv", "o", "ffn_norm", "gate_up", "sub_norm", "down"};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 1;
static uint32_t random32(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static void *aligned(size_t bytes) {
    void *p;
    if (posix_memalign(&p, 4096, bytes + 64)) abort();
    return p;
}

struct layer {
    struct tern_bitlinear_args qkv, o, down;
    struct tern_gate_up_args gate_up;
    struct tern_norm_quant_args norm, ffn_norm, sub_norm;
};

static struct layer *layers;
static int n_threads, n_tokens;
static struct ggml_tensor x, quant_x, qkv, h, quant_h, gated, quant_gated, out;
static double *times;  // [repeat][op]
static int n_repeats;

static atomic_int arrived, phase;
static void barrier(void) {
    const int p = atomic_load(&phase);
    if (atomic_fetch_add(&arrived, 1) == n_threads - 1) {
        atomic_store(&arrived, 0);
        atomic_fetch_add(&phase, 1);
    } else {
        for (int spins = 0; atomic_load(&phase) == p; spins++)
            if (spins > 100000) sched_yield();  // a busy machine: let the other thread run
    }
}

static struct ggml_tensor tensor(int64_t ne0, int size, struct ggml_tensor *src0, struct ggml_tensor *src1) {
    struct ggml_tensor t;
    memset(&t, 0, sizeof t);
    t.ne[0] = ne0;
    t.ne[1] = n_tokens;
    t.ne[2] = t.ne[3] = 1;
    t.nb[1] = (size_t)(ne0 * size);
    t.src[0] = src0;
    t.src[1] = src1;
    t.data = (char *)aligned(t.nb[1] * (size_t)n_tokens) + 32;
    memset(t.data, 0, t.nb[1] * (size_t)n_tokens);
    return t;
}

static void pass(int ith, double *spent) {
    for (int l = 0; l < LAYERS; l++) {
        struct layer *y = &layers[l];
        double t = now(), u;
#define RUN(index, call)       \
    call;                      \
    barrier();                 \
    u = now();                 \
    if (ith == 0) spent[index] += u - t; \
    t = u;
        RUN(0, tern_op_norm_quant(&quant_x, ith, n_threads, &y->norm))
        RUN(1, tern_op_bitlinear(&qkv, ith, n_threads, &y->qkv))
        RUN(2, tern_op_bitlinear(&h, ith, n_threads, &y->o))
        RUN(3, tern_op_norm_quant(&quant_h, ith, n_threads, &y->ffn_norm))
        RUN(4, tern_op_gate_up(&gated, ith, n_threads, &y->gate_up))
        RUN(5, tern_op_norm_quant(&quant_gated, ith, n_threads, &y->sub_norm))
        RUN(6, tern_op_bitlinear(&out, ith, n_threads, &y->down))
    }
}

static void *work(void *arg) {
    const int ith = (int)(intptr_t)arg;
    double unused[N_OPS] = {0};
    pass(ith, unused);
    for (int r = 0; r < n_repeats; r++) {
        barrier();
        pass(ith, times + r * N_OPS);
    }
    return NULL;
}

// Rows with five codes a byte, where the instruction set reads those faster.
static void pack(struct tern_matrix *m) {
    if (!tern_packs() || getenv("TERN_BENCH_I2S")) return;
    uint8_t *packed = aligned((size_t)tern_packed_bytes(EMBD, m->n_out));
    tern_pack_rows(m->codes, EMBD, 0, m->n_out, packed);
    m->packed = packed;
}

static int compare(const void *a, const void *b) {
    const double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

static double quantile(int op, double fraction) {
    double v[MAX_REPEATS];
    for (int r = 0; r < n_repeats; r++) v[r] = times[r * N_OPS + op];
    qsort(v, (size_t)n_repeats, sizeof *v, compare);
    return v[(int)(fraction * (n_repeats - 1) + 0.5)];
}

int main(int argc, char **argv) {
    n_threads = argc > 1 ? atoi(argv[1]) : 2;
    n_tokens = argc > 2 ? atoi(argv[2]) : 1;
    n_repeats = argc > 3 ? atoi(argv[3]) : 9;
    const int use_columns = !getenv("TERN_BENCH_ROWS");
    const double closed = argc > 4 ? 1.0 - atof(argv[4]) : 0.0;
    if (argc > 5 && tern_select_kernel(argv[5]) != 0) return 2;
    if (n_repeats > MAX_REPEATS) n_repeats = MAX_REPEATS;

    const int64_t per_layer = ((int64_t)EMBD * (EMBD + 2 * KV + EMBD) + 3 * (int64_t)EMBD * FF) / 4;
    uint8_t *codes = (uint8_t *)aligned((size_t)(per_layer * LAYERS)) + 32;  // the official file promises 32
    for (int64_t i = 0; i < per_layer * LAYERS; i += 4) {
        uint32_t r = random32(), word = 0;
        for (int k = 0; k < 16; k++, r = k == 8 ? random32() : r / 3) word = word << 2 | r % 3;
        memcpy(codes + i, &word, 4);
    }
    double repack = 0;
    uint8_t *columns = aligned((size_t)(tern_columns_bytes(FF, EMBD) * LAYERS));
    float *ones = aligned(FF * 4);
    for (int i = 0; i < FF; i++) ones[i] = 1.0f;
    // Zero weights of the sub-norm stand for a sparser model: those columns are zero after int8.
    float *sparse = aligned(FF * 4);
    for (int i = 0; i < FF; i++) sparse[i] = (double)(random32() % 1000) < 1000 * closed ? 0.0f : 1.0f;

    layers = calloc(LAYERS, sizeof *layers);
    uint8_t *at = codes;
    for (int l = 0; l < LAYERS; l++) {
        struct layer *y = &layers[l];
#define MATRIX(n_in, n_out) (struct tern_matrix){at, NULL, 0.01f, n_out, NULL}; at += (int64_t)(n_in) * (n_out) / 4
        y->qkv.n_mats = 3;
        y->qkv.n_in = y->o.n_in = y->gate_up.n_in = EMBD;
        y->qkv.mats[0] = MATRIX(EMBD, EMBD);
        y->qkv.mats[1] = MATRIX(EMBD, KV);
        y->qkv.mats[2] = MATRIX(EMBD, KV);
        y->o.n_mats = y->down.n_mats = 1;
        y->o.mats[0] = MATRIX(EMBD, EMBD);
        y->gate_up.gate = MATRIX(EMBD, FF);
        y->gate_up.up = MATRIX(EMBD, FF);
        y->down.mats[0] = MATRIX(FF, EMBD);
        y->down.n_in = FF;
        for (int m = 0; m < 3; m++) pack(&y->qkv.mats[m]);
        pack(&y->o.mats[0]);
        pack(&y->gate_up.gate);
        pack(&y->gate_up.up);
        if (use_columns) {
            uint8_t *out_columns = columns + tern_columns_bytes(FF, EMBD) * l;
            repack -= now();
            tern_repack_columns(y->down.mats[0].codes, FF, EMBD, out_columns);
            repack += now();
            y->down.mats[0].columns = out_columns;
        }
        y->norm = y->ffn_norm = (struct tern_norm_quant_args){.weight = ones, .eps = 1e-5f, .n = EMBD};
        y->sub_norm = (struct tern_norm_quant_args){.weight = sparse, .eps = 1e-5f, .n = FF, .live = n_tokens == 1};
    }
    x = tensor(EMBD, 4, NULL, NULL);
    for (int64_t i = 0; i < (int64_t)EMBD * n_tokens; i++) {
        float sum = 0;  // twelve uniforms make a normal
        for (int k = 0; k < 12; k++) sum += (float)(random32() % 65536) / 65536.0f;
        ((float *)x.data)[i] = sum - 6.0f;
    }
    quant_x = tensor(tern_quant_row_bytes(EMBD, 0), 1, &x, NULL);
    qkv = tensor(EMBD + 2 * KV, 4, &quant_x, NULL);
    h = tensor(EMBD, 4, &quant_x, &x);
    quant_h = tensor(tern_quant_row_bytes(EMBD, 0), 1, &h, NULL);
    gated = tensor(FF, 4, &quant_h, NULL);
    quant_gated = tensor(tern_quant_row_bytes(FF, n_tokens == 1), 1, &gated, NULL);
    out = tensor(EMBD, 4, &quant_gated, &h);
    times = calloc((size_t)n_repeats * N_OPS, sizeof *times);

    pthread_t thread[64];
    for (int i = 1; i < n_threads; i++) pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i);
    work((void *)0);
    for (int i = 1; i < n_threads; i++) pthread_join(thread[i], NULL);

    const double weights[N_OPS] = {0, (double)EMBD * (EMBD + 2 * KV), (double)EMBD * EMBD, 0, 2.0 * EMBD * FF, 0, (double)EMBD * FF};
    double total = 0, total_best = 0;
    printf("%s, %d threads, %d tokens; repacking took %.3f s\n", tern_kernel_name(), n_threads, n_tokens, repack);
    for (int op = 0; op < N_OPS; op++) {
        const double t = quantile(op, 0.5), best = quantile(op, 0.0);
        total += t;
        total_best += best;
        printf("%-9s %8.3f ms (best %8.3f)  %6.1f GB/s  %7.1f GMAC/s\n", op_names[op], 1e3 * t, 1e3 * best,
               weights[op] * LAYERS / 4 / t / 1e9, weights[op] * LAYERS * n_tokens / t / 1e9);
    }
    printf("%-9s %8.3f ms (best %8.3f)  %6.1f tokens/s\n", "all", 1e3 * total, 1e3 * total_best, n_tokens / total);
    if (n_tokens == 1) {
        int64_t live_rows = 0, rows = 0, live_columns = 0, all_columns = 0;
        for (int l = 0; l < LAYERS; l++) {
            live_rows += layers[l].gate_up.live_rows;
            rows += layers[l].gate_up.total_rows;
            live_columns += layers[l].sub_norm.live_columns;
            all_columns += layers[l].sub_norm.total_columns;
        }
        printf("live rows %.3f, live columns %.3f\n", (double)live_rows / (double)rows,
               (double)live_columns / (double)all_columns);
    }
    return 0;
}
